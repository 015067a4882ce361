# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions, compared as numbers and never as text ("6.0.9319.9" is below "6.0.9319.10").

A component table is {component name: version text}, as Get-CsServerPatchVersion and the list of programs have it (CODE
OPD: "Skype for Business Server 2019, Core Components" -> "7.0.2046.396"). The components of one server may have different versions
(CODE OPD), so the version that an update must bring is asked of Core Components only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

#: How the name of the component ends whose version is the server's (CODE OPD).
CORE_COMPONENTS = "Core Components"
Version = tuple[int, int, int, int]
Components = Mapping[str, str]

_PARTS = re.compile(r"\d{1,9}(\.\d{1,9}){1,3}", re.ASCII)
# CODE OPD has it in parentheses, which have another width in Chinese.
_IN_TEXT = re.compile(r"(?<![\d.])\d+\.\d+\.\d+\.\d+(?![\d.])", re.ASCII)


class VersionError(ValueError):
    """A version or a component table that can't be read; the text says what was found and what to do."""


@dataclass(frozen=True)
class Product:
    """A product family: `key` as in the lab's cmdlets.json, `name` as administrators write it.

    `title` as its folders and its entries in the list of programs have it, in every language.
    """

    key: str
    name: str
    title: str


LYNC_2013 = Product("lync2013", "Lync Server 2013", "Microsoft Lync Server 2013")
SFB_2015 = Product("sfb2015", "Skype for Business Server 2015", "Skype for Business Server 2015")
SFB_2019 = Product("sfb2019", "Skype for Business Server 2019", "Skype for Business Server 2019")
PRODUCTS = (LYNC_2013, SFB_2015, SFB_2019)


@dataclass(frozen=True)
class Change:
    """One component, before and after; None where it was not listed."""

    component: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        return f"{self.component}: {self.before or 'not installed'} -> {self.after or 'no longer listed'}"


@dataclass(frozen=True)
class Difference:
    """One component that is not the same everywhere: {server: version text, or None where it is not listed}."""

    component: str
    versions: dict[str, str | None]

    def __str__(self) -> str:
        shown = ", ".join(f"{server} {text or 'not listed'}" for server, text in self.versions.items())
        return f"{self.component}: {shown}"


def parse(text: object) -> Version:
    """Two to four dotted numbers as four numbers ("6.0.9319" = "6.0.9319.0"). Errors: VersionError."""
    if not isinstance(text, str):
        raise VersionError(f'The version {text!r} is not text. Write it in quotes, such as "6.0.9319.628".')
    if not _PARTS.fullmatch(text.strip()):
        raise VersionError(f"{text!r} is no version. A version is dotted numbers, such as 6.0.9319.628.")
    numbers = [int(part) for part in text.strip().split(".")]
    numbers += [0] * (4 - len(numbers))
    return numbers[0], numbers[1], numbers[2], numbers[3]


def is_version(text: object) -> bool:
    return isinstance(text, str) and _PARTS.fullmatch(text.strip()) is not None


def compare(left: str, right: str) -> int:
    """-1, 0 or 1, as left is below, equal to or above right. Errors: VersionError."""
    first, second = parse(left), parse(right)
    return (first > second) - (first < second)


def product_of(version: str) -> Product | None:
    """The family whose rules hold for a version; None for one that nobody here knows. Errors: VersionError for junk.

    DOC: 5.0.8308 Lync 2013, 6.0.9319 2015, 7.0.2046 2019. Everything above follows 2019 (Subscription Edition is the
    same code line: BLOG azurefeeds.com/2025/06).
    """
    major = parse(version)[0]
    if major >= 7:
        return SFB_2019
    return {5: LYNC_2013, 6: SFB_2015}.get(major)


def version_in_text(text: str) -> str | None:
    """The base version in what Get-CsServerVersion says: "... 2019 (7.0.2046.0): Volume license ..." (CODE OPD)."""
    found = _IN_TEXT.search(text)
    return found[0] if found else None


def is_core(name: str) -> bool:
    return name.strip().casefold().endswith(CORE_COMPONENTS.casefold())


def core_component(components: Components) -> str:
    """The name of the one component that is Core Components. Errors: VersionError if there is none or more than one."""
    names = [name for name in components if is_core(name)]
    if len(names) == 1:
        return names[0]
    if names:
        raise VersionError(
            f"More than one Core Components is installed ({', '.join(sorted(names))}), so the version of this server "
            "is not clear. Remove what is left of the older product, then start again."
        )
    listed = ", ".join(sorted(components)) or "nothing"
    raise VersionError(
        f"No Core Components is listed (found: {listed}), so the version of this server is not known. Is this a server "
        "of the product, and may this user read what is installed there?"
    )


def core_version(components: Components) -> str:
    """The version text of Core Components. Errors: VersionError, also when that text is junk."""
    name = core_component(components)
    try:
        parse(components[name])
    except VersionError as error:
        raise VersionError(f"{name} has a version that can't be read. {error}") from error
    return components[name].strip()


def has_update(components: Components, wanted: str) -> bool:
    """Core Components is at the wanted version or above. Errors: VersionError."""
    return compare(core_version(components), wanted) >= 0


def would_go_down(components: Components, wanted: str) -> bool:
    """Core Components is above the wanted version: this update would be a step back. Errors: VersionError."""
    return compare(core_version(components), wanted) > 0


def _order(before: str | None, after: str | None) -> int | None:
    """-1, 0, 1 as after is below, equal to or above before; None where the two can't be compared."""
    if before == after:
        return 0  # also when both are junk: nothing happened to it
    if before is None or after is None:
        return None
    try:
        return compare(after, before)
    except VersionError:
        return None


def changed(before: Components, after: Components) -> list[Change]:
    """Every component that came, went or has another version, by name."""
    names = sorted({*before, *after})
    return [Change(n, before.get(n), after.get(n)) for n in names if _order(before.get(n), after.get(n)) != 0]


def lowered(before: Components, after: Components) -> list[Change]:
    """Every component that is lower than before, gone, or no longer comparable; after an update there must be none."""
    found = []
    for change in changed(before, after):
        order = _order(change.before, change.after)
        if change.before is not None and order != 1:
            found.append(change)
    return found


def differing(tables: Mapping[str, Components]) -> list[Difference]:
    """The components that are not at one version on all servers; tables is {server: component table}."""
    names = sorted({name for table in tables.values() for name in table})
    found = []
    for name in names:
        versions = {server: table.get(name) for server, table in tables.items()}
        first = next(iter(versions.values()))
        if any(_order(first, other) != 0 for other in versions.values()):
            found.append(Difference(name, versions))
    return found
