# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every action of the collection has in common: options, clock, management shell, failures, the run's record."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.sfb.server.plugins.plugin_utils.run import run_record
from ansible_collections.sfb.server.plugins.plugin_utils.shell.clock import Clock, clock_for
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import ManagementShell
from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import format_utc
from ansible_collections.sfb.server.plugins.plugin_utils.shell.transport import AnsibleTransport

#: One execution may take this long on the real clock: a readiness read blocks until replicas are built.
CALL_SECONDS = 1800


class SfbAction(ActionBase):
    """Read, decide, act, wait, result: a subclass says which options it has and what it does with them."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    _supports_diff = True

    SPEC: ClassVar[dict[str, Any]] = {}
    #: What the run's record calls it; empty for an action that leaves no line there.
    STEP = ""
    _said = ""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        self.vars: dict[str, Any] = task_vars or {}
        _validated, options = self.validate_argument_spec(argument_spec=self.SPEC)
        # Only what was given or has a default: a missing option is not None by accident.
        options = {name: options.get(name) for name in self.SPEC}
        self.opened: ManagementShell | None = None
        self.clock: Clock = clock_for(self.vars.get("sfb_clock"))
        folder = self.vars.get("patch_report_folder")
        step = self.step(options)
        recorded = folder and step and not self._task.check_mode
        self.record = run_record.Record(str(folder), self.clock) if recorded else None
        if self.record:
            self.record.begin(step, self.server)
        begun = format_utc(self.clock.now())
        try:
            result = self.act(options)
        except SfbError as error:
            result = error.result()
        except ValueError as error:
            # The decisions' own words about input that can't be right: a version, a mark, a time.
            result = SfbError(str(error)).result()
        if self.opened:
            result.setdefault("executions", self.opened.executions)
        result = {"begun": begun, "ended": format_utc(self.clock.now()), **result}
        if self.record:
            self.record.end(step, self.server, result)
        return result

    def step(self, options: dict[str, Any]) -> str:
        return self.STEP

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    @property
    def server(self) -> str:
        """The inventory's name of the server that this task works on, delegated or not."""
        return str(self._task.delegate_to or self.vars.get("inventory_hostname") or "localhost")

    def shell(self) -> ManagementShell:
        """The management shell on the task's own connection."""
        seconds = int(self.vars.get("sfb_call_timeout_seconds") or CALL_SECONDS)
        transport = AnsibleTransport(self, self.vars, seconds)
        self.opened = ManagementShell(transport, self.clock, self.server, check_mode=bool(self._task.check_mode))
        return self.opened

    def say(self, text: str) -> None:
        """One line for the person who watches; also keeps AWX from thinking that the job is idle."""
        if text != self._said:  # what is looked at twice in a minute is said once
            self._said = text
            Display().display(f"  {text}")
