# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paired pools: which pool stands in for this one, and whether the backup service keeps the two alike.

What the two cmdlets return nobody has described whole, so names are found by their values: the partner is the other
pool that is named; a state is any text under a property whose name ends in Status (BLOG jenstr lists the states).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.evidence.survey import SECOND_HOP
from ansible_collections.sfb.server.plugins.plugin_utils.shell import cmdlets
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import Answer

#: BLOG jenstr: "steady" and "final" after an export, "normal" after an import; not initialized where nothing is kept.
_GOOD = frozenset(["steadystate", "finalstate", "normalstate", "notinitialized"])


@dataclass(frozen=True)
class Backup:
    """`partner` is None where the pool has none; `healthy` is None where that could not be told."""

    partner: str | None
    healthy: bool | None
    states: dict[str, str]


def calls(pool: str) -> dict[str, Call]:
    return {
        "pools": cmdlets.pools(),
        "relationship": cmdlets.backup_relationship(pool),
        "status": cmdlets.backup_status(pool),
    }


def read(answer: Answer, pool: str) -> Backup:
    """Raises CallFailed where the relationship can't be read."""
    relationship = answer["relationship"]
    if relationship.absent:
        return Backup(None, None, {})
    pools = {str(row["Fqdn"]).lower() for row in answer["pools"].checked(SECOND_HOP).rows} - {pool.lower()}
    partner = next(_named(relationship.checked(SECOND_HOP).rows, pools), None)
    if partner is None:
        return Backup(None, None, {})
    states = dict(_states(answer["status"].rows)) if answer["status"].ok else {}
    healthy = all(state.lower() in _GOOD for state in states.values()) if states else None
    return Backup(partner, healthy, states)


def _named(value: Any, pools: Collection[str]) -> Iterator[str]:
    """Every name of a pool in it, however deep."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _named(item, pools)
    elif str(value).rpartition(":")[2].lower() in pools:
        yield str(value).rpartition(":")[2].lower()


def _states(value: Any, of: str = "") -> Iterator[tuple[str, str]]:
    """("ExportStatus of UserServices.PresenceFocus", "SteadyState")."""
    if isinstance(value, list):
        for item in value:
            yield from _states(item, of)
    elif isinstance(value, dict):
        name = str(value.get("Identity") or of)
        for key, found in value.items():
            if key.lower().endswith("status") and isinstance(found, str):
                yield f"{key} of {name}" if name else key, found
            else:
                yield from _states(found, name)
