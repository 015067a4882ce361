# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registrar of a pool is reset: only for missing replicas, only after they had their time, only once."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.evidence.pool_state import Question
from ansible_collections.sfb.server.plugins.plugin_utils.shell import cmdlets
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import CallFailed, SfbError, TimedOut
from ansible_collections.sfb.server.plugins.plugin_utils.steps import recover
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import MEMBERS, POOL, FakeServer, refuses

RESET = "Reset-CsPoolRegistrarState"
LINE = f"{RESET} -PoolFqdn {POOL.replace('.example.com', '')} -ResetType QuorumLossRecovery"


def missing_replicas() -> FakeServer:
    """A pool whose replicas come back with the reset, and not before."""
    server = FakeServer()
    healthy = list(server.fabric)
    server.fabric = ["Routing group 7: missing replicas"]
    server.answers[RESET] = lambda fake, parameters: setattr(fake, "fabric", healthy)
    return server


def reset(server: FakeServer, rebuild: float = 30, said: list[str] | None = None, **more: Any) -> dict[str, Any]:
    question = Question(POOL, tuple(MEMBERS), server.clock.now() - 3600)
    say = (said if said is not None else []).append
    return recover.reset(server.shell(**more), question, rebuild, 60, say)


def test_missing_replicas_get_their_time_and_then_one_reset() -> None:
    server, said = missing_replicas(), list[str]()
    result = reset(server, said=said)
    assert server.changes == [LINE]
    assert 30 <= server.clock.minutes <= 33
    assert (result["changed"], result["missing_replicas"], result["health"]) == (True, False, "healthy")
    assert "replicas are missing; 0 of 30 min given to rebuild" in said[0]
    assert any("interrupts the whole pool; data not yet written" in line for line in said)


def test_a_pool_without_missing_replicas_is_never_reset() -> None:
    for fabric in (FakeServer().fabric, ["fe02 Down"], []):
        server = FakeServer()
        server.fabric = list(fabric)
        assert reset(server)["changed"] is False
        assert server.changes == []


def test_replicas_that_rebuild_by_themselves_need_no_reset() -> None:
    server = missing_replicas()
    server.at(12, lambda: setattr(server, "fabric", FakeServer().fabric))
    assert (reset(server)["changed"], server.changes, server.clock.minutes) == (False, [], 12)


@pytest.mark.parametrize("seen", [{"status": "Stopped"}, {"status": None}, {"port": False}, {"mark": True}])
@pytest.mark.parametrize("minute", [0, 20, 30])
def test_a_pool_with_a_server_that_may_be_out_is_never_reset_and_that_is_said_at_once(
    seen: dict[str, Any], minute: int
) -> None:
    server = missing_replicas()
    server.at(minute, lambda: server.others["fe03.example.com"].update(seen))
    with pytest.raises(SfbError, match=r"not reset while a server of it may be out .*fe03\.example\.com"):
        reset(server)
    assert server.changes == []
    assert server.clock.minutes == minute


def test_a_pool_that_cannot_be_read_is_never_reset() -> None:
    server = missing_replicas()
    server.answers["Get-CsPoolFabricState"] = refuses("Access is denied")
    assert reset(server)["changed"] is False
    assert server.changes == []


def test_check_mode_shows_the_line_at_once_and_gives_no_time_to_rebuild() -> None:
    server = missing_replicas()
    result = reset(server, check_mode=True)
    assert (result["changed"], server.clock.minutes) == (True, 0)
    assert result["commands"] == [f"{RESET} -PoolFqdn {POOL} -ResetType QuorumLossRecovery -Confirm:$false"]
    assert server.changes == []


def test_check_mode_refuses_a_pool_with_a_server_that_may_be_out_as_a_real_run_does() -> None:
    server = missing_replicas()
    server.others["fe03.example.com"]["port"] = False
    with pytest.raises(SfbError, match="not reset while a server of it may be out"):
        reset(server, check_mode=True)


def test_a_reset_that_a_killed_run_began_is_waited_for_and_not_begun_again() -> None:
    server = missing_replicas()
    server.minutes[RESET] = 8
    server.begin_work("reset", cmdlets.recover_quorum_loss(POOL))
    result = reset(server)
    assert (result["changed"], result["missing_replicas"], server.changes) == (True, False, [])
    assert server.clock.minutes == 8


def test_a_reset_whose_start_was_answered_by_nobody_is_found_and_not_begun_again() -> None:
    server = missing_replicas()
    server.loses(lambda names: names == RESET, after_work=True)
    assert reset(server, 0)["changed"] is True
    assert server.changes == [LINE]


def test_a_reset_that_fails_says_what_the_server_said_and_is_not_repeated() -> None:
    server = missing_replicas()
    server.answers[RESET] = refuses("Could not recover")
    with pytest.raises(CallFailed, match="Could not recover"):
        reset(server, 0)
    assert server.changes == [LINE]


def test_a_reset_that_does_not_end_is_left_alone() -> None:
    server = missing_replicas()
    server.minutes[RESET] = 600
    with pytest.raises(TimedOut, match=r"reset .* still runs after 60 minutes"):
        reset(server, 0)
    assert len(server.works()) == 1


def test_replicas_that_are_missing_after_the_reset_are_part_of_its_result() -> None:
    server = missing_replicas()
    server.answers[RESET] = lambda fake, parameters: None
    result = reset(server, 0)
    assert (result["changed"], result["missing_replicas"]) == (True, True)
