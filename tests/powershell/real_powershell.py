# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs management_shell.ps1 in a PowerShell process of its own, as a server does."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import SCRIPT

MODULE_NAMES = {"lync2013": "Lync", "sfb2015": "SkypeForBusiness", "sfb2019": "SkypeForBusiness"}

#: Through files: what a console's encoding does to texts is not the point here. A third word is given to the script.
RUN = """\
$request = [System.IO.File]::ReadAllText($args[1])
$more = @{}
if ($args.Count -gt 3) { $more[[string]$args[3]] = $true }
$answer = & $args[0] -Request $request @more
[System.IO.File]::WriteAllText($args[2], [string]$answer)
"""


@dataclass(frozen=True)
class PowerShell:
    """Starts the script as a process of its own, as a server does."""

    program: str
    folder: Path
    modules: Path

    def start(self, calls: Sequence[Call | Mapping[str, Any]], *words: str, **more: Any) -> Running:
        """words: what the script gets besides the request, such as WhatIf. more: other keys of the request."""
        own = self.folder / f"run-{len(list(self.folder.glob('run-*')))}"
        own.mkdir()
        request: dict[str, Any] = {
            "modules": list(MODULE_NAMES.values()),
            "editions": ["Desktop", "Core"],
            "claim": None,
            "roles": ["RTCUniversalServerAdmins"],
            "calls": [call.request() if isinstance(call, Call) else dict(call) for call in calls],
        }
        (own / "request.json").write_text(json.dumps({**request, **more}), "ascii")
        (own / "run.ps1").write_text(RUN, "ascii")
        command = [self.program, "-NoProfile", "-NonInteractive", "-File", str(own / "run.ps1"), str(SCRIPT)]
        # Into a file: a pipe would stay open as long as any child of the script lives.
        with (own / "said.txt").open("wb") as said:
            process = subprocess.Popen(
                [*command, str(own / "request.json"), str(own / "answer.json"), *words],
                env={**os.environ, "PSModulePath": os.pathsep.join([str(self.modules), os.getenv("PSModulePath", "")])},  # noqa: SIM112
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        return Running(process, own)

    def ask(self, calls: Sequence[Call | Mapping[str, Any]], *words: str, **more: Any) -> dict[str, Any]:
        return self.start(calls, *words, **more).answer()

    def one(self, call: Call | Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """The outcome of a single call."""
        outcome: dict[str, Any] = self.ask([call], **more)["outcomes"][0]
        return outcome


@dataclass(frozen=True)
class Running:
    """A script at work."""

    process: subprocess.Popen[bytes]
    folder: Path

    def end(self) -> str:
        """Waits for its end; the text of its answer, empty where it gave none."""
        self.process.wait(timeout=300)
        path = self.folder / "answer.json"
        return path.read_text("utf-8") if path.exists() else ""

    def answer(self) -> dict[str, Any]:
        text = self.end()
        assert text, f"the script gave no answer but said: {self.said}"
        answer: dict[str, Any] = json.loads(text)
        return answer

    @property
    def said(self) -> str:
        return (self.folder / "said.txt").read_text("utf-8", "replace")
