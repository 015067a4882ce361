# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The eleven steps and the update of databases are killed, or lose their connection: the next run finishes, nothing twice."""

from __future__ import annotations

import signal

import promises
import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.shell import state_folder
from ansible_collections.sfb.server.plugins.plugin_utils.steps import database_update, server_stop
from ansible_collections.sfb.server.plugins.plugin_utils.steps.database_task import Wish
from ansible_collections.sfb.server.plugins.plugin_utils.steps.front_end import Run
from back_end_labs import (
    BACK_END,
    DATABASES,
    INSTALL,
    NEW_DATABASES,
    SE01,
    SQL01,
    STANDARD,
    START,
    STOP,
    back_end,
    bare_back_end,
    standard,
    start,
)
from broken_requests import cases, run_task, undisturbed
from killed_runs import Journal, await_end, begin, children, executions, finish, is_call, is_kind, kill_at

FE01, FE02 = "fe01.example.com", "fe02.example.com"
RUNS = {BACK_END: (back_end, SQL01), STANDARD: (standard, SE01)}


def phases(host):
    """Phase -> when it has begun, in the order of a run."""
    restarted = is_kind("reboot", host=host)
    return {
        "right after the mark": {"moment": is_call("Move-Item", host, Destination=state_folder.MARK)},
        "while it stops": {"moment": is_call(STOP, host, phase="begun")},
        "while it installs": {"moment": is_kind("installer", host=host, phase="begun")},
        "while it restarts": {"moment": restarted},
        "while it stops again": {"moment": is_call(STOP, host, phase="begun")},
        "while it updates the databases": {"moment": is_call(INSTALL, phase="begun")},
        "while it starts": {"moment": is_call(START, host, phase="begun")},
    }


def sent_nothing_more(running, killed):
    """But for the one execution that was on its way when the signal came."""
    before = executions(running.journal()[: killed.seen])
    assert len(executions(killed.left) - before) <= 1, killed.left


def is_whole(running, host):
    """Installed once, restarted once, each database raised once, what ran before runs and the mark is gone."""
    journal = running.journal()
    promises.check(journal)
    assert [line["changes"] for line in journal if line["kind"] == "installer"] == [True, False]
    assert len([line for line in journal if line["kind"] == "reboot"]) == 1
    updates = [line for line in journal if line.get("cmdlet") == INSTALL]
    assert [line["phase"] for line in updates] == ["begun", "ended"], "one update, which no second one met"
    removed = [
        line for line in running.changes("Remove-Item") if line["parameters"]["LiteralPath"] == state_folder.MARK
    ]
    assert [line["host"] for line in removed] == [host]
    assert removed[0]["time"] > max(line["time"] for line in journal if line.get("cmdlet") == START)


def a_night(lab, tmp_path, playbook, which):
    deployed, host = RUNS[playbook]
    running = start(lab, deployed())
    (tmp_path / "elsewhere").mkdir()
    for name in which:
        killed = kill_at(running, playbook=playbook, starts=4, **phases(host)[name])
        assert killed.code == -signal.SIGKILL
        sent_nothing_more(running, killed)
    elsewhere = str(tmp_path / "other reports")
    outputs = finish(running, playbook=playbook, cwd=tmp_path / "elsewhere", sfb_report_dir=elsewhere)
    is_whole(running, host)
    assert "it goes on there" not in outputs[-1]
    status = finish(running, playbook=playbook)
    assert f"has {running.version} already" in status[-1]


def test_a_night_with_standard_edition_and_a_kill_in_the_long_phases(lab, tmp_path):
    a_night(lab, tmp_path, STANDARD, ["while it stops", "while it installs", "while it updates the databases"])


@pytest.mark.exhaustive
@pytest.mark.parametrize("playbook", RUNS)
def test_a_night_with_a_kill_in_every_phase(lab, tmp_path, playbook):
    a_night(lab, tmp_path, playbook, list(phases("")))


@pytest.mark.exhaustive
@pytest.mark.parametrize("phase", phases(""))
@pytest.mark.parametrize("playbook", RUNS)
def test_a_night_with_one_kill(lab, tmp_path, playbook, phase):
    a_night(lab, tmp_path, playbook, [phase])


#: So far behind that their update is still at work when the next run comes to it.
FAR_BEHIND = dict.fromkeys(("rtcxds", "rtcshared", "rtcab", "rgsconfig", "rgsdyn", "cpsdyn"), "1.0.0")


def test_an_update_of_databases_that_was_killed_is_found_and_waited_for_and_not_sent_again(lab, tmp_path):
    running = start(lab, bare_back_end(sql={"databases": FAR_BEHIND}, front_ends=[FE01]))
    (tmp_path / "elsewhere").mkdir()

    killed = kill_at(running, is_call(INSTALL, phase="begun"), playbook=DATABASES)
    sent_nothing_more(running, killed)
    outputs = finish(running, playbook=DATABASES, cwd=tmp_path / "elsewhere")

    assert "an update of databases runs on fe01.example.com already; it is waited for" in outputs[0]
    assert len(running.changes(INSTALL)) == 1
    assert f"{NEW_DATABASES['rtcxds']}" in str(running.newest_report()["databases"])


def test_a_second_front_end_leaves_databases_alone_that_another_one_updates(lab):
    """One run after the other over one SQL server, from two Front Ends: the later one names the earlier one's server."""
    running = start(lab, bare_back_end(sql={"databases": FAR_BEHIND}, front_ends=[FE01, FE02]))
    first = begin(running, playbook=DATABASES)
    assert Journal(running.folder / "journal.jsonl").shows(is_call(INSTALL, phase="begun"), first)
    workers = children(first.pid)
    first.kill()
    first.communicate()
    for worker in workers:
        await_end(worker)

    second = running.play(DATABASES, sfb_database_runner=FE02, keep_promises=False)

    assert second.code != 0
    assert f"{FE01} began an update of databases at " in second.text
    assert "which has not ended" in second.text
    assert [line["host"] for line in running.changes(INSTALL)] == [FE01]


# ---- connections that break ----------------------------------------------------------------------------------------------


def quick_standard():
    return standard(times={"boot_minutes": 1, "front_end_starting_minutes": 0.2})


def updated_standard():
    """It has the update, and its databases have not."""
    deployment = quick_standard()
    deployment["pools"][0]["sql"] = {"server": SE01, "databases": {"rtcxds": "15.13.21", "rgsconfig": "5.5.1"}}
    return deployment


def with_an_open_shell():
    deployment = quick_standard()
    shell = {"name": "powershell.exe", "user": "LAB\\mary", "holds_module": True}
    deployment["pools"][0]["servers"] = [{"fqdn": SE01, "processes": [shell]}]
    return deployment


def shell_of(night):
    return night.controller().shell(SE01)


def untouched(night):
    """As it is when the first run begins."""


def stopped(night):
    server_stop.stop(shell_of(night), Run("1"), False, 30, lambda text: None)


#: Kind of call -> (the deployment, what went before, the task, the cmdlet that must be sent once).
KINDS = {
    "stop": (quick_standard, untouched, ("sfb.server.server_stop", "state=stopped", "run=1"), STOP),
    "stop again": (quick_standard, stopped, ("sfb.server.server_stop", "state=stopped", "run=1", "again=true"), None),
    "web server": (quick_standard, stopped, ("sfb.server.server_stop", "state=web_server", "run=1"), None),
    "start": (quick_standard, stopped, ("sfb.server.server_stop", "state=started", "run=1"), START),
    "databases": (updated_standard, untouched, ("sfb.server.database", "scope=local"), INSTALL),
    "shells": (with_an_open_shell, untouched, ("sfb.server.management_shells", "end=true"), None),
}


def is_survived(folder, kind, choose):
    deployed, prepare, task, once = KINDS[kind]
    whole = undisturbed(folder / "whole", prepare, task, deployed, SE01)
    made = cases(folder, prepare, choose(whole), deployed, SE01)
    run_task(folder, made, task)
    for case in made:
        result, night = case.result, case.night
        assert [line["kind"] for line in night.journal].count("fault") == 1, f"{case}: it did not break"
        assert not result.get("unreachable"), f"{case}: a lost connection would skip rescue and always: {result}"
        assert "exception" not in result and not result.get("failed"), f"{case}: {result}"
        sent = [line for line in night.journal if line.get("cmdlet") == once and line.get("phase") == "begun"]
        assert once is None or len(sent) == 1, f"{case}: {once} was sent {len(sent)} times"
        if once == INSTALL:
            assert result["databases"], case
            assert all(row["state"] == "current" for row in result["databases"] if row["role"] is None), (
                f"{case}: {result}"
            )
        goes_on_to_its_end(night, case)


def goes_on_to_its_end(night, case):
    """What ran before runs again in the end, from wherever it is."""
    server = night.deployment.model.servers[SE01]
    ran = {"RTCSRV", "REPLICA", "W3SVC", "RTCCLSAGT"}
    if server.files.get(state_folder.MARK) is not None:
        server_stop.start(shell_of(night), Run("1"), 30, lambda text: None)
    assert night.dangers == [], case
    assert server.files.get(state_folder.MARK) is None, case
    down = [name for name in ran if server.services[name].status != "Running"]
    assert down == [], f"{case}: {down}"
    again = database_update.update(shell_of(night), Wish(scope="local"), lambda text: None)
    assert again["changed"] is False or case.result.get("databases") is None, case


def started_detached(whole):
    return whole.around(whole.detached[0])


@pytest.mark.sampled(1)
@pytest.mark.parametrize("kind", ["databases", "stop"])
def test_a_connection_that_breaks_while_background_work_is_started_breaks_nothing_else(tmp_path, kind):
    is_survived(tmp_path, kind, started_detached)


@pytest.mark.exhaustive
@pytest.mark.parametrize("part", range(3))
@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_that_breaks_at_any_request_breaks_nothing_else(tmp_path, kind, part):
    is_survived(tmp_path, kind, lambda whole: range(1 + part, whole.requests + 1, 3))
