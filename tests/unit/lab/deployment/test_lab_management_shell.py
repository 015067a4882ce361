# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The answer of management_shell.ps1: calls in order, selections, claims, editions, detached work."""

from __future__ import annotations

import json

import pytest
from sfb_lab.border import RefusedByWindows, UnknownToLab
from sfb_lab.deployment import ServerWentDown

from .conftest import ROOT, Play

PATH = (
    "C:\\Program Files\\Common Files\\Skype for Business Server 2019\\Modules\\SkypeForBusiness\\SkypeForBusiness.psd1"
)
CLAIM = f"{ROOT}\\fail_over.json"
DRAIN = {"cmdlet": "Invoke-CsComputerFailOver", "parameters": {"ComputerName": "fe01.example.com", "Confirm": False}}


def test_an_answer_says_who_ran_it_where_and_how(play: Play) -> None:
    lab = play()
    answer = lab.deployment.management_shell(lab.caller("fe01"), lab.request([]))
    assert answer["module"] == "SkypeForBusiness"
    assert (answer["edition"], answer["user"], answer["administrator"]) == ("Desktop", "LAB\\patcher", True)
    assert answer["roles"] == {"RTCUniversalServerAdmins": True}
    assert answer["started"].endswith("Z")
    assert answer["finished"] > answer["started"]
    assert json.loads(json.dumps(answer)) == answer


def test_calls_run_in_order_and_one_that_fails_ends_the_list(play: Play) -> None:
    lab = play()
    outcomes = lab.ask(
        "fe01",
        {"cmdlet": "Get-CsNothing"},
        {"cmdlet": "Get-Content", "parameters": {"LiteralPath": "C:\\none.txt"}},
        {"cmdlet": "Get-CsPool", "parameters": {"Wrong": 1}, "go_on": False},
        {"cmdlet": "Get-CsPool"},
    )
    assert [outcome["missing"] for outcome in outcomes] == [True, False, False]
    assert outcomes[1]["errors"][0]["id"] == "PathNotFound,Microsoft.PowerShell.Commands.GetContentCommand"
    assert outcomes[1]["errors"][0]["category"] == "ObjectNotFound"
    assert outcomes[2]["errors"][0]["id"] == "NamedParameterNotFound,Get-CsPool"


def test_a_selection_takes_what_exists_and_goes_into_objects(play: Play) -> None:
    lab = play({"product": "sfb2015"})
    domain = {"name": "UpgradeDomains", "select": ["Name", "IsReadyForUpgrade", "ReadyforUpgrade"]}
    rows = lab.cmdlet("fe01", "Get-CsPoolUpgradeReadinessState", ["State", "PoolUpgradeState", domain])["output"]
    assert rows[0]["PoolUpgradeState"] == "Ready"
    assert "State" not in rows[0]
    assert rows[0]["UpgradeDomains"][0] == {"Name": "UpgradeDomain1", "ReadyforUpgrade": True}


def test_what_is_expected_of_a_row_and_not_there_is_an_error_of_its_own(play: Play) -> None:
    lab = play()
    call = {
        "cmdlet": "Get-CsComputer",
        "parameters": {"Local": True},
        "select": ["Fqdn"],
        "expect": {"Fqdn": "fe02.example.com"},
    }
    assert lab.ask("fe01", call)[0]["errors"][0]["id"] == "SfbServer.Unexpected"
    assert lab.ask("fe02", call)[0]["errors"] == []


def test_another_edition_answers_without_running_a_call(play: Play) -> None:
    lab = play(servers={"fe01": {"powershell": {"edition": "Core", "version": "7.4.1"}}})
    answer = lab.deployment.management_shell(lab.caller("fe01"), lab.request([{"cmdlet": "Get-Date"}]))
    assert (answer["edition"], answer["outcomes"]) == ("Core", [])


@pytest.mark.parametrize(
    ("switches", "modules", "found"),
    [
        ({}, ["Nonsense", "SkypeForBusiness"], "SkypeForBusiness"),
        ({}, ["Lync"], None),
        ({"module_autoloads": False}, ["SkypeForBusiness"], None),
        (
            {"module_autoloads": False},
            [PATH],
            PATH,
        ),
    ],
)
def test_the_first_module_that_loads_wins(
    play: Play, switches: dict[str, object], modules: list[str], found: str | None
) -> None:
    lab = play({"switches": switches})
    answer = lab.deployment.management_shell(
        lab.caller("fe01"), lab.request([{"cmdlet": "Get-CsServerVersion"}], modules=modules)
    )
    assert answer["module"] == found
    assert answer["outcomes"][0]["missing"] == (found is None and "module_autoloads" in switches)


def test_detached_work_claims_lives_by_the_clock_and_finishes(play: Play) -> None:
    lab = play()
    lab.make_root("fe01")
    lab.detach("fe01", DRAIN, claim=CLAIM)
    lab.sleep(0.2)
    running = lab.claim("fe01", "fail_over")
    assert running["finished"] is None
    second = lab.deployment.management_shell(lab.caller("fe01"), lab.request([DRAIN], claim=CLAIM))
    assert second["running"]["process"] == running["process"]
    assert second["outcomes"] == []
    process = lab.cmdlet(
        "fe01",
        "Get-CimInstance",
        ["ProcessId", "CreationDate"],
        ClassName="Win32_Process",
        Filter="Name='powershell.exe'",
    )
    assert running["process"] in [row["ProcessId"] for row in process["output"]]
    lab.sleep(30)
    finished = lab.claim("fe01", "fail_over")
    assert finished["finished"]
    assert finished["outcomes"][0]["errors"] == []
    assert [line.get("phase") for line in lab.journal("cmdlet", cmdlet="Invoke-CsComputerFailOver")] == [
        "begun",
        "ended",
    ]
    assert [line["changes"] for line in lab.journal("cmdlet", cmdlet="Invoke-CsComputerFailOver")] == [True, False]


def test_the_claim_of_a_dead_holder_is_moved_beside_and_taken(play: Play) -> None:
    lab = play(faults=[{"fault": "async_process_vanishes", "host": "fe01.example.com", "at_minute": 5}])
    lab.make_root("fe01")
    lab.detach("fe01", DRAIN, claim=CLAIM)
    lab.sleep(0.2)
    dead = lab.claim("fe01", "fail_over")
    lab.sleep(10)
    assert lab.journal("fault", fault="async_process_vanishes")
    answer = lab.deployment.management_shell(lab.caller("fe01"), lab.request([{"cmdlet": "Get-Date"}], claim=CLAIM))
    assert answer["running"] is None
    before = json.loads(lab.deployment.read_file(lab.caller("fe01"), CLAIM + ".before"))
    assert (before["process"], before["finished"]) == (dead["process"], None)


def test_a_claim_in_a_folder_that_is_not_there_is_refused(play: Play) -> None:
    lab = play()
    with pytest.raises(RefusedByWindows, match="part of the path"):
        lab.deployment.management_shell(lab.caller("fe01"), lab.request([], claim=CLAIM))


def test_a_call_on_a_server_that_goes_down_meanwhile_gets_no_answer(play: Play) -> None:
    lab = play(faults=[{"fault": "third_party_restart", "host": "fe01.example.com", "at_minute": 3}])
    with pytest.raises(ServerWentDown):
        lab.ask("fe01", DRAIN)
    assert lab.minutes() == pytest.approx(3, abs=0.5)
    assert not lab.deployment.accepts("fe01.example.com")


def test_a_wrong_become_password_is_refused_and_never_journalled(play: Play) -> None:
    lab = play()
    caller = lab.caller("fe01")
    wrong = type(caller)(caller.host, caller.user, caller.become_user, "Secret-9")
    with pytest.raises(RefusedByWindows, match="user name or password"):
        lab.deployment.management_shell(wrong, lab.request([]))
    text = json.dumps(lab.deployment.journal_lines)
    assert "Secret-9" not in text
    assert lab.journal("refused")


def test_what_the_lab_does_not_know_it_names(play: Play) -> None:
    lab = play()
    with pytest.raises(UnknownToLab, match="Invoke-CsPoolFailOver"):
        lab.ask("fe01", {"cmdlet": "Invoke-CsPoolFailOver", "parameters": {"PoolFqdn": "p"}})
    with pytest.raises(UnknownToLab, match="Win32_Fan"):
        lab.ask("fe01", {"cmdlet": "Get-CimInstance", "parameters": {"ClassName": "Win32_Fan"}})


def test_two_runs_of_the_same_calls_write_the_same_journal(play: Play) -> None:
    def run() -> list[dict[str, object]]:
        lab = play({"switches": {"fabric_text": "b"}})
        lab.fail_over("fe01")
        lab.install("fe01")
        lab.restart("fe01")
        lab.sleep(30)
        return lab.deployment.journal_lines

    assert run() == run()
