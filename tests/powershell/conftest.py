# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real PowerShell and a compiled fake of the product's module, for each product once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.management_shell import SCRIPT
from ansible_collections.sfb.server.tests.powershell.fake_module import csharp
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.cmdlet_uses import SIGNATURES

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
        command = [self.program, "-NoProfile", "-NonInteractive", "-File", own / "run.ps1", SCRIPT]
        process = subprocess.Popen(
            [*command, own / "request.json", own / "answer.json", *words],
            env={**os.environ, "PSModulePath": os.pathsep.join([str(self.modules), os.environ.get("PSModulePath", "")])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return Running(process, own / "answer.json")

    def ask(self, calls: Sequence[Call | Mapping[str, Any]], *words: str, **more: Any) -> dict[str, Any]:
        return self.start(calls, *words, **more).answer()

    def one(self, call: Call | Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """The outcome of a single call."""
        outcome: dict[str, Any] = self.ask([call], **more)["outcomes"][0]
        return outcome


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[str]
    path: Path

    def answer(self) -> dict[str, Any]:
        said, _nothing = self.process.communicate(timeout=300)
        assert self.path.exists() and self.path.read_text("utf-8"), f"the script wrote no answer but: {said}"
        answer: dict[str, Any] = json.loads(self.path.read_text("utf-8"))
        return answer


@pytest.fixture(scope="session")
def pwsh() -> str:
    found = shutil.which(os.environ.get("PWSH") or "pwsh")
    if found is None:
        pytest.skip("no PowerShell here: no pwsh on PATH, and PWSH names none")
    return found


@pytest.fixture(scope="session")
def built(pwsh: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder that holds the compiled module of a product; each is built once."""
    folders: dict[str, Path] = {}

    def build(product: str) -> Path:
        if product not in folders:
            name = MODULE_NAMES[product]
            folders[product] = tmp_path_factory.mktemp(product)
            module = folders[product] / name
            module.mkdir()
            source = folders[product] / "fake.cs"
            source.write_text(csharp(SIGNATURES, product), "ascii")
            script = folders[product] / "build.ps1"
            script.write_text("Add-Type -Path $args[0] -OutputAssembly $args[1] -ErrorAction Stop\n", "ascii")
            command = [pwsh, "-NoProfile", "-NonInteractive", "-File", script, source, module / f"{name}.dll"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300)
            assert (module / f"{name}.dll").exists(), done.stdout + done.stderr
        return folders[product]

    return build


@pytest.fixture
def of_product(pwsh: str, built: Callable[[str], Path], tmp_path: Path) -> Callable[[str], PowerShell]:
    return lambda product: PowerShell(pwsh, tmp_path, built(product))


@pytest.fixture
def shell(of_product: Callable[[str], PowerShell]) -> Iterator[PowerShell]:
    """On a server with Skype for Business Server 2015."""
    yield of_product("sfb2015")
