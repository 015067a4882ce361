# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's clock and the engine that everything lives by: events in a heap, and work that waits.

Work is a generator that yields waits: seconds, or another task whose end it waits for. The same work runs in the
caller's thread (``live``: the clock is moved on) or in the background (``begin``: somebody else moves the clock on).

Without a speed the clock moves only when somebody waits. With one it follows the wall clock so many times faster; the
lock of the simulation is then given up while a caller waits.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, Union

Wait = Union[float, "Task"]
Work = Generator[Wait, None, Any]


class Interrupted(Exception):
    """The work that a caller waited for can't go on: its process is gone."""


class Event:
    """Something that will happen; ``cancelled`` takes it out."""

    def __init__(self, when: float, action: Callable[[], None]) -> None:
        self.when = when
        self.action = action
        self.cancelled = False


class Task:
    """Work that goes on by the clock until it ends or is stopped."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.done = False
        self.stopped = False
        self.result: Any = None
        self.waiters: list[Callable[[], None]] = []


def _over(task: Task, alive: Callable[[], bool]) -> bool:
    return task.done or not alive()


class Clock:
    """Seconds since 1970, as the deployment sees them."""

    def __init__(self, start: float, lock: threading.RLock, speed: float | None = None) -> None:
        self.start = start
        self.speed = speed
        self._now = start
        self._wall = time.monotonic()
        self._woken = threading.Condition(lock)
        self._heap: list[tuple[float, int, Event]] = []
        self._order = itertools.count()
        self._busy = False

    def now(self) -> float:
        if self.speed and not self._busy:
            self._run_until(self._target())
        return self._now

    def since_start(self) -> float:
        return self.now() - self.start

    def at(self, when: float, action: Callable[[], None]) -> Event:
        event = Event(max(when, self._now), action)
        heapq.heappush(self._heap, (event.when, next(self._order), event))
        return event

    def after(self, seconds: float, action: Callable[[], None]) -> Event:
        return self.at(self.now() + seconds, action)

    def begin(self, work: Work, delay: float = 0.0) -> Task:
        """Work in the background; its first step happens ``delay`` seconds from now."""
        task = Task(work)
        self.after(delay, lambda: self._step(task))
        return task

    def stop(self, task: Task) -> None:
        """The work ends where it stands, as a killed process does."""
        if not task.done:
            task.stopped = True
            task.work.close()
            self._finish(task)

    def live(self, work: Work, alive: Callable[[], bool] = lambda: True) -> Any:
        """Runs work in the caller's thread and returns its result.

        Raises:
            Interrupted: when ``alive`` turned false while the work waited.
        """
        try:
            wait = self._next_wait(work)
            while True:
                if isinstance(wait, Task):
                    self._wait_for(partial(_over, wait, alive))
                else:
                    self.advance(wait, lambda: not alive())
                if not alive():
                    work.close()
                    raise Interrupted
                wait = self._next_wait(work)
        except StopIteration as end:
            return end.value

    def _next_wait(self, work: Work) -> Wait:
        """One step of work; no event comes between its statements, not even with a speed."""
        outer, self._busy = self._busy, True
        try:
            return work.send(None)
        finally:
            self._busy = outer

    def advance(self, seconds: float, early: Callable[[], bool] = lambda: False) -> None:
        """So many seconds pass, fewer when ``early`` becomes true."""
        target = self.now() + max(seconds, 0.0)
        if self.speed:
            while self.now() < target and not early():
                self._woken.wait(min((target - self._now) / self.speed, 0.5) + 0.001)
            return
        self._run_until(target, early)

    def _wait_for(self, reached: Callable[[], bool]) -> None:
        while not reached():
            if self.speed:
                self.now()
                self._woken.wait(0.05)
            elif not self._heap:
                raise RuntimeError("the lab waits for something that can never happen")
            else:
                self._run_until(self._heap[0][0])

    def _target(self) -> float:
        return self.start + (time.monotonic() - self._wall) * (self.speed or 1.0)

    def _run_until(self, target: float, early: Callable[[], bool] = lambda: False) -> None:
        outer, self._busy = self._busy, True
        try:
            while self._heap and self._heap[0][0] <= target:
                when, _order, event = heapq.heappop(self._heap)
                if event.cancelled:
                    continue
                self._now = max(self._now, when)
                event.action()
                if early():
                    return
            self._now = max(self._now, target)
        finally:
            self._busy = outer

    def _step(self, task: Task) -> None:
        if task.done:
            return
        try:
            wait = task.work.send(None)
        except StopIteration as end:
            task.result = end.value
            self._finish(task)
            return
        if isinstance(wait, Task):
            if wait.done:
                self.after(0.0, lambda: self._step(task))
            else:
                wait.waiters.append(lambda: self._step(task))
        else:
            self.after(wait, lambda: self._step(task))

    def _finish(self, task: Task) -> None:
        task.done = True
        waiters, task.waiters = task.waiters, []
        for waiter in waiters:
            self.after(0.0, waiter)
