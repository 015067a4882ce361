# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A running lab, and the playbooks run against it as a user would run them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import promises

ROOT = Path(__file__).resolve().parents[2]
POOL = "pool01.example.com"
NEW = {"sfb2019": "7.0.2046.521", "sfb2015": "6.0.9319.628"}
OLD = {"sfb2019": "7.0.2046.396", "sfb2015": "6.0.9319.534"}


def pool_of(count: int = 3, product: str = "sfb2019", **more: Any) -> dict[str, Any]:
    """A deployment file's content: one pool of `count` Front Ends."""
    servers = [{"fqdn": f"fe{number:02d}.example.com"} for number in range(1, count + 1)]
    return {"product": product, "pools": [{"fqdn": POOL, "servers": servers}], **more}


@dataclass
class Outcome:
    """One run of a playbook."""

    code: int
    output: str
    report: dict[str, Any]

    @property
    def text(self) -> str:
        """The output with its line breaks folded, to look for sentences in."""
        return " ".join(self.output.split())


@dataclass
class Lab:
    """A running lab and the inventory that a user would have of it."""

    folder: Path
    deployment: dict[str, Any]
    facts: dict[str, Any]
    process: subprocess.Popen[str]
    inventory: Path
    play_number: int = 0
    plays: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def version(self) -> str:
        return NEW[self.deployment["product"]]

    def journal(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "journal.jsonl").read_text(encoding="utf-8").splitlines()]

    def command(self, playbook: str, *arguments: str, **variables: Any) -> list[str]:
        source = f"http://media.example.com/{self.deployment['product']}/{self.version}/SkypeServerUpdateInstaller.exe"
        given = {
            "sfb_update_source": source,
            "sfb_update_version": self.version,
            "sfb_backup_confirmed": True,
            "sfb_report_dir": str(self.folder / "reports"),
            **variables,
        }
        path = playbook if "/" in playbook or playbook.count(".") > 1 else str(ROOT / "playbooks" / playbook)
        return [
            "ansible-playbook", "-i", str(self.inventory), "-i", self.facts["inventory"],
            path, "-e", json.dumps(given), *arguments,
        ]  # fmt: skip

    def begin(self, playbook: str, *arguments: str, **variables: Any) -> subprocess.Popen[str]:
        """Starts a playbook and returns at once; in a process group of its own, so that it can be killed alone."""
        process = subprocess.Popen(
            self.command(playbook, *arguments, **variables),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(), start_new_session=True,
            cwd=self.folder,
        )  # fmt: skip
        self.plays.append(process)
        return process

    def play(
        self, playbook: str = "patch_frontend_pool.yml", *arguments: str, keep_promises: bool = True, **variables: Any
    ) -> Outcome:
        """Runs a playbook to its end; the promises are checked at once."""
        process = self.begin(playbook, *arguments, **variables)
        output, _nothing = process.communicate(timeout=600)
        self.play_number += 1
        (self.folder / f"output-{self.play_number}.txt").write_text(output, encoding="utf-8")
        if keep_promises:
            promises.check(self.journal(), output if process.returncode else "", check_mode="--check" in arguments)
        return Outcome(process.returncode, output, self.newest_report())

    def newest_report(self) -> dict[str, Any]:
        reports = sorted((self.folder / "reports").glob("*/report.json"), key=lambda path: path.stat().st_mtime)
        return dict(json.loads(reports[-1].read_text(encoding="utf-8"))) if reports else {}

    def changes(self, cmdlet: str | None = None) -> list[dict[str, Any]]:
        return promises.changes(self.journal(), cmdlet)

    def stop(self) -> None:
        for play in self.plays:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(play.pid, signal.SIGKILL)
        self.process.terminate()
        self.process.wait(20)


def environment() -> dict[str, str]:
    """Ansible as a user has it: without colours."""
    return {
        **os.environ,
        "ANSIBLE_NOCOLOR": "1",
        "NO_PROXY": "127.0.0.0/8",
        "COLUMNS": "300",
    }
