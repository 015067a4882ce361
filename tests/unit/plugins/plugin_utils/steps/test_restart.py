# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A restart of Windows: ordered once, and over when the server answers after a new start."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.shell import state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import CallFailed, ChangeRefused, SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.steps import restart
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import (
    HEALTHY,
    SERVER,
    START,
    FakeServer,
    Fault,
    answers,
    iso,
    program,
    refuses,
)

ORDER = ["& shutdown.exe /r /t 5 /d p:2:17"]


def drained() -> FakeServer:
    server = FakeServer()
    server.take_out()
    server.mark()
    return server


def restarted(server: FakeServer, said: list[str] | None = None, **more: Any) -> dict[str, Any]:
    return restart.restart(server.shell(**more), 30, (said if said is not None else []).append)


def test_a_server_restarts_once_and_is_waited_for_until_it_has_started_anew() -> None:
    server, said = drained(), list[str]()
    result = restarted(server, said)
    assert server.changes == ORDER
    assert (result["changed"], result["last_boot"]) == (True, iso(server.booted))
    assert server.booted > START
    assert 4 <= result["minutes"] <= 5
    assert "waiting for the restart to begin" in said[0]
    assert "waiting for an answer" in said[1]


@pytest.mark.parametrize("after_work", [False, True])
def test_a_restart_whose_answer_got_lost_is_looked_up_and_ordered_again_only_if_it_did_not_arrive(
    after_work: bool,
) -> None:
    server = drained()
    server.loses(lambda names: "shutdown.exe" in names, after_work)
    assert restarted(server)["last_boot"] == iso(server.booted)
    assert server.changes == ORDER
    assert server.clock.minutes <= (6 if after_work else 9)


def test_a_restart_of_which_no_answer_comes_is_ordered_three_times_at_most() -> None:
    server = drained()
    for _time in range(5):
        server.loses(lambda names: "shutdown.exe" in names, after_work=False)
    with pytest.raises(SfbError, match=r"did not come back .*\(waiting for the restart to begin\)"):
        restarted(server)
    assert server.changes == []
    assert server.resets >= 3


def test_a_front_end_in_service_is_not_restarted() -> None:
    server = FakeServer()
    with pytest.raises(SfbError, match=r"is in service: RTCSRV runs") as refusal:
        restarted(server)
    assert "computer_failover" in str(refusal.value.remedy)
    assert server.changes == []


def test_a_server_is_not_restarted_while_its_update_is_being_installed() -> None:
    server = drained()
    server.minutes["SkypeServerUpdateInstaller.exe"] = 30
    server.begin_work("install", windows.install_update("C:\\x", "SkypeServerUpdateInstaller.exe"))
    with pytest.raises(SfbError, match="while its update is being installed"):
        restarted(server)
    assert server.down_until == 0


def test_a_server_that_another_run_has_taken_over_meanwhile_is_not_restarted() -> None:
    server = drained()
    server.loses(lambda names: "shutdown.exe" in names and server.files.pop(state_folder.MARK) == "", after_work=False)
    with pytest.raises(SfbError, match="was taken over by another run"):
        restarted(server)
    assert server.down_until == 0


@pytest.mark.parametrize("code", [1190, 1115])
def test_a_restart_that_somebody_ordered_before_us_is_waited_for(code: int) -> None:
    server = drained()
    server.answers["shutdown.exe"] = answers(*program(code))
    server.at(1, lambda: server.goes_down(4))
    assert restarted(server)["last_boot"] == iso(server.booted)


def test_a_restart_that_is_refused_is_a_failure_at_once() -> None:
    server = drained()
    server.answers["shutdown.exe"] = answers(*program(5))
    with pytest.raises(CallFailed, match=r"refused to restart: shutdown.exe ended with 5") as failure:
        restarted(server)
    assert failure.value.facts["exit_code"] == 5
    assert server.clock.minutes == 0
    server.answers["shutdown.exe"] = refuses("The system cannot find the file specified")
    with pytest.raises(CallFailed, match="cannot find the file"):
        restarted(server)


def test_a_server_that_never_returns_is_a_failure_that_forbids_to_touch_another_one() -> None:
    server = drained()
    server.answers["shutdown.exe"] = lambda fake, parameters: [fake.goes_down(10_000), *program(0)][1:]
    with pytest.raises(SfbError, match=f"{SERVER} did not come back from its restart within 30 minutes") as failure:
        restarted(server)
    assert "state" not in failure.value.facts, "whether it is out of service is not known here"
    assert "touch no other server" in str(failure.value.remedy)
    assert server.clock.minutes <= 31
    assert server.changes == ORDER


def test_a_server_that_stays_up_is_not_taken_for_one_that_started_anew() -> None:
    server = drained()
    server.answers["shutdown.exe"] = answers(*program(0))
    with pytest.raises(SfbError, match="waiting for the restart to begin"):
        restarted(server)


def test_windows_that_answers_before_everything_in_it_has_started_is_waited_for() -> None:
    server = drained()
    not_yet = [Fault("The service cannot be started")] * 2

    def windows(fake: FakeServer, parameters: dict[str, Any]) -> Any:
        if fake.booted > START and not_yet:
            raise not_yet.pop()
        return usual(fake, parameters)

    usual = HEALTHY["Get-CimInstance"]

    server.answers["Get-CimInstance"] = windows
    assert restarted(server)["last_boot"] == iso(server.booted)


def test_check_mode_orders_nothing() -> None:
    server = drained()
    with pytest.raises(ChangeRefused):
        restarted(server, check_mode=True)
    assert server.changes == []


# ---- in two halves -----------------------------------------------------------------------------------------------------


def test_a_restart_that_is_only_ordered_returns_with_the_boot_time_of_before_and_its_end_is_waited_for_later() -> None:
    server = drained()
    before = iso(server.booted)
    begun = restart.restart(server.shell(), 30, print, wait=False)
    assert (begun["changed"], begun["last_boot"], server.changes) == (True, before, ORDER)
    assert server.clock.minutes == 0
    result = restart.finish(server.shell(), begun["last_boot"], 30, print)
    assert (result["changed"], result["last_boot"]) == (True, iso(server.booted))
    assert server.changes == ORDER, "and it is not ordered twice"


def test_the_end_of_a_restart_that_is_over_already_is_seen_at_once() -> None:
    server = drained()
    server.answers["shutdown.exe"] = answers(*program(0))
    begun = restart.restart(server.shell(), 30, print, wait=False)
    server.goes_down(4)
    server.clock.sleep(600)
    result = restart.finish(server.shell(), begun["last_boot"], 30, print)
    assert (result["minutes"], server.changes) == (0, ORDER)


def test_a_restart_that_never_came_is_a_failure_and_not_ordered_again() -> None:
    server = drained()
    with pytest.raises(SfbError, match="waiting for the restart to begin"):
        restart.finish(server.shell(), iso(server.booted), 30, print)
    assert server.changes == []
