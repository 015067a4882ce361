# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The product's services of a server, with start types and what they still hold."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.specs import WINDOWS_SERVICE_INFO
from ansible_collections.sfb.server.plugins.plugin_utils.steps import product_services


class ActionModule(SfbAction):
    SPEC = WINDOWS_SERVICE_INFO

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        shell = self.shell()
        found = product_services.read(shell, options["computer"])
        return {"changed": False, **found}
