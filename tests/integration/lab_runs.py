# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A running lab, and the playbooks run against it as a user would run them."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import promises
import winrm
import yaml
from sfb_lab.deployment.description import read_deployment
from sfb_lab.deployment.products import PRODUCTS

ROOT = Path(__file__).resolve().parents[2]
POOL = "pool01.example.com"
NEW = {"sfb2019": "7.0.2046.521", "sfb2015": "6.0.9319.628", "lync2013": "5.0.8308.965"}
OLD = {"sfb2019": "7.0.2046.396", "sfb2015": "6.0.9319.534", "lync2013": "5.0.8308.291"}
INSTALLER = {product: PRODUCTS[product]["installer"] for product in NEW}
INSTALLERS = {"lync2013": "Lync"}


#: What users name the groups of their inventory, and the playbooks look for.
FRONT_ENDS, BACK_ENDS, STANDARDS = "sfb_front_end_servers", "sfb_back_end_servers", "sfb_standard_edition_servers"


def pool_of(count: int = 3, product: str = "sfb2019", **more: Any) -> dict[str, Any]:
    """A deployment file's content: one pool of `count` Front Ends."""
    servers = [{"fqdn": f"fe{number:02d}.example.com"} for number in range(1, count + 1)]
    return {"product": product, "pools": [{"fqdn": POOL, "servers": servers}], **more}


def inventory_of(deployment: dict[str, Any], front_ends: list[str] | None = None) -> dict[str, Any]:
    """The inventory that a user would have of it; `front_ends`: others than those of the first pool."""
    first = [pool for pool in deployment["pools"] if pool.get("edition") != "standard"][:1]
    groups = {
        FRONT_ENDS: front_ends or [_name(server) for pool in first for server in pool["servers"]],
        BACK_ENDS: [_name(server) for server in deployment.get("back_end_servers", [])],
        STANDARDS: [pool["fqdn"] for pool in deployment["pools"] if pool.get("edition") == "standard"],
    }
    return {group: {"hosts": dict.fromkeys(names, None)} for group, names in groups.items() if names}


def _name(server: str | dict[str, Any]) -> str:
    return server if isinstance(server, str) else str(server["fqdn"])


@dataclass
class Outcome:
    """One run of a playbook."""

    code: int
    output: str
    report: dict[str, Any]

    @property
    def text(self) -> str:
        """The output with its line breaks folded, to look for sentences in. Older cores show a failure only as JSON."""
        return " ".join(self.output.replace("\\\\", "\\").split())


@dataclass
class Lab:
    """A running lab and the inventory that a user would have of it."""

    folder: Path
    deployment: dict[str, Any]
    facts: dict[str, Any]
    process: subprocess.Popen[str]
    inventory: Path
    play_number: int = 0
    patched: bool = False
    """Whether the last run was to patch, and succeeded."""
    plays: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def version(self) -> str:
        return NEW[self.deployment["product"]]

    def journal(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "journal.jsonl").read_text(encoding="utf-8").splitlines()]

    def command(self, playbook: str, *arguments: str, **variables: Any) -> list[str]:
        product = self.deployment["product"]
        source = f"http://media.example.com/{product}/{self.version}/{INSTALLERS.get(product, 'Skype')}ServerUpdateInstaller.exe"
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
        before = len(self.journal())
        process = self.begin(playbook, *arguments, **variables)
        output, _nothing = process.communicate(timeout=600)
        self.play_number += 1
        (self.folder / f"output-{self.play_number}.txt").write_text(output, encoding="utf-8")
        run = Outcome(process.returncode, output, self.newest_report())
        if keep_promises:
            journal = self.journal()
            promises.check(journal, output if run.code else "", "--check" in arguments, self.beginning)
            told = promises.Run(journal[before:], variables, run.report.get("back_end"))
            promises.check_run(told, self.beginning)
        self.patched = keep_promises and run.code == 0 and playbook.startswith("patch_") and "--check" not in arguments
        return run

    @functools.cached_property
    def beginning(self) -> promises.Beginning:
        return promises.beginning_of(read_deployment(self.folder / "deployment.yml"), self.version)

    def services(self) -> dict[str, dict[str, str]]:
        """Server -> service -> its status, asked on each server itself by somebody who is none of us."""
        found = {}
        for server in (server for server, off in self.beginning.off.items() if off is not None):
            facts = yaml.safe_load((Path(self.facts["inventory"]) / "host_vars" / f"{server}.yml").read_text("utf-8"))
            session = winrm.Session(
                f"https://{facts['ansible_host']}:{facts['ansible_port']}/wsman",
                (facts["ansible_user"], facts["ansible_password"]),
                transport="ntlm",
                ca_trust_path=facts["ansible_winrm_ca_trust_path"],
                proxy=None,
            )
            asked = "Get-CsWindowsService -ExcludeActivityLevel | Select-Object Name, Status | ConvertTo-Json"
            answer = session.run_ps(asked)
            assert answer.status_code == 0, answer.std_err
            found[server] = {row["Name"]: row["Status"] for row in json.loads(answer.std_out)}
        return found

    def newest_report(self) -> dict[str, Any]:
        reports = sorted((self.folder / "reports").glob("*/report.json"), key=lambda path: path.stat().st_mtime)
        return dict(json.loads(reports[-1].read_text(encoding="utf-8"))) if reports else {}

    def changes(self, cmdlet: str | None = None) -> list[dict[str, Any]]:
        return promises.changes(self.journal(), cmdlet)

    def ask_at_the_end(self) -> None:
        """What a run that succeeded left behind."""
        # Where the module does not load by itself, a plain line can't ask; nor can it a lab that the test has stopped.
        loads = self.deployment.get("switches", {}).get("module_autoloads", True)
        if self.patched and loads and self.process.poll() is None:
            promises.services_run_again(self.services(), self.beginning)

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
