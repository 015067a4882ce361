# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of one run on the controller: a line an event, written when it happens, and the reports made from it.

Nothing runs after a killed ansible-playbook, so the record never waits for an end: each line stands for itself, and the
next run closes what a killed one left open. The servers' own state never depends on it.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.product import versions
from ansible_collections.sfb.server.plugins.plugin_utils.run import report
from ansible_collections.sfb.server.plugins.plugin_utils.shell.clock import Clock
from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import format_utc

EVENTS = "events.jsonl"

#: What of a task's result is worth a line; the rest can be long or is in the line already.
_KEPT = (
    "changed", "failed", "msg", "remedy", "state", "minutes", "version_before", "version_after", "exit_code", "health",
    "restart_required", "restarted", "unchanged", "adopted", "left", "problems", "executions", "components_after",
    "away_minutes", "limit_minutes", "past_limit", "databases", "remains", "warnings_of_call",
)  # fmt: skip


class Record:
    """The events of one run, in a folder of its own."""

    def __init__(self, folder: str, clock: Clock) -> None:
        self._folder = Path(folder)
        self._clock = clock

    def begin(self, step: str, server: str) -> None:
        self.note("begun", step=step, server=server)

    def end(self, step: str, server: str, result: dict[str, Any]) -> None:
        self.note("ended", step=step, server=server, **{key: result[key] for key in _KEPT if key in result})
        report.write(self._folder, self.events())

    def note(self, event: str, **facts: Any) -> None:
        """Appends one line and makes sure that it is on the disk."""
        self._folder.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"time": format_utc(self._clock.now()), "event": event, **facts}, ensure_ascii=False)
        path = self._folder / EVENTS
        # Half a line of a killed run must not swallow this one.
        torn = path.exists() and path.read_bytes()[-1:] not in (b"", b"\n")
        with path.open("a", encoding="utf-8") as events:
            events.write(("\n" if torn else "") + line + "\n")
            events.flush()
            os.fsync(events.fileno())

    def events(self) -> list[dict[str, Any]]:
        """All lines so far; one that a kill cut in half is left out."""
        path = self._folder / EVENTS
        found = []
        # Not splitlines: it would also break at characters that JSON leaves as they are, such as U+2028.
        for line in path.read_text("utf-8", errors="replace").split("\n") if path.exists() else []:
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    @property
    def is_open(self) -> bool:
        """Whether its run has begun and never said how it ended."""
        kinds = {event["event"] for event in self.events()}
        return "run begun" in kinds and "run ended" not in kinds

    @property
    def begun_by(self) -> dict[str, Any] | None:
        """As `process`; None in the record of an older version."""
        return next((event.get("by") for event in self.events() if event["event"] == "run begun"), None)

    def close(self, message: str) -> None:
        """In place of a run that will not do it."""
        self.note("run ended", outcome="interrupted", msg=message)
        report.write(self._folder, self.events())


def planned(
    pool: str, order: Sequence[str], done: Sequence[str], surveys: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What a plan leaves in the record: by the inventory's names, under which all steps are recorded."""
    known = [survey for survey in surveys if "server" in survey]
    with_product = [survey for survey in known if survey.get("components")]
    return {
        "pool": pool,
        "order": list(order),
        "done": list(done),
        "out": [survey["inventory_name"] for survey in known if survey.get("mark")],
        "servers": {survey["inventory_name"]: survey["server"] for survey in known},
        "versions": {s["inventory_name"]: versions.core_version(s["components"]) for s in with_product},
    }


def process(number: int | None = None) -> dict[str, Any]:
    """Who writes a record: {host, process, since} of ansible-playbook, whose worker runs the action.

    `since`: when that process began, in the kernel's ticks, since numbers are used again; empty where the system does
    not tell (only Linux does).
    """
    number = number or os.getppid()
    return {"host": socket.gethostname(), "process": number, "since": _since(number)}


def _since(number: int) -> str:
    try:
        # The name of the program may hold spaces and brackets: the fields are counted behind it (man proc_pid_stat).
        fields = Path(f"/proc/{number}/stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return fields[19]


def _lives(by: Mapping[str, Any]) -> bool:
    """Whether a record's run still goes on. What another controller does can't be told from here."""
    return bool(by.get("since")) and by == process(int(by["process"]))


def close_older(reports: Path, current: str, clock: Clock) -> list[str]:
    """Closes the records of runs that were killed, and returns their names."""
    closed = []
    for name, record in _open_records(reports, current, clock):
        by = record.begun_by
        if by is None or not (by == process() or _lives(by)):
            record.close("The run was killed or lost its controller.")
            closed.append(name)
    return closed


def close_siblings(reports: Path, current: str, clock: Clock) -> list[str]:
    """Closes what else the same ansible-playbook has open, since it ends with this record; returns the names."""
    closed = []
    for name, record in _open_records(reports, current, clock):
        if record.begun_by == process():
            record.close(f"The run ended at another pool: see {current}.")
            closed.append(name)
    return closed


def _open_records(reports: Path, current: str, clock: Clock) -> Iterator[tuple[str, Record]]:
    for path in sorted(reports.glob(f"*/{EVENTS}")):
        record = Record(str(path.parent), clock)
        if path.parent.name != current and record.is_open:
            yield path.parent.name, record
