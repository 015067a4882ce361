# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restarts Windows on a server and waits until it answers after a new start."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.shell import windows
from ansible_collections.sfb.server.plugins.plugin_utils.specs import SERVER_RESTART
from ansible_collections.sfb.server.plugins.plugin_utils.steps import restart


class ActionModule(SfbAction):
    SPEC = SERVER_RESTART
    STEP = "server_restart"

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        minutes, since = options["timeout_minutes"], options["since"]
        if self._task.check_mode:
            return {
                "changed": True,
                "server": self.server,
                "commands": [] if since else [windows.restart().powershell()],
            }
        shell = self.shell()
        if since:
            return {**restart.finish(shell, since, minutes, self.say), "server": self.server}
        return {**restart.restart(shell, minutes, self.say, options["wait"]), "server": self.server}
