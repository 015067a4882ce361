# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What speaks against patching now: every finding names the server, the fact and the remedy, all in one list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ansible_collections.sfb.server.plugins.plugin_utils.run.finding import Facts, Finding
from ansible_collections.sfb.server.plugins.plugin_utils.run.pool_findings import (
    of_membership,
    of_mirrors,
    of_pool,
    of_pool_not_asked,
    of_products,
    of_same_server,
    one_out_at_most,
)
from ansible_collections.sfb.server.plugins.plugin_utils.run.server_findings import (
    of_front_end,
    of_reach,
    of_server,
    of_unread,
)
from ansible_collections.sfb.server.plugins.plugin_utils.run.surroundings_findings import (
    of_address_book,
    of_backup,
    of_media,
    of_others,
)

__all__ = [
    "NEVER_ACCEPTED",
    "Finding",
    "find",
    "judged",
    "of_backup",
    "of_front_end",
    "of_media",
    "of_mirrors",
    "of_pool",
    "of_reach",
    "of_same_server",
    "of_server",
    "of_unread",
]

#: No promise of the collection can be kept with one of these, so nobody can accept them away.
NEVER_ACCEPTED = frozenset(
    [
        "connection",
        "credentials",
        "not_usable",
        "settings",
        "membership",
        "wrong_pool",
        "same_server",
        "edition",
        "product",
        "out_of_service",
        "two_out",
        "folder",
        "front_ends_first",
        "runner",
        "version_lower",
        "unread_topology",
        "unread_product",
        "unread_components",
    ]
)


def find(
    surveys: Sequence[Facts], pool_health: Facts | None, settings: Facts, now: float, expected_minutes: float = 0
) -> list[Finding]:
    """Everything found about a pool's Front Ends, errors first.

    surveys: of server_survey; settings: of the role, by its variables' short names.
    """
    found: list[Finding] = []
    for survey in surveys:
        if survey["reachable"]:
            found += of_front_end(survey)
            found += of_server(survey, settings, now)
        else:
            found += of_reach(survey)
    reached = [survey for survey in surveys if survey["reachable"]]
    found += of_membership(surveys, settings)
    found += of_products(reached)
    found += one_out_at_most(reached)
    found += of_pool(pool_health, bool(settings.get("recover_quorum_loss")))
    found += of_pool_not_asked(pool_health, reached)
    found += of_mirrors(_stores_of_pool(reached), settings, "warning")
    found += of_media(settings)
    found += of_others(reached, settings.get("others") or [])
    found += of_backup(settings)
    found += of_address_book(reached, now, expected_minutes)
    return judged(found, settings)


def _stores_of_pool(reached: Sequence[Facts]) -> list[Facts]:
    known = next((survey for survey in reached if survey.get("stores")), None)
    return [store for store in known["stores"] if known["pool"] in store["pools"]] if known else []


def judged(found: Iterable[Finding], settings: Facts) -> list[Finding]:
    """With what the user accepted, and what stops the run first."""
    accepted = set(settings.get("accepted_findings") or [])
    return sorted(
        (_accept(finding, accepted) for finding in found), key=lambda finding: (not finding.stops, finding.level)
    )


def _accept(finding: Finding, accepted: set[str]) -> Finding:
    named = finding.id in accepted or f"{finding.id}@{finding.server}" in accepted
    return replace(finding, accepted=named and finding.id not in NEVER_ACCEPTED)
