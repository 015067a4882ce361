# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words of the product and of Windows, in the deployment's language: data/texts.yml and data/words.yml.

A text is said in English and remembers what it says, so that whoever speaks to people (an error, a warning, a log) can
say it in their language. Names of enumerations, error ids and categories are no texts: they are the same everywhere.
"""

from __future__ import annotations

from typing import Any

from .products import data

LANGUAGES = {"en": 1033, "de": 1031, "fr": 1036, "zh-CN": 2052, "zh-TW": 1028}
"""Language of the servers -> its number (OSLanguage)."""

ANSI = {"zh-CN": "cp936", "zh-TW": "cp950"}
"""Code page of files without a mark of their encoding; cp1252 in the other languages."""


class Said(str):
    """A text of texts.yml, in English, with what filled its places."""

    name: str
    values: dict[str, Any]


def say(entry: str, /, **values: object) -> Said:
    """One text, by its name, with its places filled in."""
    said = Said(str(data("texts.yml")[entry]["text"]).format(**values))
    said.name, said.values = entry, values
    return said


def speak(text: str, language: str) -> str:
    """A text in a language; what is no text of ours stays as it is."""
    if not isinstance(text, Said):
        return text
    entry = data("texts.yml")[text.name]
    words = entry.get(language, entry)["text"]
    return str(words).format(
        **{name: speak(value, language) if isinstance(value, str) else value for name, value in text.values.items()}
    )


def word(name: str, language: str) -> str:
    """The name of a thing (a service, a component, an account of Windows) in a language."""
    return str(data("words.yml").get(name, {}).get(language, name))
