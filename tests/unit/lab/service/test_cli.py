# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command as a process of its own, with a stub in place of the simulation."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("winrm")

HERE = Path(__file__).resolve().parent
LAB = HERE.parents[3] / "extensions" / "lab"
START = """
import sys
from sfb_lab import cli, deployment
from stub_simulation import StubSimulation

def load(*arguments):
    if arguments[0] == "broken.yml":
        raise cli.FileError("broken.yml line 3: servers: a list expected")
    print(arguments, file=sys.stderr, flush=True)
    return StubSimulation()

deployment.load = load
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[object]:
    processes = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(LAB), str(HERE)]),
            "TMPDIR": str(tmp_path),
        }
        process = subprocess.Popen(
            [sys.executable, "-c", START, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_serves_until_told_to_stop_and_leaves_nothing(
    start: object, tmp_path: Path, number: signal.Signals
) -> None:
    process = start("serve", "--deployment", "d.yml", "--journal", "j.jsonl", "--speed", "60")  # type: ignore[operator]
    said = json.loads(process.stdout.readline())
    assert set(said) == {"port", "hosts", "inventory"}
    assert said["hosts"] == {"fe01.example.com": "127.0.91.11", "fe02.example.com": "127.0.91.12"}
    assert (Path(said["inventory"]) / "hosts.yml").is_file()
    process.send_signal(number)
    rest, errors = process.communicate(timeout=20)
    assert (process.returncode, rest, errors) == (0, "", "('d.yml', None, 'j.jsonl', 60.0)\n")
    assert list(tmp_path.iterdir()) == []


def test_a_deployment_that_can_not_be_played_is_an_error_without_a_traceback(start: object, tmp_path: Path) -> None:
    process = start("serve", "--deployment", "broken.yml", "--journal", "j")  # type: ignore[operator]
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output) == (2, "")
    assert errors == "sfb-lab: broken.yml line 3: servers: a list expected\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--speed=0", "--speed=fast", "--port=70000", "--deploy"])
def test_a_wrong_option_is_named(start: object, option: str) -> None:
    process = start("serve", "--deployment", "d.yml", "--journal", "j", option)  # type: ignore[operator]
    _output, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert option.partition("=")[0] in errors
