# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one loop that waits: read, judge, say where we are, sleep, until good or until the deadline."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ansible_collections.sfb.server.plugins.plugin_utils.shell.clock import Clock
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import ConnectionLost, TimedOut

T = TypeVar("T")


def wait_until(
    what: str,
    read: Callable[[], T],
    good: Callable[[T], bool],
    waited_for: Callable[[T], str],
    clock: Clock,
    deadline_seconds: float,
    interval_seconds: float,
    good_reads: int = 1,
    say: Callable[[str], None] = lambda text: None,
    after_loss: Callable[[], None] = lambda: None,
) -> T:
    """Reads until `good` held `good_reads` times in a row, and returns the last reading.

    `what` names the wait ("fe01.example.com drains"), `waited_for` puts one reading into words. A lost connection
    counts as a bad reading (it may be the restart that we wait for); `after_loss` is called then.

    Raises TimedOut, which repeats what was still waited for. Other errors of `read` pass through.
    """
    began = clock.now()
    in_a_row = 0
    missing = "the first answer"
    last_loss = ""
    while True:
        try:
            reading = read()
            if good(reading):
                in_a_row += 1
                if in_a_row >= good_reads:
                    return reading
                missing = f"{good_reads - in_a_row} more good readings in a row"
            else:
                in_a_row = 0
                missing = waited_for(reading)
        except ConnectionLost as lost:
            in_a_row = 0
            missing, last_loss = "an answer", f" ({lost.message})"
            after_loss()
        passed = clock.now() - began
        if passed + interval_seconds > deadline_seconds:
            why = last_loss if missing == "an answer" else ""
            raise TimedOut(
                f"{what}: not within {deadline_seconds / 60:.0f} minutes. Still waited for: {missing}{why}.",
                still_waited_for=missing,
                waited_minutes=round(passed / 60, 1),
            )
        say(f"{what}: {passed / 60:.0f} of {deadline_seconds / 60:.0f} min, waiting for {missing}")
        clock.sleep(interval_seconds)
