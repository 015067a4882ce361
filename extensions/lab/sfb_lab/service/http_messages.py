# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Just enough HTTP/1.1: requests with a length, replies with a length, connections that stay open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import formatdate
from typing import BinaryIO

_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 500: "Internal Server Error"}
_LONGEST_LINE = 65536
_LARGEST_BODY = 64 * 1024 * 1024


class BadRequest(Exception):
    """Not HTTP as a WinRM client speaks it."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes


def read_request(stream: BinaryIO) -> Request | None:
    """The next request; None when the client is gone. Raises BadRequest."""
    first = stream.readline(_LONGEST_LINE)
    if not first.strip():
        return None
    words = first.decode("latin-1").split()
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest(f"not an HTTP request: {first[:60]!r}")
    headers: dict[str, str] = {}
    while line := stream.readline(_LONGEST_LINE).decode("latin-1").rstrip("\r\n"):
        name, _colon, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if "transfer-encoding" in headers:
        raise BadRequest("chunked requests are not supported")
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > _LARGEST_BODY:
        raise BadRequest(f"not a usable length: {length!r}")
    body = stream.read(int(length))
    if len(body) < int(length):
        return None
    return Request(words[0], words[1].partition("?")[0], headers, body)


def reply(status: int, body: bytes = b"", content_type: str = "", challenges: Sequence[str] = ()) -> bytes:
    """One reply as bytes."""
    lines = [f"HTTP/1.1 {status} {_REASONS[status]}"]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    lines += [f"WWW-Authenticate: {challenge}" for challenge in challenges]
    lines += ["Server: Microsoft-HTTPAPI/2.0", f"Date: {formatdate(usegmt=True)}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
