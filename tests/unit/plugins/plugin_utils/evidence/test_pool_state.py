# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate: a pool is asked on one of its servers, and waited for until it is healthy and stays so."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.evidence import pool_state
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import MEMBERS, POOL, SERVER, FakeServer


def await_healthy(server: FakeServer, said: list[str] | None = None, **more: Any) -> dict[str, Any]:
    given = {"reads": 3, "interval_seconds": 60, "settle_minutes": 5, "timeout_minutes": 60, **more}
    shell = server.shell()
    say = (said if said is not None else []).append
    return pool_state.await_healthy(shell, pool_state.asked(shell, POOL, MEMBERS), say=say, **given)


def test_a_healthy_pool_is_read_three_times_and_once_more_after_it_settled() -> None:
    server = FakeServer()
    found = await_healthy(server)
    assert (found["health"], found["witness"]) == ("healthy", SERVER)
    assert server.clock.minutes == 2 + 5
    assert server.changes == []


def test_a_pool_that_heals_meanwhile_is_waited_for() -> None:
    server = FakeServer()
    server.others["fe03.example.com"]["port"] = False
    server.at(10, lambda: server.others["fe03.example.com"].update(port=True))
    assert await_healthy(server)["health"] == "healthy"
    assert server.clock.minutes == 10 + 2 + 5


def flapping(server: FakeServer) -> None:
    """Good for three readings in a row, bad whenever it had its time to settle."""

    def fabric(fake: FakeServer, parameters: dict[str, Any]) -> Any:
        return fake.fabric if fake.clock.minutes % 8 < 4 else ["fe03.example.com Down"]

    server.answers["Get-CsPoolFabricState"] = fabric


@pytest.mark.parametrize("minutes", [20, 60])
def test_a_pool_that_flaps_is_given_up_at_the_deadline_and_not_waited_for_for_ever(minutes: int) -> None:
    server, said = FakeServer(), list[str]()
    flapping(server)
    with pytest.raises(SfbError, match=f"was not healthy within {minutes} minutes: ") as failure:
        await_healthy(server, said, timeout_minutes=minutes)
    assert minutes <= server.clock.minutes <= minutes + 5
    assert any("did not stay healthy" in line for line in said)
    assert failure.value.facts["health"] != "healthy"
    assert failure.value.remedy


def test_a_pool_that_is_good_whenever_one_reading_is_enough_is_given_up_at_the_deadline_too() -> None:
    server, readings = FakeServer(), itertools.count()

    def every_other(fake: FakeServer, parameters: dict[str, Any]) -> Any:
        assert fake.clock.minutes < 100, "it would go on for ever"
        return ["fe03.example.com Down"] if next(readings) % 2 else fake.fabric

    server.answers["Get-CsPoolFabricState"] = every_other
    with pytest.raises(SfbError, match="was not healthy within 60 minutes: "):
        await_healthy(server, reads=1)
    assert 60 <= server.clock.minutes <= 65


def test_a_pool_that_is_bad_just_once_after_it_settled_is_waited_for_again() -> None:
    server = FakeServer()
    server.at(6, lambda: server.others["fe03.example.com"].update(port=False))
    server.at(9, lambda: server.others["fe03.example.com"].update(port=True))
    assert await_healthy(server)["health"] == "healthy"
    assert server.clock.minutes > 2 + 5


def test_a_pool_that_never_heals_ends_at_the_deadline_with_all_that_was_bad() -> None:
    server = FakeServer()
    server.others["fe03.example.com"]["port"] = False
    with pytest.raises(SfbError, match=r"Port 5090 of fe03\.example\.com does not answer") as failure:
        await_healthy(server)
    assert server.clock.minutes <= 61
    assert {"health", "evidence", "missing_replicas", "fabric_text"} <= failure.value.facts.keys()


def test_without_a_time_to_settle_the_good_readings_are_enough() -> None:
    server = FakeServer()
    assert await_healthy(server, settle_minutes=0)["health"] == "healthy"
    assert server.clock.minutes == 2


def test_pool_and_members_come_from_the_topology_where_they_are_not_given() -> None:
    question = pool_state.asked(FakeServer().shell(), None)
    assert (question.pool, question.members) == (POOL, tuple(MEMBERS))
    assert pool_state.asked(FakeServer().shell(), "edge.example.com").members == ("edge.example.com",)
