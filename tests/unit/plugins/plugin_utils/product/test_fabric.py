# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading of Get-CsPoolFabricState. Every text here is invented; nobody has published a real one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.product.baseline import Baseline, new_baseline
from ansible_collections.sfb.server.plugins.plugin_utils.product.fabric import FabricReading, read_fabric

POOL = "pool01.example.com"
MEMBERS = ["fe01.example.com", "fe02.example.com", "fe03.example.com"]
OK = [f"{name}   OK   Up" for name in MEMBERS]
TABLE = [
    "Routing group  Primary  Secondaries",
    "{10613DBE-C944-5463-BFA3-7C1EA28D0EB9} fe01 fe02,fe03",
    "24 of 24 groups placed",
]


def read(
    lines: Sequence[str], warnings: Sequence[str] = (), errors: Sequence[str] = (), baseline: Baseline | None = None
) -> FabricReading:
    return read_fabric(lines, warnings, errors, pool=POOL, product="sfb2015", members=MEMBERS, baseline=baseline)


def saved(lines: Sequence[str] = tuple(TABLE), pool: str = POOL, product: str = "sfb2015") -> Baseline:
    return new_baseline(lines, pool, product, "2026-01-31T22:30:00Z")


@pytest.mark.parametrize(
    "lines",
    [
        OK,
        ["\r\n".join(OK)],
        ["Pool state", *OK, "24 routing groups"],
        ["FE01 Up OK", "fe02: ok, up", "Fe03 = Up / OK"],
        ["Missing replicas: 0", "Errors: none", "Missing: 0  Down: 0", "No warnings", "QuorumLoss=0; Down=0", *OK],
        ["Last failover 2026-01-31 10:00", "Fail over history: 3", *OK],
    ],
)
def test_every_front_end_listed_as_ok_and_up_is_healthy_without_a_baseline(lines: list[str]) -> None:
    assert read(lines).verdict == "healthy"


@pytest.mark.parametrize(
    "lines",
    [
        OK[:2],
        [*OK[:2], "fe033.example.com OK Up"],
        [*OK[:2], "fe03.other.org OK Up"],
        [*OK[:2], "fe03.example.com OK"],
        [*OK[:2], "fe03.example.com OK Update"],
        [f"{name} Bereit Aktiv" for name in MEMBERS],
        ["42"],
    ],
)
def test_a_list_that_does_not_say_it_of_all_is_unknown(lines: list[str]) -> None:
    reading = read(lines)
    assert reading.verdict == "unknown"
    assert "no baseline was saved" in reading.reasons[0]


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("fe03.example.com  OK  Down", False),
        ("fe03.example.com  Error  Up", False),
        ("Node fe03: NotReady", False),
        ("Not OK", False),
        ("Replica InBuild on fe02", False),
        ("Group 3 is building", False),
        ("Could not reach the fabric", False),
        ("Missing replicas: 3", True),
        ("3 replicas missing", True),
        ("10 missing replicas", True),
        ("MissingReplicas = 2", True),
        ("2 routing groups in quorum loss", True),
        ("QuorumLoss: 1", True),
        ("Routing group without secondary", True),
        ("No primary for routing group 7", True),
        ("Missing", False),
        ("Error: 0x80004005", False),
        ("Error: no fabric node answered", False),
        ("Down: 0.5 minutes", False),
        ("Partition 0 down", False),
        ("0 errors, 1 down", False),
    ],
)
def test_a_known_bad_word_vetoes_whatever_else_the_text_says(line: str, missing: bool) -> None:
    reading = read([*OK, line], baseline=saved([*OK, line]))
    assert reading.verdict == "degraded"
    assert reading.missing_replicas is missing
    assert line in reading.reasons[0]


@pytest.mark.parametrize(
    ("warning", "missing"),
    [("Something that nobody has seen before", False), ("Replica missing for group 1", True), ("Avertissement", False)],
)
def test_a_warning_vetoes_in_any_language(warning: str, missing: bool) -> None:
    reading = read(OK, warnings=[warning])
    assert reading.verdict == "degraded"
    assert reading.missing_replicas is missing


def test_a_server_whose_name_is_a_bad_word_is_not_bad() -> None:
    members = ["fe-down-01.example.com", "missing.example.com", "error.example.com"]
    lines = [f"{name} OK Up" for name in members] + ["missing OK Up", "of lost.example.com"]
    reading = read_fabric(lines, [], [], pool="lost.example.com", product="sfb2015", members=members)
    assert reading.verdict == "healthy"


def test_an_empty_answer_or_one_with_an_error_is_unknown() -> None:
    assert read([]).verdict == "unknown"
    assert read(["", "  "], warnings=[" "]).verdict == "unknown"
    reading = read(OK, errors=["Access is denied; missing replicas"])
    assert (reading.verdict, reading.missing_replicas) == ("unknown", False)
    assert "Access is denied" in reading.reasons[0]


def test_without_members_no_list_is_complete() -> None:
    assert read_fabric(OK, [], [], pool=POOL, product="sfb2015", members=[]).verdict == "unknown"


def test_an_unknown_text_that_is_as_in_the_baseline_is_healthy() -> None:
    now = [TABLE[0], "{00000000-1111-2222-3333-444444444444}   fe01 fe02,fe03", "", "23 of 23 groups placed"]
    assert read(now, baseline=saved()).verdict == "healthy"


def test_an_unknown_text_that_is_not_as_in_the_baseline_is_unknown_and_shows_the_first_difference() -> None:
    reading = read([*TABLE[:2], "23 of 24 groups placed"], baseline=saved())
    assert reading.verdict == "unknown"
    assert 'line 3 was "<all> groups placed" and is "<part> groups placed"' in reading.reasons[0]


def test_a_baseline_can_not_outvote_a_warning() -> None:
    assert read(TABLE, warnings=["x"], baseline=saved()).verdict == "degraded"


@pytest.mark.parametrize("other", [saved(pool="pool02.example.com"), saved(product="sfb2019")])
def test_the_baseline_of_another_pool_or_product_says_nothing(other: Baseline) -> None:
    reading = read(TABLE, baseline=other)
    assert reading.verdict == "unknown"
    assert f"the baseline is of {other.pool} ({other.product})" in reading.reasons[0]
