# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machine's clock, and the one that a host variable names."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.shell.clock import RemoteClock, SystemClock, clock_for


class ClockHandler(BaseHTTPRequestHandler):
    """Keeps its time in the server object, as the lab does."""

    server: ClockServer

    def do_GET(self) -> None:
        self._tell()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, body))
        self.server.time += body["seconds"]
        self._tell()

    def _tell(self) -> None:
        text = json.dumps({"now": self.server.time}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_words: object) -> None:
        """Silent."""


class ClockServer(HTTPServer):
    time = 1_700_000_000.5
    asked: list[tuple[str, dict[str, float]]]


@pytest.fixture
def remote() -> Iterator[ClockServer]:
    server = ClockServer(("127.0.0.1", 0), ClockHandler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_without_a_name_the_machines_clock_is_taken() -> None:
    assert isinstance(clock_for(None), SystemClock)
    assert isinstance(clock_for(""), SystemClock)
    assert isinstance(clock_for("http://127.0.0.1:1"), RemoteClock)


def test_no_wait_is_bent_when_somebody_corrects_the_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    wall, running = [1_700_000_000.0], [50.0]
    monkeypatch.setattr(time, "time", lambda: wall[0])
    monkeypatch.setattr(time, "monotonic", lambda: running[0])
    clock = SystemClock()
    assert clock.now() == 1_700_000_000.0
    running[0] += 60
    wall[0] -= 7200
    assert clock.now() == 1_700_000_060.0


def test_the_machines_clock_is_never_asked_to_sleep_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    SystemClock().sleep(3)
    SystemClock().sleep(-3)
    assert slept == [3, 0]


def test_waiting_by_a_remote_clock_moves_that_clock(remote: ClockServer) -> None:
    clock = RemoteClock(f"http://127.0.0.1:{remote.server_port}/")
    assert clock.now() == 1_700_000_000.5
    clock.sleep(90)
    clock.sleep(-1)
    assert clock.now() == 1_700_000_090.5
    assert remote.asked == [("/sleep", {"seconds": 90}), ("/sleep", {"seconds": 0})]


def test_a_proxy_of_the_environment_does_not_stand_between(
    remote: ClockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert RemoteClock(f"http://127.0.0.1:{remote.server_port}").now() == 1_700_000_000.5
