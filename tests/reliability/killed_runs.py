# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that are killed at a moment of the lab's journal, and what becomes of the worker that they leave behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab_runs import Lab

Line = dict[str, Any]
Moment = Callable[[Line], bool]

FAIL_OVER, FAIL_BACK = "Invoke-CsComputerFailOver", "Invoke-CsComputerFailBack"


def is_call(cmdlet: str, host: str | None = None, **facts: Any) -> Moment:
    """A line of this cmdlet (or program), on this host, with these facts or parameters."""

    def fits(line: Line) -> bool:
        known = {**(line.get("parameters") or {}), **line}
        return (
            line.get("cmdlet") == cmdlet
            and host in (None, line["host"])
            and all(known.get(name) == value for name, value in facts.items())
        )

    return fits


def is_kind(kind: str, **facts: Any) -> Moment:
    return lambda line: line["kind"] == kind and all(line.get(name) == value for name, value in facts.items())


@dataclass(frozen=True)
class Killed:
    """A run that was ended by a signal. `seen`: lines of the journal before it; `left`: those that its worker added."""

    code: int
    output: str
    seen: int
    left: list[Line]


def kill_at(
    lab: Lab, moment: Moment, *arguments: str, number: int = signal.SIGKILL, after: Moment | None = None, **variables: Any
) -> Killed:
    """Starts the playbook, and sends its process (not its workers) a signal when the journal shows the moment.

    `after`: the moment counts only behind a line that fits this. Returns when its workers have come to their end too.
    """
    journal = Journal(lab.folder / "journal.jsonl")
    process = lab.begin("patch_frontend_pool.yml", *arguments, **variables)
    if after:
        journal.await_line(after, process)
    journal.await_line(moment, process)
    workers = children(process.pid)
    os.kill(process.pid, number)
    seen = len(lab.journal())
    output, _nothing = process.communicate(timeout=120)
    for worker in workers:
        await_end(worker)
    return Killed(process.returncode, output, seen, lab.journal()[seen:])


class Journal:
    """The lab's journal as it grows; from here on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0

    def await_line(self, moment: Moment, process: subprocess.Popen[str]) -> Line:
        """The next line that fits. Fails when the run ends without one."""
        while True:
            ended = process.poll() is not None
            for line in self._new_lines():
                if moment(line):
                    return line
            assert not ended, f"the run ended before that moment: {process.communicate()[0]}"
            time.sleep(0.002)

    def _new_lines(self) -> list[Line]:
        with self._path.open("rb") as file:
            file.seek(self._offset)
            found = []
            for text in file:
                if not text.endswith(b"\n"):
                    break
                self._offset += len(text)
                found.append(json.loads(text))
                if len(found) == 1:
                    break
        return found


def children(pid: int) -> list[int]:
    """Processes that this one has forked and that live."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def await_end(pid: int, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while is_alive(pid):
        assert time.monotonic() < deadline, f"the worker {pid} of a killed run goes on and on"
        time.sleep(0.01)


def executions(lines: list[Line]) -> set[tuple[str, int]]:
    return {(line["host"], line["execution"]) for line in lines if "execution" in line}
