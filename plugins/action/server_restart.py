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
        if self._task.check_mode:
            return {"changed": True, "server": self.server, "commands": [windows.restart().powershell()]}
        shell = self.shell()
        result = restart.restart(shell, options["timeout_minutes"], self.say)
        return {**result, "server": self.server}
