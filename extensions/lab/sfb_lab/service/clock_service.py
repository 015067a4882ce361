# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's clock over plain HTTP, for controllers: ``GET /now``, ``POST /sleep`` with ``{"seconds": n}``.

Both answer ``{"now": seconds since 1970}``. A client must not go through a proxy: the usual NO_PROXY covers 127.0.0.1
and localhost, but not the 127.0.x.y of the servers (``127.0.0.0/8`` does, where the client understands it).
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ..border import Simulation


class ClockService:
    """Listens on 127.0.0.1 until ``stop``."""

    def __init__(self, simulation: Simulation) -> None:
        class Handler(_Handler):
            clock = simulation

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="lab clock", daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    clock: Simulation
    protocol_version = "HTTP/1.1"
    # Headers and body leave in one piece; else Nagle and delayed acknowledgement add 40 ms to every call.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path != "/now":
            self._answer(404, {"error": f"no such address: {self.path}"})
            return
        with self.clock.lock:
            now = self.clock.now()
        self._answer(200, {"now": now})

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(int(length)) if length.isdigit() else b""
        if self.path != "/sleep":
            self._answer(404, {"error": f"no such address: {self.path}"})
            return
        try:
            seconds = json.loads(body)["seconds"]
            usable = isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and seconds >= 0
        except (ValueError, KeyError, TypeError):
            usable = False
        if not usable:
            self._answer(400, {"error": 'the body must be {"seconds": a number that is not negative}'})
            return
        with self.clock.lock:
            self.clock.sleep(float(seconds))
            now = self.clock.now()
        self._answer(200, {"now": now})

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the journal tells what happened."""
