# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Of two runs over one server the one that came last works, and the earlier one sees that and stops."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import Mark, mark_text, read_mark
from ansible_collections.sfb.server.plugins.plugin_utils.shell import state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import CallFailed, SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.steps import fail_back, fail_over, ownership
from ansible_collections.sfb.server.plugins.plugin_utils.steps.fail_over import Drain
from ansible_collections.sfb.server.plugins.plugin_utils.steps.front_end import Run
from ansible_collections.sfb.server.plugins.plugin_utils.steps.ownership import TakenOver
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import SERVER, FakeServer, refuses

FAIL_OVER, FAIL_BACK = "Invoke-CsComputerFailOver", "Invoke-CsComputerFailBack"
MARK = Mark("run-7", "2026-01-31T21:00:00Z", "LAB\\admin", SERVER, {})


def drained(run: str = "run-7") -> FakeServer:
    server = FakeServer()
    server.take_out()
    server.mark(run)
    return server


def take_out(server: FakeServer, run: str = "run-8") -> dict[str, Any]:
    return fail_over.take_out(server.shell(), None, Drain(60, "fail"), Run(run), 60, print)


def bring_back(server: FakeServer, run: str = "run-8") -> dict[str, Any]:
    return fail_back.bring_back(server.shell(), None, 60, Run(run), print)


def owner(server: FakeServer) -> str:
    return str(json.loads(server.files[state_folder.MARK])["run"])


def taken_by(server: FakeServer, run: str) -> Callable[[], None]:
    """What another run does when it takes over."""

    def rename() -> None:
        mark = ownership.claimed(read_mark(server.files[state_folder.MARK], SERVER), run, "LAB\\other")
        server.files[state_folder.MARK] = mark_text(mark)

    return rename


# ---- the name in the mark --------------------------------------------------------------------------------------------


def test_who_takes_over_puts_its_name_in_front_and_keeps_what_ran_before() -> None:
    server = drained()
    before = json.loads(server.files[state_folder.MARK])
    take_out(server)
    after = json.loads(server.files[state_folder.MARK])
    assert after.pop("run") == "run-8 < run-7"
    assert after == {key: value for key, value in before.items() if key != "run"}


def test_the_own_mark_is_not_written_anew() -> None:
    server = drained("run-8")
    take_out(server)
    assert (owner(server), server.changes) == ("run-8", [])


@pytest.mark.parametrize("act", [take_out, bring_back])
def test_a_run_from_which_another_has_taken_over_stops_and_says_which(act: Callable[..., Any]) -> None:
    server = drained("run-9 < run-8 < run-7")
    with pytest.raises(TakenOver, match=r"fe02\.example\.com was taken over by run run-9; this run stops"):
        act(server)
    assert server.changes == []


def test_a_name_that_only_begins_like_ours_is_another_run() -> None:
    assert ownership.claimed(MARK, "run-", "x").run == "run- < run-7"
    assert ownership.claimed(Mark("run-77", *list(vars(MARK).values())[1:]), "run-7", "x").run == "run-7 < run-77"


# ---- looked at where it is done ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("gone", [False, True])
def test_a_fail_over_that_begins_after_another_run_took_over_does_nothing(gone: bool) -> None:
    server = FakeServer()

    def meanwhile(names: str) -> bool:
        if FAIL_OVER in names:
            server.files.pop(state_folder.MARK) if gone else taken_by(server, "run-9")()
        return False

    server.loses(meanwhile, after_work=False)
    with pytest.raises(TakenOver):
        take_out(server)
    assert server.services["RTCSRV"] == ("Running", "Auto")
    assert gone or owner(server) == "run-9 < run-8", "the other run's mark stays"


def test_a_drain_that_another_run_takes_over_is_watched_no_more_and_not_undone() -> None:
    server = FakeServer()
    server.minutes[FAIL_OVER] = 30

    def another_run_comes() -> None:
        taken_by(server, "run-9")()

    server.at(10, another_run_comes)
    with pytest.raises(TakenOver, match="run run-9"):
        take_out(server)
    assert server.clock.minutes < 13
    assert [line for line in server.changes if FAIL_BACK in line or "Remove-Item" in line] == []


def test_a_fail_back_that_begins_after_another_run_took_over_does_nothing() -> None:
    server = drained("run-8")

    def meanwhile(names: str) -> bool:
        if FAIL_BACK in names:
            taken_by(server, "run-9")()
        return False

    server.loses(meanwhile, after_work=False)
    with pytest.raises(TakenOver):
        bring_back(server)
    assert server.services["RTCSRV"] == ("Stopped", "Disabled")


def test_the_mark_of_a_run_that_took_over_at_the_very_end_is_not_removed() -> None:
    server = drained("run-8")

    def meanwhile(names: str) -> bool:
        if "Remove-Item" in names:
            taken_by(server, "run-9")()
        return False

    server.loses(meanwhile, after_work=False)
    with pytest.raises(TakenOver):
        bring_back(server)
    assert owner(server) == "run-9 < run-8"


def test_a_fail_over_of_an_earlier_run_that_did_nothing_because_we_took_over_is_begun_by_us() -> None:
    server = FakeServer()
    server.mark()
    mark = read_mark(server.files[state_folder.MARK], SERVER)
    calls = {"ours": ownership.guard(mark), **fail_over.fail_over_calls(SERVER, Drain(60, "fail"), server.members)}
    server.begin_work("fail_over", *calls.values())
    assert take_out(server)["state"] == "out_by_us"
    assert server.services["RTCSRV"] == ("Stopped", "Disabled")


def test_of_two_runs_that_mark_at_the_same_moment_the_second_stops_and_names_the_first() -> None:
    server = FakeServer()

    def meanwhile(names: str) -> bool:
        if "Move-Item" in names:
            server.mark("run-9")
        return False

    server.loses(meanwhile, after_work=False)
    with pytest.raises(TakenOver, match="run run-9"):
        take_out(server)
    assert owner(server) == "run-9"


def test_a_mark_that_cannot_be_looked_at_is_a_failure_of_its_own() -> None:
    server = drained("run-8")
    shell = server.shell()
    server.files[state_folder.MARK] = mark_text(MARK)
    outcome = shell.read({"ours": ownership.guard(MARK)})["ours"]
    ownership.check(outcome, MARK)
    server.answers["Get-Content"] = refuses("Access is denied")
    unread = shell.read({"mark": windows.read_text(state_folder.MARK)})["mark"]
    ownership.check_text(unread, MARK)
    with pytest.raises(CallFailed):
        unread.checked()


# ---- while its update is being installed -------------------------------------------------------------------------------


def test_a_server_is_not_brought_back_while_its_update_is_being_installed() -> None:
    server = drained("run-8")
    server.minutes["SkypeServerUpdateInstaller.exe"] = 30
    server.begin_work("install", windows.install_update("C:\\x", "SkypeServerUpdateInstaller.exe"))
    with pytest.raises(SfbError, match="while its update is being installed"):
        bring_back(server)
    assert [line for line in server.changes if FAIL_BACK in line] == []
