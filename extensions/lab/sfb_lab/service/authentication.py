# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is at the other end of an HTTP connection: Negotiate/NTLM, and Basic where TLS protects it."""

from __future__ import annotations

import base64
import binascii
import struct

import spnego
from spnego.exceptions import SpnegoError

from .accounts import Accounts

_BOUNDARY = b"--Encrypted Boundary"
_PROTOCOL = "application/HTTP-SPNEGO-session-encrypted"
ENCRYPTED_CONTENT = f'multipart/encrypted;protocol="{_PROTOCOL}";boundary="Encrypted Boundary"'


class Unreadable(Exception):
    """A message that was not sealed with this connection's key."""


class Authenticator:
    """The log on of one connection; NTLM authenticates connections, not requests.

    ``user`` is the account's name once somebody is logged on; ``refused`` names who failed to with the last step.
    """

    def __init__(self, accounts: Accounts, over_tls: bool) -> None:
        self._accounts = accounts
        self._over_tls = over_tls
        self._context: spnego.ContextProxy | None = None
        self._revoked = False
        self.user: str | None = None
        self.refused: str | None = None
        self.challenge = self._offers()

    def step(self, authorization: str) -> str | None:
        """Takes an ``Authorization`` header; the user if logged on, else None: answer 401 with ``challenge``."""
        self.refused = None
        self.challenge = self._offers()
        if not authorization:
            return self.user
        scheme, _blank, text = authorization.partition(" ")
        try:
            token = base64.b64decode(text, validate=True)
        except binascii.Error:
            return None
        if scheme.lower() in ("negotiate", "ntlm"):
            self.user = self._negotiate(scheme, token)
        elif scheme.lower() == "basic" and self._over_tls:
            self.user = self._basic(token)
        else:
            self.user = None
        return self.user

    def revoke(self) -> None:
        """From now on nobody is logged on over this connection, as if the password had changed."""
        self.user = None
        self._context = None
        self._revoked = True
        self.challenge = self._offers()

    def unseal(self, body: bytes) -> bytes:
        """The message in an encrypted request."""
        if self._context is None or not body.startswith(_BOUNDARY):
            raise Unreadable("the message is not encrypted")
        marker = b"Content-Type: application/octet-stream\r\n"
        start = body.find(marker)
        end = body.rfind(_BOUNDARY + b"--")
        if start < 0 or end < 0:
            raise Unreadable("the encrypted message is not well formed")
        sealed = body[start + len(marker) : end]
        try:
            # Length of the signature (4 bytes, little endian), signature, data: MS-WSMV 2.2.9.1.1.2.2.
            return self._context.unwrap(sealed[4:]).data
        except (SpnegoError, struct.error) as error:
            raise Unreadable(str(error)) from error

    def seal(self, message: bytes) -> bytes:
        """The body of an encrypted reply. pywinrm finds its parts by exact text: the headers start with a tab."""
        if self._context is None:
            raise Unreadable("nobody is logged on")
        wrapped = self._context.wrap(message).data
        signature, sealed = wrapped[:16], wrapped[16:]
        return b"".join(
            (
                _BOUNDARY + b"\r\n",
                b"\tContent-Type: " + _PROTOCOL.encode() + b"\r\n",
                b"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d\r\n" % len(message),
                _BOUNDARY + b"\r\n",
                b"\tContent-Type: application/octet-stream\r\n",
                struct.pack("<i", len(signature)) + signature + sealed,
                _BOUNDARY + b"--\r\n",
            )
        )

    def _offers(self) -> list[str]:
        return ["Negotiate", 'Basic realm="WSMAN"'] if self._over_tls else ["Negotiate"]

    def _basic(self, token: bytes) -> str | None:
        name, _colon, password = token.decode("utf-8", "replace").partition(":")
        user = None if self._revoked else self._accounts.verify(name, password)
        if user is None:
            self.refused = name
        return user

    def _negotiate(self, scheme: str, token: bytes) -> str | None:
        if self._context is None or self._context.complete:
            # pywinrm sends bare NTLM; SPNEGO-wrapped tokens (pypsrp) need the other acceptor.
            if token.startswith(b"NTLMSSP\0"):
                self._context = spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
            else:
                self._context = spnego.server(protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate)
        context = self._context
        try:
            answer = context.step(token)
        except (SpnegoError, ValueError, struct.error):
            self._context = None
            self.refused = _claimed_name(token)
            return None
        if not context.complete:
            self.challenge = [f"{scheme} {base64.b64encode(answer or b'').decode()}"]
            return None
        if self._revoked:
            self._context = None
            self.refused = _claimed_name(token)
            return None
        return self._accounts.name_of(context.client_principal or "")


def _claimed_name(token: bytes) -> str:
    """``DOMAIN\\user`` out of an NTLM AUTHENTICATE message (MS-NLMP 2.2.1.3), as far as it can be read."""
    start = token.find(b"NTLMSSP\0\x03\0\0\0")
    if start < 0:
        return "unknown"
    message = token[start:]
    try:
        texts = []
        for offset in (28, 36):
            length, _maximum, position = struct.unpack_from("<HHI", message, offset)
            texts.append(message[position : position + length].decode("utf-16-le", "replace"))
    except struct.error:
        return "unknown"
    domain, user = texts
    return f"{domain}\\{user}" if domain else user
