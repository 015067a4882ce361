# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stops the services of a Back End or Standard Edition server, and starts what ran before."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.specs import SERVER_STOP
from ansible_collections.sfb.server.plugins.plugin_utils.steps import server_stop
from ansible_collections.sfb.server.plugins.plugin_utils.steps.front_end import Run

_STEPS = {"stopped": "server_stop", "web_server": "web_server_start", "started": "server_start"}


class ActionModule(SfbAction):
    SPEC = SERVER_STOP

    def step(self, options: dict[str, Any]) -> str:
        return _STEPS[options["state"]]

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        shell = self.shell()
        run = Run(options["run"] or "server_stop")
        minutes = options["timeout_minutes"]
        if options["state"] == "stopped":
            return server_stop.stop(shell, run, options["again"], minutes, self.say)
        if options["state"] == "web_server":
            return server_stop.start_web_server(shell, run, minutes, self.say)
        return server_stop.start(shell, run, minutes, self.say)
