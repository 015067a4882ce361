# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One TCP connection of a WinRM client, from its first byte to its end."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, cast

from ..border import Caller, Simulation
from . import wsman
from .accounts import Accounts
from .authentication import ENCRYPTED_CONTENT, Authenticator, Unreadable
from .http_messages import BadRequest, Request, read_request, reply
from .shells import Boot, Shells

_TLS_HANDSHAKE = b"\x16"
_SOAP_CONTENT = "application/soap+xml;charset=UTF-8"


@dataclass(frozen=True)
class Site:
    """What all connections to one server share."""

    host: str
    simulation: Simulation
    accounts: Accounts
    tls: ssl.SSLContext
    shells: Shells
    boot: Boot


def reset(connection: socket.socket) -> None:
    """Closes with RST, so that the client sees a connection error and not an empty answer."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with suppress(OSError):
        connection.close()


def serve(site: Site, connection: socket.socket, hold: Callable[[socket.socket], None]) -> None:
    """Answers until the client goes, a fault breaks the connection or the lab closes the socket.

    ``hold`` is told of the socket that takes over when the client speaks TLS.
    """
    with site.simulation.lock:
        accepted = site.simulation.accepts(site.host)
    if not accepted:
        reset(connection)
        return
    with suppress(OSError, ssl.SSLError):
        first = connection.recv(1, socket.MSG_PEEK)
        if first == _TLS_HANDSHAKE:
            secured = site.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            hold(secured)
            secured.do_handshake()
            _Conversation(site, secured, over_tls=True).run()
        elif first:
            _Conversation(site, connection, over_tls=False).run()


class _Conversation:
    """The requests of one connection, one after the other."""

    def __init__(self, site: Site, connection: socket.socket, over_tls: bool) -> None:
        self._site = site
        self._connection = connection
        self._over_tls = over_tls
        self._log_on = Authenticator(site.accounts, over_tls)
        self._boot = site.boot(site.host)

    def run(self) -> None:
        with cast(BinaryIO, self._connection.makefile("rb")) as stream:
            while True:
                try:
                    request = read_request(stream)
                except BadRequest:
                    self._connection.sendall(reply(400))
                    return
                if request is None or not self._answer(request, stream):
                    return

    def _answer(self, request: Request, stream: BinaryIO) -> bool:
        """Whether the connection goes on."""
        if self._site.boot(self._site.host) != self._boot:
            reset(self._connection)
            return False
        if request.method != "POST" or request.path.rstrip("/") != "/wsman":
            return self._send(reply(404))
        user = self._log_on.step(request.headers.get("authorization", ""))
        if user is None:
            if self._log_on.refused is not None:
                self._note_refusal(self._log_on.refused)
            return self._send(reply(401, challenges=self._log_on.challenge))
        if not request.body:
            # pywinrm logs on with an empty message before it seals the first real one.
            return self._send(reply(200))
        try:
            text = request.body if self._over_tls else self._log_on.unseal(request.body)
            message = wsman.parse(text)
        except (Unreadable, wsman.NotWsMan):
            return self._send(reply(400))

        with self._site.simulation.lock:
            fault = self._site.simulation.request(self._site.host, user, message.action)
        if fault == "hang":
            while stream.read(4096):
                pass
            return False
        if fault == "reject":
            self._log_on.revoke()
            return self._send(reply(401, challenges=self._log_on.challenge))
        if fault != "drop":
            with suppress(ConnectionResetError):
                status, answer = self._operate(user, message)
                if fault is None:
                    return self._send(self._soap(status, answer))
        reset(self._connection)
        return False

    def _operate(self, user: str, message: wsman.Message) -> tuple[int, bytes]:
        try:
            return 200, self._site.shells.answer(self._site.host, user, message)
        except wsman.Fault as error:
            if error.text.startswith("the lab does not know"):
                with self._site.simulation.lock:
                    self._site.simulation.journal("refused", Caller(self._site.host, user), reason=error.text)
            return 500, wsman.fault(message, error)

    def _soap(self, status: int, body: bytes) -> bytes:
        if self._over_tls:
            return reply(status, body, _SOAP_CONTENT)
        return reply(status, self._log_on.seal(body), ENCRYPTED_CONTENT)

    def _send(self, data: bytes) -> bool:
        self._connection.sendall(data)
        return True

    def _note_refusal(self, name: str) -> None:
        with self._site.simulation.lock:
            self._site.simulation.journal("refused", Caller(self._site.host, name), reason="logon", account=name)
