# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mirrored databases: which side is principal, and whether an update may count on it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.product import mirrors

NEITHER = "DatabaseInaccessibleOrMirroringNotEnabled"


def row(on_primary: str, on_mirror: str, status: str | None = "synchronized", of_mirror: str = "") -> dict[str, Any]:
    states = {"DatabaseName": "rtcxds", "StateOnPrimary": on_primary, "StateOnMirror": on_mirror}
    return {**states, "MirroringStatusOnPrimary": status, "MirroringStatusOnMirror": of_mirror}


GOOD = row("Principal", "Mirror")
TURNED = row("Mirror", "Principal", "", "synchronized")


@pytest.mark.parametrize(
    ("rows", "side", "ready"),
    [
        ([GOOD, GOOD], "primary", True),
        ([TURNED, TURNED], "mirror", False),
        ([GOOD, TURNED], "mixed", False),
        ([GOOD, row(NEITHER, NEITHER)], "mixed", False),
        ([row(NEITHER, NEITHER, None)], "none", False),
        ([row("Principal", "Principal")], "none", False),
        ([], "none", False),
        ([GOOD, row("Principal", "Mirror", "synchronizing")], "primary", False),
        ([GOOD, row("Principal", "Mirror", None)], "primary", False),
    ],
)
def test_only_when_every_database_is_principal_on_the_primary_and_synchronised_the_pair_is_ready(
    rows: list[dict[str, Any]], side: str, ready: bool
) -> None:
    found = mirrors.read_mirrors(rows)
    assert (mirrors.principal_side(found), mirrors.is_ready(found)) == (side, ready)


def test_the_principal_s_own_word_says_whether_both_sides_are_equal_under_either_name() -> None:
    documented = {**row("Mirror", "Principal", "suspended"), "MirroringStatusOnSecondary": "synchronized"}
    assert [mirror.synchronised for mirror in mirrors.read_mirrors([TURNED, documented])] == [True, True]


def test_what_is_not_ready_is_told_by_its_state_and_other_databases_of_the_pool_do_not_matter() -> None:
    found = mirrors.read_mirrors([GOOD, {**TURNED, "DatabaseName": "rtcab"}, {**TURNED, "DatabaseName": "rgsdyn"}])
    assert mirrors.unready(found, ["RTCXDS"]) == []
    assert mirrors.unready(found, ["rtcxds", "rtcab", "rgsdyn", "cpsdyn"]) == [
        "rtcab, rgsdyn: Mirror on the primary, Principal on the mirror, synchronised",
        "cpsdyn: not shown",
    ]
