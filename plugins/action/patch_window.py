# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the maintenance window allows one more server to be started."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.run import window
from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import parse_utc
from ansible_collections.sfb.server.plugins.plugin_utils.specs import PATCH_WINDOW


class ActionModule(SfbAction):
    SPEC = PATCH_WINDOW
    _requires_connection = False

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        now = self.clock.now()
        started = parse_utc(options["started"]).timestamp() if options["started"] else now
        limits = window.limits(
            started,
            options["stop_at"],
            options["time_zone"],
            options["stop_after_minutes"],
            options["warn_after_minutes"],
        )
        answer = window.may_start_next(now, started, limits, options["last_server_minutes"])
        if answer.warning:
            self.say(f"WARNING: {answer.warning}")
        return {"changed": False, "allowed": answer.allowed, "reason": answer.reason}
