# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which SQL servers' databases a run updates, from which server, and which it leaves alone."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.evidence.survey import SECOND_HOP
from ansible_collections.sfb.server.plugins.plugin_utils.run import database_plan
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.specs import DATABASE_PLAN


class ActionModule(SfbAction):
    SPEC = DATABASE_PLAN
    _requires_connection = False

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        unknown = database_plan.unknown(options["surveys"])
        if unknown:
            text = f"No database was changed. Which ones there are, and whether their servers have the update, is not known: {unknown}."
            unread = any(survey.get("unread") for survey in options["surveys"])
            raise SfbError(text, remedy=SECOND_HOP if unread else "Name only Front Ends in sfb_front_end_servers.")
        targets = database_plan.make(options["surveys"], options, options["finished"])
        for line in database_plan.lines(targets, with_commands=bool(self._task.check_mode)):
            self.say(line)
        plain = json.loads(json.dumps([asdict(target) for target in targets]))
        return {"changed": False, "targets": plain, "remains": database_plan.remains(targets)}
