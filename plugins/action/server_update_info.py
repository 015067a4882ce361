# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which components a server has, and whether a cumulative update is on it."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.product import versions
from ansible_collections.sfb.server.plugins.plugin_utils.specs import SERVER_UPDATE_INFO
from ansible_collections.sfb.server.plugins.plugin_utils.steps import update


class ActionModule(SfbAction):
    SPEC = SERVER_UPDATE_INFO
    STEP = "server_update_info"

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        shell = self.shell()
        read = update.read_versions(shell)
        result = {
            "changed": False,
            "server": self.server,
            "version": versions.core_version(read["components"]),
            **read,
        }
        if options["version"]:
            result["has_update"] = versions.has_update(read["components"], options["version"])
        return result
