# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate: a pool is asked on one of its servers, and waited for until it is healthy and stays so."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.evidence import gate, pool_state
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import (
    MEMBERS,
    POOL,
    SERVER,
    FakeServer,
    answers,
)


def await_healthy(server: FakeServer, said: list[str] | None = None, **more: Any) -> dict[str, Any]:
    given = {"reads": 3, "interval_seconds": 60, "settle_minutes": 5, "timeout_minutes": 60, **more}
    shell = server.shell()
    say = (said if said is not None else []).append
    return gate.await_healthy(shell, pool_state.asked(shell, POOL, MEMBERS), gate.Gate(**given), say)


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


def test_a_connection_that_is_lost_meanwhile_is_a_bad_reading_and_no_failure() -> None:
    server = FakeServer()
    server.at(1, lambda: setattr(server, "down_until", server.clock.now() + 10 * 60))
    assert await_healthy(server)["health"] == "healthy"
    assert server.clock.minutes >= 10 + 2 + 5


# ---- Lync Server 2013, by upgrade domain -----------------------------------------------------------------------------


def says(*states: str) -> list[Any]:
    """What the readiness cmdlet says, one state a reading; the last one stays."""
    return [answers({"PoolUpgradeState": s, "TotalFrontends": 3, "TotalActiveFrontends": 3}) for s in states]


def lync(*states: str) -> FakeServer:
    server = FakeServer(product="lync2013")
    server.answers["Get-CsPoolUpgradeReadinessState"] = says(*(states or ("Ready",)))
    return server


def readings(server: FakeServer) -> list[float]:
    """The minutes at which the pool was read."""
    times = {time for time, call, _detached in server.sent if call.cmdlet == "Get-CsPoolUpgradeReadinessState"}
    return sorted((time - min(times)) / 60 for time in times)


def test_between_upgrade_domains_a_pool_has_to_be_ready_for_20_minutes_and_is_looked_at_meanwhile() -> None:
    server = lync()
    assert await_healthy(server)["health"] == "healthy"
    assert server.clock.minutes == 2 + 20
    assert readings(server) == [0, 1, 2, 7, 12, 17, 22]


@pytest.mark.parametrize(("wanted", "minutes"), [(0, 0), (1, 20), (20, 20), (45, 45)])
def test_the_user_may_make_the_settle_time_longer_or_leave_it_out(wanted: int, minutes: int) -> None:
    server = lync()
    await_healthy(server, settle_minutes=wanted)
    assert server.clock.minutes == 2 + minutes


def test_not_ready_meanwhile_begins_the_20_minutes_anew() -> None:
    server, said = lync("Ready", "Ready", "Ready", "Ready", "Busy", "Ready"), list[str]()
    assert await_healthy(server, said)["health"] == "healthy"
    assert readings(server)[:6] == [0, 1, 2, 7, 12, 12 + 10]
    assert server.clock.minutes == 22 + 2 + 20
    assert any("did not stay healthy: The pool is busy" in line for line in said)


def test_primaries_that_moved_meanwhile_begin_the_20_minutes_anew() -> None:
    server, said = lync(), list[str]()
    server.fabric = [*server.fabric, "Primary of routing group A on fe01.example.com"]
    moved = [*server.fabric[:-1], "Primary of routing group A on fe03.example.com"]
    server.at(10, lambda: setattr(server, "fabric", moved))
    assert await_healthy(server, said)["health"] == "healthy"
    assert server.clock.minutes == 12 + 1 + 2 + 20
    assert any("Get-CsPoolFabricState changed meanwhile: line 4" in line for line in said)


def test_a_pool_that_is_busy_is_asked_again_after_ten_minutes() -> None:
    server = lync("Busy", "Busy", "Ready")
    assert await_healthy(server)["health"] == "healthy"
    assert readings(server)[:3] == [0, 10, 20]


@pytest.mark.parametrize(("states", "minutes"), [(("Busy",), 20), (("InsufficientActiveFrontEnds",), 0)])
def test_busy_three_times_or_too_few_front_ends_once_is_a_problem_of_the_pool(
    states: Sequence[str], minutes: int
) -> None:
    server = lync(*states)
    with pytest.raises(
        SfbError, match="Pool pool01.example.com has a problem: all its servers are in service"
    ) as failure:
        await_healthy(server)
    assert server.clock.minutes == minutes
    assert "fail it over to that first" in str(failure.value.remedy)
    assert {"health", "evidence"} <= failure.value.facts.keys()


def test_while_a_server_still_starts_the_pool_is_not_blamed() -> None:
    server = lync("InsufficientActiveFrontEnds", "InsufficientActiveFrontEnds", "Ready")
    server.others["fe03.example.com"]["status"] = "Starting"
    server.at(1.5, lambda: server.others["fe03.example.com"].update(status="Running"))
    assert await_healthy(server)["health"] == "healthy"


def test_other_products_wait_for_a_busy_pool_until_the_deadline() -> None:
    server = FakeServer()
    server.answers["Get-CsPoolUpgradeReadinessState"] = says("Busy")
    with pytest.raises(SfbError, match="was not healthy within 60 minutes: The pool is busy"):
        await_healthy(server)


def test_a_pool_whose_primaries_never_rest_is_given_up() -> None:
    server, numbers = lync(), itertools.count()
    names = ["fe01.example.com", "fe03.example.com"]
    server.answers["Get-CsPoolFabricState"] = lambda fake, given: [*fake.fabric, f"Primary {names[next(numbers) % 2]}"]
    with pytest.raises(SfbError, match="was not healthy within 80 minutes: .*changed meanwhile"):
        await_healthy(server)
    assert server.clock.minutes <= 81
