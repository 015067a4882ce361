# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs over one pool at the same time: never two servers out, and one of them stops and says why."""

from __future__ import annotations

import os
import signal
import threading

import promises
import pytest
from killed_runs import FAIL_BACK, FAIL_OVER, Journal, await_end, begin, children, executions, is_call
from lab_runs import pool_of
from night import Night

FE02, FE03 = "fe02.example.com", "fe03.example.com"


def night(folder):
    deployment = pool_of()
    deployment["pools"][0]["load"] = {"drain_minutes": 3}
    return Night(folder, deployment)


def are_kept(held, runs):
    """The promises; and whoever stops says so, in words that are not only the server's."""
    promises.check(held.journal, "\n".join(run.text for run in runs))
    assert held.dangers == []
    assert "out" not in [held.state(name) for name in held.servers], "out of service, and marked by nobody"
    assert all(run.message for run in runs if run.outcome != "done")


#: After how many executions of the first run the second one begins: looking, staging, at the gate, draining ...
EARLY = [1, 12, 21, 30, 33, 36, 40, 46, 54, 60, 64, 70, 90, 130, 180, 240]


@pytest.mark.parametrize("start", EARLY)
def test_two_runs_that_take_turns(tmp_path, start):
    held = night(tmp_path)
    runs = held.run_beside(start)
    are_kept(held, runs)
    assert [run.outcome for run in runs].count("done") >= 1 or held.run().outcome in ("done", "findings")


@pytest.mark.exhaustive
@pytest.mark.parametrize("start", range(1, 270))
def test_two_runs_that_take_turns_from_any_moment_on(tmp_path, start):
    held = night(tmp_path)
    are_kept(held, held.run_beside(start))


@pytest.mark.exhaustive
@pytest.mark.parametrize("second", range(5, 120, 10))
@pytest.mark.parametrize("start", range(5, 120, 5))
def test_three_runs_that_take_turns(tmp_path, start, second):
    held = night(tmp_path)
    are_kept(held, held.run_beside(start, start + second))


def asleep(held, at, until):
    """The first run is held up before its so-many-th execution (a laptop that is closed) until the second one has made
    so many; then it goes on to its end, and then the second one does."""
    first, second = held.controller(), held.controller()
    slept, woken, done = threading.Event(), threading.Event(), threading.Event()
    runs = {}

    def hold_first():
        if first.executions == at - 1 and not slept.is_set():
            slept.set()
            woken.wait()

    def hold_second():
        if second.executions == until:
            woken.set()
            done.wait()

    first.before_execution, second.before_execution = hold_first, hold_second

    def run_first():
        runs["first"] = first.run()
        slept.set()
        done.set()

    def run_second():
        slept.wait()
        runs["second"] = second.run()
        woken.set()

    threads = [threading.Thread(target=run_first), threading.Thread(target=run_second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [runs["first"], runs["second"]]


@pytest.mark.parametrize("until", [17, 30, 60, 1000])
@pytest.mark.parametrize("at", [36, 37, 38, 45, 56, 58, 64])
def test_a_run_that_wakes_up_while_another_one_goes_on_with_its_server(tmp_path, at, until):
    held = night(tmp_path)
    are_kept(held, asleep(held, at, until))


@pytest.mark.exhaustive
@pytest.mark.parametrize("until", [*range(4, 110, 6), 1000])
@pytest.mark.parametrize("at", range(20, 100, 2))
def test_a_run_that_wakes_up_at_any_moment(tmp_path, at, until):
    held = night(tmp_path)
    are_kept(held, asleep(held, at, until))


def test_a_worker_that_wakes_up_after_its_run_was_killed_and_another_has_finished_sends_nothing_more(lab):
    running = lab()
    process = begin(running, "--limit", FE02)
    assert Journal(running.folder / "journal.jsonl").shows(is_call(FAIL_OVER, FE02, phase="begun"), process)
    workers = children(process.pid)
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    process.kill()
    process.wait(20)

    run = running.play("patch_frontend_pool.yml", "--limit", FE02)
    assert run.code == 0, run.output
    seen = running.journal()
    for worker in workers:
        os.kill(worker, signal.SIGCONT)
        await_end(worker)

    # What had left it already may still arrive: one execution, and while it drained it only looked.
    left = running.journal()[len(seen) :]
    assert len(executions(left)) <= 1
    assert promises.changes(left) == []
    promises.check(running.journal())


def test_of_two_runs_over_one_server_the_later_one_works_and_one_over_another_server_is_refused(lab):
    running = lab()
    first = begin(running, "--limit", FE02)
    assert Journal(running.folder / "journal.jsonl").shows(is_call(FAIL_OVER, FE02, phase="begun"), first)
    asleep = [first.pid, *children(first.pid)]
    for process in asleep:
        os.kill(process, signal.SIGSTOP)

    refused = running.play("patch_frontend_pool.yml", "--limit", FE03)
    assert refused.code != 0
    assert f"[out_of_service] {FE02}" in refused.text

    second = running.play("patch_frontend_pool.yml", "--limit", FE02)
    assert second.code == 0, second.output
    seen = len(running.journal())

    for process in asleep:
        os.kill(process, signal.SIGCONT)
    output = " ".join(first.communicate(timeout=120)[0].split())
    assert first.returncode != 0
    assert "was taken over" in output, output[-3000:]
    assert f"{FE02} was taken over by another run" in output
    assert promises.changes(running.journal()[seen:]) == []
    promises.check(running.journal())
    assert len(running.changes(FAIL_OVER)) == len(running.changes(FAIL_BACK)) == 1
