# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection breaks at one HTTP request after the other, over Ansible's own winrm: nothing is done twice.

One remote execution is six requests: Command, three times Send, Receive, Signal. Some of them break in ways of their own
in pywinrm and Ansible, before the work was done and after it.
"""

from __future__ import annotations

import promises
import pytest
from broken_requests import FE02, cases, run_task, undisturbed, until
from killed_runs import FAIL_BACK, FAIL_OVER, is_call, is_kind
from night import Night

MEDIA = r"installer='C:\ProgramData\sfb.server\media\7.0.2046.521\SkypeServerUpdateInstaller.exe'"
SOURCE = "source=http://media.example.com/sfb2019/7.0.2046.521/SkypeServerUpdateInstaller.exe"
MARK = "C:\\ProgramData\\sfb.server\\mark.json"


def untouched(night: Night) -> None:
    """As it is when the first run begins."""


STAGED = until(is_kind("file", what="download"))
DRAINED = until(is_call(FAIL_OVER, phase="ended"))
INSTALLED = until(is_kind("installer", phase="ended"))
RESTARTED = until(is_call(FAIL_BACK, phase="begun"), before=4)

#: Kind of call -> (what went before, the task).
KINDS = {
    "survey": (untouched, ("sfb.server.server_survey",)),
    "media": (untouched, ("sfb.server.update_media", SOURCE, MEDIA)),
    "fail over": (STAGED, ("sfb.server.computer_failover", "state=out_of_service")),
    "install": (DRAINED, ("sfb.server.server_update", "version=7.0.2046.521", MEDIA)),
    "restart": (INSTALLED, ("sfb.server.server_restart",)),
    "fail back": (RESTARTED, ("sfb.server.computer_failover", "state=in_service")),
}
#: What every commit tests: the requests of the executions that change something, and of one that only reads.
CHANGES = {
    "start of the fail over": ("fail over", lambda whole: whole.around(whole.detached[0])),
    "survey": ("survey", lambda whole: range(1, whole.requests + 1)),
    "download": ("media", lambda whole: whole.bringing(is_kind("file", what="download"))),
    "mark": ("fail over", lambda whole: whole.bringing(is_call("Move-Item", Destination=MARK))),
}


def is_survived(folder, kind, choose):
    """The task goes on to its end, or fails in words; nothing is done twice, and the next run finishes."""
    prepare, task = KINDS[kind]
    made = cases(folder, prepare, choose(undisturbed(folder / "whole", prepare, task)))
    run_task(folder, made, task)
    for case in made:
        result, night = case.result, case.night
        assert [line["kind"] for line in night.journal].count("fault") == 1, f"{case}: it did not break"
        assert not result.get("unreachable"), f"{case}: a lost connection would skip rescue and always: {result}"
        assert "exception" not in result and not result.get("failed"), f"{case}: {result}"
        promises.nothing_twice(night.journal)
        run = night.run(FE02)
        for _start in range(3):
            if run.outcome == "done":
                break
            assert run.outcome == "findings", f"{case}, and then: {run.text}"
            night.deployment.sleep(20 * 60)
            run = night.run(FE02)
        assert run.outcome == "done", f"{case}, and then: {run.text}"
        promises.check(night.journal)
        night.is_well(FE02)
        assert sum(line["kind"] == "installer" and line["changes"] for line in night.journal) == 1, case
        assert sum(line["kind"] == "reboot" for line in night.journal) == 1, case


@pytest.mark.sampled(1)
@pytest.mark.parametrize("change", CHANGES)
def test_a_connection_that_breaks_at_any_request_of_a_change_breaks_nothing_else(tmp_path, change):
    kind, choose = CHANGES[change]
    is_survived(tmp_path, kind, choose)


@pytest.mark.exhaustive
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_that_breaks_at_any_request_breaks_nothing_else(tmp_path, kind, part):
    is_survived(tmp_path, kind, lambda whole: range(1 + part, whole.requests + 1, 4))
