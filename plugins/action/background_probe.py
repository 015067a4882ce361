# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proves that detached work on a server reaches its pool."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.specs import BACKGROUND_PROBE
from ansible_collections.sfb.server.plugins.plugin_utils.steps import probe


class ActionModule(SfbAction):
    SPEC = BACKGROUND_PROBE
    STEP = "background_probe"

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        if self._task.check_mode:
            return {"changed": False, "server": self.server}
        return probe.probe(self.shell())
