# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real PowerShell and a compiled fake of the product's module, for each product once."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.sfb.server.tests.powershell.fake_module import csharp
from ansible_collections.sfb.server.tests.powershell.real_powershell import MODULE_NAMES, PowerShell
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.cmdlet_uses import SIGNATURES


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
            command = [
                pwsh,
                "-NoProfile",
                "-NonInteractive",
                "-File",
                str(script),
                str(source),
                str(module / f"{name}.dll"),
            ]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
            assert (module / f"{name}.dll").exists(), done.stdout + done.stderr
        return folders[product]

    return build


@pytest.fixture
def of_product(pwsh: str, built: Callable[[str], Path], tmp_path: Path) -> Callable[[str], PowerShell]:
    return lambda product: PowerShell(pwsh, tmp_path, built(product))


@pytest.fixture
def shell(of_product: Callable[[str], PowerShell]) -> PowerShell:
    """On a server with Skype for Business Server 2015."""
    return of_product("sfb2015")
