# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starts and stops the product's services of one server (Start-CsWindowsService, Stop-CsWindowsService, W3SVC)."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.specs import WINDOWS_SERVICE
from ansible_collections.sfb.server.plugins.plugin_utils.steps import product_services


class ActionModule(SfbAction):
    SPEC = WINDOWS_SERVICE
    STEP = "windows_service"

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        shell = self.shell()
        result = product_services.ensure(
            shell,
            options["computer"],
            options["name"],
            options["state"],
            options["graceful"],
            options["timeout_minutes"],
            self.say,
        )
        return {**result}
