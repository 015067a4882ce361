# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A night in this process: the lab's deployment without WinRM, and runs over it without Ansible.

A run here calls what the playbook and its roles call, in their order, so that it costs half a second and can be broken
at each single execution. That Ansible's part holds too, the tests in this folder that start ansible-playbook show.

    night = Night(tmp_path, pool_of())
    run = night.run(at={17: "answer_lost"})    the connection breaks at the 17th execution, after its work
    run.outcome, run.message                   "failed", "fe02.example.com: the connection broke ..."
    night.journal                              what the deployment lived through
"""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from ansible_collections.sfb.server.plugins.filter.pool import witness
from ansible_collections.sfb.server.plugins.plugin_utils.evidence import gate, pool_state, survey
from ansible_collections.sfb.server.plugins.plugin_utils.product import versions
from ansible_collections.sfb.server.plugins.plugin_utils.run import findings, plan
from ansible_collections.sfb.server.plugins.plugin_utils.shell import state_folder
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import ConnectionLost, NotUsable, SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import ManagementShell
from ansible_collections.sfb.server.plugins.plugin_utils.steps import (
    fail_back,
    fail_over,
    front_end,
    media,
    probe,
    restart,
    update,
)
from lab_runs import NEW
from sfb_lab.border import Caller, RefusedByWindows
from sfb_lab.deployment.simulation import Deployment, load

#: What befalls one execution: the connection breaks before or after its work, or the run is killed after it.
How = Literal["lost", "answer_lost", "killed"]
Facts = dict[str, Any]


class Killed(BaseException):
    """The run is gone in the middle of what it did; like SIGKILL, nothing catches it."""


@dataclass(frozen=True)
class Run:
    """How a run ended, and the lines that it said."""

    outcome: Literal["done", "findings", "failed", "killed"]
    message: str = ""
    said: Sequence[str] = ()

    @property
    def text(self) -> str:
        return "\n".join([*self.said, self.message])


class Night:
    """One pool, and the runs over it."""

    def __init__(self, folder: Path, deployment: Facts, faults: Sequence[Facts] = (), **options: Any) -> None:
        """`options` as the playbook has them, without their sfb_."""
        (folder / "deployment.yml").write_text(yaml.safe_dump(deployment), encoding="utf-8")
        (folder / "faults.yml").write_text(yaml.safe_dump(list(faults)), encoding="utf-8")
        self.deployment: Deployment = load(folder / "deployment.yml", folder / "faults.yml")
        self.servers = list(self.deployment.addresses)
        self.version = NEW[deployment["product"]]
        source = f"http://media.example.com/{deployment['product']}/{self.version}/SkypeServerUpdateInstaller.exe"
        self.options: Facts = {
            "update_source": source,
            "update_version": self.version,
            "update_sha256": None,
            "drain_timeout_minutes": 60.0,
            "on_drain_timeout": "fail",
            "start_timeout_minutes": 60.0,
            "reboot": "if_needed",
            "backup_confirmed": True,
            **options,
        }
        self._numbers = itertools.count(1)
        self.dangers: list[str] = []
        """What a run did although the deployment was not fit for it: seen from inside, not by what the run believed."""
        journal = self.deployment.model.journal
        self._write = journal.write
        journal.write = self._judged  # type: ignore[method-assign]

    def _judged(self, kind: str, caller: Any, host: str | None = None, **facts: Any) -> None:
        """Writes one line of the journal, and looks at the moment when it is written."""
        self._write(kind, caller, host, **facts)
        host = host or caller.host
        server = self.deployment.model.servers.get(host)
        if server is None or caller is None or not facts.get("changes"):
            return
        what = facts.get("cmdlet") or kind
        pool = self.deployment.model.pool_of(server)
        installing = any(process.name == "SkypeServerUpdateInstaller.exe" for process in server.processes.values())
        bad = []
        if what == "Invoke-CsComputerFailOver":
            bad = [f"{other.fqdn} is out" for other in pool.servers if other is not server and not other.in_service]
            bad += ["replicas are missing"] if pool.missing() else []
        elif what == "reboot":
            bad = [f"{other.fqdn} is out" for other in pool.servers if other is not server and not other.in_service]
            bad += ["it is in service"] if server.in_service else []
            bad += ["its update is being installed"] if installing and facts.get("by") != "installer" else []
        elif what == "Invoke-CsComputerFailBack":
            bad = ["its update is being installed"] if installing else []
        elif what == "installer":
            bad = ["it is in service"] if server.in_service else []
        self.dangers += [f"{what} of {host}, and {reason}" for reason in bad]

    @property
    def journal(self) -> list[Facts]:
        return self.deployment.journal_lines

    def controller(self, at: Mapping[int, How] | None = None) -> Controller:
        """Who runs the playbook once; `at`: what befalls which of its executions, counted from 1."""
        return Controller(self, f"20260307T21{next(self._numbers):04}Z-1", at or {})

    def run(self, only: str | None = None, at: Mapping[int, How] | None = None) -> Run:
        return self.controller(at).run(only)

    def run_beside(self, *starts: int) -> list[Run]:
        """Runs at the same time, each an execution in turn; `starts`: after how many of the first one's they begin."""
        controllers = [self.controller() for _start in (0, *starts)]
        turns = _Turns(controllers, [0, *starts])
        return turns.play()

    def state(self, name: str) -> Literal["in service", "marked", "out", "down"]:
        """What the server is, without a look that would take time."""
        server = self.deployment.model.servers[name]
        if not server.up:
            return "down"
        if server.files.get(state_folder.MARK) is not None:
            return "marked"
        return "in service" if server.in_service else "out"

    def is_well(self, *patched: str) -> None:
        """Every server serves, these have the whole update, and nothing was done that was not safe at that moment."""
        assert not self.dangers, self.dangers
        assert [self.state(name) for name in self.servers] == ["in service"] * len(self.servers)
        brings = self.deployment.model.media.media[0].settings["components"]
        for name in patched:
            server = self.deployment.model.servers[name]
            behind = {part: has for part, has in server.components.items() if brings.get(part, has) != has}
            assert behind == {}, f"{name} has only a part of the update"
            assert not server.pending_reboot, f"{name} still waits for a restart"


@dataclass
class Controller:
    """One run of the playbook."""

    night: Night
    identifier: str
    at: Mapping[int, How]
    executions: int = 0
    changing: set[int] = field(default_factory=set)
    """The executions that were to change something."""
    staged: int = 0
    """The last execution before a server is taken out of service."""
    said: list[str] = field(default_factory=list)
    before_execution: Callable[[], None] = lambda: None

    def run(self, only: str | None = None) -> Run:
        """The playbook; `only` as --limit."""
        try:
            stopped = self._playbook(only)
        except Killed:
            return Run("killed", "", self.said)
        except (SfbError, ValueError) as error:
            result = error.result() if isinstance(error, SfbError) else SfbError(str(error)).result()
            return Run("failed", result["msg"], self.said)
        return Run("findings" if stopped else "done", stopped, self.said)

    # ---- playbooks/patch_frontend_pool.yml -------------------------------------------------------------------------

    def _playbook(self, only: str | None) -> str:
        """The findings that stop it, in one text; empty when it went through."""
        surveys = [self._look(name) for name in self.night.servers]
        health = None
        asked = witness(surveys)
        if asked and all(s["state"] == "in_service" for s in surveys if s["reachable"]):
            shell = self.shell(asked)
            known = next(s for s in surveys if s["reachable"])
            health = pool_state.read(shell, pool_state.asked(shell, known["pool"], known["computers"]))
        settings = {**self.night.options, "play_hosts": [only] if only else self.night.servers}
        planned = plan.make(surveys, health, settings)
        found = findings.find(surveys, health, settings, self._now, planned.expected_minutes)
        stopping = [finding for finding in found if finding.stops]
        if stopping:
            return "; ".join(f"{finding.server}: {finding.fact}" for finding in stopping)
        for server in planned.patch:
            self._stage(server)
            probe.probe(self.shell(server.name))
        self.staged = self.executions
        for number, server in enumerate(planned.patch):
            self._front_end_server(server, planned, surveys, full_gate=number == 0)
        return ""

    def _look(self, name: str) -> Facts:
        """plugins/action/server_survey.py with tolerate_failure."""
        try:
            facts = survey.read(self.shell(name).read(survey.calls(self.night.options["update_source"])))
        except (SfbError, ValueError) as error:
            trouble = error if isinstance(error, SfbError) else SfbError(str(error))
            kind = type(error).__name__
            unreached = {"reachable": False, "trouble": trouble.message, "remedy": trouble.remedy, "trouble_kind": kind}
            return {"inventory_name": name, **unreached}
        return {"inventory_name": name, "reachable": True, **facts}

    def _stage(self, server: plan.Server) -> None:
        """plugins/action/update_media.py, with an address of the web."""
        shell, options = self.shell(server.name), self.night.options
        wanted = update.Update(server.installer, "", options["update_sha256"])
        if not update.file_problems(shell.read(update.file_calls(wanted)).outcomes, wanted):
            return
        state_folder.ensure(shell)
        media.prepare(shell, wanted)
        with self.execution(changes=True):
            self.night.deployment.download(self.caller(server.name), options["update_source"], server.installer)
        problems = update.file_problems(shell.read(update.file_calls(wanted)).outcomes, wanted)
        if problems:
            raise SfbError(f"{server.installer} on {server.name}: {'; '.join(problems)}.")

    # ---- roles/front_end_server/tasks ------------------------------------------------------------------------------

    def _front_end_server(self, server: plan.Server, planned: plan.Plan, surveys: list[Facts], full_gate: bool) -> None:
        """main.yml; the rescue is failed.yml."""
        seen = next(survey for survey in surveys if survey["inventory_name"] == server.name)
        works = seen["works"]
        waits = server.pending_restart or works["install"] == "running"
        only_back = server.marked and server.has_update and not waits
        half_way = (
            server.marked
            and not only_back
            and works["fail_over"] != "running"
            and (not seen["down"] or works["fail_back"] == "running")
        )
        try:
            if half_way:
                self._bring_back(server.name)
            if half_way or not server.marked:
                self._gate(server, planned, surveys, full_gate, None)
            if not only_back:
                self._take_out(server.name)
                if server.pending_restart and works["install"] != "running":
                    self._restart(server.name)
                self._install(server)
            self._bring_back(server.name)
            self._gate(server, planned, surveys, True, self._now)
        except SfbError as error:
            if error.facts.get("unchanged"):
                self._bring_back(server.name)
                raise SfbError(f"{error.message} It was put back and is in service again.") from error
            raise

    def _gate(
        self, server: plan.Server, planned: plan.Plan, surveys: list[Facts], full: bool, since: float | None
    ) -> None:
        shell = self.shell(witness(surveys, server.name))
        since = since if since is not None else self._now - 3600
        question = pool_state.Question(planned.pool, planned.computers, since, None, planned.ran_before)
        wanted = gate.Gate(3 if full else 1, 60, 5 if full else 0, 60)
        gate.await_healthy(shell, question, wanted, self.said.append)

    def _take_out(self, name: str) -> None:
        options = self.night.options
        drain = fail_over.Drain(options["drain_timeout_minutes"], options["on_drain_timeout"])
        run, start = front_end.Run(self.identifier), options["start_timeout_minutes"]
        fail_over.take_out(self.shell(name), None, drain, run, start, self.said.append)

    def _bring_back(self, name: str) -> None:
        run, start = front_end.Run(self.identifier), self.night.options["start_timeout_minutes"]
        fail_back.bring_back(self.shell(name), None, start, run, self.said.append)

    def _restart(self, name: str) -> None:
        restart.restart(self.shell(name), 30, self.said.append)

    def _install(self, server: plan.Server) -> None:
        wanted = update.Update(server.installer, self.night.version, self.night.options["update_sha256"])
        result = update.install(self.shell(server.name), wanted, 90, 30, self.said.append)
        if result["restart_required"]:
            self._restart(server.name)
            now = update.read_versions(self.shell(server.name))["components"]
            if not versions.has_update(now, self.night.version):
                raise SfbError(f"{server.name} does not have the update after its restart.")

    # ---- the wire ----------------------------------------------------------------------------------------------------

    def shell(self, name: str) -> ManagementShell:
        return ManagementShell(_Wire(self, name), self.night.deployment, name)

    def caller(self, name: str) -> Caller:
        accounts, become = self.night.deployment.accounts, self.night.deployment.become
        return Caller(name, next(iter(accounts)), become, accounts.get(become or ""))

    @contextlib.contextmanager
    def execution(self, changes: bool) -> Iterator[None]:
        """One remote execution, and what befalls it."""
        self.before_execution()
        self.executions += 1
        if changes:
            self.changing.add(self.executions)
        how = self.at.get(self.executions)
        if how == "lost":
            raise ConnectionLost("the connection broke (before the work)")
        try:
            yield
        except ConnectionResetError as error:
            raise ConnectionLost(f"the connection broke ({error})") from error
        except RefusedByWindows as error:
            raise NotUsable(f"it could not run our script: {error}") from error
        if how == "answer_lost":
            raise ConnectionLost("the connection broke (after the work)")
        if how == "killed":
            raise Killed

    @property
    def _now(self) -> float:
        return self.night.deployment.now()


@dataclass
class _Wire:
    """The management shell's transport to one server."""

    controller: Controller
    name: str

    def execute(self, script: str, request: str, detach_seconds: int | None) -> Facts:
        deployment, caller = self.controller.night.deployment, self.controller.caller(self.name)
        work = json.loads(request)
        with self.controller.execution(any(_changes(call) for call in work["calls"])):
            if not deployment.accepts(self.name):
                raise ConnectionResetError("connection refused")
            if detach_seconds is not None:
                deployment.management_shell_detached(caller, work)
                return {}
            answer = deployment.management_shell(caller, work)
        return {"output": [json.dumps(answer)]}

    def reset(self) -> None:
        """The next execution is a new connection anyway."""


def _changes(call: Facts) -> bool:
    if call["program"]:
        return "sqlcmd" not in call["program"]
    return str(call["cmdlet"]).partition("-")[0] not in ("Get", "Test", "Select") and "Web" not in call["cmdlet"]


class _Turns:
    """Several controllers in threads of their own, of which one at a time has an execution: always the same order."""

    def __init__(self, controllers: Sequence[Controller], starts: Sequence[int]) -> None:
        self._controllers = controllers
        self._starts = starts
        self._waiting = list(range(len(controllers)))
        self._turn = 0
        self._changed = threading.Condition()
        self._runs: dict[int, Run] = {}

    def play(self) -> list[Run]:
        threads = [threading.Thread(target=self._one, args=(number,)) for number in self._waiting]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [self._runs[number] for number in range(len(threads))]

    def _one(self, number: int) -> None:
        controller = self._controllers[number]
        controller.before_execution = lambda: self._await(number)
        self._await(number)
        try:
            self._runs[number] = controller.run()
        finally:
            with self._changed:
                self._waiting.remove(number)
                self._pass(number)

    def _await(self, number: int) -> None:
        """Gives the turn to the next one and comes back with the own one."""
        with self._changed:
            if self._turn == number:
                self._pass(number)
            self._changed.wait_for(lambda: self._turn == number)

    def _pass(self, number: int) -> None:
        """To the next one that has begun; one that has not begun is passed over while the first one is at work."""
        begun = self._controllers[0].executions if 0 in self._waiting else 10**9
        ready = [other for other in self._waiting if self._starts[other] <= begun]
        later = [other for other in ready if other > number]
        self._turn = (later or ready or [-1])[0]
        self._changed.notify_all()
