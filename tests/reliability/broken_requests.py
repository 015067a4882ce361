# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One task against many labs at once, in each of which another WS-Man request breaks the connection.

Every lab is a `Night` of this process behind a WinRM service of its own, so that a test can prepare it, look into it,
and let the next run go over it, in milliseconds. One `ansible` process works on all of them, under the names case01,
case02 ...
"""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from lab_runs import environment, pool_of
from night import Night
from sfb_lab.service.running_lab import RunningLab

Json = dict[str, Any]
Prepare = Callable[[Night], None]

FE02 = "fe02.example.com"


@dataclass
class Case:
    """One lab, the request that breaks there, and what the task's result was."""

    night: Night
    request: int = 0
    after_work: bool = False
    result: Json | None = None

    def __str__(self) -> str:
        return f"request {self.request}, {'after' if self.after_work else 'before'} its work"


def quick_pool() -> Json:
    """Little to wait for, so that few executions are needed."""
    deployment = pool_of(
        times={
            "boot_minutes": 1, "fail_back_ready_minutes": 0, "fail_over_minutes": 0.2, "fail_back_minutes": 0.2,
            "front_end_starting_minutes": 0.2,
        },
        media=[{"version": "7.0.2046.521", "minutes": 1}],
    )  # fmt: skip
    deployment["pools"][0]["load"] = {"drain_minutes": 0.1}
    return deployment


def count_requests(folder: Path, prepare: Prepare, task: Sequence[str], line: Callable[[Json], bool]) -> int:
    """The number of the request that brought this line into the journal, in a run that nothing disturbs."""
    folder.mkdir()
    night = Night(folder, quick_pool())
    prepare(night)
    lines_at: list[int] = []
    usual = night.deployment.request

    def counted(host: str, user: str, action: str) -> Any:
        lines_at.append(len(night.journal))
        return usual(host, user, action)

    night.deployment.request = counted  # type: ignore[method-assign]
    case = Case(night)
    run_task(folder, [case], task)
    assert case.result and not case.result.get("failed"), case.result
    number = next(index for index, entry in enumerate(night.journal) if line(entry) and index >= lines_at[0])
    return max(request for request, before in enumerate(lines_at, 1) if before <= number)


def cases(folder: Path, prepare: Prepare, requests: Sequence[int]) -> list[Case]:
    made = []
    for request in requests:
        for after_work in (False, True):
            place = folder / f"{request}{after_work}"
            place.mkdir()
            drop = {"fault": "connection_dropped", "host": FE02, "at_request": request, "after_work": after_work}
            night = Night(place, quick_pool(), [drop])
            prepare(night)
            made.append(Case(night, request, after_work))
    return made


def run_task(folder: Path, made: Sequence[Case], task: Sequence[str]) -> None:
    """Runs the task on fe02 of every lab, and leaves the results in the cases."""
    names = [f"case{number:02}" for number in range(1, len(made) + 1)]
    with contextlib.ExitStack() as stack:
        hosts = {}
        for name, case in zip(names, made, strict=True):
            lab = stack.enter_context(_serving(case.night))
            hosts[name] = yaml.safe_load((lab.inventory / "host_vars" / f"{FE02}.yml").read_text("utf-8"))
        inventory = folder / "cases.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
        results = folder / "results"
        command = ["ansible", "all", "-i", str(inventory), "-f", "3", "-t", str(results)]
        ran = subprocess.run(
            [*command, "-m", task[0], "-a", " ".join(task[1:])],
            capture_output=True, text=True, env=environment(), timeout=600, check=False,
        )  # fmt: skip
    for name, case in zip(names, made, strict=True):
        assert (results / name).exists(), ran.stdout + ran.stderr
        case.result = json.loads((results / name).read_text("utf-8"))


@contextlib.contextmanager
def _serving(night: Night) -> Iterator[RunningLab]:
    with RunningLab(night.deployment, None) as lab:
        yield lab
