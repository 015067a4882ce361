# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Installs a cumulative update with SkypeServerUpdateInstaller.exe or LyncServerUpdateInstaller.exe."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.specs import SERVER_UPDATE
from ansible_collections.sfb.server.plugins.plugin_utils.steps import update


class ActionModule(SfbAction):
    SPEC = SERVER_UPDATE
    STEP = "server_update"

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        shell = self.shell()
        wanted = update.Update(options["installer"], options["version"], options["sha256"], options["signer"])
        if self._task.check_mode:
            return update.predict(shell, wanted)
        minutes, restart_minutes = options["timeout_minutes"], options["restart_timeout_minutes"]
        wait, begun = options["wait"], options["begun"]
        return {**update.install(shell, wanted, minutes, restart_minutes, self.say, wait, begun)}
