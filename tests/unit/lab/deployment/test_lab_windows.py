# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows on a simulated server: files and their rights, registry, events, certificates, processes, ports, programs."""

from __future__ import annotations

import pytest
from sfb_lab.border import RefusedByWindows, UnknownToLab

from .conftest import ROOT, Play

NAME = "we'ird $(1+1); \u00e4\u4e2d [1]"


def test_text_written_to_a_file_is_read_back_whatever_it_holds(play: Play) -> None:
    lab = play()
    lab.make_root("fe01")
    path, text = f"{ROOT}\\{NAME}.json", 'a "quoted" `$(text)` \u00e4\u4e2d\u6587'
    assert lab.cmdlet("fe01", "Set-Content", LiteralPath=path, Value=text, Encoding="UTF8")["errors"] == []
    assert lab.cmdlet("fe01", "Get-Content", LiteralPath=path, Raw=True, Encoding="UTF8")["output"] == [text + "\r\n"]
    assert lab.cmdlet("fe01", "Test-Path", LiteralPath=path)["output"] == [True]
    assert lab.cmdlet("fe02", "Test-Path", LiteralPath=path)["output"] == [False]


def test_without_an_encoding_chinese_is_lost_as_on_windows(play: Play) -> None:
    lab = play()
    lab.cmdlet("fe01", "Set-Content", LiteralPath="C:\\Temp\\a.txt", Value="\u00e4\u4e2d")
    assert lab.cmdlet("fe01", "Get-Content", LiteralPath="C:\\Temp\\a.txt", Raw=True)["output"] == ["\u00e4?\r\n"]


def test_files_are_moved_copied_and_removed_and_folders_not_by_accident(play: Play) -> None:
    lab = play()
    lab.make_root("fe01")
    one, two = f"{ROOT}\\one.json", f"{ROOT}\\two.json"
    lab.cmdlet("fe01", "Set-Content", LiteralPath=one, Value="1")
    lab.cmdlet("fe01", "Copy-Item", LiteralPath=one, Destination=two)
    assert lab.cmdlet("fe01", "Move-Item", LiteralPath=one, Destination=two)["errors"][0]["category"] == "WriteError"
    lab.cmdlet("fe01", "Move-Item", LiteralPath=one, Destination=two, Force=True)
    assert [row["Name"] for row in lab.cmdlet("fe01", "Get-ChildItem", ["Name"], LiteralPath=ROOT)["output"]] == [
        "two.json"
    ]
    assert lab.cmdlet("fe01", "Remove-Item", LiteralPath=ROOT)["errors"][0]["category"] == "InvalidOperation"
    lab.cmdlet("fe01", "Remove-Item", LiteralPath=ROOT, Recurse=True)
    assert lab.cmdlet("fe01", "Get-Item", LiteralPath=ROOT)["errors"][0]["category"] == "ObjectNotFound"
    assert (
        lab.cmdlet("fe01", "New-Item", Path="C:\\Temp", ItemType="Directory")["errors"][0]["category"]
        == "ResourceExists"
    )


def test_a_folder_is_closed_by_icacls(play: Play) -> None:
    lab = play()
    lab.make_root("fe01")
    before = lab.cmdlet("fe01", "Get-Acl", ["Owner", "Sddl"], LiteralPath=ROOT)["output"][0]
    assert ";;;BU)" in before["Sddl"]
    lab.program(
        "fe01",
        "icacls.exe",
        f'"{ROOT}" /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F /setowner *S-1-5-32-544',
    )
    after = lab.cmdlet("fe01", "Get-Acl", ["Owner", "Sddl"], LiteralPath=ROOT)["output"][0]
    assert after == {"Owner": "BUILTIN\\Administrators", "Sddl": "O:BAG:DUD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"}


def test_somebody_elses_folder_can_lie_there_at_the_start(play: Play) -> None:
    folder = {"path": ROOT, "owner": "LAB\\mallory", "sddl": "O:S-1-5-21-1-1-1-1111G:DUD:(A;OICI;FA;;;WD)"}
    lab = play(servers={"fe01": {"files": [folder]}})
    assert lab.cmdlet("fe01", "Get-Acl", ["Owner"], LiteralPath=ROOT)["output"] == [{"Owner": "LAB\\mallory"}]


def test_shares_need_a_second_hop(play: Play) -> None:
    accounts = {"LAB\\admin": {"password": "a"}, "LAB\\patcher": {"password": "p"}}
    lab = play({"accounts": accounts, "become": "LAB\\patcher"})
    unc = lab.deployment.media[0]["unc"][0]
    assert lab.cmdlet("fe01", "Test-Path", LiteralPath=unc)["output"] == [True]
    assert lab.cmdlet("fe01", "Test-Path", LiteralPath="\\\\fe02.example.com\\C$\\Windows")["output"] == [True]
    alone = lab.cmdlet("fe01", "Test-Path", who={"become": None}, LiteralPath=unc)
    assert alone["output"] == [False]
    assert alone["errors"][0]["category"] == "PermissionDenied"


def test_the_service_half_reads_writes_and_downloads(play: Play) -> None:
    lab = play()
    who, deployment = lab.caller("fe01"), lab.deployment
    deployment.make_folder(who, f"{ROOT}\\media")
    deployment.write_file(who, f"{ROOT}\\media\\a.bin", b"abc")
    entry = deployment.stat(who, f"{ROOT}/MEDIA/a.bin")
    assert entry is not None
    assert (entry.size, entry.sha1) == (3, "a9993e364706816aba3e25717850c26c9cd0d89d")
    deployment.copy(who, deployment.media[0]["unc"][0], f"{ROOT}\\media")
    assert [item.path for item in deployment.list_folder(who, f"{ROOT}\\media")][-1].endswith(
        "SkypeServerUpdateInstaller.exe"
    )
    deployment.remove(who, f"{ROOT}\\media\\a.bin")
    assert deployment.stat(who, f"{ROOT}\\media\\a.bin") is None
    with pytest.raises(RefusedByWindows):
        deployment.download(who, "http://elsewhere.example.org/x.exe", f"{ROOT}\\x.exe")
    assert [line["what"] for line in lab.journal("file")] == ["make_folder", "write_file", "copy", "remove"]


def test_a_transfer_takes_the_time_of_the_real_installer(play: Play) -> None:
    lab = play({"times": {"megabytes_per_second": 1}})
    before = lab.minutes()
    lab.deployment.write_file(lab.caller("fe01"), "C:\\Temp\\x.exe", lab.deployment.media[0]["content"])
    assert lab.minutes() - before == pytest.approx(5, abs=0.1)


def test_events_are_found_by_id_age_and_level(play: Play) -> None:
    events = [
        {"id": 32174, "minutes_ago": 30},
        {"id": 1000, "level": "Information", "minutes_ago": 5},
        {"id": 32163, "minutes_ago": 3000},
    ]
    lab = play(servers={"fe01": {"events": events}})

    def ids(condition: str, milliseconds: int) -> list[int]:
        query = f"*[System[({condition}) and TimeCreated[timediff(@SystemTime) <= {milliseconds}]]]"
        outcome = lab.cmdlet(
            "fe01", "Get-WinEvent", ["Id", "TimeCreated"], LogName="Lync Server", FilterXPath=query, MaxEvents=50
        )
        for error in outcome["errors"]:
            assert error["id"] == "NoMatchingEventsFound,Microsoft.PowerShell.Commands.GetWinEventCommand"
            assert error["category"] == "ObjectNotFound"
        return [row["Id"] for row in outcome["output"]]

    assert ids("EventID=32163 or EventID=32174", 86_400_000) == [32174]
    assert ids("Level=1 or Level=2", 10**12) == [32174, 32163]
    assert ids("EventID=5", 86_400_000) == []
    with pytest.raises(UnknownToLab, match="Keywords"):
        lab.cmdlet("fe01", "Get-WinEvent", LogName="Lync Server", FilterXPath="*[System[Keywords=5]]")


def test_certificates_roots_tasks_disk_and_policy_are_as_the_file_says(play: Play) -> None:
    server = {
        "certificates": [{"use": "Default", "expires_in_days": -2}],
        "trusted_root": [{"subject": "CN=Bad", "issuer": "CN=Other"}],
        "scheduled_tasks": [{"name": "Weekly restart", "arguments": "/r", "next_run_in_minutes": 60}],
        "disk_free_gigabytes": 2,
        "automatic_updates": True,
        "time_zone": "W. Europe Standard Time",
    }
    lab = play(servers={"fe01": server})
    found = lab.cmdlet("fe01", "Get-CsCertificate", ["Use", "NotAfter"])["output"]
    assert [(row["Use"], row["NotAfter"][:10]) for row in found] == [("Default", "2026-03-05")]
    roots = lab.cmdlet("fe01", "Get-ChildItem", ["Subject", "Issuer"], LiteralPath="Cert:\\LocalMachine\\Root")[
        "output"
    ]
    assert {"Subject": "CN=Bad", "Issuer": "CN=Other"} in roots
    action = {"name": "Actions", "select": ["Execute", "Arguments"]}
    tasks = lab.cmdlet("fe01", "Get-ScheduledTask", ["TaskName", action])["output"]
    assert tasks == [{"TaskName": "Weekly restart", "Actions": [{"Execute": "shutdown.exe", "Arguments": "/r"}]}]
    disks = lab.cmdlet(
        "fe01", "Get-CimInstance", ["DeviceID", "FreeSpace"], ClassName="Win32_LogicalDisk", Filter="DriveType=3"
    )["output"]
    assert disks == [{"DeviceID": "C:", "FreeSpace": 2 * 2**30}]
    policy = "HKLM:\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate\\AU"
    assert lab.cmdlet("fe01", "Get-ItemProperty", ["AUOptions"], LiteralPath=policy)["output"] == [{"AUOptions": 4}]
    assert lab.cmdlet("fe01", "Get-TimeZone", ["Id", "BaseUtcOffset"])["output"][0]["BaseUtcOffset"] == 3600


def test_open_windows_of_people_are_seen(play: Play) -> None:
    process = {
        "name": "powershell.exe",
        "user": "LAB\\bob",
        "title": "Skype for Business Server Management Shell",
        "holds_module": True,
    }
    lab = play(servers={"fe01": {"processes": [process]}})
    outcome = lab.cmdlet(
        "fe01", "Get-Process", ["Name", "UserName", "MainWindowTitle"], Name=["powershell", "mmc"], IncludeUserName=True
    )
    assert {"Name": "powershell", "UserName": "LAB\\bob", "MainWindowTitle": process["title"]} in outcome["output"]
    assert outcome["errors"][0]["category"] == "ObjectNotFound"


def test_ports_answer_for_what_runs_behind_them(play: Play) -> None:
    lab = play(servers={"fe03": {"reaches_back_end": False}})

    def open_port(source: str, target: str, port: int) -> bool:
        row = lab.cmdlet(
            source, "Test-NetConnection", ["TcpTestSucceeded"], ComputerName=f"{target}.example.com", Port=port
        )["output"][0]
        return bool(row["TcpTestSucceeded"])

    assert open_port("fe02", "fe01", 5090)
    assert open_port("fe02", "sql01", 1433)
    assert not open_port("fe03", "sql01", 1433)
    lab.fail_over("fe01")
    assert not open_port("fe02", "fe01", 5090)


def test_shutdown_needs_the_right_and_happens_once(play: Play) -> None:
    accounts = {
        "LAB\\admin": {"password": "a", "second_hop": True},
        "LAB\\guest": {"password": "g", "administrator": False},
    }
    lab = play({"accounts": accounts})
    guest = lab.ask("fe01", {"program": "shutdown.exe", "arguments": "/r /t 5"}, user="LAB\\guest", become=None)[0]
    assert guest["output"][0]["ExitCode"] == 5
    admin = {"user": "LAB\\admin", "become": None}
    codes = [
        lab.ask("fe01", {"program": "shutdown.exe", "arguments": "/r /t 60 /d p:2:17"}, modules=(), **admin)[0][
            "output"
        ][0]["ExitCode"]
        for _twice in range(2)
    ]
    assert codes == [0, 1190]
    assert lab.journal("reboot")[0]["delay_seconds"] == 60


def test_an_unknown_program_is_not_found(play: Play) -> None:
    assert play().program("fe01", "C:\\none.exe", "")["errors"][0]["id"] == "Win32Exception"
