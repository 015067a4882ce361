# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Standard Edition server: everything on itself, nobody beside it, so its users are out while it is patched."""

from __future__ import annotations

import pytest

from .conftest import Json, Lab, Play

PAIR: Json = {
    "product": "sfb2019",
    "pools": [
        {
            "fqdn": f"se0{number}.example.com",
            "edition": "standard",
            "servers": [f"se0{number}.example.com"],
            "paired_with": f"se0{3 - number}.example.com",
            "users": 800,
        }
        for number in (1, 2)
    ],
}


def stop(lab: Lab, server: str) -> None:
    done = lab.cmdlet(server, "Stop-CsWindowsService", ComputerName=f"{server}.example.com", Confirm=False)
    assert done["errors"] == []


def test_it_is_a_pool_of_its_own_name_with_three_instances_of_sql_express(play: Play) -> None:
    lab = play(base=PAIR)
    assert lab.cmdlet("se01", "Get-CsComputer", ["Fqdn", "Pool"], Local=True)["output"] == [
        {"Fqdn": "se01.example.com", "Pool": "se01.example.com"}
    ]
    assert lab.cmdlet("se01", "Get-CsService", ["UserDatabase"], UserServer=True)["output"] == [
        {"UserDatabase": "UserDatabase:se01.example.com"},
        {"UserDatabase": "UserDatabase:se02.example.com"},
    ]
    registrar = {"Registrar": True, "PoolFqdn": "se01.example.com"}
    assert lab.cmdlet("se01", "Get-CsService", ["BackupRegistrar"], **registrar)["output"] == [
        {"BackupRegistrar": "Registrar:se02.example.com"}
    ]
    services = lab.services("se01")
    assert {"MSSQL$RTC", "MSSQL$RTCLOCAL", "MSSQL$LYNCLOCAL", "FabricHostSvc", "MASTER"} <= set(services)
    assert "MASTER" not in lab.services("se02")


def test_stopping_its_services_puts_its_users_out_and_starting_them_brings_them_back(play: Play) -> None:
    lab = play(base=PAIR)
    stop(lab, "se01")
    assert [(line["what"], line["count"]) for line in lab.journal("felt")] == [("users_out", 800)]
    lab.sleep(20)
    lab.cmdlet("se01", "Start-CsWindowsService", ComputerName="se01.example.com", Confirm=False)
    lab.sleep(5)
    back = lab.journal("felt", what="users_back")
    assert [line["count"] for line in back] == [800]
    assert 20 < back[0]["minutes"] < 40
    assert lab.felt() == ["users_out", "users_back"]


def test_a_restart_puts_them_out_too_and_they_are_back_when_the_front_end_runs(play: Play) -> None:
    lab = play(base=PAIR)
    lab.restart("se01")
    assert lab.services("se01")["RTCSRV"] == ("Start Pending", "Auto")
    assert lab.felt() == ["users_out"]
    lab.sleep(6)
    assert lab.felt() == ["users_out", "users_back"]
    assert lab.model.pools[0].state() == "Ready"


def test_a_front_end_service_that_stays_starting_keeps_them_out(play: Play) -> None:
    fault = {"fault": "service_stays_starting", "host": "se01.example.com", "minutes": 40}
    lab = play(base=PAIR, faults=[fault])
    lab.restart("se01")
    lab.sleep(35)
    assert lab.felt() == ["users_out"]
    lab.sleep(10)
    assert 40 < lab.journal("felt", what="users_back")[0]["minutes"] < 50


def test_users_of_a_server_that_was_out_at_the_start_felt_it_before(play: Play) -> None:
    lab = play(base=PAIR, servers={"se01": {"services": {"RTCSRV": "stopped"}}})
    lab.sleep(30)
    assert lab.felt() == []


def test_there_is_nothing_to_fail_over_to(play: Play) -> None:
    lab = play(base=PAIR)
    outcome = lab.cmdlet("se01", "Invoke-CsComputerFailOver", ComputerName="se01.example.com", Confirm=False)
    assert outcome["errors"][0]["id"] == "InvalidComputer,Invoke-CsComputerFailOver"
    assert lab.felt() == []


def test_its_fabric_answers_as_a_single_node(play: Play) -> None:
    lab = play(base=PAIR)
    fabric = lab.cmdlet("se01", "Get-CsPoolFabricState", PoolFqdn="se01.example.com")
    assert fabric["warnings"] == []
    assert "se01.example.com" in fabric["output"][-1]
    assert lab.state("se01") == "Ready"


def test_the_backup_service_of_the_pair_says_how_it_is(play: Play) -> None:
    lab = play(base=PAIR)
    ask = {"PoolFqdn": "se02.example.com"}
    related = lab.cmdlet("se01", "Get-CsPoolBackupRelationship", ["BackupPoolFqdn"], **ask)["output"]
    assert related == [{"BackupPoolFqdn": "se01.example.com"}]
    modules = {"name": "BackupModules", "select": ["Identity", "ExportStatus", "ImportStatus"]}
    status = lab.cmdlet("se01", "Get-CsBackupServiceStatus", ["OverallExportStatus", modules], **ask)["output"][0]
    assert status["OverallExportStatus"] == "SteadyState"
    assert status["BackupModules"][2] == {
        "Identity": "CentralMgmt.CMSMaster",
        "ExportStatus": "NotInitialized",
        "ImportStatus": "NormalState",
    }
    stop(lab, "se01")
    status = lab.cmdlet("se02", "Get-CsBackupServiceStatus", ["OverallImportStatus"], **ask)["output"]
    assert status == [{"OverallImportStatus": "ErrorState"}]


def test_a_pool_without_a_partner_has_no_backup_service(play: Play) -> None:
    lab = play()
    assert "LYNCBACKUP" not in lab.services("fe01")
    outcome = lab.cmdlet("fe01", "Get-CsBackupServiceStatus", PoolFqdn="pool01.example.com")
    assert outcome["errors"][0]["category"] == "ObjectNotFound"


@pytest.mark.parametrize("stopped", [True, False])
def test_an_update_over_services_that_run_leaves_old_files_until_a_restart(play: Play, stopped: bool) -> None:
    lab = play({"media": [{"version": "7.0.2046.521", "restart_needed": False}]}, base=PAIR)
    if stopped:
        stop(lab, "se01")
    assert lab.install("se01") == (0 if stopped else 3010)
    server = lab.model.servers["se01.example.com"]
    assert server.pending_reboot is not stopped
    assert server.core_file and server.core_file.version == ("7.0.2046.521" if stopped else "7.0.2046.396")
    lab.restart("se01")
    assert server.core_file.version == "7.0.2046.521"
