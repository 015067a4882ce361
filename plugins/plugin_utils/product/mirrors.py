# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mirrored databases, which back ends had up to 2015: which side is principal, and whether both sides are equal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Side = Literal["primary", "mirror", "mixed", "none"]


@dataclass(frozen=True)
class MirroredDatabase:
    """One row of Get-CsDatabaseMirrorState; the states as the product names them."""

    name: str
    on_primary: str
    on_mirror: str
    synchronised: bool

    @property
    def principal(self) -> Side:
        """ "none" also where both claim it: nothing can be said of such a pair."""
        sides = (_is_principal(self.on_primary), _is_principal(self.on_mirror))
        return "primary" if sides == (True, False) else "mirror" if sides == (False, True) else "none"

    @property
    def state(self) -> str:
        shown = "synchronised" if self.synchronised else "not synchronised"
        return f"{self.on_primary or 'unknown'} on the primary, {self.on_mirror or 'unknown'} on the mirror, {shown}"


def read_mirrors(rows: Iterable[Mapping[str, Any]]) -> list[MirroredDatabase]:
    """Synchronised is what the principal's side says of itself (CODE: James Cussen's mirror tool)."""
    found = []
    for row in rows:
        on_primary, on_mirror = str(row.get("StateOnPrimary") or ""), str(row.get("StateOnMirror") or "")
        of_primary = row.get("MirroringStatusOnPrimary")
        of_mirror = row.get("MirroringStatusOnMirror") or row.get("MirroringStatusOnSecondary")
        status = of_mirror if _is_principal(on_mirror) else of_primary
        name = str(row.get("DatabaseName") or "")
        found.append(MirroredDatabase(name, on_primary, on_mirror, str(status or "").lower() == "synchronized"))
    return found


def principal_side(mirrors: Sequence[MirroredDatabase]) -> Side:
    """ "mixed" where the databases do not agree, which a pool never should be left in."""
    sides = {mirror.principal for mirror in mirrors}
    return sides.pop() if len(sides) == 1 else "mixed" if sides else "none"


def is_ready(mirrors: Sequence[MirroredDatabase]) -> bool:
    """Whether every database is principal on the primary and synchronised; no rows are no proof."""
    return bool(mirrors) and all(mirror.principal == "primary" and mirror.synchronised for mirror in mirrors)


def unready(mirrors: Iterable[MirroredDatabase], names: Iterable[str]) -> list[str]:
    """Why the databases of these names are not ready, those in the same state together; nothing where all are.

    A pool's rows may be about databases on other SQL servers too, which is why the names are asked for.
    """
    shown = {mirror.name.lower(): mirror for mirror in mirrors}
    together: dict[str, list[str]] = {}
    for name in names:
        mirror = shown.get(name.lower())
        if mirror is None or not is_ready([mirror]):
            together.setdefault(mirror.state if mirror else "not shown", []).append(name)
    return [f"{', '.join(listed)}: {state}" for state, listed in together.items()]


def _is_principal(state: str) -> bool:
    return state.lower() == "principal"
