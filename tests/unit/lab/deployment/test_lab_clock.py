# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clock: time passes only by waiting, events come in order, and work dies with its process."""

from __future__ import annotations

import threading

import pytest
from sfb_lab.deployment.clock import Clock, Interrupted, Work


def new_clock() -> Clock:
    return Clock(1000.0, threading.RLock())


def test_time_stands_still_while_nobody_waits() -> None:
    clock = new_clock()
    assert (clock.now(), clock.now(), clock.since_start()) == (1000.0, 1000.0, 0.0)


def test_events_happen_in_the_order_of_their_time_and_then_of_their_making() -> None:
    clock, seen = new_clock(), []
    for name, seconds in (("late", 9), ("first", 3), ("second", 3)):
        clock.after(seconds, lambda name=name: seen.append((name, clock.now())))
    clock.advance(10)
    assert seen == [("first", 1003.0), ("second", 1003.0), ("late", 1009.0)]
    assert clock.now() == 1010.0


def test_work_in_the_foreground_lives_while_work_in_the_background_goes_on() -> None:
    clock, seen = new_clock(), []

    def background() -> Work:
        for _step in range(3):
            yield 10.0
            seen.append(clock.now())
        return "done"

    def foreground() -> Work:
        task = clock.begin(background())
        yield 15.0
        seen.append(clock.now())
        yield task
        return task.result

    assert clock.live(foreground()) == "done"
    assert seen == [1010.0, 1015.0, 1020.0, 1030.0]


def test_stopped_work_ends_where_it_stands_and_whoever_waited_for_it_goes_on() -> None:
    clock, seen = new_clock(), []

    def patient() -> Work:
        yield 100.0
        seen.append("never")

    task = clock.begin(patient())

    def waiting() -> Work:
        yield task
        return clock.now()

    clock.after(20.0, lambda: clock.stop(task))
    assert clock.live(waiting()) == 1020.0
    clock.advance(200.0)
    assert seen == []


def test_a_caller_whose_process_dies_is_told_at_that_moment() -> None:
    clock = new_clock()
    alive = [True]
    clock.after(30.0, alive.clear)

    def long_call() -> Work:
        yield 3600.0

    with pytest.raises(Interrupted):
        clock.live(long_call(), lambda: bool(alive))
    assert clock.now() == 1030.0


def test_with_a_speed_the_clock_follows_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = [50.0]
    monkeypatch.setattr("sfb_lab.deployment.clock.time.monotonic", lambda: wall[0])
    clock, seen = Clock(1000.0, threading.RLock(), speed=60), []
    clock.after(90.0, lambda: seen.append("event"))
    wall[0] += 1.0
    assert (clock.now(), seen) == (1060.0, [])
    wall[0] += 1.0
    assert (clock.now(), seen) == (1120.0, ["event"])
