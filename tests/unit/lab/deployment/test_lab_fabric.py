# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the product shows of a pool's health: texts in every layout, readiness in every spelling."""

from __future__ import annotations

import re

import pytest

from .conftest import Lab, Play

POOL = "pool01.example.com"


def read(lab: Lab) -> tuple[str, list[str]]:
    outcome = lab.cmdlet("fe02", "Get-CsPoolFabricState", PoolFqdn=POOL)
    return "\n".join(outcome["output"]), outcome["warnings"]


def without_what_changes(text: str) -> str:
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<guid>", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", "<time>", text)
    return re.sub(r"(?<![\w.])\d+(?![\w.])", "<n>", text)


def test_layout_a_ends_with_ok_and_up_for_every_server(play: Play) -> None:
    text, warnings = read(play())
    assert warnings == []
    assert [line.split() for line in text.splitlines()[-3:]] == [
        [f"fe0{number}.example.com", "OK", "Up"] for number in (1, 2, 3)
    ]


def test_layout_b_changes_from_read_to_read_but_for_names(play: Play) -> None:
    lab = play({"switches": {"fabric_text": "b"}})
    first = read(lab)[0]
    lab.sleep(1)
    second = read(lab)[0]
    assert first != second
    assert without_what_changes(first) == without_what_changes(second)
    assert not re.search(r"\b(OK|Up|healthy)\b", first, re.IGNORECASE)
    lab.fail_over("fe01")
    text, warnings = read(lab)
    assert without_what_changes(text) != without_what_changes(first)
    assert warnings
    lab.fail_back("fe01")
    lab.sleep(45)
    assert without_what_changes(read(lab)[0]) == without_what_changes(first)


def test_an_unknown_text_is_never_the_same_and_names_nobody(play: Play) -> None:
    lab = play({"switches": {"fabric_text": "unknown"}})
    texts = {read(lab)[0] for _read in range(5)}
    assert len(texts) == 5
    assert not any("fe0" in text for text in texts)


def test_trouble_shows_as_warnings_and_in_the_last_lines(play: Play) -> None:
    lab = play()
    lab.fail_over("fe01")
    text, warnings = read(lab)
    assert any("fe01.example.com" in warning for warning in warnings)
    assert "Down" in next(line for line in text.splitlines() if line.startswith("fe01")) or "Deactivated" in text


@pytest.mark.parametrize("position", ["lines", "one_text"])
def test_the_output_is_many_strings_or_one(play: Play, position: str) -> None:
    output = play({"switches": {"fabric_output": position}}).cmdlet("fe01", "Get-CsPoolFabricState", PoolFqdn=POOL)[
        "output"
    ]
    assert (len(output) == 1) == (position == "one_text")


@pytest.mark.parametrize(
    ("position", "names"),
    [("documented", ("PoolUpgradeState", "ReadyforUpgrade")), ("blog", ("State", "IsReadyForUpgrade"))],
)
def test_readiness_is_spelled_in_two_ways(play: Play, position: str, names: tuple[str, str]) -> None:
    lab = play({"switches": {"readiness_property_names": position}})
    select = [
        "State",
        "PoolUpgradeState",
        {"name": "UpgradeDomains", "select": ["IsReadyForUpgrade", "ReadyforUpgrade"]},
    ]
    row = lab.cmdlet("fe01", "Get-CsUpgradeDomainInfo", select)["output"][0]
    assert set(row) == {names[0], "UpgradeDomains"}
    assert row["UpgradeDomains"][0] == {names[1]: True}


def test_readiness_is_asked_on_a_server_that_serves(play: Play) -> None:
    lab = play()
    lab.fail_over("fe01")
    assert lab.cmdlet("fe01", "Get-CsUpgradeDomainInfo")["errors"][0]["id"].startswith("NotActiveFrontEnd,")
    assert lab.state("fe02") == "InsufficientActiveFrontEnds"


@pytest.mark.parametrize(
    ("server", "state"),
    [
        ({"out_of_service": True}, "InsufficientActiveFrontEnds"),
        ({"flagged_draining": True}, "InsufficientActiveFrontEnds"),
        ({"replicas_missing": True}, "Busy"),
        ({"services": {"RTCSRV": "stopped"}}, "InsufficientActiveFrontEnds"),
        ({"powered": False}, "InsufficientActiveFrontEnds"),
    ],
)
def test_a_pool_may_be_unhealthy_from_the_start(play: Play, server: dict[str, object], state: str) -> None:
    lab = play(servers={"fe03": server})
    assert lab.state("fe01") == state
    assert read(lab)[1]
    assert lab.felt() == []
