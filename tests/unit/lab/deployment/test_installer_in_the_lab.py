# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The installer: components, codes, local databases, logs, and what else it may or may not touch."""

from __future__ import annotations

import pytest

from .conftest import ROOT, Play

QUERY = "SET NOCOUNT ON; SELECT name, state_desc, user_access_desc FROM sys.databases"
SQLCMD = f'-S .\\RTCLOCAL -E -h -1 -W -s "|" -Q "{QUERY}"'


def versions(lab: object, server: str) -> dict[str, str]:
    rows = lab.cmdlet(server, "Get-CsServerPatchVersion", ["ComponentName", "Version"])["output"]  # type: ignore[attr-defined]
    return {row["ComponentName"].rpartition(", ")[2]: row["Version"] for row in rows}


@pytest.mark.parametrize("code", [0, 2, 3010])
def test_a_good_installation_raises_what_the_update_has_and_wants_a_restart(play: Play, code: int) -> None:
    lab = play({"switches": {"installer_returns": code}})
    lab.fail_over("fe01")
    assert lab.install("fe01") == code
    found = versions(lab, "fe01")
    assert found["Core Components"] == "7.0.2046.521"
    assert found["Mediation Server"] == "7.0.2046.396"
    manager = "HKLM:\\SYSTEM\\CurrentControlSet\\Control\\Session Manager"
    ask = {"LiteralPath": manager}
    assert lab.cmdlet("fe01", "Get-ItemProperty", ["PendingFileRenameOperations"], **ask)["output"][0]
    lab.restart("fe01")
    assert lab.cmdlet("fe01", "Get-ItemProperty", ["PendingFileRenameOperations"], **ask)["output"] == [{}]
    assert lab.felt() == []


def test_a_second_installation_finds_nothing_to_do(play: Play) -> None:
    lab = play()
    lab.fail_over("fe01")
    lab.install("fe01")
    before = versions(lab, "fe01")
    assert lab.install("fe01") == 0
    assert versions(lab, "fe01") == before


def test_installing_on_a_server_that_serves_cuts_its_sessions(play: Play) -> None:
    lab = play()
    lab.install("fe01")
    assert lab.felt() == ["sessions_cut"]


def test_half_an_update_with_1603_leaves_logs_that_explain(play: Play) -> None:
    fault = {"fault": "installer_exit", "host": "fe01.example.com", "exit_code": 1603, "leaves_database": "SINGLE_USER"}
    lab = play(faults=[fault])
    lab.fail_over("fe01")
    assert lab.install("fe01") == 1603
    found = versions(lab, "fe01")
    assert (found["Core Components"], found["Front End Server"]) == ("7.0.2046.521", "7.0.2046.396")
    names = [
        row["Name"]
        for row in lab.cmdlet("fe01", "Get-ChildItem", ["Name"], LiteralPath=f"{ROOT}\\media\\update")["output"]
    ]
    log = next(name for name in names if name.startswith("Server.msp-FE01-["))
    lines = lab.cmdlet(
        "fe01", "Select-String", ["Line"], LiteralPath=f"{ROOT}\\media\\update\\{log}", Pattern="Error \\d+|Msg \\d+"
    )["output"]
    assert len(lines) == 2
    rows = lab.program("fe01", "sqlcmd.exe", SQLCMD)["output"][0]["Output"].split("\r\n")
    assert "rtc|ONLINE|SINGLE_USER" in rows


def test_1603_that_changed_nothing(play: Play) -> None:
    lab = play(faults=[{"fault": "installer_exit", "host": "fe01.example.com", "exit_code": 1603, "applies": "none"}])
    lab.fail_over("fe01")
    before = versions(lab, "fe01")
    assert lab.install("fe01") == 1603
    assert versions(lab, "fe01") == before


def test_local_databases_must_run_for_the_front_end_part(play: Play) -> None:
    lab = play(servers={"fe01": {"services": {"MSSQL$RTCLOCAL": "stopped"}}})
    assert lab.install("fe01") == 1603
    assert lab.program("fe01", "sqlcmd.exe", SQLCMD)["output"][0]["ExitCode"] == 1


def test_another_installation_runs_for_some_minutes(play: Play) -> None:
    lab = play(faults=[{"fault": "installer_exit", "host": "fe01.example.com", "exit_code": 1618, "minutes": 10}])
    lab.fail_over("fe01")
    assert lab.install("fe01") == 1618
    lab.sleep(5)
    assert lab.install("fe01") == 1618
    lab.sleep(6)
    assert lab.install("fe01") == 0
    changing = [line for line in lab.journal("installer") if line["changes"]]
    assert len(changing) == 1


def test_an_installer_that_restarts_by_itself(play: Play) -> None:
    lab = play(faults=[{"fault": "installer_exit", "host": "fe01.example.com", "exit_code": 1641}])
    lab.fail_over("fe01")
    boot = lab.deployment.last_boot("fe01.example.com")
    assert lab.install("fe01") == 1641
    lab.sleep(10)
    assert lab.deployment.last_boot("fe01.example.com") > boot
    assert versions(lab, "fe01")["Core Components"] == "7.0.2046.521"


def test_an_installer_that_says_yes_and_does_nothing(play: Play) -> None:
    lab = play(faults=[{"fault": "installer_changes_nothing", "host": "fe01.example.com"}])
    before = versions(lab, "fe01")
    assert lab.install("fe01") == 0
    assert versions(lab, "fe01") == before


@pytest.mark.parametrize("starts", [False, True])
@pytest.mark.parametrize("resets", [False, True])
def test_what_it_does_to_stopped_and_disabled_services_is_two_switches(play: Play, resets: bool, starts: bool) -> None:
    lab = play({"switches": {"installer_resets_start_types": resets, "installer_starts_services": starts}})
    lab.fail_over("fe01")
    lab.install("fe01")
    state, mode = lab.services("fe01")["RTCAVMCU"]
    assert mode == ("Auto" if resets else "Disabled")
    assert state == ("Running" if resets and starts else "Stopped")
    assert lab.model.servers["fe01.example.com"].node == "failed_over"


def test_signature_and_hash_can_be_checked_and_a_changed_file_is_noticed(play: Play) -> None:
    lab = play({"media": [{"version": "7.0.2046.521"}, {"version": "7.0.2046.600", "signer": ""}]})
    path = lab.put_installer("fe01")
    signer = {"name": "SignerCertificate", "select": ["Subject"]}
    ask = {"LiteralPath": path}
    found = lab.cmdlet("fe01", "Get-AuthenticodeSignature", ["Status", signer], **ask)["output"][0]
    assert found["Status"] == "Valid"
    assert "O=Microsoft Corporation" in found["SignerCertificate"][0]["Subject"]
    assert lab.cmdlet("fe01", "Get-FileHash", ["Hash"], **ask)["output"] == [
        {"Hash": lab.deployment.media[0]["sha256"].upper()}
    ]
    lab.deployment.write_file(lab.caller("fe01"), path, lab.deployment.media[0]["content"] + b"!")
    assert lab.cmdlet("fe01", "Get-AuthenticodeSignature", ["Status"], **ask)["output"] == [{"Status": "HashMismatch"}]
    assert lab.program("fe01", path, "/silentmode")["errors"][0]["id"] == "Win32Exception"
    unsigned = {"LiteralPath": lab.put_installer("fe01", 1)}
    assert lab.cmdlet("fe01", "Get-AuthenticodeSignature", ["Status"], **unsigned)["output"] == [
        {"Status": "NotSigned"}
    ]


def test_the_same_file_has_the_same_bytes_in_every_run(play: Play) -> None:
    assert play().deployment.media[0]["sha256"] == play().deployment.media[0]["sha256"]
