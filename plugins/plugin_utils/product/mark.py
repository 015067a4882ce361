# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mark: what a run writes on a server before it takes it out, so that any later run knows whose work it finds.

JSON: {"run": id, "time": ISO 8601 UTC, "user": who, "host": FQDN of the server,
       "services": {name: {"status": "Running", "start_type": "Automatic"}},   as they were before
       "how": "fail_over" (Invoke-CsComputerFailOver: stopped and disabled) or "stop" (Stop-CsWindowsService: stopped)}
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal, cast

from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import parse_utc

How = Literal["fail_over", "stop"]


class MarkError(ValueError):
    """A mark that stands on the server and can't be read."""


@dataclass(frozen=True)
class ServiceBefore:
    """A service as it was before the server was taken out."""

    status: str
    start_type: str


@dataclass(frozen=True)
class Mark:
    """Who took a server out, when, and how its services were before."""

    run: str
    time: str
    user: str
    host: str
    services: dict[str, ServiceBefore]
    how: How = "fail_over"


def mark_text(mark: Mark) -> str:
    """The mark as the JSON text that is written on the server."""
    return json.dumps(asdict(mark), indent=2, sort_keys=True) + "\n"


def read_mark(text: str, server: str) -> Mark:
    """The mark that stands on a server. Errors: MarkError, for an administrator.

    A mark that can't be read still stands: whoever catches the error must count the server as out of service.
    """
    try:
        found = json.loads(text.removeprefix("\ufeff"))
    except ValueError as error:
        raise _unreadable(server, f"it is no JSON ({error})") from error
    if not isinstance(found, dict):
        raise _unreadable(server, "it is no JSON object")
    for key in ("run", "time", "user", "host"):
        if not isinstance(found.get(key), str) or not found[key].strip():
            raise _unreadable(server, f'"{key}" is missing or no text')
    try:
        parse_utc(found["time"])
    except ValueError as error:
        raise _unreadable(server, f'"time" can\'t be read: {error}') from error
    if found["host"].casefold() != server.casefold():
        raise _unreadable(server, f"it was written for {found['host']}")
    # Marks of before the second way out was known do not say which it was.
    how = found.get("how", "fail_over")
    if how not in ("fail_over", "stop"):
        raise _unreadable(server, f'"how" is {how!r} and not fail_over or stop')
    services = _services(found.get("services"), server)
    return Mark(found["run"], found["time"], found["user"], found["host"], services, cast(How, how))


def _services(found: object, server: str) -> dict[str, ServiceBefore]:
    if not isinstance(found, dict):
        raise _unreadable(server, '"services" is missing or no object')
    services = {}
    for name, before in found.items():
        values = (before.get("status"), before.get("start_type")) if isinstance(before, dict) else (None, None)
        if not isinstance(values[0], str) or not isinstance(values[1], str):
            raise _unreadable(server, f'the service "{name}" has no status and start_type')
        services[name] = ServiceBefore(values[0], values[1])
    return services


def _unreadable(server: str, why: str) -> MarkError:
    return MarkError(
        f"The mark on {server} (mark.json in the folder of this collection) can't be read: {why}. A run took this "
        "server out of service, so it counts as out and nothing else in its pool may be touched. Look at the file and "
        "at the server: if it should serve users, run "
        f"Invoke-CsComputerFailBack -ComputerName {server} there (Start-CsWindowsService where there is no such cmdlet), "
        "check that every service runs, delete the file and start again."
    )
