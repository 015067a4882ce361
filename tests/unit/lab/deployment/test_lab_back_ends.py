# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SQL servers as servers: what runs on them, what their absence does to a pool, sqlcmd, mirrors, the topology."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import POOL, Json, Lab, Play

SQL = "sql01.example.com"
SERVERS = [f"fe0{number}.example.com" for number in range(1, 5)]
QUERY = (
    "SET NOCOUNT ON; SELECT name, state_desc, user_access_desc, SUSER_SNAME(owner_sid), IS_SRVROLEMEMBER('sysadmin') "
    "FROM sys.databases"
)


def deployment(product: str = "sfb2019", count: int = 3, **more: Any) -> Json:
    pool = {
        "fqdn": POOL,
        "servers": SERVERS[:count],
        "sql": {"server": SQL, **more.pop("sql", {})},
        **more.pop("pool", {}),
    }
    return {"product": product, "pools": [pool], "back_end_servers": [SQL], **more}


def online(lab: Lab, server: str = "fe01") -> list[bool]:
    ask = {"Identity": f"UserDatabase:{SQL}"}
    return [row["Online"] for row in lab.cmdlet(server, "Get-CsUserDatabaseState", ["Online"], **ask)["output"]]


def sqlcmd(lab: Lab, server: str, instance: str, **who: Any) -> tuple[int, list[str]]:
    call = {"program": "sqlcmd.exe", "arguments": f'-S {instance} -E -h -1 -W -s "|" -Q "{QUERY}"'}
    row = lab.ask(server, call, modules=(), **who)[0]["output"][0]
    return row["ExitCode"], row["Output"].strip().split("\r\n")


# ---------------------------------------------------------------- a server like others


def test_a_back_end_server_answers_winrm_and_has_few_services(play: Play) -> None:
    lab = play(base=deployment())
    assert dict(lab.deployment.addresses)[SQL] == "127.0.200.11"
    assert set(lab.services("sql01")) == {"W3SVC", "REPLICA", "RTCCLSAGT", "MSSQL$RTCLOCAL", "MSSQL$RTC"}
    names = lab.cmdlet("sql01", "Get-CsWindowsService", ["Name"])["output"]
    assert [row["Name"] for row in names] == ["W3SVC", "REPLICA", "RTCCLSAGT"]
    assert lab.cmdlet("sql01", "Get-CsComputer", ["Fqdn", "Pool"], Local=True)["output"] == [{"Fqdn": SQL, "Pool": SQL}]


def test_a_back_end_server_without_the_product_is_windows_with_sql_server(play: Play) -> None:
    base = deployment(sql={"instance": ""}, back_end_servers=[{"fqdn": SQL, "product": "none"}])
    lab = play(base=base)
    assert set(lab.services("sql01")) == {"MSSQLSERVER"}
    assert lab.cmdlet("sql01", "Get-CsWindowsService")["missing"]
    assert SQL not in [row["Fqdn"] for row in lab.cmdlet("fe01", "Get-CsComputer", ["Fqdn"])["output"]]


def test_the_eleven_steps_on_a_back_end_server(play: Play) -> None:
    lab = play(base=deployment())
    stop = {"ComputerName": SQL, "Confirm": False}
    assert lab.cmdlet("sql01", "Stop-CsWindowsService", **stop)["errors"] == []
    assert lab.services("sql01")["W3SVC"][0] == "Stopped"
    assert lab.services("sql01")["MSSQL$RTC"][0] == "Running"
    assert lab.install("sql01") == 3010 or lab.install("sql01") == 0
    found = lab.cmdlet("sql01", "Get-CsServerPatchVersion", ["ComponentName", "Version"])["output"]
    assert {row["Version"] for row in found if "Core Components" in row["ComponentName"]} == {"7.0.2046.521"}
    ask = {"ConfiguredDatabases": True, "SqlServerFqdn": SQL}
    assert lab.cmdlet("sql01", "Install-CsDatabase", Update=True, Confirm=False, **ask)["errors"] == []
    assert lab.felt() == []


# ---------------------------------------------------------------- away


def test_every_front_end_sees_at_once_that_the_back_end_is_away(play: Play) -> None:
    lab = play(base=deployment())
    assert online(lab) == [True]
    lab.cmdlet("sql01", "Stop-Service", Name="MSSQL$RTC")
    assert (online(lab, "fe01"), online(lab, "fe03")) == ([False], [False])
    lab.cmdlet("sql01", "Start-Service", Name="MSSQL$RTC")
    assert online(lab) == [True]


def test_a_restart_under_the_limit_is_not_felt(play: Play) -> None:
    lab = play(base=deployment(times={"boot_minutes": 20}))
    lab.deployment.restart(lab.caller("sql01"), 0)
    lab.sleep(1)
    assert online(lab) == [False]
    lab.sleep(25)
    assert (online(lab), lab.felt()) == ([True], [])


@pytest.mark.parametrize(
    ("settings", "minutes"),
    [
        ({}, 30),
        ({"registrar": {"unavailable_minutes": 20}}, 20),
        ({"registrar": {"unavailable_minutes": 20, "site_minutes": 40}}, 40),
        ({"registrar": {"site_minutes": 40}, "pool": {"registrar_minutes": 10}}, 10),
    ],
)
def test_past_the_limit_users_are_in_resiliency_mode_once(play: Play, settings: Json, minutes: int) -> None:
    lab = play(base=deployment(**settings))
    lab.cmdlet("sql01", "Stop-Service", Name="MSSQL$RTC")
    lab.sleep(minutes - 1)
    assert lab.felt() == []
    lab.sleep(90)
    lab.cmdlet("sql01", "Start-Service", Name="MSSQL$RTC")
    felt = lab.journal("felt")
    assert [line["what"] for line in felt] == ["resiliency_mode", "resiliency_mode_ended"]
    assert (felt[0]["count"], felt[0]["pool"], felt[0]["minutes"]) == (3000, POOL, minutes)


def test_two_short_absences_are_not_one_long_one(play: Play) -> None:
    lab = play(base=deployment())
    for _absence in range(2):
        lab.cmdlet("sql01", "Stop-Service", Name="MSSQL$RTC")
        lab.sleep(20)
        lab.cmdlet("sql01", "Start-Service", Name="MSSQL$RTC")
    assert lab.felt() == []


def test_what_was_away_before_the_lab_started_is_old_news(play: Play) -> None:
    lab = play(base=deployment(sql={"available": False}))
    lab.sleep(120)
    assert (online(lab), lab.felt()) == ([False], [])


def test_an_even_pool_loses_its_witness_with_its_back_end(play: Play) -> None:
    lab = play(base=deployment(count=4))
    assert lab.model.pools[0].quorum()[1] == 2
    lab.cmdlet("sql01", "Stop-Service", Name="MSSQL$RTC")
    assert lab.model.pools[0].quorum()[1] == 3
    lab.deployment.restart(lab.caller("fe01"), 0)
    lab.deployment.restart(lab.caller("fe02"), 0)
    lab.sleep(0.1)
    assert not lab.model.pools[0].has_quorum
    lab.cmdlet("sql01", "Start-Service", Name="MSSQL$RTC")
    assert lab.model.pools[0].has_quorum


def test_a_server_behind_a_firewall_sees_no_back_end(play: Play) -> None:
    lab = play(base=deployment(), servers={"fe02": {"reaches_back_end": False}})
    assert (online(lab, "fe02"), online(lab, "fe01")) == ([False], [True])


# ---------------------------------------------------------------- sqlcmd


def test_sqlcmd_asks_sql_servers_elsewhere_and_here(play: Play) -> None:
    lab = play(base=deployment(sql={"states": {"rtcab": "OFFLINE"}}))
    code, lines = sqlcmd(lab, "fe01", f"{SQL}\\rtc")
    assert code == 0
    assert {"rtcxds|ONLINE|MULTI_USER|LAB\\sqladmin|1", "rtcab|OFFLINE|MULTI_USER|LAB\\sqladmin|1"} <= set(lines)
    assert sqlcmd(lab, "sql01", ".\\rtc") == (code, lines)
    assert "rtc|ONLINE|MULTI_USER|sa|1" in sqlcmd(lab, "fe01", ".\\RTCLOCAL")[1]


def test_sqlcmd_asks_a_default_instance_without_a_name(play: Play) -> None:
    lab = play(base=deployment(sql={"instance": ""}))
    assert "rtcxds|ONLINE|MULTI_USER|LAB\\sqladmin|1" in sqlcmd(lab, "fe02", SQL)[1]


def test_a_login_that_is_no_administrator_sees_a_nought(play: Play) -> None:
    account = {"password": "Rehearsal-1", "second_hop": True, "sql_administrator": False, "sql_login": True}
    lab = play(base=deployment(accounts={"LAB\\admin": account}))
    assert "rtcxds|ONLINE|MULTI_USER|LAB\\sqladmin|0" in sqlcmd(lab, "fe01", f"{SQL}\\rtc")[1]


def test_sqlcmd_fails_as_it_does_without_login_second_hop_or_server(play: Play) -> None:
    account = {"password": "Rehearsal-1", "second_hop": True, "sql_administrator": False}
    lab = play(base=deployment(accounts={"LAB\\admin": account}))
    code, lines = sqlcmd(lab, "fe01", f"{SQL}\\rtc")
    assert (code, lines[0].endswith("Login failed for user 'LAB\\admin'..")) == (1, True)
    lab = play(base=deployment())
    code, lines = sqlcmd(lab, "fe01", f"{SQL}\\rtc", user="LAB\\patcher", become=None)
    assert (code, "ANONYMOUS LOGON" in lines[0]) == (1, True)
    assert sqlcmd(lab, "fe01", ".\\RTCLOCAL", user="LAB\\patcher", become=None)[0] == 0
    lab.cmdlet("sql01", "Stop-Service", Name="MSSQL$RTC")
    code, lines = sqlcmd(lab, "fe01", f"{SQL}\\rtc")
    assert (code, "Server is not found or not accessible" in lines[0]) == (1, True)


# ---------------------------------------------------------------- mirrors


def mirrored(product: str = "sfb2015", **sql: Any) -> Json:
    return deployment(product, sql={"mirror": "sql02.example.com", **sql}, back_end_servers=[SQL, "sql02.example.com"])


STATES = ["DatabaseName", "StateOnPrimary", "StateOnMirror", "MirroringStatusOnPrimary", "MirroringStatusOnMirror"]


def mirror_state(lab: Lab, **more: Any) -> set[tuple[str | None, ...]]:
    found = lab.cmdlet("fe01", "Get-CsDatabaseMirrorState", STATES, PoolFqdn=POOL, **more)["output"]
    return {tuple(row[name] for name in STATES[1:]) for row in found}


def test_a_good_mirror_and_one_that_is_behind(play: Play) -> None:
    good = ("Principal", "Mirror", "synchronized", "synchronized")
    assert mirror_state(play(base=mirrored())) == {good}
    late = ("Principal", "Mirror", "synchronizing", "synchronizing")
    assert mirror_state(play(base=mirrored(synchronised=False))) == {late}


def test_a_mirror_that_is_down_and_none_at_all(play: Play) -> None:
    lab = play(base=mirrored())
    lab.cmdlet("sql02", "Stop-Service", Name="MSSQL$RTC")
    bad = "DatabaseInaccessibleOrMirroringNotEnabled"
    assert mirror_state(lab) == {("Principal", bad, "disconnected", None)}
    assert online(lab) == [True]
    assert mirror_state(play(base=deployment("sfb2015"))) == {(bad, bad, None, None)}


def test_an_absent_type_is_not_present_on_the_pool(play: Play) -> None:
    lab = play(base=mirrored())
    outcome = lab.cmdlet("fe01", "Get-CsDatabaseMirrorState", PoolFqdn=POOL, DatabaseType="Monitoring")
    assert "is not present on pool" in outcome["errors"][0]["message"]
    assert mirror_state(lab, DatabaseType="CentralMgmt")
    outcome = lab.cmdlet("fe01", "Get-CsDatabaseMirrorState", PoolFqdn=POOL, DatabaseType="CMS")
    assert outcome["errors"][0]["id"].startswith("CannotConvertArgument")


def test_the_principal_moves_and_takes_the_witness_vote_with_it(play: Play) -> None:
    lab = play(base=mirrored())
    move = {"PoolFqdn": POOL, "DatabaseType": "User", "Confirm": False}
    assert lab.cmdlet("fe01", "Invoke-CsDatabaseFailover", NewPrincipal="Mirror", **move)["errors"] == []
    assert mirror_state(lab, DatabaseType="User") == {("Mirror", "Principal", "synchronized", "synchronized")}
    assert not lab.model.pools[0].witness
    assert lab.cmdlet("fe01", "Invoke-CsDatabaseFailover", NewPrincipal="Primary", **move)["errors"] == []
    assert lab.model.pools[0].witness
    assert lab.felt() == []


def test_2019_has_no_mirror_state(play: Play) -> None:
    lab = play(base=deployment())
    outcome = lab.cmdlet("fe01", "Get-CsDatabaseMirrorState", PoolFqdn=POOL)
    assert outcome["errors"][0]["id"].startswith("NamedParameterNotFound")


# ---------------------------------------------------------------- the topology


def test_every_store_is_a_service_of_the_topology(play: Play) -> None:
    base = mirrored()
    base["pools"][0].update(archiving_sql=SQL, monitoring_sql="sql09.example.com\\mon")
    base["other_computers"] = [
        {"fqdn": "chat01.example.com", "role": "PersistentChatServer", "sql": "sql08.example.com"}
    ]
    lab = play(base=base)
    names = ["Identity", "PoolFqdn", "SqlInstanceName", "MirrorSqlServerFqdn", "DependentServiceList"]
    rows = lab.cmdlet("fe01", "Get-CsService", names)["output"]
    stores = {row["Identity"]: row for row in rows if "Database:" in row["Identity"]}
    assert stores["ArchivingDatabase:sql01.example.com"]["MirrorSqlServerFqdn"] == "sql02.example.com"
    assert stores["MonitoringDatabase:sql09.example.com"]["SqlInstanceName"] == "mon"
    assert "MirrorSqlServerFqdn" not in stores["MonitoringDatabase:sql09.example.com"]
    assert stores["PersistentChatComplianceDatabase:sql08.example.com"]["DependentServiceList"] == [
        "PersistentChatServer:chat01.example.com"
    ]
    assert {name.partition(":")[0] for name in stores} == {
        "UserDatabase",
        "ApplicationDatabase",
        "CentralManagementDatabase",
        "ArchivingDatabase",
        "MonitoringDatabase",
        "PersistentChatDatabase",
        "PersistentChatComplianceDatabase",
    }
    shares = lab.cmdlet("fe01", "Get-CsService", ["Identity"], FileStore=True)["output"]
    assert shares == [{"Identity": "FileStore:sql01.example.com"}]


def test_the_registrar_configuration_has_a_row_for_each_that_is_set(play: Play) -> None:
    lab = play(base=deployment(registrar={"site_minutes": 45}, pool={"registrar_minutes": 60}))
    names = ["Identity", "BackupStoreUnavailableThreshold"]
    rows = lab.cmdlet("fe01", "Get-CsRegistrarConfiguration", names)["output"]
    assert [(row["Identity"], row["BackupStoreUnavailableThreshold"]) for row in rows] == [
        ("Global", 1800),
        ("Site:Site1", 2700),
        (f"Registrar:{POOL}", 3600),
    ]
    one = lab.cmdlet("fe01", "Get-CsRegistrarConfiguration", names, Identity=f"Registrar:{POOL}")
    assert one["output"] == rows[2:]
    none = play(base=deployment()).cmdlet("fe01", "Get-CsRegistrarConfiguration", names, Identity="Site:Site1")
    assert none["errors"][0]["category"] == "ObjectNotFound"


# ---------------------------------------------------------------- plain lines


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"Test-CsDatabase -ConfiguredDatabases -SqlServerFqdn {SQL}", "DatabaseName"),
        ("Test-CsDatabase -LocalService | Select-Object DatabaseName, Succeed", "lyss"),
        ("Test-CsDatabase -CentralManagementDatabase", "xds"),
        (f"Test-CsDatabase -DatabaseType User -SqlServerFqdn {SQL}", "rtcxds"),
        (f"Install-CsDatabase -Update -ConfiguredDatabases -SqlServerFqdn {SQL} -Verbose", "completed successfully"),
        (f"Install-CsDatabase -Update -ConfiguredDatabases -SqlServerFqdn {SQL} -ExcludeCollocatedStores", ""),
        ("Install-CsDatabase -Update -LocalDatabases", ""),
        (f"Get-CsDatabaseMirrorState -PoolFqdn {POOL} -DatabaseType User", "synchronized"),
        (f"Invoke-CsDatabaseFailover -PoolFqdn {POOL} -DatabaseType User -NewPrincipal Mirror -Confirm:$false", ""),
        ("Get-CsRegistrarConfiguration -Identity Global", "BackupStoreUnavailableThreshold : 00:30:00"),
        (f"Get-CsUserDatabaseState UserDatabase:{SQL}", "Online   : True"),
        (f"Get-CsService -UserDatabase -PoolFqdn {SQL}", "MirrorSqlServerFqdn"),
        (f'sqlcmd -S {SQL}\\rtc -E -h -1 -W -s "|" -Q "{QUERY}"', "rtcxds|ONLINE|MULTI_USER|LAB\\sqladmin|1"),
    ],
)
def test_a_person_can_type_every_call(play: Play, line: str, shown: str) -> None:
    lab = play(base=mirrored())
    console = lab.deployment.line(lab.caller("fe01"), line)
    assert (console.exit_code, console.stderr) == (0, "")
    assert shown in console.stdout
