# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds open windows that may hold the product's files, and ends them where that was asked for."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.specs import MANAGEMENT_SHELLS
from ansible_collections.sfb.server.plugins.plugin_utils.steps import management_shells


class ActionModule(SfbAction):
    SPEC = MANAGEMENT_SHELLS
    STEP = "management_shells"

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        return {**management_shells.close(self.shell(), options["end"], self.say), "server": self.server}
