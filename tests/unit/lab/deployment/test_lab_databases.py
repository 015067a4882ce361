# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test-CsDatabase and Install-CsDatabase: which databases they mean, what they show, change, warn of and refuse."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import POOL, Json, Lab, Play

SQL = "sql01.example.com"
SERVERS = ["fe01.example.com", "fe02.example.com", "fe03.example.com"]
PATCHED = {"sfb2019": "7.0.2046.521", "sfb2015": "6.0.9319.628", "lync2013": "5.0.8308.965"}
CONFIGURED = {"ConfiguredDatabases": True, "SqlServerFqdn": SQL}
BEHIND = ["rtcxds", "rgsconfig"]
GROUP = "sqlag.example.com"
COLUMNS = [
    "SqlServerFqdn",
    "SqlInstanceName",
    "MirrorSqlServerFqdn",
    "MirrorSqlInstanceName",
    "DatabaseName",
    "DatabaseHighAvailability",
    "DataSource",
    "SQLServerVersion",
    "ExpectedVersion",
    "InstalledVersion",
    "Succeed",
]


def patched(product: str = "sfb2019", sql: Json | None = None, **pool: Any) -> Json:
    """A pool whose servers have the update, its databases not."""
    return {
        "product": product,
        "version": PATCHED[product],
        "pools": [{"fqdn": POOL, "servers": SERVERS, "sql": {"server": SQL, **(sql or {})}, **pool}],
    }


def rows(lab: Lab, server: str = "fe01", **parameters: Any) -> list[Json]:
    outcome = lab.cmdlet(server, "Test-CsDatabase", COLUMNS, **(parameters or CONFIGURED))
    assert outcome["errors"] == []
    return list(outcome["output"])


def behind(lab: Lab, server: str = "fe01", **parameters: Any) -> list[str]:
    return [
        row["DatabaseName"]
        for row in rows(lab, server, **parameters)
        if row["ExpectedVersion"] != row["InstalledVersion"]
    ]


def update(lab: Lab, server: str = "fe01", **parameters: Any) -> Json:
    return lab.cmdlet(server, "Install-CsDatabase", Update=True, Confirm=False, **(parameters or CONFIGURED))


# ---------------------------------------------------------------- Test-CsDatabase


def test_2019_shows_where_a_database_lies_and_how_available_it_is(play: Play) -> None:
    found = rows(play(base=patched()))[0]
    assert list(found.items()) == [
        ("SqlServerFqdn", SQL),
        ("SqlInstanceName", "rtc"),
        ("DatabaseName", "rtcxds"),
        ("DatabaseHighAvailability", "None"),
        ("DataSource", "sql01.example.com\\rtc"),
        ("SQLServerVersion", "13.0.4259 SP1 Standard Edition (64-bit)"),
        ("ExpectedVersion", "15.13.23"),
        ("InstalledVersion", "15.13.22"),
        ("Succeed", True),
    ]


@pytest.mark.parametrize("product", ["sfb2015", "lync2013"])
def test_older_products_show_the_mirror_instead(play: Play, product: str) -> None:
    lab = play(base=patched(product, {"mirror": "sql02.example.com"}))
    answer = lab.deployment.management_shell(
        lab.caller("fe01"),
        lab.request(
            [{"cmdlet": "Test-CsDatabase", "parameters": CONFIGURED, "select": COLUMNS}],
            modules=["Lync" if product == "lync2013" else "SkypeForBusiness"],
        ),
    )
    found = answer["outcomes"][0]["output"][0]
    assert (found["MirrorSqlServerFqdn"], found["MirrorSqlInstanceName"]) == ("sql02.example.com", "rtc")
    assert "DatabaseHighAvailability" not in found


def test_a_version_is_an_object_whose_text_is_its_three_numbers(play: Play) -> None:
    lab = play(base=patched())
    line = f"Test-CsDatabase -ConfiguredDatabases -SqlServerFqdn {SQL}"
    assert "ExpectedVersion          : 15.13.23\r\n" in lab.deployment.line(lab.caller("fe01"), line).stdout
    version = {"name": "ExpectedVersion", "select": ["SchemaVersion", "SprocVersion", "UpgradeVersion"]}
    found = lab.cmdlet("fe01", "Test-CsDatabase", [version], **CONFIGURED)["output"][0]
    assert found["ExpectedVersion"] == [{"SchemaVersion": 15, "SprocVersion": 13, "UpgradeVersion": 23}]


@pytest.mark.parametrize("covers", [True, False])
def test_whether_configured_databases_cover_central_management_is_a_switch(play: Play, covers: bool) -> None:
    lab = play({"switches": {"configured_covers_central_management": covers}}, base=patched())
    assert ("xds" in [row["DatabaseName"] for row in rows(lab)]) is covers
    central = rows(lab, CentralManagementDatabase=True, SqlServerFqdn=SQL)
    assert [row["DatabaseName"] for row in central] == ["xds", "lis"]


def test_the_local_scope_has_the_local_instances_and_the_back_end_that_local_services_use(play: Play) -> None:
    lab = play(base=patched(monitoring_sql="sql09.example.com"))
    found = {
        (row["SqlServerFqdn"], row["SqlInstanceName"]): row["DatabaseName"] for row in rows(lab, LocalService=True)
    }
    assert set(found) == {
        ("fe01.example.com", "rtclocal"),
        ("fe01.example.com", "lynclocal"),
        (SQL, "rtc"),
        ("sql09.example.com", ""),
    }


@pytest.mark.parametrize(
    ("kind", "names"), [("User", ["rtcxds", "rtcshared", "rtcab"]), ("CMS", ["xds", "lis"]), ("Archiving", ["LcsLog"])]
)
def test_one_type_of_database_can_be_asked_for(play: Play, kind: str, names: list[str]) -> None:
    lab = play(base=patched(archiving_sql=SQL))
    assert [row["DatabaseName"] for row in rows(lab, DatabaseType=kind, SqlServerFqdn=SQL)] == names


def test_databases_that_cannot_be_reached_do_not_succeed_and_that_is_a_warning(play: Play) -> None:
    lab = play(base=patched(sql={"available": False}))
    outcome = lab.cmdlet("fe01", "Test-CsDatabase", COLUMNS, **CONFIGURED)
    assert outcome["errors"] == []
    assert {(row["Succeed"], row["InstalledVersion"]) for row in outcome["output"]} == {(False, None)}
    assert "all errors (8) and warnings (0)" in outcome["warnings"][0]
    assert ".html" in outcome["warnings"][1]


def test_a_firewall_hides_the_databases_from_one_server_only(play: Play) -> None:
    lab = play(base=patched(), servers={"fe02": {"reaches_back_end": False}})
    assert {row["Succeed"] for row in rows(lab, "fe02")} == {False}
    assert {row["Succeed"] for row in rows(lab, "fe01")} == {True}


def test_a_version_may_be_missing_although_the_database_succeeds(play: Play) -> None:
    lab = play(base=patched(), faults=[{"fault": "installed_version_empty"}])
    odd = [row for row in rows(lab) if row["InstalledVersion"] is None]
    assert [(row["DatabaseName"], row["Succeed"]) for row in odd] == [("xds", True)]


def test_no_answer_is_no_row_and_no_error(play: Play) -> None:
    assert rows(play(base=patched(), faults=[{"fault": "test_database_no_answer"}])) == []


def test_a_server_without_the_update_finds_everything_current(play: Play) -> None:
    lab = play(base=patched(), servers={"fe02": {"version": "7.0.2046.396"}})
    assert (behind(lab, "fe01"), behind(lab, "fe02")) == (BEHIND, [])


def test_without_a_second_hop_neither_testing_nor_updating_gets_through(play: Play) -> None:
    lab = play(base=patched())
    who = {"user": "LAB\\patcher", "become": None}
    for name, parameters in (("Test-CsDatabase", CONFIGURED), ("Install-CsDatabase", {**CONFIGURED, "Update": True})):
        outcome = lab.cmdlet("fe01", name, who=who, **parameters)
        assert "ANONYMOUS LOGON" in outcome["errors"][0]["message"]
    assert not any(line["changes"] for line in lab.journal("cmdlet"))


# ---------------------------------------------------------------- Install-CsDatabase


def test_an_update_raises_what_is_behind_takes_its_time_and_a_second_one_changes_nothing(play: Play) -> None:
    lab = play(base=patched())
    report = "C:\\ProgramData\\update.html"
    outcome = update(lab, **CONFIGURED, Report=report)
    assert (outcome["errors"], outcome["warnings"], outcome["output"]) == ([], [], [])
    assert outcome["seconds"] > 80
    assert behind(lab) == []
    assert b"rtcxds: 15.13.22 -&gt; 15.13.23" in lab.deployment.read_file(lab.caller("fe01"), report)
    assert update(lab)["errors"] == []
    assert [line["changes"] for line in lab.journal("cmdlet", cmdlet="Install-CsDatabase")] == [True, False, False]


def test_collocated_stores_are_warned_of_unless_they_are_excluded(play: Play) -> None:
    lab = play(base=patched(archiving_sql=SQL, monitoring_sql=SQL))
    outcome = update(lab)
    assert "MonitoringDatabase:sql01.example.com" in outcome["warnings"][0]
    assert 'completed with warnings. "1" warnings' in outcome["warnings"][1]
    assert update(lab, **CONFIGURED, ExcludeCollocatedStores=True)["warnings"] == []


@pytest.mark.parametrize(("position", "left"), [("updated", []), ("skipped", ["LcsLog", "LcsCDR"])])
def test_what_becomes_of_excluded_stores_is_a_switch(play: Play, position: str, left: list[str]) -> None:
    base = patched(archiving_sql=SQL, monitoring_sql=SQL)
    lab = play({"switches": {"excluded_stores": position}}, base=base)
    update(lab, **CONFIGURED, ExcludeCollocatedStores=True)
    assert behind(lab) == left


def test_an_update_can_be_for_one_instance(play: Play) -> None:
    lab = play(base=patched(archiving_sql=f"{SQL}\\archive"))
    assert update(lab, **CONFIGURED, ForInstance="archive")["errors"] == []
    assert behind(lab) == BEHIND
    outcome = update(lab, **CONFIGURED, ForInstance="nowhere")
    assert "sql01.example.com\\nowhere" in outcome["errors"][0]["message"]
    outcome = update(lab, **CONFIGURED, SqlInstanceName="rtc")
    assert outcome["errors"][0]["id"].startswith("AmbiguousParameterSet")


def test_central_management_is_updated_by_its_own_form(play: Play) -> None:
    lab = play(
        {"switches": {"configured_covers_central_management": False}},
        base=patched(sql={"databases": {"xds": "10.1.1"}}),
    )
    central = {"CentralManagementDatabase": True, "SqlServerFqdn": SQL}
    update(lab)
    assert behind(lab, **central) == ["xds"]
    update(lab, **central)
    assert behind(lab, **central) == []


def test_an_update_that_brings_a_database_needs_a_call_without_update(play: Play) -> None:
    lab = play(base=patched(sql={"new_databases": ["rgsbackup"]}))
    missing = next(row for row in rows(lab) if row["DatabaseName"] == "rgsbackup")
    assert (missing["ExpectedVersion"], missing["InstalledVersion"], missing["Succeed"]) == ("1.0.0", None, False)
    assert "rgsbackup" in update(lab)["warnings"][0]
    assert behind(lab) == ["rgsbackup"]
    assert lab.cmdlet("fe01", "Install-CsDatabase", Confirm=False, **CONFIGURED)["errors"] == []
    assert behind(lab) == []


def test_a_shared_store_is_one_store(play: Play) -> None:
    base = patched(monitoring_sql="sql09.example.com")
    other = {"fqdn": "pool02.example.com", "servers": ["fe11.example.com"], "monitoring_sql": "sql09.example.com"}
    base["pools"].append(other)
    lab = play(base=base)
    found = lab.cmdlet("fe01", "Get-CsService", ["Identity", "DependentServiceList"], MonitoringDatabase=True)["output"]
    pools = ["Registrar:pool01.example.com", "Registrar:pool02.example.com"]
    assert found == [{"Identity": "MonitoringDatabase:sql09.example.com", "DependentServiceList": pools}]
    shared = {"ConfiguredDatabases": True, "SqlServerFqdn": "sql09.example.com"}
    update(lab, "fe11", **shared)
    assert behind(lab, "fe01", **shared) == []


@pytest.mark.parametrize("position", ["works", "fails"])
def test_updating_mirrored_databases_is_a_switch(play: Play, position: str) -> None:
    lab = play({"switches": {"mirrored_update": position}}, base=patched("sfb2015", {"mirror": "sql02.example.com"}))
    outcome = update(lab)
    assert bool(outcome["errors"]) is (position == "fails")
    assert behind(lab) == ([] if position == "works" else BEHIND)


def test_databases_whose_principal_is_on_the_mirror_cannot_be_updated(play: Play) -> None:
    lab = play(base=patched("sfb2015", {"mirror": "sql02.example.com", "principal": "mirror"}))
    assert "acting as a mirror database" in update(lab)["errors"][0]["message"]


def test_an_availability_group_is_known_by_its_own_name_only(play: Play) -> None:
    lab = play(base=patched(sql={"availability_group": GROUP}))
    assert GROUP in update(lab)["errors"][0]["message"]
    asked = {"ConfiguredDatabases": True, "SqlServerFqdn": GROUP}
    assert {row["DatabaseHighAvailability"] for row in rows(lab, **asked)} == {"AlwaysOn"}
    assert update(lab, **asked)["errors"] == []
    assert lab.journal("cmdlet", cmdlet="Install-CsDatabase", phase="ended")[0]["publish_topology"] == GROUP


def test_a_group_that_owns_a_database_is_deleted_and_nobody_is_in_it_any_more(play: Play) -> None:
    lab = play(base=patched(sql={"owner": "LAB\\RTCUniversalServerAdmins"}))
    assert update(lab)["errors"] == []
    ended = lab.journal("cmdlet", cmdlet="Install-CsDatabase", phase="ended")[0]
    assert ended["deleted_group"] == "RTCUniversalServerAdmins"
    assert "not a member" in update(lab)["errors"][0]["message"]


@pytest.mark.parametrize(
    ("fault", "message", "left"),
    [
        ({"fault": "install_database", "kind": "prompts"}, "NonInteractive", BEHIND),
        ({"fault": "install_database", "kind": "fails_half_way"}, "target of an invocation", ["rgsconfig"]),
        ({"fault": "database_locked", "database": "rgsconfig"}, "exclusive lock", ["rgsconfig"]),
    ],
)
def test_an_update_may_fail_before_or_between_databases(play: Play, fault: Json, message: str, left: list[str]) -> None:
    lab = play(base=patched(), faults=[fault])
    assert message in update(lab)["errors"][0]["message"]
    assert behind(lab) == left


def test_an_update_may_warn_and_succeed(play: Play) -> None:
    lab = play(base=patched(), faults=[{"fault": "install_database", "kind": "warns"}])
    outcome = update(lab)
    assert (outcome["errors"], len(outcome["warnings"]), behind(lab)) == ([], 3, [])


def test_what_broke_off_is_told_in_the_details(play: Play) -> None:
    lab = play(base=patched(), faults=[{"fault": "install_database", "kind": "fails_half_way"}])
    assert "rgsconfig" in update(lab)["errors"][0]["details"]
    assert update(lab)["errors"] == []
    assert behind(lab) == []


def test_a_database_in_single_user_mode_can_be_neither_read_nor_updated(play: Play) -> None:
    lab = play(base=patched(sql={"states": {"rtcxds": "SINGLE_USER"}}))
    assert [row["DatabaseName"] for row in rows(lab) if not row["Succeed"]] == ["rtcxds"]
    assert "exclusive lock" in update(lab)["errors"][0]["message"]


def test_two_updates_at_once_against_one_sql_server_do_not_go_well(play: Play) -> None:
    lab = play(base=patched())
    lab.detach("fe01", {"cmdlet": "Install-CsDatabase", "parameters": {**CONFIGURED, "Update": True}})
    lab.sleep(0.6)
    assert "exclusive lock" in update(lab, "fe02")["errors"][0]["message"]
    lab.sleep(10)
    assert behind(lab) == []
    assert update(lab, "fe02")["errors"] == []


@pytest.mark.parametrize("login", [False, True])
def test_without_rights_on_sql_nothing_is_updated(play: Play, login: bool) -> None:
    account = {"password": "Rehearsal-1", "second_hop": True, "sql_administrator": False, "sql_login": login}
    lab = play({"accounts": {"LAB\\admin": account}}, base=patched())
    assert "Login failed" in update(lab)["errors"][0]["message"]
    assert bool(lab.cmdlet("fe01", "Test-CsDatabase", **CONFIGURED)["errors"]) is not login
    assert not any(line["changes"] for line in lab.journal("cmdlet"))


def test_clean_is_never_played(play: Play) -> None:
    lab = play(base=patched())
    outcome = update(lab, **CONFIGURED, Clean=True)
    assert outcome["errors"][0]["category"] == "InvalidArgument"


# ---------------------------------------------------------------- local databases


def standard() -> Json:
    pool = {"fqdn": "fe01.example.com", "edition": "standard", "servers": ["fe01.example.com"]}
    return {"product": "sfb2019", "version": PATCHED["sfb2019"], "pools": [pool]}


def test_a_standard_edition_server_updates_its_own_databases(play: Play) -> None:
    lab = play(base=standard())
    assert behind(lab, LocalService=True) == BEHIND
    assert {row["DataSource"] for row in rows(lab, LocalService=True) if row["DatabaseName"] == "rtcxds"} == {
        "fe01.example.com\\rtc"
    }
    assert update(lab, LocalDatabases=True)["errors"] == []
    assert behind(lab, LocalService=True) == []


def test_the_installer_raises_the_local_databases_of_a_front_end_itself(play: Play) -> None:
    lab = play()
    lab.fail_over("fe01")
    lab.install("fe01")
    local = {row["DatabaseName"]: row["InstalledVersion"] for row in rows(lab, LocalService=True)}
    assert local["rtc"] == "125.74.90"


def test_the_local_copy_of_xds_looks_behind_for_ever(play: Play) -> None:
    medium = {"version": PATCHED["sfb2019"], "databases": {"xds": "10.17.1"}}
    base = {**standard(), "media": [medium]}
    lab = play(base=base)
    update(lab, LocalDatabases=True)
    old = [row["SqlInstanceName"] for row in rows(lab, LocalService=True) if row["InstalledVersion"] == "10.16.7"]
    assert old == ["rtclocal"]


def test_local_sql_that_stops_makes_the_installer_roll_back(play: Play) -> None:
    fault = {"fault": "local_sql_stopped", "host": "fe01.example.com", "at_minute": 1}
    lab = play(faults=[fault])
    lab.fail_over("fe01")
    assert lab.services("fe01")["MSSQL$RTCLOCAL"] == ("Stopped", "Auto")
    assert lab.install("fe01") == 1603
    lab.restart("fe01")
    assert lab.services("fe01")["MSSQL$RTCLOCAL"] == ("Running", "Auto")
