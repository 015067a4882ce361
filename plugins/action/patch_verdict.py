# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a run ended: which servers are done, whether they are alike, and what remains to be done."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.run.verdict import verdict
from ansible_collections.sfb.server.plugins.plugin_utils.specs import PATCH_VERDICT


class ActionModule(SfbAction):
    SPEC = PATCH_VERDICT
    _requires_connection = False

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        found = verdict(options["surveys"], options["plan"], options["finished"])
        for line in filter(None, (found.message, found.remains)):
            self.say(line)
        return {"changed": False, **asdict(found)}
