# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One clock for every wait: the machine's own, or the one that a host variable names (the lab's)."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Protocol


class Clock(Protocol):
    """All times are seconds since 1970, UTC."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """Starts at the wall clock's time and then follows the monotonic clock, so that no wait is bent by a corrected clock."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        return self._offset + time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))


class RemoteClock:
    """The clock of a simulated deployment: waiting there means that the deployment lives through the time."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        # The clock is on this machine: a proxy from the environment must not stand between.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def now(self) -> float:
        return self._ask(f"{self._address}/now", None)

    def sleep(self, seconds: float) -> None:
        self._ask(f"{self._address}/sleep", json.dumps({"seconds": max(0.0, seconds)}).encode())

    def _ask(self, url: str, body: bytes | None) -> float:
        request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
        with self._opener.open(request) as answer:
            return float(json.load(answer)["now"])


def clock_for(address: str | None) -> Clock:
    """The clock that the host variable `sfb_clock` names; without one, the machine's."""
    return RemoteClock(address) if address else SystemClock()
