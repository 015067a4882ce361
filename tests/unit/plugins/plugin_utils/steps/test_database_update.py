# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The databases of a SQL server are updated: what speaks against it, what is sent, what is looked at afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.evidence import databases as evidence
from ansible_collections.sfb.server.plugins.plugin_utils.shell import cmdlets, state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError, TimedOut
from ansible_collections.sfb.server.plugins.plugin_utils.steps import database_update
from ansible_collections.sfb.server.plugins.plugin_utils.steps.database_task import Wish
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils import fakes
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import (
    POOL,
    SERVER,
    FakeServer,
    Fault,
    answers,
    program,
    refuses,
)

SQL = "sql01.example.com"
OLD, NEW = "15.13.20", "15.13.22"
CLAIM = state_folder.claim("database")
#: What looks in the same process, before anything is done, whether somebody else has begun.
ALONE = windows.no_unfinished([evidence.share("fe01.example.com")])
UPDATE = ["Install-CsDatabase -Update -ConfiguredDatabases -SqlServerFqdn sql01"]


def store(role: str, sql: str = SQL, dependent: str = f"UserServer:{POOL}", **more: Any) -> dict[str, Any]:
    return {
        "Identity": f"{role}Database:{sql}",
        "PoolFqdn": sql,
        "SqlInstanceName": "rtc",
        "DependentServiceList": [dependent],
        **more,
    }


class Deployment:
    """fe02, whose pool has its users, applications and the Central Management store on sql01; every update is done."""

    def __init__(self) -> None:
        self.server = FakeServer()
        self.said: list[str] = []
        self.stores = [store("User"), store("Application"), store("CentralManagement", dependent="CentralManagement:x")]
        #: {name: (instance, installed)} that ConfiguredDatabases shows, and the Central Management store's own.
        self.databases = {"rtcxds": OLD, "rtcab": OLD}
        self.central = {"xds": NEW, "lis": NEW}
        self.shows: dict[str, Any] = {}
        self.owner, self.sysadmin, self.access = "LAB\\sqladmin", 1, "MULTI_USER"
        self.server.minutes["Install-CsDatabase"] = 3
        users = {"Identity": f"UserServer:{POOL}", "PoolFqdn": POOL, "UserDatabase": f"UserDatabase:{SQL}"}
        self.server.answers |= {
            "Get-CsService": lambda server, given: [users, *self.stores],
            "Test-CsDatabase": self.tested,
            "Install-CsDatabase": self.installed,
            "sqlcmd.exe": self.listed,
        }

    def tested(self, server: FakeServer, given: dict[str, Any]) -> Any:
        shown = self.central if "CentralManagementDatabase" in given else self.databases
        common = {"SqlServerFqdn": given.get("SqlServerFqdn", SERVER), "SqlInstanceName": "rtc", "Succeed": True}
        return [
            {**common, "DatabaseName": name, "ExpectedVersion": NEW, "InstalledVersion": version, **self.shows}
            for name, version in shown.items()
        ]

    def installed(self, server: FakeServer, given: dict[str, Any]) -> Any:
        target = self.central if "CentralManagementDatabase" in given else self.databases
        for name, version in target.items():
            if version or not given.get("Update"):
                target[name] = NEW

    def listed(self, server: FakeServer, given: dict[str, Any]) -> Any:
        rows = [f"{n}|ONLINE|{self.access}|{self.owner}|{self.sysadmin}" for n in (*self.databases, "master")]
        return program(0, "\r\n".join(rows) + "\r\n")

    def update(self, check_mode: bool = False, **wish: Any) -> dict[str, Any]:
        return database_update.update(self.server.shell(check_mode=check_mode), Wish(**wish), self.said.append)

    def refusal(self, **wish: Any) -> SfbError:
        with pytest.raises(SfbError) as refusal:
            self.update(**wish)
        assert self.server.changes == []
        return refusal.value


@pytest.fixture
def deployment() -> Deployment:
    return Deployment()


# ---- the call --------------------------------------------------------------------------------------------------------


def test_what_is_behind_is_updated_and_every_database_is_verified(deployment: Deployment) -> None:
    result = deployment.update()
    assert deployment.server.changes == UPDATE
    assert (result["changed"], result["sql_server"], result["server"]) == (True, SQL, SERVER)
    rows = {row["name"]: (row["before"], row["after"], row["state"]) for row in result["databases"]}
    assert rows["rtcxds"] == rows["rtcab"] == (OLD, NEW, "current")
    assert result["diff"]["before"].splitlines()[0] == f"{SQL}\\rtc rtcxds {OLD}"
    assert result["diff"]["after"].splitlines()[0] == f"{SQL}\\rtc rtcxds {NEW}"
    assert (result["remains"], result["minutes"]) == ([], 3.0)


def test_each_minute_says_which_sql_server_is_worked_on_and_for_how_long(deployment: Deployment) -> None:
    deployment.update()
    assert deployment.said == [
        f"{SQL}: Install-CsDatabase -Update -ConfiguredDatabases -SqlServerFqdn {SQL} "
        f"-Report {state_folder.report('database')} -Confirm:$false",
        *(f"{SQL}: its databases are updated, {minute} of 120 min" for minute in range(4)),
    ]


def test_a_second_run_changes_nothing_whoever_runs_it(deployment: Deployment) -> None:
    deployment.update()
    deployment.owner, deployment.sysadmin = "LAB\\RTCUniversalServerAdmins", 0
    result = deployment.update()
    assert (result["changed"], result["commands"]) == (False, [])
    assert deployment.server.changes == UPDATE


def test_check_mode_shows_the_line_and_the_versions_that_would_be_and_sends_nothing(deployment: Deployment) -> None:
    result = deployment.update(check_mode=True)
    assert deployment.server.changes == []
    assert (result["changed"], len(result["commands"])) == (True, 1)
    assert result["commands"][0].startswith(f"Install-CsDatabase -Update -ConfiguredDatabases -SqlServerFqdn {SQL}")
    assert f"rtcxds {OLD}" in result["diff"]["before"] and f"rtcxds {NEW}" in result["diff"]["after"]


def test_only_two_executions_are_needed_to_know_everything(deployment: Deployment) -> None:
    shell = deployment.server.shell(check_mode=True)
    database_update.update(shell, Wish(), deployment.said.append)
    assert shell.executions == 2


def test_a_sql_server_that_the_topology_does_not_know_is_refused_with_those_that_it_knows(
    deployment: Deployment,
) -> None:
    refusal = deployment.refusal(sql_server="sql77.example.com")
    assert "sql77.example.com" in refusal.message and SQL in str(refusal.remedy)


def test_one_instance_is_asked_for_with_for_instance(deployment: Deployment) -> None:
    deployment.update(instance="rtc")
    assert deployment.server.changes == [f"{UPDATE[0]} -ForInstance rtc"]
    deployment.databases["rtcxds"] = OLD
    with pytest.raises(SfbError, match="no store into the instance other"):
        deployment.update(instance="other")


# ---- collocated stores, the central management store ---------------------------------------------------------------------


def test_stores_beside_those_of_the_users_are_excluded_and_named(deployment: Deployment) -> None:
    deployment.stores += [store("Monitoring"), store("Archiving")]
    result = deployment.update()
    assert deployment.server.changes == [f"{UPDATE[0]} -ExcludeCollocatedStores"]
    assert result["excluded_stores"] == ["archiving", "monitoring"]


def test_what_stays_behind_in_an_excluded_store_is_named_and_asked_for_no_second_time(deployment: Deployment) -> None:
    deployment.stores.append(store("Monitoring"))
    deployment.databases |= {"rtcxds": NEW, "rtcab": NEW, "LcsCDR": OLD}
    result = deployment.update()
    assert (result["changed"], deployment.server.changes) == (False, [])
    assert "LcsCDR" in result["remains"][0] and "exclude_collocated_stores: false" in result["remains"][0]


@pytest.mark.parametrize(("wish", "collocated", "switch"), [("true", False, True), ("false", True, False)])
def test_the_user_may_decide_it(deployment: Deployment, wish: Any, collocated: bool, switch: bool) -> None:
    deployment.stores += [store("Monitoring")] if collocated else []
    deployment.update(exclude_collocated_stores=wish)
    assert ("-ExcludeCollocatedStores" in deployment.server.changes[0]) is switch


def test_a_sql_server_with_archives_alone_has_nothing_collocated(deployment: Deployment) -> None:
    deployment.stores.append(store("Archiving", "sql02.example.com", SqlInstanceName=""))
    deployment.databases = {"LcsLog": OLD}
    result = deployment.update(sql_server="SQL02.example.com")
    assert deployment.server.changes == [UPDATE[0].replace("sql01", "sql02")]
    assert result["excluded_stores"] == []


def test_the_central_management_store_is_shown_and_its_update_only_offered(deployment: Deployment) -> None:
    deployment.central["lis"] = OLD
    result = deployment.update()
    assert deployment.server.changes == UPDATE
    rows = {row["name"]: (row["role"], row["state"]) for row in result["databases"]}
    assert (rows["xds"], rows["lis"]) == (("central_management", "current"), ("central_management", "behind"))
    assert "lis" in result["remains"][0] and "scope: central_management" in result["remains"][0]


def test_where_configured_databases_show_the_central_management_store_too_nothing_changes(
    deployment: Deployment,
) -> None:
    deployment.databases |= {"rtcxds": NEW, "rtcab": NEW, "xds": OLD}
    result = deployment.update()
    assert (result["changed"], deployment.server.changes) == (False, [])
    assert [row["name"] for row in result["databases"]].count("xds") == 1
    assert len(result["remains"]) == 1


def test_on_request_the_central_management_store_is_updated_in_its_own_instance(deployment: Deployment) -> None:
    deployment.central["xds"] = OLD
    result = deployment.update(scope="central_management")
    line = "Install-CsDatabase -Update -CentralManagementDatabase -SqlServerFqdn sql01 -SqlInstanceName rtc"
    assert (deployment.server.changes, result["changed"]) == ([line], True)


def test_a_central_management_store_that_does_not_answer_is_said_and_stops_no_pool(deployment: Deployment) -> None:
    deployment.server.answers["Test-CsDatabase"] = lambda server, given: (
        refuses("no such host")(server, given)
        if "CentralManagementDatabase" in given
        else deployment.tested(server, given)
    )
    result = deployment.update()
    assert result["changed"] and "no such host" in result["remains"][0]


# ---- the local scope -----------------------------------------------------------------------------------------------------


def test_a_standard_edition_server_updates_its_own_databases(deployment: Deployment) -> None:
    deployment.stores = [store("User", SERVER)]
    deployment.databases |= {"xds": OLD}
    result = deployment.update(scope="local")
    assert deployment.server.changes == ["Install-CsDatabase -Update -LocalDatabases"]
    assert (result["sql_server"], result["changed"]) == (SERVER, True)
    asked = [call.arguments.split()[1] for _time, call, _on in deployment.server.sent if call.program == "sqlcmd.exe"]
    assert set(asked) == {".\\rtc", ".\\RTCLOCAL", ".\\LYNCLOCAL"}


def test_a_local_replica_that_looks_behind_is_no_reason_to_do_anything(deployment: Deployment) -> None:
    deployment.databases = {"rtc": NEW, "xds": OLD}
    result = deployment.update(scope="local")
    assert (result["changed"], result["remains"], deployment.server.changes) == (False, [], [])


@pytest.mark.parametrize("wish", [{"sql_server": SQL}, {"instance": "rtc"}])
def test_the_local_scope_takes_no_other_place(deployment: Deployment, wish: dict[str, Any]) -> None:
    assert "scope" in deployment.refusal(scope="local", **wish).message


# ---- what speaks against it ------------------------------------------------------------------------------------------------


def not_a_server_admin(deployment: Deployment) -> None:
    execute = deployment.server.execute

    def without_role(script: str, request: str, detach_seconds: int | None) -> dict[str, Any]:
        result = execute(script, request, detach_seconds)
        for index, text in enumerate(result.get("output", [])):
            result["output"][index] = json.dumps({**json.loads(text), "roles": {}})
        return result

    deployment.server.execute = without_role  # type: ignore[method-assign]


def sets(**values: Any) -> Callable[[Deployment], None]:
    return lambda deployment: vars(deployment).update(values)


def answers_with(name: str, reply: Any) -> Callable[[Deployment], None]:
    return lambda deployment: deployment.server.answers.update({name: reply})


def elsewhere(text: str) -> Callable[[Deployment], None]:
    path = "\\\\fe01.example.com\\C$\\ProgramData\\sfb.server\\database.json"
    return lambda deployment: deployment.server.files.update({path: text})


def closed_share(deployment: Deployment, closed_host: str = "fe03") -> None:
    read: Any = fakes.HEALTHY["Get-Content"]

    def closed(server: FakeServer, given: dict[str, Any]) -> Any:
        if given["LiteralPath"].startswith(f"\\\\{closed_host}"):
            raise Fault("Access is denied", "PermissionDenied")
        return read(server, given)

    deployment.server.answers["Get-Content"] = closed


MIRROR = {"MirrorSqlServerFqdn": "sql09.example.com"}


@pytest.mark.parametrize(
    ("spoiled", "reason", "remedy"),
    [
        (not_a_server_admin, "not a member of RTCUniversalServerAdmins", "Add the account to the group"),
        (sets(sysadmin=0), f"LAB\\admin is not sysadmin on SQL Server {SQL}\\rtc", "Give LAB\\admin the role sysadmin"),
        (
            answers_with("sqlcmd.exe", answers(*program(1, "Sqlcmd: Error: Login failed for user"))),
            f"SQL Server {SQL}\\rtc does not answer LAB\\admin (sqlcmd ended with 1",
            "CredSSP",
        ),
        (answers_with("sqlcmd.exe", refuses("cannot find the file")), "cannot find the file", "Is it running?"),
        (
            sets(owner="LAB\\RTCUniversalServerAdmins"),
            f"rtcxds, rtcab, master on {SQL}\\rtc belong to LAB\\RTCUniversalServerAdmins",
            "ALTER AUTHORIZATION ON DATABASE::[rtcxds] TO [sa]",
        ),
        (sets(access="SINGLE_USER"), f"database rtcxds on {SQL}\\rtc is ONLINE, SINGLE_USER", "MULTI_USER first"),
        (sets(shows={"DatabaseHighAvailability": "AlwaysOn"}), "highly available (AlwaysOn)", "availability_group"),
        (elsewhere('{"started": "2026-01-31T22:00:00Z", "finished": null}'), "fe01.example.com began", "Let it end"),
        (elsewhere(""), "its file is not whole", "remove the file by hand"),
        (closed_share, "whether fe03.example.com updates databases could not be read", "Let it end"),
        (sets(stores=[store("User", **MIRROR)]), "cannot be used against mirrored databases", "update_mirrored: true"),
    ],
)
def test_whatever_speaks_against_it_is_said_with_its_remedy_and_nothing_is_sent(
    deployment: Deployment, spoiled: Callable[[Deployment], None], reason: str, remedy: str
) -> None:
    spoiled(deployment)
    refusal = deployment.refusal()
    assert reason in refusal.message and remedy in refusal.message
    assert any(reason in one["reason"] and remedy in one["remedy"] for one in refusal.facts["reasons"])


def test_everything_that_speaks_against_it_is_told_at_once(deployment: Deployment) -> None:
    deployment.sysadmin, deployment.owner = 0, "LAB\\RTCUniversalServerAdmins"
    refusal = deployment.refusal()
    assert len(refusal.facts["reasons"]) == 2
    assert "1. " in refusal.message and "2. " in refusal.message


def test_an_update_that_another_server_has_ended_stands_in_nobody_s_way(deployment: Deployment) -> None:
    elsewhere('{"started": "2026-01-31T22:00:00Z", "finished": "2026-01-31T22:05:00Z"}')(deployment)
    assert deployment.update()["changed"] is True


@pytest.mark.parametrize(
    ("reply", "reason"),
    [(answers(), "gave no answer"), (refuses("Exception has been thrown"), "Exception has been thrown")],
)
def test_a_test_without_an_answer_is_a_reason_to_stop_and_missing_rights_are_told_along(
    deployment: Deployment, reply: Any, reason: str
) -> None:
    deployment.server.answers["Test-CsDatabase"] = reply
    deployment.sysadmin = 0
    refusal = deployment.refusal()
    assert "not sysadmin" in refusal.message and reason in refusal.message and "likely reason" in refusal.message
    deployment.sysadmin = 1
    assert "CredSSP" in deployment.refusal().message


def test_a_database_above_what_this_server_brings_asks_for_another_runner(deployment: Deployment) -> None:
    deployment.databases = {"rtcxds": "15.14.1", "rtcab": NEW}
    refusal = deployment.refusal()
    assert "rtcxds" in refusal.message and "is ahead" in refusal.message
    assert f"{SERVER} has older files than the database" in refusal.message


def test_a_database_without_a_version_is_not_called_current_and_not_reached_by_an_update(
    deployment: Deployment,
) -> None:
    deployment.databases = {"rtcxds": NEW, "new": ""}
    refusal = deployment.refusal()
    assert "new on sql01.example.com\\rtc is unknown" in refusal.message
    assert "state: present" in str(refusal.remedy)


def test_a_database_that_is_not_reached_stops_the_update_of_the_others(deployment: Deployment) -> None:
    deployment.databases["new"] = ""
    deployment.shows = {"Succeed": False}
    refusal = deployment.refusal()
    assert "new on sql01.example.com\\rtc is unreachable" in refusal.message
    assert "It is there: look at it in SQL Server" in refusal.message
    deployment.server.answers["sqlcmd.exe"] = answers(*program(0, "rtcxds|ONLINE|MULTI_USER|sa|1\r\n"))
    assert "wants state: present first" in deployment.refusal().message


# ---- mirrors and availability groups ---------------------------------------------------------------------------------------


def mirrored(deployment: Deployment, *rows: dict[str, Any]) -> None:
    deployment.stores = [store("User", **MIRROR), store("Application", **MIRROR)]
    deployment.server.answers["Get-CsDatabaseMirrorState"] = answers(*rows)


PAIR = {"DatabaseName": "rtcxds", "StateOnPrimary": "Principal", "StateOnMirror": "Mirror"}
GOOD = {**PAIR, "MirroringStatusOnPrimary": "synchronized"}


def test_mirrored_databases_are_updated_when_the_user_says_so_and_the_primary_is_principal(
    deployment: Deployment,
) -> None:
    elsewhere_not = {**GOOD, "DatabaseName": "LcsLog", "StateOnPrimary": "DatabaseInaccessibleOrMirroringNotEnabled"}
    mirrored(deployment, GOOD, {**GOOD, "DatabaseName": "rtcab"}, elsewhere_not)
    shared = store("Monitoring", **MIRROR)
    shared["DependentServiceList"] = ["Registrar:pool02.example.com", f"Registrar:{POOL}"]
    deployment.stores.insert(0, shared)
    assert deployment.update(update_mirrored=True)["changed"] is True
    assert deployment.server.changes == [f"{UPDATE[0]} -ExcludeCollocatedStores"]
    asked = [call for _time, call, _on in deployment.server.sent if call.cmdlet == "Get-CsDatabaseMirrorState"]
    assert {call.parameters["PoolFqdn"] for call in asked} == {POOL}, "another pool's users are elsewhere"


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([GOOD, {**PAIR, "DatabaseName": "rtcab", "MirroringStatusOnPrimary": "suspended"}], "not synchronised"),
        ([{**GOOD, "StateOnPrimary": "Mirror", "StateOnMirror": "Principal"}], "Mirror on the primary"),
        ([], "rtcxds, rtcab: not shown"),
    ],
)
def test_a_mirror_that_is_not_ready_is_not_updated_whatever_the_user_says(
    deployment: Deployment, rows: list[dict[str, Any]], reason: str
) -> None:
    mirrored(deployment, *rows)
    refusal = deployment.refusal(update_mirrored=True)
    assert reason in refusal.message and "-NewPrincipal Primary" in refusal.message


def test_a_mirror_that_cannot_be_looked_at_is_not_updated(deployment: Deployment) -> None:
    mirrored(deployment)
    deployment.server.answers["Get-CsDatabaseMirrorState"] = refuses("is not present on pool")
    assert "is not present on pool" in deployment.refusal(update_mirrored=True).message
    deployment.server.product = "sfb2019"
    assert "has no Get-CsDatabaseMirrorState" in deployment.refusal(update_mirrored=True).message


def test_the_mirror_s_name_leads_to_the_primary(deployment: Deployment) -> None:
    mirrored(deployment, GOOD)
    refusal = deployment.refusal(sql_server="sql09.example.com")
    assert "is the mirror of sql01.example.com" in refusal.message


def test_an_availability_group_is_updated_under_its_own_name_and_the_topology_has_to_be_published(
    deployment: Deployment,
) -> None:
    deployment.shows = {"DatabaseHighAvailability": "AlwaysOn"}
    result = deployment.update(availability_group="ag01.example.com")
    assert deployment.server.changes == [UPDATE[0].replace("sql01", "ag01")]
    assert result["remains"] == [database_update.PUBLISH]


def test_a_node_s_name_leads_to_the_availability_group_that_the_topology_knows(deployment: Deployment) -> None:
    deployment.stores = [store("User", "ag01.example.com")]
    result = deployment.update(sql_server="node1.example.com", availability_group="AG01.example.com")
    assert deployment.server.changes == [UPDATE[0].replace("sql01", "ag01")]
    assert (result["sql_server"], result["remains"]) == ("ag01.example.com", [database_update.PUBLISH])


def test_the_group_s_name_that_one_run_gives_all_its_sql_servers_is_not_used_for_the_others(
    deployment: Deployment,
) -> None:
    result = deployment.update(sql_server=SQL, availability_group="ag01.example.com")
    assert (deployment.server.changes, result["remains"]) == (UPDATE, [])


# ---- new databases ---------------------------------------------------------------------------------------------------------


def test_a_database_that_an_update_brings_is_installed_without_update(deployment: Deployment) -> None:
    deployment.databases = {"rtcxds": NEW, "new": ""}
    result = deployment.update(state="present")
    assert deployment.server.changes == ["Install-CsDatabase -ConfiguredDatabases -SqlServerFqdn sql01"]
    assert result["changed"] is True
    assert deployment.update(state="present")["changed"] is False


# ---- how it ends -----------------------------------------------------------------------------------------------------------


def test_warnings_are_shown_and_are_no_failure(deployment: Deployment) -> None:
    ends = deployment.server._one

    def warns(call: dict[str, Any]) -> dict[str, Any]:
        entry = ends(call)
        return {**entry, "warnings": ["2 warnings were recorded"]} if call["cmdlet"] == "Install-CsDatabase" else entry

    deployment.server._one = warns  # type: ignore[method-assign]
    assert deployment.update()["warnings_of_call"] == ["2 warnings were recorded"]
    assert f"{SQL}: warning: 2 warnings were recorded" in deployment.said


def test_a_failure_half_way_names_what_is_not_current_now(deployment: Deployment) -> None:
    def half(server: FakeServer, given: dict[str, Any]) -> Any:
        deployment.databases["rtcxds"] = NEW
        raise Fault("Die Datenbank ist gesperrt")

    deployment.server.answers["Install-CsDatabase"] = half
    with pytest.raises(SfbError, match="gesperrt.*Not current now: rtcab on") as failure:
        deployment.update()
    assert state_folder.report("database") in str(failure.value.remedy)
    assert deployment.server.changes == UPDATE
    deployment.server.answers["Install-CsDatabase"] = deployment.installed
    assert deployment.update()["changed"] is True


def test_a_success_after_which_a_database_is_still_behind_is_a_failure_that_names_it(deployment: Deployment) -> None:
    deployment.server.answers["Install-CsDatabase"] = answers()
    with pytest.raises(SfbError, match="ended without an error, but these databases .*rtcxds.*; rtcab"):
        deployment.update()


def test_an_update_that_is_found_running_is_followed_and_not_sent_again(deployment: Deployment) -> None:
    call = cmdlets.install_configured_databases(SQL, state_folder.report("database"))
    deployment.server.begin_work("database", ALONE, call)
    result = deployment.update()
    assert (result["changed"], deployment.server.changes) == (True, [])
    assert {row["before"] for row in result["databases"] if row["name"] == "rtcxds"} == {OLD}


def test_an_update_found_running_that_was_for_another_sql_server_is_followed_by_ours(deployment: Deployment) -> None:
    deployment.server.answers["Install-CsDatabase"] = [answers(), deployment.installed]
    deployment.server.begin_work("database", ALONE, cmdlets.install_local_databases("x"))
    assert deployment.update()["changed"] is True
    assert deployment.server.changes == UPDATE


def test_an_update_that_was_cut_off_is_sent_again_where_the_versions_say_so(deployment: Deployment) -> None:
    call = cmdlets.install_configured_databases(SQL, state_folder.report("database"))
    deployment.server.begin_work("database", ALONE, call)
    deployment.server.vanish()
    assert deployment.update()["changed"] is True
    assert deployment.server.changes == UPDATE


def test_an_update_that_was_cut_off_after_its_work_only_loses_its_file(deployment: Deployment) -> None:
    deployment.databases = {"rtcxds": NEW}
    deployment.server.begin_work("database", ALONE, cmdlets.install_local_databases("x"))
    deployment.server.vanish()
    assert deployment.update()["changed"] is False
    assert deployment.server.changes == ["Remove-Item -LiteralPath database.json"]
    assert CLAIM not in deployment.server.files


def test_an_update_whose_process_vanishes_is_judged_by_the_versions(deployment: Deployment) -> None:
    def done_and_gone() -> None:
        deployment.databases = dict.fromkeys(deployment.databases, NEW)
        deployment.server.vanish()

    deployment.server.at(1, done_and_gone)
    assert deployment.update()["changed"] is True
    deployment.databases["rtcab"] = OLD
    deployment.server.at(1, deployment.server.vanish)
    with pytest.raises(SfbError, match="was cut off.*Not current now: rtcab"):
        deployment.update()


def test_a_start_whose_answer_is_lost_is_looked_up_and_not_sent_again(deployment: Deployment) -> None:
    deployment.server.loses(lambda names: "Install-CsDatabase" in names, after_work=True)
    assert deployment.update()["changed"] is True
    assert deployment.server.changes == UPDATE


def test_a_deadline_leaves_the_update_alone(deployment: Deployment) -> None:
    deployment.server.minutes["Install-CsDatabase"] = 600
    with pytest.raises(TimedOut, match="still runs after 120 minutes"):
        deployment.update()
    assert len(deployment.server.works()) == 1


# ---- the views -------------------------------------------------------------------------------------------------------------


def test_the_versions_can_be_asked_for_alone(deployment: Deployment) -> None:
    deployment.central["lis"] = OLD
    facts = database_update.info(deployment.server.shell(), "configured", None)
    assert (facts["server"], facts["sql_server"], facts["current"], facts["availability"]) == (
        SERVER,
        SQL,
        False,
        "None",
    )
    assert facts["databases"][0] == {
        "name": "rtcxds",
        "sql_server": SQL,
        "instance": "rtc",
        "role": None,
        "expected": NEW,
        "installed": OLD,
        "state": "behind",
    }
    deployment.databases = {"rtcxds": NEW}
    facts = database_update.info(deployment.server.shell(), "configured", None)
    assert (facts["current"], len(facts["remains"])) == (True, 1), "the store is updated only on request"
    deployment.server.answers["Test-CsDatabase"] = answers()
    with pytest.raises(SfbError, match="gave no answer"):
        database_update.info(deployment.server.shell(), "configured", None)


def test_the_mirrors_of_the_own_pool_are_asked_for_without_naming_it(deployment: Deployment) -> None:
    mirrored(deployment, GOOD)
    facts = evidence.mirror_facts(deployment.server.shell(), None)
    assert (facts["pool"], facts["principal"], facts["ready"]) == (POOL, "primary", True)
    deployment.server.product = "sfb2019"
    facts = evidence.mirror_facts(deployment.server.shell(), POOL)
    assert (facts["databases"], facts["principal"], facts["ready"]) == ([], "none", False)


def test_the_registrar_s_limit_of_a_pool_is_told_with_its_source(deployment: Deployment) -> None:
    rows = [{"Identity": "Global"}, {"Identity": "Site:Site1", "BackupStoreUnavailableThreshold": 2700.0}]
    deployment.server.answers["Get-CsRegistrarConfiguration"] = answers(*rows)
    facts = evidence.registrar_facts(deployment.server.shell(), None)
    assert facts == {"pool": POOL, "pool_state": None, "unavailable_minutes": 45.0, "from": "site"}
    with pytest.raises(SfbError, match="knows no pool"):
        evidence.registrar_facts(deployment.server.shell(), "pool77.example.com")


def test_of_two_servers_that_begin_at_the_same_moment_none_goes_on() -> None:
    deployment = Deployment()
    there = evidence.share("fe01.example.com")
    deployment.server.answers["Select-String"] = answers({"Path": there})
    with pytest.raises(SfbError, match="another server began to update them at the same moment") as stopped:
        deployment.update()
    assert there in stopped.value.message
    assert deployment.databases["rtcxds"] == OLD
    asked = next(call for _time, call, _detached in deployment.server.sent if call.cmdlet == "Select-String")
    assert asked.parameters["LiteralPath"] == [
        evidence.share(name) for name in ("fe01.example.com", "fe03.example.com", SQL)
    ]


def test_an_update_that_the_sql_server_itself_has_begun_is_not_joined_by_a_front_end_s() -> None:
    deployment = Deployment()
    deployment.server.files[evidence.share(SQL)] = '{"started": "2026-01-31T22:00:00Z", "finished": null}'
    error = deployment.refusal()
    assert f"{SQL} began an update of databases at 2026-01-31T22:00:00Z" in error.message


def test_a_sql_server_whose_files_the_account_may_not_read_stands_in_nobody_s_way() -> None:
    deployment = Deployment()
    closed_share(deployment, SQL)
    assert deployment.update()["changed"] is True
