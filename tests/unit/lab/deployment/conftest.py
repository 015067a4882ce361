# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lab without a network: a deployment and its faults, written down in a test, and short ways to call it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from sfb_lab.border import Caller
from sfb_lab.deployment import Deployment, load

Json = dict[str, Any]
ROOT = "C:\\ProgramData\\sfb.server"
POOL = "pool01.example.com"
THREE: Json = {
    "product": "sfb2019",
    "pools": [{"fqdn": POOL, "servers": ["fe01.example.com", "fe02.example.com", "fe03.example.com"]}],
}


class Lab:
    """A deployment and those who call it; servers by their short names."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.model = deployment.model
        self.start = deployment.now()

    def caller(
        self, server: str, user: str = "LAB\\admin", become: str | None = "default", check_mode: bool = False
    ) -> Caller:
        account = self.deployment.become if become == "default" else become
        password = self.deployment.accounts.get(account) if account else None
        return Caller(f"{server}.example.com", user, account, password, check_mode)

    def request(
        self, calls: Sequence[Json], claim: str | None = None, modules: Sequence[str] = ("SkypeForBusiness", "Lync")
    ) -> Json:
        every: Json = {"cmdlet": None, "program": None, "parameters": {}, "arguments": "", "folder": None, "select": []}
        return {
            "modules": list(modules),
            "editions": ["Desktop"],
            "claim": claim,
            "roles": ["RTCUniversalServerAdmins"],
            "calls": [{**every, "expect": None, "go_on": True, **call} for call in calls],
        }

    def ask(self, server: str, *calls: Json, **more: Any) -> list[Json]:
        """The outcomes of one execution."""
        who = {name: more.pop(name) for name in ("user", "become", "check_mode") if name in more}
        answer = self.deployment.management_shell(self.caller(server, **who), self.request(calls, **more))
        return list(answer["outcomes"])

    def cmdlet(
        self,
        server: str,
        name: str,
        /,
        select: Sequence[Any] = (),
        who: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> Json:
        """The outcome of one cmdlet."""
        return self.ask(server, {"cmdlet": name, "parameters": parameters, "select": list(select)}, **(who or {}))[0]

    def program(self, server: str, program: str, arguments: str) -> Json:
        return self.ask(server, {"program": program, "arguments": arguments}, modules=())[0]

    def detach(
        self, server: str, *calls: Json, claim: str | None = None, modules: Sequence[str] = ("SkypeForBusiness", "Lync")
    ) -> None:
        self.deployment.management_shell_detached(self.caller(server), self.request(calls, claim, modules))

    def make_root(self, server: str) -> None:
        self.cmdlet(server, "New-Item", Path=ROOT, ItemType="Directory")

    def fail_over(self, server: str, minutes: int = 60, **more: Any) -> Json:
        wait = f"0.{minutes // 60:02d}:{minutes % 60:02d}:00"
        return self.cmdlet(
            "fe02" if server == "fe01" else "fe01",
            "Invoke-CsComputerFailOver",
            ComputerName=f"{server}.example.com",
            WaitTime=wait,
            Confirm=False,
            **more,
        )

    def fail_back(self, server: str, from_server: str | None = None) -> Json:
        return self.cmdlet(
            from_server or server,
            "Invoke-CsComputerFailBack",
            ComputerName=f"{server}.example.com",
            WaitTime="0.01:00:00",
            Confirm=False,
        )

    def services(self, server: str) -> dict[str, tuple[str, str]]:
        """Name -> state and start mode, as Win32_Service has them."""
        rows = self.cmdlet(server, "Get-CimInstance", ["Name", "State", "StartMode"], ClassName="Win32_Service")[
            "output"
        ]
        return {row["Name"]: (row["State"], row["StartMode"]) for row in rows}

    def put_installer(self, server: str, version: int = 0) -> str:
        """The path of the installer in a folder of its own."""
        folder = f"{ROOT}\\media\\update"
        self.cmdlet(server, "New-Item", Path=folder, ItemType="Directory", Force=True)
        path = f"{folder}\\{self.deployment.media[version]['file']}"
        self.deployment.download(self.caller(server), self.deployment.media[version]["urls"][0], path)
        return path

    def install(self, server: str) -> int:
        """The exit code of the installer."""
        outcome = self.program(server, self.put_installer(server), "/silentmode")
        return int(outcome["output"][0]["ExitCode"])

    def restart(self, server: str) -> None:
        """Down, and back with an answering WinRM."""
        self.deployment.restart(self.caller(server), 2)
        self.deployment.sleep(5)
        for _attempt in range(100):
            if self.deployment.accepts(f"{server}.example.com"):
                return
        raise AssertionError(f"{server} did not come back")

    def state(self, server: str) -> str:
        outcome = self.cmdlet(server, "Get-CsUpgradeDomainInfo", ["PoolUpgradeState"], QueryTimeout=0)
        return str(outcome["output"][0]["PoolUpgradeState"])

    def line(self, server: str, text: str) -> str:
        """What a plain line writes."""
        console = self.deployment.line(self.caller(server), text)
        return console.stdout + console.stderr

    def sleep(self, minutes: float) -> None:
        self.deployment.sleep(60 * minutes)

    def minutes(self) -> float:
        return (self.deployment.now() - self.start) / 60

    def journal(self, kind: str, **facts: Any) -> list[Json]:
        lines = [line for line in self.deployment.journal_lines if line["kind"] == kind]
        return [line for line in lines if all(line.get(name) == value for name, value in facts.items())]

    def felt(self) -> list[str]:
        return [line["what"] for line in self.journal("felt")]

    def claim(self, server: str, name: str) -> Json:
        content = self.deployment.read_file(self.caller(server), f"{ROOT}\\{name}.json")
        answer: Json = json.loads(content)
        return answer


def changed(base: Mapping[str, Any], **keys: Any) -> Json:
    """A copy of a deployment with other top-level keys."""
    return {**json.loads(json.dumps(base)), **keys}


Play = Callable[..., Lab]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Starts a lab: ``play()``, ``play({"switches": ...}, faults=[...], servers={"fe01": {...}})``."""

    def start(
        more: Json | None = None,
        faults: Sequence[Json] = (),
        servers: Mapping[str, Json] | None = None,
        base: Json | None = None,
    ) -> Lab:
        settings = changed(base or THREE, **(more or {}))
        for pool in settings["pools"]:
            pool["servers"] = [
                {"fqdn": fqdn, **servers[fqdn.partition(".")[0]]}
                if servers and fqdn.partition(".")[0] in servers
                else fqdn
                for fqdn in pool["servers"]
            ]
        deployment = tmp_path / "deployment.yml"
        deployment.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
        misfortunes = tmp_path / "faults.yml"
        misfortunes.write_text(yaml.safe_dump(list(faults)), encoding="utf-8")
        return Lab(load(deployment, misfortunes))

    return start
