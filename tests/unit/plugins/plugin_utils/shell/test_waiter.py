# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one loop that waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import CallFailed, ConnectionLost, TimedOut
from ansible_collections.sfb.server.plugins.plugin_utils.shell.waiter import wait_until
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import FakeClock

LOST = ConnectionLost("reset by peer")


def readings(*values: Any) -> Callable[[], Any]:
    """One value a call, the last one for ever; an exception among them is raised."""
    left = list(values)

    def read() -> Any:
        value = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(value, Exception):
            raise value
        return value

    return read


def wait(read: Callable[[], Any], clock: FakeClock, **more: Any) -> Any:
    given: dict[str, Any] = {"deadline_seconds": 600, "interval_seconds": 60, **more}
    return wait_until("fe01", read, lambda value: value == "good", lambda value: f"not {value}", clock, **given)


def test_what_is_good_at_once_is_not_waited_for() -> None:
    clock, said = FakeClock(), list[str]()
    assert wait(readings("good"), clock, say=said.append) == "good"
    assert (clock.minutes, said) == (0, [])


def test_it_reads_every_interval_and_says_what_is_still_waited_for() -> None:
    clock, said = FakeClock(), list[str]()
    wait(readings("bad", "worse", "good"), clock, say=said.append)
    assert clock.minutes == 2
    assert said == ["fe01: 0 of 10 min, waiting for not bad", "fe01: 1 of 10 min, waiting for not worse"]


def test_good_readings_count_only_in_a_row() -> None:
    clock, said = FakeClock(), list[str]()
    wait(readings("good", "good", "bad", "good", "good", "good"), clock, good_reads=3, say=said.append)
    assert clock.minutes == 5
    assert said[1].endswith("waiting for 1 more good readings in a row")


def test_a_lost_connection_is_a_bad_reading_and_lets_the_caller_connect_anew() -> None:
    clock, resets, said = FakeClock(), list[int](), list[str]()
    read = readings("good", LOST, "good", "good")
    assert wait(read, clock, good_reads=2, after_loss=lambda: resets.append(1), say=said.append) == "good"
    assert (clock.minutes, len(resets)) == (3, 1)
    assert said[1].endswith("waiting for an answer")


@pytest.mark.parametrize(
    ("last", "missing"),
    [("bad", "not bad"), (LOST, "an answer"), ("good", "1 more good readings in a row")],
)
def test_a_deadline_is_a_failure_that_says_what_was_still_waited_for(last: Any, missing: str) -> None:
    clock = FakeClock()
    read = readings(*["bad"] * 10, last)
    with pytest.raises(TimedOut, match="not within 10 minutes") as failure:
        wait(read, clock, good_reads=2)
    assert failure.value.facts == {"still_waited_for": missing, "waited_minutes": 10.0}
    assert clock.minutes == 10
    assert ("reset by peer" in failure.value.message) is (last is LOST)


def test_it_never_sleeps_beyond_the_deadline() -> None:
    clock = FakeClock()
    with pytest.raises(TimedOut):
        wait(readings("bad"), clock, deadline_seconds=630, interval_seconds=60)
    assert clock.minutes == 10


def test_a_deadline_that_has_passed_still_allows_one_reading() -> None:
    clock = FakeClock()
    assert wait(readings("good"), clock, deadline_seconds=-5) == "good"
    with pytest.raises(TimedOut):
        wait(readings("bad", "good"), clock, deadline_seconds=-5)
    assert clock.minutes == 0


def test_other_errors_are_no_bad_readings() -> None:
    with pytest.raises(CallFailed):
        wait(readings("bad", CallFailed("no")), FakeClock())
