# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's asynchronous jobs, and where each of them is."""

from __future__ import annotations

import ntpath
from collections.abc import Callable
from dataclasses import dataclass

from ..border import Json
from .payload import Async

#: The finished module's result, or None while it runs.
Result = Callable[[], Json | None]


@dataclass(frozen=True)
class Job:
    answer: Json
    """What the async wrapper says when it has started the job."""
    result: Result


class Jobs:
    """Jobs by server and results file. Windows keeps such files over a restart; so does this."""

    def __init__(self) -> None:
        self._jobs: dict[tuple[str, str], Job] = {}
        self._last_process = 4096

    def start(self, host: str, folder: str, start: Async, result: Result) -> Json:
        """Notes a job; the wrapper's answer (CODE ansible-core async_wrapper.ps1)."""
        # Process numbers on Windows are multiples of four.
        self._last_process += 8
        job_id = f"{start.job_id}.{self._last_process - 4}"
        results_file = ntpath.join(folder, job_id)
        answer: Json = {
            "started": True if start.flags_are_booleans else 1,
            "finished": False if start.flags_are_booleans else 0,
            "results_file": results_file,
            "ansible_job_id": job_id,
            "_ansible_suppress_tmpdir_delete": True,
            "ansible_async_watchdog_pid": self._last_process,
        }
        self._jobs[host, results_file.lower()] = Job(answer, result)
        return answer

    def find(self, host: str, results_file: str) -> Job | None:
        return self._jobs.get((host, results_file.lower()))

    def erase(self, host: str, results_file: str) -> None:
        self._jobs.pop((host, results_file.lower()), None)
