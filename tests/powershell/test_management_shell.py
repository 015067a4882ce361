# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What management_shell.ps1 does in a real PowerShell: each case was met in one."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.shell import windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.tests.powershell.real_powershell import PowerShell, Running

NEEDS_SH = pytest.mark.skipif(not Path("/bin/sh").exists(), reason="needs /bin/sh")
SLEEPS = Call("Start-Sleep", {"Seconds": 120})
QUICK = Call("Get-Date", select=["Year"])


def sh(command: str) -> Call:
    return Call(program="/bin/sh", arguments=f'-c "{command}"')


# ---- values on their way there ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "pool'1; Remove-Item x $(1+1).example.com",
        '`"$env:PATH" %PATH% ^& | > <',
        "two\r\nlines\tand a tab",
        "O\u2019Brien \u201cquoted\u201d",
        "\u00fcml\u00e4ut \u4e2d\u6587 \U0001f600",
        "@{a=1}",
        "--%",
        "-Force",
        "",
    ],
)
def test_a_value_arrives_unchanged_and_is_never_evaluated(value: str, shell: PowerShell) -> None:
    outcome = shell.one(Call("Get-CsWindowsService", {"ComputerName": value}, select=["Bound"]))
    assert outcome["output"] == [{"Bound": [f"ComputerName = {value}"]}]


# ---- what comes back -------------------------------------------------------------------------------------------------


def test_the_streams_of_a_cmdlet_arrive_apart_and_in_order(shell: PowerShell) -> None:
    outcome = shell.one(Call("Invoke-FakeStreams", {"Verbose": True}))
    assert outcome["output"] == ["first", "last"]
    assert (outcome["warnings"], outcome["verbose"]) == (["careful"], ["in detail"])
    assert outcome["information"] == ["by the way"]
    assert [(e["id"], e["category"], e["target"], e["message"]) for e in outcome["errors"]] == [
        ("Lync.One,InvokeFakeStreams", "ObjectNotFound", "fe09", "not this one")
    ]


def test_what_is_written_to_the_host_is_information(shell: PowerShell) -> None:
    assert shell.one(Call("Write-Host", {"Object": "hello"}))["information"] == ["hello"]


def test_a_terminating_error_keeps_its_id_category_and_target_and_what_was_said_before(shell: PowerShell) -> None:
    outcome = shell.one(Call("Invoke-FakeFailure"))
    error = outcome["errors"][0]
    assert (error["id"], error["category"], error["target"]) == (
        "Lync.Bad,InvokeFakeFailure",
        "ResourceUnavailable",
        "fe02",
    )
    assert error["type"] == "System.InvalidOperationException"
    assert outcome["warnings"] == ["before it"]


def test_values_become_what_json_can_carry(shell: PowerShell) -> None:
    names = [
        "Status",
        "Version",
        "When",
        "Length",
        "Roles",
        "OneRole",
        "Nothing",
        "Yes",
        "Number",
        "Expected",
        "Unheard",
    ]
    row, text = shell.one(Call("Get-FakeRow", select=names))["output"]
    assert text == "plain text"
    assert row.pop("When").startswith("2026-01-31T22:30:00")
    assert row == {
        "Status": "Running",
        "Version": "6.0.9319.5",
        "Length": 5400,
        "Roles": ["Registrar", "WebServer"],
        "OneRole": ["Registrar"],
        "Nothing": None,
        "Yes": True,
        "Number": 5368709120,
        "Expected": "10.13.2",
    }


def test_the_properties_of_a_property_are_an_array_of_rows_also_for_a_single_object(shell: PowerShell) -> None:
    select: list[Any] = [{"name": name, "select": ["Name", "IsReadyForUpgrade"]} for name in ("Domains", "OneDomain")]
    row = shell.one(Call("Get-FakeRow", select=select))["output"][0]
    assert row == {
        "Domains": [{"Name": "UD1", "IsReadyForUpgrade": True}, {"Name": "UD2", "IsReadyForUpgrade": False}],
        "OneDomain": [{"Name": "UD1", "IsReadyForUpgrade": False}],
    }


def test_with_a_star_every_property_is_there_also_those_whose_names_nobody_knows(shell: PowerShell) -> None:
    """Beside it a property of its own selection: Get-CsBackupServiceStatus is read so."""
    nested = {"name": "Domains", "select": ["*"]}
    row = shell.one(Call("Get-FakeRow", select=["*", nested]))["output"][0]
    named = shell.one(Call("Get-FakeRow", select=["Status", "Version"]))["output"][0]
    assert {name: row[name] for name in named} == named
    assert all("IsReadyForUpgrade" in domain for domain in row["Domains"])


def test_a_truth_value_without_a_selection_stays_one(shell: PowerShell, tmp_path: Path) -> None:
    assert shell.one(windows.path_exists(str(tmp_path)))["output"] == [True]
    assert shell.one(windows.path_exists(str(tmp_path / "not [there]")))["output"] == [False]


# ---- calls that are not as they should be ----------------------------------------------------------------------------


def test_a_cmdlet_that_does_not_exist_is_missing_and_no_error(shell: PowerShell) -> None:
    outcome = shell.one(Call("Get-CsUpgradeDomainInfo"))
    assert (outcome["missing"], outcome["errors"], outcome["output"]) == (True, [], [])


def test_a_name_with_a_wildcard_calls_nothing(shell: PowerShell) -> None:
    assert shell.one(Call("Get-CsPool*"))["missing"] is True


@pytest.mark.parametrize(
    "bad", [Call("Invoke-FakeFailure"), Call("Get-CsUpgradeDomainInfo"), Call("Invoke-FakeStreams")]
)
def test_after_a_call_that_must_succeed_nothing_more_is_run(bad: Call, shell: PowerShell) -> None:
    outcomes = shell.ask([QUICK, bad.must(), QUICK])["outcomes"]
    assert [outcome["cmdlet"] for outcome in outcomes] == ["Get-Date", bad.cmdlet]
    assert len(shell.ask([QUICK, bad, QUICK])["outcomes"]) == 3


@pytest.mark.parametrize(
    ("call", "identifier"),
    [
        (Call("Get-Process", {"Id": 999999}), "NoProcessFoundForGivenId"),
        (windows.read_text("not there [1].json"), "PathNotFound"),
        (windows.remove("not there [1].json"), "PathNotFound"),
    ],
)
def test_what_is_not_there_goes_by_its_category(call: Call, identifier: str, shell: PowerShell) -> None:
    error = shell.one(call)["errors"][0]
    assert (error["id"].partition(",")[0], error["category"]) == (identifier, "ObjectNotFound")


@pytest.mark.parametrize(
    ("expect", "fits"),
    [
        ({"Version": "6.0.9319.5"}, True),
        ({"Status": "RUNNING"}, True),
        ({"Status": "Running", "Yes": "true"}, True),
        ({"Status": "Stopped"}, False),
        ({"Status": "Running", "Version": "6.0"}, False),
        ({"Unheard": "x"}, False),
    ],
)
def test_another_value_than_the_expected_is_an_error_and_ends_the_list(
    expect: dict[str, str], fits: bool, shell: PowerShell
) -> None:
    guard = Call("Get-FakeRow", select=["Status", "Version", "Yes"], expect=expect, go_on=False)
    outcomes = shell.ask([guard, QUICK])["outcomes"]
    assert len(outcomes) == (2 if fits else 1)
    assert [(error["id"], error["category"]) for error in outcomes[0]["errors"]] == (
        [] if fits else [("SfbServer.Unexpected", "InvalidData")]
    )


def test_an_expectation_of_nothing_at_all_is_not_met(shell: PowerShell, tmp_path: Path) -> None:
    call = Call("Get-ChildItem", {"LiteralPath": str(tmp_path / "empty")}, select=["Name"], expect={"Name": "x"})
    (tmp_path / "empty").mkdir()
    assert shell.one(call)["errors"][0]["id"] == "SfbServer.Unexpected"


# ---- confirmation and check mode -------------------------------------------------------------------------------------


def test_a_change_with_confirm_false_acts(shell: PowerShell) -> None:
    assert shell.one(Call("Invoke-FakeChange", {"Confirm": False}))["output"] == ["acted"]


def test_a_change_that_asks_by_itself_fails_and_does_not_hang(shell: PowerShell) -> None:
    outcome = shell.one(Call("Invoke-FakeChange", {"Confirm": False, "Asks": True}))
    assert outcome["output"] == []
    assert outcome["errors"][0]["category"] == "InvalidOperation"


def test_the_script_itself_gives_no_protection_in_check_mode_so_the_controller_must(shell: PowerShell) -> None:
    answer = shell.ask([Call("Invoke-FakeChange", {"Confirm": False})], "WhatIf")
    assert answer["outcomes"][0]["output"] == ["acted"]


# ---- who and where ---------------------------------------------------------------------------------------------------


def test_an_edition_that_was_not_asked_for_runs_nothing(shell: PowerShell, tmp_path: Path) -> None:
    claim = tmp_path / "claim.json"
    answer = shell.ask([QUICK], editions=["Other"], claim=str(claim))
    assert (answer["outcomes"], answer["finished"], answer["module"]) == ([], None, None)
    assert answer["edition"] in ("Desktop", "Core")
    assert not claim.exists()


def test_the_first_module_that_loads_wins(shell: PowerShell) -> None:
    assert shell.ask([QUICK], modules=["NotThere", "SkypeForBusiness", "Lync"])["module"] == "SkypeForBusiness"
    path = shell.modules / "SkypeForBusiness" / "SkypeForBusiness.dll"
    assert shell.ask([QUICK], modules=["NotThere", str(path)])["module"] == str(path)
    assert shell.ask([QUICK], modules=["NotThere"])["module"] is None
    assert shell.ask([QUICK], modules=[])["module"] is None


def test_the_answer_says_who_ran_it(shell: PowerShell) -> None:
    answer = shell.ask([QUICK])
    assert answer["user"] and answer["process"] > 0 and int(answer["ticks"]) > 0
    assert isinstance(answer["administrator"], bool)
    if os.name == "nt":
        assert answer["roles"] == {"RTCUniversalServerAdmins": False}
    assert answer["finished"] and answer["running"] is None


# ---- files, as the mark and the claims need them ---------------------------------------------------------------------


def test_a_text_is_written_moved_into_place_and_read_again(shell: PowerShell, tmp_path: Path) -> None:
    text, new, mark = '{\n  "run": "7 \u4e2d\u2019"\n}\n', tmp_path / "new [1].json", tmp_path / "mark.json"
    outcomes = shell.ask(
        [windows.write_text(str(new), text), windows.move(str(new), str(mark)), windows.read_text(str(mark))]
    )["outcomes"]
    assert [outcome["errors"] for outcome in outcomes] == [[], [], []]
    assert outcomes[2]["output"][0].removeprefix("\ufeff").strip() == text.strip()
    assert not new.exists()


def test_a_mark_that_stands_is_never_written_over(shell: PowerShell, tmp_path: Path) -> None:
    (tmp_path / "mark.json").write_text("first", "ascii")
    (tmp_path / "mark.new").write_text("second", "ascii")
    outcome = shell.one(windows.move(str(tmp_path / "mark.new"), str(tmp_path / "mark.json")))
    assert outcome["errors"]
    assert (tmp_path / "mark.json").read_text("ascii") == "first"


def test_a_folder_that_exists_already_is_not_made_again(shell: PowerShell, tmp_path: Path) -> None:
    assert shell.one(windows.make_folder(str(tmp_path / "new")))["errors"] == []
    assert shell.one(windows.make_folder(str(tmp_path / "new")))["errors"]
    assert shell.one(windows.make_folder_if_missing(str(tmp_path / "new")))["errors"] == []


def test_telling_lines_are_found_in_a_log_of_two_byte_letters(shell: PowerShell, tmp_path: Path) -> None:
    log = tmp_path / "Server.msp-fe02-[2026-01-31][22-30-10]_log.txt"
    log.write_text("nothing\nError 29024. Error 0x80004005\nnothing\n", "utf-16")
    assert shell.one(windows.telling_lines(str(log)))["output"] == [{"Line": "Error 29024. Error 0x80004005"}]


# ---- programs --------------------------------------------------------------------------------------------------------


@NEEDS_SH
def test_the_exit_code_of_a_program_is_data(shell: PowerShell) -> None:
    outcome = shell.one(sh("echo some text; exit 3"))
    assert (outcome["errors"], outcome["missing"]) == ([], False)
    assert (outcome["output"][0]["ExitCode"], outcome["output"][0]["Output"]) == (3, "some text\n")


@NEEDS_SH
@pytest.mark.parametrize("redirection", [">/dev/null 2>&1", ""])
def test_a_child_that_outlives_its_program_is_not_waited_for(
    redirection: str, shell: PowerShell, tmp_path: Path
) -> None:
    """Without the redirection the child keeps the program's output open."""
    outcome = shell.one(sh(f"sleep 300 {redirection} & echo $! > '{tmp_path}/child'; exit 4"))
    child = int((tmp_path / "child").read_text("ascii"))
    os.kill(child, 9)  # fails where the child is gone, so that the program was waited for
    assert outcome["output"][0]["ExitCode"] == 4


@NEEDS_SH
def test_a_program_runs_in_its_folder_and_its_expectation_is_looked_at(shell: PowerShell, tmp_path: Path) -> None:
    call = Call(program="/bin/sh", arguments='-c "pwd; exit 5"', folder=str(tmp_path), expect={"ExitCode": "0"})
    outcome = shell.one(call)
    assert outcome["output"][0]["Output"].strip() == str(tmp_path.resolve())
    assert outcome["errors"][0]["id"] == "SfbServer.Unexpected"


def test_a_program_that_is_not_there_is_an_error(shell: PowerShell) -> None:
    outcome = shell.one(Call(program="/not/there.exe"))
    assert outcome["errors"] and outcome["output"] == []


# ---- claims ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def claim(tmp_path: Path) -> Path:
    return tmp_path / "fail over [1].json"


def held(claim: Path, running: Running) -> dict[str, Any]:
    """The claim, once the process has taken it and written it whole."""
    while running.process.poll() is None:
        try:
            found: dict[str, Any] = json.loads(claim.read_text("utf-8"))
            return found
        except (OSError, ValueError):
            time.sleep(0.1)
    raise AssertionError(f"the script ended without a claim and said: {running.said}")


def test_work_leaves_its_whole_answer_in_its_claim(shell: PowerShell, claim: Path) -> None:
    answer = shell.ask([QUICK, Call("Invoke-FakeStreams")], claim=str(claim))
    assert json.loads(claim.read_text("utf-8")) == answer
    assert answer["finished"]
    assert [path.name for path in claim.parent.glob("fail over*")] == [claim.name]


def test_while_the_holder_lives_a_second_start_runs_nothing_and_shows_the_first(
    shell: PowerShell, claim: Path, tmp_path: Path
) -> None:
    first = shell.start([SLEEPS], claim=str(claim))
    try:
        state = held(claim, first)
        assert (state["finished"], state["outcomes"]) == (None, [])
        second = shell.ask([windows.make_folder(str(tmp_path / "acted"))], claim=str(claim))
        assert (second["outcomes"], second["finished"]) == ([], None)
        # PowerShell 7 reads the text of a time as a time and writes it in another form.
        assert {**second["running"], "started": None} == {**state, "started": None}
        assert not (tmp_path / "acted").exists()
    finally:
        first.process.kill()
        first.process.wait()


def test_a_claim_whose_holder_is_gone_is_taken_over_and_its_last_state_kept(shell: PowerShell, claim: Path) -> None:
    first = shell.start([SLEEPS], claim=str(claim))
    state = held(claim, first)
    first.process.kill()
    first.process.wait()
    second = shell.ask([QUICK], claim=str(claim))
    assert second["running"] is None and len(second["outcomes"]) == 1
    assert json.loads(Path(f"{claim}.before").read_text("utf-8")) == state


def test_a_claim_of_work_that_ended_is_taken_over(shell: PowerShell, claim: Path) -> None:
    first = shell.ask([QUICK], claim=str(claim))
    second = shell.ask([QUICK, QUICK], claim=str(claim))
    assert (second["running"], len(second["outcomes"])) == (None, 2)
    assert json.loads(Path(f"{claim}.before").read_text("utf-8")) == first


def test_a_process_id_that_was_used_again_does_not_hold_a_claim(shell: PowerShell, claim: Path) -> None:
    claim.write_text(json.dumps({"process": os.getpid(), "ticks": "1", "finished": None}), "ascii")
    assert shell.ask([QUICK], claim=str(claim))["running"] is None


@pytest.mark.parametrize("half", ["", "{", '{"process": 1', "[]", "7"])
def test_half_a_claim_holds_for_three_minutes_and_is_taken_over_then(
    shell: PowerShell, claim: Path, tmp_path: Path, half: str
) -> None:
    claim.write_text(half, "ascii")
    acts = [windows.make_folder(str(tmp_path / "acted"))]
    assert shell.start(acts, claim=str(claim)).end() == ""
    assert not (tmp_path / "acted").exists()
    os.utime(claim, (time.time() - 181, time.time() - 181))
    taken = shell.ask([QUICK], claim=str(claim))
    assert (taken["running"], len(taken["outcomes"])) == (None, 1)
    assert Path(f"{claim}.before").read_text("ascii") == half
    assert json.loads(claim.read_text("utf-8")) == taken


def test_a_claim_in_a_folder_that_is_not_there_runs_nothing(shell: PowerShell, tmp_path: Path) -> None:
    assert shell.start([QUICK], claim=str(tmp_path / "no folder" / "claim.json")).end() == ""
