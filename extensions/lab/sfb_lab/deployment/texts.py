# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The product's words: data/texts.yml, each marked real, documented or invented."""

from __future__ import annotations

from .products import data


def say(text: str, /, **values: object) -> str:
    """One text, by its name, with its places filled in."""
    return str(data("texts.yml")[text]["text"]).format(**values)
