# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at a back end from a Front End while it is worked on (Get-CsUserDatabaseState)."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.specs import BACK_END_WATCH
from ansible_collections.sfb.server.plugins.plugin_utils.steps import back_end_watch


class ActionModule(SfbAction):
    SPEC = BACK_END_WATCH
    STEP = "back_end_watch"

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        return {**back_end_watch.watch(self.shell(), back_end_watch.watch_from(options), self.say)}
