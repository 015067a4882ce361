# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the actions themselves add: options, results, what check mode leaves away; without a host and without a run."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils import action
from ansible_collections.sfb.server.plugins.plugin_utils.run.run_record import EVENTS
from ansible_collections.sfb.server.plugins.plugin_utils.shell import windows
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import (
    INSTALLER,
    MEMBERS,
    POOL,
    SHA256,
    FakeServer,
    answers,
    installs,
    refuses,
)

EXE = "SkypeServerUpdateInstaller.exe"
UPDATE = {"installer": INSTALLER, "version": "6.0.9319.628", "sha256": SHA256}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs one action as a task of fe02 would, over a fake server in the place of Ansible's connection."""

    def task(name: str, server: FakeServer, check_mode: bool = False, folder: Path | None = None, **args: Any) -> Any:
        monkeypatch.setattr(action, "AnsibleTransport", lambda *given: server)
        monkeypatch.setattr(action, "clock_for", lambda address: server.clock)
        module = importlib.import_module(f"ansible_collections.sfb.server.plugins.action.{name}")
        given = SimpleNamespace(
            args=args, action=f"sfb.server.{name}", check_mode=check_mode, diff=False, async_val=0, delegate_to=None
        )
        connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir="not needed"))
        made = module.ActionModule(given, connection, None, None, None, None)
        variables = {"inventory_hostname": "fe02"} | ({"patch_report_folder": str(folder)} if folder else {})
        return made.run(task_vars=variables)

    return task


# ---- how often a server was asked ------------------------------------------------------------------------------------


def test_every_result_of_a_server_says_how_many_executions_it_took(run: Any) -> None:
    server = FakeServer()
    result = run("topology_info", server)
    assert (result["pool"], result["executions"]) == (POOL, 1)
    assert (result["begun"], result["ended"]) == ("2026-01-31T22:30:00Z", "2026-01-31T22:30:00Z")


def test_a_failure_says_it_too_since_that_is_when_it_is_looked_for(run: Any) -> None:
    server = FakeServer()
    server.take_out()
    server.mark()
    server.answers[EXE] = installs(1603, None)
    result = run("server_update", server, **UPDATE)
    assert result["failed"] and result["executions"] > 5


def test_a_server_that_does_not_answer_is_counted_as_often_as_it_was_tried(run: Any) -> None:
    server = FakeServer(down_until=FakeServer().clock.now() + 10**6)
    result = run("server_survey", server, tolerate_failure=True, retry_seconds=60)
    assert (result["reachable"], result["executions"]) == (False, 7)


def test_check_mode_says_it_where_a_server_was_asked_and_only_there(run: Any) -> None:
    result = run("computer_failover", FakeServer(), check_mode=True, state="out_of_service")
    assert (result["changed"], result["executions"]) == (True, 2)
    assert "executions" not in run("server_restart", FakeServer(), check_mode=True)


def test_it_stands_in_the_record_of_the_run(run: Any, tmp_path: Path) -> None:
    run("server_survey", FakeServer(), folder=tmp_path)
    events = [json.loads(line) for line in (tmp_path / EVENTS).read_text("utf-8").splitlines()]
    assert [(event["event"], event.get("executions")) for event in events] == [("begun", None), ("ended", 1)]


# ---- the pool --------------------------------------------------------------------------------------------------------


def test_a_baseline_that_is_not_there_is_refused_before_the_pool_is_asked(run: Any, tmp_path: Path) -> None:
    server = FakeServer()
    result = run("pool_fabric_info", server, baseline=str(tmp_path / "none.json"))
    assert result["failed"] and "none.json is not there" in result["msg"]
    assert "sfb_save_fabric_baseline" in result["remedy"]
    assert server.sent == []


@pytest.mark.parametrize(("check_mode", "failed", "minutes"), [(True, False, 0), (False, True, 60)])
def test_check_mode_asks_a_pool_once_and_does_not_wait_for_it(
    run: Any, check_mode: bool, failed: bool, minutes: int
) -> None:
    server = FakeServer()
    server.others["fe03.example.com"]["port"] = False
    result = run("pool_fabric_info", server, check_mode, wait_for_healthy=True)
    assert (bool(result.get("failed")), result["health"]) == (failed, "degraded")
    assert minutes <= server.clock.minutes <= minutes + 1


# ---- plans and services ----------------------------------------------------------------------------------------------


def test_a_plan_changes_nothing_and_says_so_whatever_it_holds(run: Any) -> None:
    server = FakeServer()
    survey = run("server_survey", server)
    surveys = [{**survey, "server": name, "inventory_name": name.partition(".")[0]} for name in MEMBERS]
    health = run("pool_fabric_info", server)
    settings = {"update_source": "https://updates.example.com/x.exe", "update_version": "6.0.9319.628"}
    stopped = run("patch_plan", server, surveys=surveys[:1], pool_health=health, settings=settings)
    assert (stopped["failed"], stopped["changed"]) == (True, False)
    made = run("patch_plan", server, surveys=surveys, pool_health=health, settings=settings)
    assert (made["changed"], made["plan"]["order"]) == (False, ["fe02", "fe03", "fe01"])
    assert "executions" not in made, "no server is asked"


@pytest.mark.parametrize("source", ["files/x.exe", "C:\\x.exe", None])
def test_a_file_of_the_controller_is_no_question_for_a_server(run: Any, source: str | None) -> None:
    result = run("server_survey", FakeServer(), **({"source": source} if source else {}))
    assert "source_found" not in result


def test_an_address_and_a_share_are_asked_of_the_server(run: Any) -> None:
    share = "\\\\nas.example.com\\updates\\x.exe"
    for source in ("https://updates.example.com/x.exe", share):
        server = FakeServer()
        server.others["nas.example.com"] = {"mark": True}
        assert "source_found" in run("server_survey", server, source=source)
    assert windows.path_exists(share).powershell() in [call.powershell() for _time, call, _on in server.sent]


@pytest.mark.parametrize("name", ["windows_service_info", "windows_service"])
def test_the_services_of_another_server_are_a_failure_of_the_task(run: Any, name: str) -> None:
    more = {"state": "stopped"} if name == "windows_service" else {}
    result = run(name, FakeServer(), computer="fe01.example.com", **more)
    assert result["failed"] and "not to fe01.example.com" in result["msg"]


def test_a_reset_in_check_mode_shows_its_line_at_once(run: Any) -> None:
    server = FakeServer()
    server.fabric = ["Routing group 7: missing replicas"]
    server.answers["Reset-CsPoolRegistrarState"] = refuses("must not be sent")
    result = run("pool_registrar_reset", server, check_mode=True)
    assert result["changed"] and "QuorumLossRecovery" in result["commands"][0]
    assert (server.clock.minutes, server.changes) == (0, [])


# ---- views of the deployment -----------------------------------------------------------------------------------------


def test_the_replication_is_up_to_date_only_when_every_computer_says_so(run: Any) -> None:
    server = FakeServer()
    result = run("replication_info", server)
    assert (result["up_to_date"], result["master"], len(result["replicas"])) == (True, MEMBERS[0], 3)
    rows = [{"ReplicaFqdn": MEMBERS[0].upper(), "UpToDate": True}, {"ReplicaFqdn": MEMBERS[1], "UpToDate": False}]
    server.answers["Get-CsManagementStoreReplicationStatus"] = lambda fake, given: rows
    result = run("replication_info", server)
    assert (result["up_to_date"], result["replicas"]) == (False, {MEMBERS[0]: True, MEMBERS[1]: False})
    server.answers["Get-CsManagementStoreReplicationStatus"] = lambda fake, given: []
    assert run("replication_info", server)["up_to_date"] is False
    server.answers["Get-CsManagementStoreReplicationStatus"] = refuses("Access is denied")
    assert "CredSSP" in run("replication_info", server)["msg"]


def test_the_registrar_s_limit_is_the_documented_one_where_nobody_set_another(run: Any) -> None:
    server = FakeServer()
    server.answers["Get-CsRegistrarConfiguration"] = lambda fake, given: [{"Identity": "Global"}]
    result = run("registrar_info", server)
    assert (result["pool"], result["unavailable_minutes"], result["from"]) == (POOL, 30, "default")


def test_databases_are_told_through_their_modules_and_their_work_stands_in_the_record(run: Any, tmp_path: Path) -> None:
    server = FakeServer()
    sql = {"SqlServerFqdn": "sql01.example.com", "SqlInstanceName": "rtc", "Succeed": True}
    row = {**sql, "DatabaseName": "rtcxds", "ExpectedVersion": "1.1.2", "InstalledVersion": "1.1.2"}
    server.answers["Test-CsDatabase"] = lambda fake, given: [row]
    server.answers["Get-CsService"] = lambda fake, given: [
        {"Identity": f"UserServer:{POOL}", "PoolFqdn": POOL, "UserDatabase": "UserDatabase:sql01.example.com"},
        {"Identity": "UserDatabase:sql01.example.com", "PoolFqdn": "sql01.example.com", "SqlInstanceName": "rtc"},
    ]
    assert run("database_info", server)["current"] is True
    assert run("database_mirror_info", server)["principal"] == "none"
    result = run("database", server, folder=tmp_path)
    assert (result["changed"], result["executions"]) == (False, 2)
    assert '"step": "database"' in (tmp_path / EVENTS).read_text("utf-8")


# ---- servers that nobody stands in for ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "step"), [("stopped", "server_stop"), ("web_server", "web_server_start"), ("started", "server_start")]
)
def test_each_step_of_a_server_without_companions_has_a_name_of_its_own_in_the_record(
    run: Any, tmp_path: Path, state: str, step: str
) -> None:
    run("server_stop", FakeServer(members=MEMBERS[1:2]), folder=tmp_path, state=state)
    events = [json.loads(line) for line in (tmp_path / EVENTS).read_text("utf-8").splitlines()]
    assert {event["step"] for event in events} == {step}


def test_open_windows_are_a_failure_of_the_task_that_lists_them(run: Any) -> None:
    server = FakeServer()
    server.answers["Get-Process"] = answers({"Id": 7, "Name": "powershell", "UserName": "X\\y", "SessionId": 1})
    result = run("management_shells", server)
    assert result["failed"] and result["windows"][0]["id"] == 7
    assert "sfb_close_shells: true" in result["msg"]
    assert run("management_shells", FakeServer())["windows"] == []


def test_a_watch_in_check_mode_looks_once(run: Any) -> None:
    result = run("back_end_watch", FakeServer(), True, sql_server="sql01.example.com", pool_fqdn=POOL)
    assert (result["changed"], result["answers"], result["executions"]) == (False, True, 1)


def test_a_watch_with_a_time_that_is_none_is_a_failure_with_its_reason(run: Any) -> None:
    result = run("back_end_watch", FakeServer(), sql_server="sql01.example.com", pool_fqdn=POOL, away_since="now")
    assert result["failed"] and "'now'" in result["msg"]


def test_the_halves_of_an_update_and_of_a_restart_fit_together_as_task_results(run: Any) -> None:
    server = FakeServer()
    server.take_out()
    server.mark()
    begun = run("server_update", server, wait=False, **UPDATE)
    assert begun["running"]
    assert run("server_update", server, begun=begun, **UPDATE)["version_after"] == UPDATE["version"]
    ordered = run("server_restart", server, wait=False)
    assert run("server_restart", server, since=ordered["last_boot"])["last_boot"] != ordered["last_boot"]
    assert sum("shutdown.exe" in line for line in server.changes) == 1
    assert run("server_restart", server, check_mode=True, since="x")["commands"] == []
