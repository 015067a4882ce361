# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Takes a Front End out of service and brings it back (Invoke-CsComputerFailOver, Invoke-CsComputerFailBack)."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.specs import COMPUTER_FAILOVER
from ansible_collections.sfb.server.plugins.plugin_utils.steps import fail_back, fail_over, failover_preview, front_end


class ActionModule(SfbAction):
    SPEC = COMPUTER_FAILOVER

    def step(self, options: dict[str, Any]) -> str:
        return "fail_over" if options["state"] == "out_of_service" else "fail_back"

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        shell = self.shell()
        out = options["state"] == "out_of_service"
        drain = fail_over.Drain(options["drain_timeout_minutes"], options["on_drain_timeout"])
        start = options["start_timeout_minutes"]
        run = front_end.Run(
            options["run"] or "computer_failover",
            options["put_back_after_failure"],
            options["adopt_out_of_service"],
            options["two_server_pool"],
        )
        if self._task.check_mode:
            return failover_preview.predict(shell, options["computer"], out, drain, start, run)
        if out:
            result = fail_over.take_out(shell, options["computer"], drain, run, start, self.say)
        else:
            result = fail_back.bring_back(shell, options["computer"], start, run, self.say)
        return {**result, "diff": failover_preview.diff(result)}
