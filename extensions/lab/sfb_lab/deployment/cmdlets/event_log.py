# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get-WinEvent over the log Lync Server."""

from __future__ import annotations

import re
from typing import Any

from ...border import UnknownToLab
from ..call import Call, cmdlet
from ..server import LogEvent
from ..texts import say, word
from ..values import Moment, PsObject

LEVELS = {"Error": 2, "Warning": 3, "Information": 4}
PART = re.compile(
    r"EventID\s*=\s*(?P<id>\d+)|Level\s*=\s*(?P<level>\d+)|timediff\(@SystemTime\)\s*(?:<=|&lt;=|<)\s*(?P<ms>\d+)"
    r"|@Name\s*=\s*['\"](?P<name>[^'\"]+)['\"]|\*\[|System\[|TimeCreated\[|Provider\[|\]|\(|\)|\bor\b|\band\b|\s+"
)
LOGS = ("Lync Server",)
WINDOWS_LOGS = ("Application", "System", "Setup")


def _query(text: str) -> dict[str, Any]:
    """The subset of XPath that the lab takes apart: ids, levels, providers, an age."""
    found: dict[str, Any] = {"ids": set(), "levels": set(), "names": set(), "ms": None}
    position = 0
    while position < len(text):
        match = PART.match(text, position)
        if match is None:
            raise UnknownToLab(f"Get-WinEvent -FilterXPath: {text[position:]!r}")
        if match["id"]:
            found["ids"].add(int(match["id"]))
        if match["level"]:
            found["levels"].add(int(match["level"]))
        if match["name"]:
            found["names"].add(match["name"])
        if match["ms"]:
            found["ms"] = int(match["ms"])
        position = match.end()
    return found


def _from_table(table: dict[str, Any]) -> dict[str, Any]:
    known = {name.lower(): value for name, value in table.items()}

    def numbers(name: str) -> set[int]:
        value = known.get(name, [])
        return {int(item) for item in (value if isinstance(value, list) else [value])}

    unknown = set(known) - {"logname", "id", "level", "providername", "starttime"}
    if unknown:
        raise UnknownToLab(f"Get-WinEvent -FilterHashtable: {', '.join(sorted(unknown))}")
    names = known.get("providername", [])
    return {
        "ids": numbers("id"),
        "levels": numbers("level"),
        "names": set(names if isinstance(names, list) else [names]),
        "ms": None,
        "log": known.get("logname"),
    }


@cmdlet("Get-WinEvent", 1.5)
def get_win_event(call: Call) -> None:
    query = (
        _from_table(call.get("FilterHashtable"))
        if "FilterHashtable" in call.bound
        else _query(call.get("FilterXPath") or "")
    )
    logs = [str(query["log"])] if query.get("log") else call.names("LogName")
    known = LOGS if call.server.product != "none" else ()
    now = call.model.clock.now()
    found: list[LogEvent] = []
    for log in logs:
        if log.lower() not in (name.lower() for name in (*known, *WINDOWS_LOGS)):
            raise call.fail(
                say("no_event_log", log=log),
                "NoMatchingLogsFound",
                "ObjectNotFound",
                log,
            )
        if log.lower() == "lync server":
            found += call.server.events
    found = [
        event
        for event in found
        if (not query["ids"] or event.id in query["ids"])
        and (not query["levels"] or LEVELS[event.level] in query["levels"])
        and (not query["names"] or event.source in query["names"])
        and (query["ms"] is None or (now - event.at) * 1000 <= query["ms"])
    ]
    found.sort(key=lambda event: event.at, reverse=not call.get("Oldest"))
    if not found:
        call.error(
            say("no_events"),
            "NoMatchingEventsFound",
            "ObjectNotFound",
        )
    limit = call.get("MaxEvents")
    for number, event in enumerate(found[:limit] if limit else found):
        call.write(
            PsObject(
                "System.Diagnostics.Eventing.Reader.EventLogRecord",
                {
                    "Id": event.id,
                    "ProviderName": event.source,
                    "LevelDisplayName": word(event.level, call.model.language),
                    "Level": LEVELS[event.level],
                    "Message": event.message,
                    "TimeCreated": Moment(event.at),
                    "LogName": "Lync Server",
                    "MachineName": call.server.fqdn,
                    "RecordId": 1000 + number,
                },
                "System.Diagnostics.Eventing.Reader.EventLogRecord",
                ("TimeCreated", "Id", "LevelDisplayName", "Message"),
            )
        )
