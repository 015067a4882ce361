# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lync Server 2013, and Skype for Business Server 2015 before its November 2015 update."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Json, Lab, Play

LYNC: Json = {
    "product": "lync2013",
    "pools": [{"fqdn": "pool01.example.com", "servers": ["fe01.example.com", "fe02.example.com", "fe03.example.com"]}],
}
SIX: Json = {
    "product": "lync2013",
    "pools": [
        {
            "fqdn": "pool01.example.com",
            "servers": [f"fe0{number}.example.com" for number in range(1, 7)],
            "upgrade_domains": 3,
        }
    ],
}
UNINSTALL = "HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\*"
ROWS = ["DisplayName", "DisplayVersion", "Publisher"]
DLL = "C:\\Program Files\\{title}\\Deployment\\Microsoft.Rtc.Management.Deployment.Bootstrapper.dll"


def components(lab: Lab, server: str = "fe01") -> dict[str, str]:
    rows = lab.cmdlet(server, "Get-ItemProperty", ROWS, Path=UNINSTALL)["output"]
    assert {row["Publisher"] for row in rows if row} == {"Microsoft Corporation"}
    return {row["DisplayName"]: row["DisplayVersion"] for row in rows if row}


def file_version(lab: Lab, title: str, server: str = "fe01") -> str:
    select = [{"name": "VersionInfo", "select": ["FileVersion"]}]
    row = lab.cmdlet(server, "Get-Item", select, LiteralPath=DLL.format(title=title))["output"][0]
    return str(row["VersionInfo"][0]["FileVersion"])


def readiness(lab: Lab, server: str) -> Json:
    domains = {"name": "UpgradeDomains", "select": ["Name", "Frontends", "ReadyforUpgrade"]}
    outcome = lab.cmdlet(server, "Get-CsPoolUpgradeReadinessState", ["PoolUpgradeState", domains])
    assert outcome["errors"] == []
    found: Json = outcome["output"][0]
    return found


def stop(lab: Lab, server: str, **more: Any) -> Json:
    return lab.cmdlet(server, "Stop-CsWindowsService", ComputerName=f"{server}.example.com", Confirm=False, **more)


def test_its_shell_has_another_module_and_neither_fail_over_nor_patch_version(play: Play) -> None:
    lab = play(base=LYNC)
    calls: list[Json] = [
        {"cmdlet": "Get-CsServerVersion"},
        {"cmdlet": "Get-CsServerPatchVersion"},
        {"cmdlet": "Invoke-CsComputerFailOver", "parameters": {"ComputerName": "fe01.example.com"}},
        {"cmdlet": "Invoke-CsComputerFailBack", "parameters": {"ComputerName": "fe01.example.com"}},
        {"cmdlet": "Get-CsUpgradeDomainInfo"},
        {"cmdlet": "Start-CsPool", "parameters": {"PoolFqdn": "pool01.example.com"}},
    ]
    answer = lab.deployment.management_shell(lab.caller("fe01"), lab.request(calls))
    assert answer["module"] == "Lync"
    assert [outcome["missing"] for outcome in answer["outcomes"]] == [False, True, True, True, True, True]
    assert answer["outcomes"][0]["output"] == ["Microsoft Lync Server 2013 (5.0.8308.0): Volume license key installed."]


def test_its_components_stand_in_the_uninstall_keys_with_their_own_versions(play: Play) -> None:
    lab = play(base=LYNC, servers={"fe01": {"components": {"Mediation Server": "5.0.8308.0"}}})
    found = components(lab)
    assert found["Microsoft Lync Server 2013, Core Components"] == "5.0.8308.291"
    assert found["Microsoft Lync Server 2013, Front End Server"] == "5.0.8308.291"
    assert found["Microsoft Lync Server 2013, Mediation Server"] == "5.0.8308.0"
    assert file_version(lab, "Microsoft Lync Server 2013") == "5.0.8308.291"


def test_a_person_reads_them_with_one_line(play: Play) -> None:
    lab = play(base=LYNC)
    text = lab.line("fe01", f"Get-ItemProperty -Path {UNINSTALL} | Select-Object DisplayName, DisplayVersion")
    assert "DisplayName    : Microsoft Lync Server 2013, Core Components" in text
    assert "Get-CsServerPatchVersion : The term" in lab.line("fe01", "Get-CsServerPatchVersion")


def test_the_fabric_cmdlet_knows_the_parameters_of_2013_only(play: Play) -> None:
    lab = play(base=LYNC)
    known = lab.cmdlet("fe01", "Get-CsPoolFabricState", PoolFqdn="pool01.example.com", Type="Routing")
    assert known["errors"] == [] and known["output"]
    for name, value in {"ShowAll": True, "HealthState": "Ok", "OutputCsvFile": "C:\\a.csv"}.items():
        outcome = lab.cmdlet("fe01", "Get-CsPoolFabricState", **{"PoolFqdn": "pool01.example.com", name: value})
        assert outcome["errors"][0]["id"] == "NamedParameterNotFound,Get-CsPoolFabricState"


def test_readiness_is_by_upgrade_domain(play: Play) -> None:
    found = readiness(play(base=SIX), "fe01")
    assert found["PoolUpgradeState"] == "Ready"
    assert found["UpgradeDomains"] == [
        {"Name": f"UpgradeDomain{number}", "Frontends": [f"fe0{number}.example.com", f"fe0{number + 3}.example.com"]}
        | {"ReadyforUpgrade": True}
        for number in (1, 2, 3)
    ]


def test_a_server_that_is_out_makes_three_servers_insufficient_and_a_domain_of_two_does_not_limit_users(
    play: Play,
) -> None:
    lab = play(base=LYNC)
    stop(lab, "fe01", Graceful=True)
    assert readiness(lab, "fe02")["PoolUpgradeState"] == "InsufficientActiveFrontEnds"
    lab = play(base=SIX)
    stop(lab, "fe01", Graceful=True)
    stop(lab, "fe04", Graceful=True)
    found = readiness(lab, "fe02")
    assert found["PoolUpgradeState"] == "InsufficientActiveFrontEnds"
    assert [domain["ReadyforUpgrade"] for domain in found["UpgradeDomains"]] == [False, False, False]
    assert lab.felt() == []


def test_it_is_busy_while_replicas_are_built_and_ready_afterwards(play: Play) -> None:
    lab = play(base=LYNC)
    stop(lab, "fe01", Graceful=True)
    lab.restart("fe01")
    lab.sleep(6)
    assert readiness(lab, "fe01")["PoolUpgradeState"] == "Busy"
    lab.sleep(30)
    assert readiness(lab, "fe01")["PoolUpgradeState"] == "Ready"


def test_a_graceful_stop_drains_and_cuts_nobody_off(play: Play) -> None:
    lab = play(base=LYNC)
    outcome = stop(lab, "fe01", Graceful=True)
    assert outcome["errors"] == []
    assert 12 * 60 <= outcome["seconds"] < 15 * 60
    assert lab.felt() == []
    assert {mode for name, (_state, mode) in lab.services("fe01").items() if "SQL" not in name} == {"Auto"}
    assert lab.services("fe01")["RTCSRV"] == ("Stopped", "Auto")


def test_a_plain_stop_cuts_sessions(play: Play) -> None:
    lab = play(base=LYNC)
    assert stop(lab, "fe01")["seconds"] < 300
    assert lab.felt() == ["sessions_cut"]


def test_a_graceful_stop_gives_up_when_a_service_will_not_drain(play: Play) -> None:
    lab = play(base=LYNC, faults=[{"fault": "drain_never_ends", "host": "fe01.example.com"}])
    outcome = stop(lab, "fe01", Graceful=True)
    assert outcome["errors"][0]["id"] == "DrainTimeout,Stop-CsWindowsService"
    assert lab.services("fe01")["RTCSRV"] == ("Running", "Auto")
    assert lab.felt() == []


def test_after_a_restart_its_services_come_up_by_themselves(play: Play) -> None:
    lab = play(base=LYNC)
    stop(lab, "fe01", Graceful=True)
    lab.restart("fe01")
    lab.sleep(6)
    stopped = [name for name, (state, mode) in lab.services("fe01").items() if mode == "Auto" and state != "Running"]
    assert stopped == []


@pytest.mark.parametrize("restart_needed", [True, False])
def test_its_installer_returns_2_when_a_restart_is_needed(play: Play, restart_needed: bool) -> None:
    lab = play({"media": [{"version": "5.0.8308.965", "restart_needed": restart_needed}]}, base=LYNC)
    stop(lab, "fe01", Graceful=True)
    assert lab.put_installer("fe01").endswith("LyncServerUpdateInstaller.exe")
    assert lab.install("fe01") == (2 if restart_needed else 0)
    assert components(lab)["Microsoft Lync Server 2013, Core Components"] == "5.0.8308.965"
    assert file_version(lab, "Microsoft Lync Server 2013") == "5.0.8308.965"


def test_its_services_have_its_name(play: Play) -> None:
    lab = play(base=LYNC)
    rows = lab.cmdlet("fe01", "Get-CsWindowsService", ["Name", "DisplayName"], ExcludeActivityLevel=True)["output"]
    names = {row["Name"]: row["DisplayName"] for row in rows}
    assert names["RTCSRV"] == "Lync Server Front-End"
    assert "RTCHA" not in names


@pytest.mark.parametrize(("version", "there"), [("6.0.9319.55", False), ("6.0.9319.102", True)])
def test_2015_has_the_patch_version_cmdlet_since_november_2015(play: Play, version: str, there: bool) -> None:
    lab = play({"product": "sfb2015", "version": version})
    assert lab.cmdlet("fe01", "Get-CsServerPatchVersion")["missing"] is not there
    assert components(lab)["Skype for Business Server 2015, Core Components"] == version
    assert file_version(lab, "Skype for Business Server 2015") == version


def test_the_update_itself_brings_that_cmdlet(play: Play) -> None:
    lab = play({"product": "sfb2015", "version": "6.0.9319.55"})
    lab.fail_over("fe01")
    lab.install("fe01")
    assert not lab.cmdlet("fe01", "Get-CsServerPatchVersion")["missing"]
    assert lab.cmdlet("fe02", "Get-CsServerPatchVersion")["missing"]
