# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The listening sockets: every server has its own loopback address, all of them the same port."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

_ATTEMPTS = 50


class PortTaken(Exception):
    """No port that is free on every address."""


def listen(addresses: Iterable[str], port: int | None) -> list[socket.socket]:
    """One socket per address, in order; all on ``port``, or on a port that is free on all of them. Raises PortTaken."""
    wanted = list(addresses)
    if port is not None:
        return _bind_all(wanted, port)
    for _attempt in range(_ATTEMPTS):
        with socket.socket() as probe:
            probe.bind((wanted[0], 0))
            free = int(probe.getsockname()[1])
        with suppress(PortTaken):
            return _bind_all(wanted, free)
    raise PortTaken(f"no port is free on all of {', '.join(wanted)}")


def _bind_all(addresses: list[str], port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    for address in addresses:
        listener = socket.socket()
        sockets.append(listener)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen(128)
        except OSError as error:
            for bound in sockets:
                bound.close()
            raise PortTaken(f"can't listen on {address}, port {port}: {error.strerror or error}") from error
    return sockets


#: Serves one connection to its end; tells the second argument when TLS has taken the socket over.
Serve = Callable[[socket.socket, Callable[[socket.socket], None]], None]


class Listener:
    """Accepts connections on one address and serves each in a thread of its own."""

    def __init__(self, listening: socket.socket, serve: Serve) -> None:
        self._listening = listening
        self._serve = serve
        self._open: dict[int, socket.socket] = {}
        self._lock = threading.Lock()
        self._stopped = False
        threading.Thread(target=self._accept, name="lab listener", daemon=True).start()

    def stop(self) -> None:
        """Closes the listening socket and every connection."""
        with self._lock:
            self._stopped = True
            connections = list(self._open.values())
        for closing in (self._listening, *connections):
            with suppress(OSError):
                closing.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _peer = self._listening.accept()
            except OSError:
                return
            with suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._converse, args=(connection,), name="lab connection", daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        key = threading.get_ident()

        def hold(current: socket.socket) -> None:
            with self._lock:
                self._open[key] = current
                if self._stopped:
                    current.close()

        try:
            hold(connection)
            with suppress(OSError):
                self._serve(connection, hold)
        finally:
            with self._lock:
                self._open.pop(key).close()
