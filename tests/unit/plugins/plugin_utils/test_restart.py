# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A restart of Windows: ordered once, and over when the server answers after a new start."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils import restart
from ansible_collections.sfb.server.plugins.plugin_utils.errors import CallFailed, ChangeRefused, SfbError
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import (
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


def restarted(server: FakeServer, said: list[str] | None = None, **more: Any) -> dict[str, Any]:
    return restart.restart(server.shell(**more), 30, (said if said is not None else []).append)


def test_a_server_restarts_once_and_is_waited_for_until_it_has_started_anew() -> None:
    server, said = FakeServer(), list[str]()
    result = restarted(server, said)
    assert server.changes == ORDER
    assert (result["changed"], result["last_boot"]) == (True, iso(server.booted))
    assert server.booted > START
    assert 4 <= result["minutes"] <= 5
    assert "waiting for the restart to begin" in said[0]
    assert "waiting for an answer" in said[1]


@pytest.mark.parametrize("after_work", [False, True])
def test_a_restart_whose_answer_got_lost_is_looked_up_by_the_boot_time_and_not_ordered_again(after_work: bool) -> None:
    server = FakeServer()
    server.loses(lambda names: "shutdown.exe" in names, after_work)
    if after_work:
        assert restarted(server)["last_boot"] == iso(server.booted)
        assert server.changes == ORDER
    else:
        with pytest.raises(SfbError, match=r"did not come back .*\(waiting for the restart to begin\)"):
            restarted(server)
        assert server.changes == []


@pytest.mark.parametrize("code", [1190, 1115])
def test_a_restart_that_somebody_ordered_before_us_is_waited_for(code: int) -> None:
    server = FakeServer()
    server.answers["shutdown.exe"] = answers(*program(code))
    server.at(1, lambda: server.goes_down(4))
    assert restarted(server)["last_boot"] == iso(server.booted)


def test_a_restart_that_is_refused_is_a_failure_at_once() -> None:
    server = FakeServer()
    server.answers["shutdown.exe"] = answers(*program(5))
    with pytest.raises(CallFailed, match=r"refused to restart: shutdown.exe ended with 5") as failure:
        restarted(server)
    assert failure.value.facts["exit_code"] == 5
    assert server.clock.minutes == 0
    server.answers["shutdown.exe"] = refuses("The system cannot find the file specified")
    with pytest.raises(CallFailed, match="cannot find the file"):
        restarted(server)


def test_a_server_that_never_returns_is_a_failure_that_says_it_is_out() -> None:
    server = FakeServer()
    server.answers["shutdown.exe"] = lambda fake, parameters: [fake.goes_down(10_000), *program(0)][1:]
    with pytest.raises(SfbError, match=f"{SERVER} did not come back from its restart within 30 minutes") as failure:
        restarted(server)
    assert failure.value.facts["state"] == "out_by_us"
    assert server.clock.minutes <= 31
    assert server.changes == ORDER


def test_a_server_that_stays_up_is_not_taken_for_one_that_started_anew() -> None:
    server = FakeServer()
    server.answers["shutdown.exe"] = answers(*program(0))
    with pytest.raises(SfbError, match="waiting for the restart to begin"):
        restarted(server)


def test_windows_that_answers_before_everything_in_it_has_started_is_waited_for() -> None:
    server = FakeServer()
    not_yet = [Fault("The service cannot be started")] * 2

    def windows(fake: FakeServer, parameters: dict[str, Any]) -> Any:
        if fake.booted > START and not_yet:
            raise not_yet.pop()
        return [{"LastBootUpTime": iso(fake.booted)}]

    server.answers["Get-CimInstance"] = windows
    assert restarted(server)["last_boot"] == iso(server.booted)


def test_check_mode_orders_nothing() -> None:
    server = FakeServer()
    with pytest.raises(ChangeRefused):
        restarted(server, check_mode=True)
    assert server.changes == []
