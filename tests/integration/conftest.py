# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lab a test; all that it started is stopped at its end."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from lab_runs import ROOT, Lab, inventory_of, pool_of


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What "sampled" means: see pyproject.toml. The cases of one test go the same way and differ in a word."""
    seen: Counter[str] = Counter()
    for item in items:
        mark = item.get_closest_marker("sampled")
        test = item.nodeid.partition("[")[0]
        seen[test] += 1
        if mark and seen[test] > mark.args[0]:
            item.add_marker(pytest.mark.exhaustive)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    """Starts labs: lab(deployment, faults=[...], names={...}) -> Lab. All are stopped at the test's end."""
    running: list[Lab] = []

    def start(deployment: dict[str, Any] | None = None, faults: list[dict[str, Any]] | None = None,
              members: list[str] | None = None) -> Lab:  # fmt: skip
        folder = tmp_path / f"lab{len(running)}"
        folder.mkdir()
        deployment = deployment or pool_of()
        (folder / "deployment.yml").write_text(yaml.safe_dump(deployment, allow_unicode=True), encoding="utf-8")
        (folder / "faults.yml").write_text(yaml.safe_dump(faults or [], allow_unicode=True), encoding="utf-8")
        command = [
            sys.executable,
            str(ROOT / "extensions/lab"),
            "serve",
            "--deployment",
            str(folder / "deployment.yml"),
        ]
        command += ["--journal", str(folder / "journal.jsonl"), "--faults", str(folder / "faults.yml")]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = process.stdout.readline() if process.stdout else ""
        assert line, f"the lab did not start: {process.stderr.read() if process.stderr else ''}"
        facts = json.loads(line)
        inventory = folder / "inventory.yml"
        inventory.write_text(yaml.safe_dump(inventory_of(deployment, members)), encoding="utf-8")
        running.append(Lab(folder, deployment, facts, process, inventory))
        return running[-1]

    yield start
    try:
        for one in running:
            one.ask_at_the_end()
    finally:
        for one in running:
            one.stop()
