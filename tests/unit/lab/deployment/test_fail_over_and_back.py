# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fail over, fail back, the drain, and what the pool and its users have of it."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import ROOT, Play

FAIL_OVER = "Invoke-CsComputerFailOver"


def out_id(outcome: dict[str, Any]) -> str:
    return str(outcome["errors"][0]["id"]) if outcome["errors"] else ""


def test_a_server_is_drained_stopped_disabled_patched_and_put_back_and_nobody_notices(play: Play) -> None:
    lab = play()
    assert lab.fail_over("fe01")["errors"] == []
    assert lab.services("fe01")["RTCSRV"] == ("Stopped", "Disabled")
    assert lab.install("fe01") == 0
    lab.restart("fe01")
    assert lab.services("fe01")["RTCSRV"] == ("Stopped", "Disabled")
    lab.sleep(5)
    assert lab.fail_back("fe01")["errors"] == []
    assert lab.services("fe01")["RTCSRV"] == ("Start Pending", "Auto")
    lab.sleep(10)
    assert lab.services("fe01")["RTCSRV"] == ("Running", "Auto")
    assert lab.state("fe02") == "Busy"
    lab.sleep(30)
    assert lab.state("fe02") == "Ready"
    assert lab.felt() == []


def test_a_drain_takes_the_load_its_time(play: Play) -> None:
    lab = play({"pools": [{**THREE_SERVERS, "load": {"drain_minutes": 40}}]})
    outcome = lab.fail_over("fe01")
    assert outcome["errors"] == []
    assert 40 * 60 <= outcome["seconds"] <= 45 * 60


THREE_SERVERS = {"fqdn": "pool01.example.com", "servers": ["fe01.example.com", "fe02.example.com", "fe03.example.com"]}


@pytest.mark.parametrize(("flagged", "state"), [(False, "Ready"), (True, "Busy")])
def test_past_the_wait_time_no_action_is_taken(play: Play, flagged: bool, state: str) -> None:
    lab = play(
        {"switches": {"timed_out_drain_leaves_node_flagged": flagged}},
        faults=[{"fault": "drain_never_ends", "host": "fe01.example.com"}],
    )
    outcome = lab.fail_over("fe01", minutes=20)
    assert out_id(outcome) == f"WaitTimeExpired,{FAIL_OVER}"
    assert outcome["seconds"] == pytest.approx(20 * 60, abs=30)
    assert lab.services("fe01")["RTCSRV"] == ("Running", "Auto")
    expected = "InsufficientActiveFrontEnds" if flagged else state
    assert lab.state("fe02") == expected
    assert lab.fail_back("fe01")["errors"] == []
    assert lab.state("fe02") == "Ready"
    assert lab.felt() == []


def test_a_draining_timeout_cuts_what_is_left(play: Play) -> None:
    lab = play(faults=[{"fault": "drain_never_ends", "host": "fe01.example.com"}])
    assert lab.fail_over("fe01", DrainingTimeout="0.00:30:00")["errors"] == []
    assert lab.services("fe01")["RTCSRV"] == ("Stopped", "Disabled")
    assert lab.felt() == ["sessions_cut"]


def test_the_remaining_load_can_be_watched_while_it_drains(play: Play) -> None:
    lab = play()
    lab.make_root("fe01")
    lab.detach(
        "fe01",
        {"cmdlet": FAIL_OVER, "parameters": {"ComputerName": "fe01.example.com", "Confirm": False}},
        claim=f"{ROOT}\\fail_over.json",
    )
    loads = []
    for _look in range(4):
        lab.sleep(2.5)
        rows = lab.cmdlet(
            "fe02", "Get-CsWindowsService", ["ActivityLevel"], ComputerName="fe01.example.com", Name="RTCSRV"
        )
        loads.append(int(rows["output"][0]["ActivityLevel"].split("=")[1].split(",")[0]))
    assert loads == sorted(loads, reverse=True)
    assert loads[0] > loads[-1] > 0


def test_the_pool_refuses_to_go_below_its_quorum(play: Play) -> None:
    lab = play()
    lab.fail_over("fe01")
    assert out_id(lab.fail_over("fe02")).startswith("InsufficientServers,")
    assert lab.services("fe02")["RTCSRV"] == ("Running", "Auto")


@pytest.mark.parametrize("position", ["roles", "all", "front_end_only"])
def test_what_a_fail_over_disables_is_a_switch(play: Play, position: str) -> None:
    lab = play({"switches": {"fail_over_disables": position}})
    lab.fail_over("fe01")
    services = lab.services("fe01")
    disabled = {name for name, (_state, mode) in services.items() if mode == "Disabled"}
    assert "RTCSRV" in disabled
    assert ("RTCAVMCU" in disabled) == (position != "front_end_only")
    assert ("FabricHostSvc" in disabled) == ("REPLICA" in disabled) == (position == "all")
    assert services["RTCAVMCU"][0] == "Stopped"
    lab.restart("fe01")
    lab.sleep(5)
    assert lab.fail_back("fe01")["errors"] == []
    lab.sleep(10)
    assert all(state == ("Running", "Auto") for state in lab.services("fe01").values())


def test_services_that_their_owner_disabled_stay_disabled(play: Play) -> None:
    lab = play(servers={"fe01": {"services": {"RTCCPS": "disabled", "RTCATS": "manual"}}})
    lab.fail_over("fe01")
    lab.fail_back("fe01")
    lab.sleep(10)
    services = lab.services("fe01")
    assert services["RTCCPS"] == ("Stopped", "Disabled")
    assert services["RTCRGS"] == ("Running", "Auto")


@pytest.mark.parametrize("position", ["no_op", "error"])
def test_doing_it_twice_is_a_switch(play: Play, position: str) -> None:
    lab = play({"switches": {"fail_over_repeated": position, "fail_back_repeated": position}})
    assert bool(lab.fail_back("fe01")["errors"]) == (position == "error")
    lab.fail_over("fe01")
    assert bool(lab.fail_over("fe01")["errors"]) == (position == "error")
    assert [line["changes"] for line in lab.journal("cmdlet", cmdlet=FAIL_OVER)].count(True) == 1


@pytest.mark.parametrize(("position", "refused"), [("refused", True), ("allowed", False)])
def test_two_servers_are_a_switch(play: Play, position: str, refused: bool) -> None:
    pool = {"fqdn": "pool01.example.com", "servers": ["fe01.example.com", "fe02.example.com"]}
    lab = play({"pools": [pool], "switches": {"fail_over_two_servers": position}})
    assert bool(lab.fail_over("fe01")["errors"]) == refused
    assert lab.felt() == []


def test_fail_back_throws_right_after_a_restart(play: Play) -> None:
    lab = play()
    lab.fail_over("fe01")
    lab.restart("fe01")
    assert out_id(lab.fail_back("fe01")).startswith("FabricNodeNotReady,")
    lab.sleep(4)
    assert lab.fail_back("fe01")["errors"] == []


def test_a_restart_in_mid_drain_kills_the_fail_over_and_leaves_the_node_flagged(play: Play) -> None:
    lab = play()
    lab.make_root("fe01")
    lab.detach(
        "fe01",
        {"cmdlet": FAIL_OVER, "parameters": {"ComputerName": "fe01.example.com", "Confirm": False}},
        claim=f"{ROOT}\\fail_over.json",
    )
    lab.sleep(5)
    lab.restart("fe01")
    assert lab.claim("fe01", "fail_over")["finished"] is None
    assert lab.felt() == ["sessions_cut"]
    lab.sleep(20)
    assert lab.services("fe01")["RTCSRV"] == ("Running", "Auto")
    assert lab.state("fe02") == "InsufficientActiveFrontEnds"
    assert lab.fail_back("fe01")["errors"] == []
    lab.sleep(40)
    assert lab.state("fe02") == "Ready"


def test_without_a_second_hop_or_the_rights_nothing_happens(play: Play) -> None:
    accounts = {
        "LAB\\admin": {"password": "a"},
        "LAB\\guest": {"password": "g", "administrator": False, "second_hop": True},
        "LAB\\windows": {"password": "w", "groups": [], "second_hop": True},
    }
    lab = play({"accounts": accounts, "become": "LAB\\admin"})
    seen = [
        out_id(lab.cmdlet("fe01", FAIL_OVER, who={"user": user, "become": None}, ComputerName="fe01.example.com"))
        for user in accounts
    ]
    assert seen == [f"SecondHop,{FAIL_OVER}", f"AccessDenied,{FAIL_OVER}", f"AccessDenied,{FAIL_OVER}"]
    assert lab.services("fe01")["RTCSRV"] == ("Running", "Auto")


def test_whatif_changes_nothing_but_with_force_it_does(play: Play) -> None:
    lab = play()
    lab.fail_over("fe01", WhatIf=True)
    assert lab.services("fe01")["RTCSRV"] == ("Running", "Auto")
    lab.fail_over("fe01", WhatIf=True, Force=True)
    assert lab.services("fe01")["RTCSRV"] == ("Stopped", "Disabled")
