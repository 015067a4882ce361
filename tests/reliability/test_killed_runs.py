# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-playbook is killed, and started again: it finishes, from wherever it is started, and nothing is done twice."""

from __future__ import annotations

import json
import signal

import promises
import pytest
from killed_runs import FAIL_BACK, FAIL_OVER, executions, finish, is_call, is_kind, kill_at

FE01, FE02, FE03 = "fe01.example.com", "fe02.example.com", "fe03.example.com"
MARK = "C:\\ProgramData\\sfb.server\\mark.json"

#: Phase -> when it has begun. In the order of a run.
PHASES = {
    "while it looks": {"moment": is_call("Get-CsCertificate", FE01)},
    "while it stages": {"moment": is_kind("file", what="download", host=FE02)},
    "right after the mark": {"moment": is_call("Move-Item", FE02, Destination=MARK)},
    "while it drains": {"moment": is_call(FAIL_OVER, FE02, phase="begun")},
    "after the drain": {"moment": is_call(FAIL_OVER, FE02, phase="ended")},
    "while it installs": {"moment": is_kind("installer", host=FE02, phase="begun")},
    "while it restarts": {"moment": is_kind("reboot", host=FE02)},
    "while it fails back": {"moment": is_call(FAIL_BACK, FE02, phase="begun")},
    "while it waits at the gate": {
        "moment": is_call("Get-CsPoolFabricState"),
        "after": is_call(FAIL_BACK, FE02, phase="ended"),
    },
}
#: In which a server is down, or its pool not yet what it was: a run that is started then says so and changes nothing.
MAY_STOP_FIRST = ("while it restarts", "while it waits at the gate")


def sent_nothing_more(running, killed):
    """But for the one execution that was on its way when the signal came."""
    before = executions(running.journal()[: killed.seen])
    assert len(executions(killed.left) - before) <= 1, killed.left


def is_whole(running, *servers):
    """Everything was done once, whatever number of runs it took, and every server is back."""
    journal = running.journal()
    promises.check(journal)
    for server in servers:
        assert [e["changes"] for e in journal if e["kind"] == "installer" and e["host"] == server] == [True, False]
        assert len([e for e in journal if e["kind"] == "reboot" and e["host"] == server]) == 1
    assert promises.out_at_the_end(journal) == []


def outcomes(folder):
    return [json.loads(path.read_text("utf-8"))["outcome"] for path in sorted(folder.glob("*/report.json"))]


def test_one_night_with_a_kill_in_every_phase(lab, tmp_path):
    running = lab()
    (tmp_path / "elsewhere").mkdir()

    for phase in PHASES.values():
        killed = kill_at(running, arguments=("--limit", FE02), **phase)
        assert killed.code == -signal.SIGKILL
        sent_nothing_more(running, killed)
    finish(running, "--limit", FE02, cwd=tmp_path / "elsewhere", sfb_report_dir=str(tmp_path / "other reports"))

    is_whole(running, FE02)
    # Killed after the mark and before the drain it was brought back first, and drained anew: through the gate.
    assert len(running.changes(FAIL_OVER)) == 1
    *earlier, last = outcomes(running.folder / "reports")
    assert set(earlier) <= {"interrupted", "stopped by findings"}
    assert last == "running", "nobody but the next run in the same folder can close it"
    assert outcomes(tmp_path / "other reports")[-1] == "limited"


@pytest.mark.exhaustive
def test_a_run_that_is_told_to_end_is_gone_on_with_like_a_killed_one(lab):
    running = lab()

    for phase, number in (("while it drains", signal.SIGTERM), ("while it installs", signal.SIGINT)):
        killed = kill_at(running, arguments=("--limit", FE02), number=number, **PHASES[phase])
        assert killed.code != 0
        sent_nothing_more(running, killed)
    finish(running, "--limit", FE02)

    is_whole(running, FE02)
    assert outcomes(running.folder / "reports") == ["interrupted", "interrupted", "limited"]


@pytest.mark.exhaustive
def test_a_server_that_a_limited_run_left_out_comes_first_and_no_other_is_touched_before(lab):
    running = lab()
    draining = is_call(FAIL_OVER, FE01, phase="begun")
    kill_at(running, draining, arguments=("--limit", FE01))

    before = running.journal()
    refused = running.play("patch_frontend_pool.yml", "--limit", FE03)
    assert refused.code != 0
    assert f"[out_of_service] {FE01}: it carries our mark and is no part of this run" in refused.text
    assert promises.changes(running.journal()[len(before) :]) == []

    kill_at(running, is_kind("installer", phase="begun"))
    assert {line["host"] for line in running.journal() if line["kind"] == "installer"} == {FE01}
    promises.never_two(running.journal())
    promises.nothing_twice(running.journal())
