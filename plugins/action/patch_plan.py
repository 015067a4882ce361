# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What speaks against patching now, and what a run would do: findings and plan, from surveys, without a server."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.run import (
    database_plan,
    findings,
    plan,
    plan_text,
    run_record,
    window,
)
from ansible_collections.sfb.server.plugins.plugin_utils.specs import PATCH_PLAN
from ansible_collections.sfb.server.plugins.plugin_utils.steps import media


class ActionModule(SfbAction):
    SPEC = PATCH_PLAN
    STEP = "patch_plan"
    _requires_connection = False

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        settings = dict(options["settings"])
        now = self.clock.now()
        surveys, health = options["surveys"], options["pool_health"]
        zone = settings.get("time_zone") or window.zone_of_servers(surveys)
        limits = window.limits(
            now,
            settings.get("stop_at"),
            zone,
            settings.get("stop_after_minutes"),
            settings.get("warn_after_minutes"),
        )
        settings["source_troubles"] = media.source_troubles(settings, self._find_needle)
        planned = plan.make(surveys, health, settings)
        # Of a run over several pools: what the others have, or will have before the databases that they share follow.
        mine = {survey["inventory_name"] for survey in surveys}
        others = [
            survey for survey in options["others"] if survey["inventory_name"] not in mine and survey["reachable"]
        ]
        found = findings.find(surveys, health, {**settings, "others": others}, now, planned.expected_minutes)
        stopping = [finding for finding in found if finding.stops]
        for line in plan_text.lines(planned, found, limits, now, with_commands=bool(self._task.check_mode)):
            self.say(line)
        if planned.patch or planned.done:
            everyone, in_play = [*surveys, *others], settings.get("play_hosts") or []
            names = [server.name for server in planned.patch]
            names += [o["inventory_name"] for o in others if o["inventory_name"] in in_play and o.get("components")]
            ahead = database_plan.as_if_patched(everyone, names, settings["update_version"])
            here = {**settings, "pool_fqdn": planned.pool, "pool_order": options["pool_order"]}
            for line in database_plan.lines(
                database_plan.make(everyone, here, ahead), with_commands=bool(self._task.check_mode)
            ):
                self.say(line)
        result = {
            "changed": False,
            "findings": [asdict(finding) for finding in found],
            "time_zone": zone,
        }
        if self.record:
            order = [server.name for server in planned.patch]
            done = [survey["inventory_name"] for survey in surveys if survey.get("server") in planned.done]
            facts = run_record.planned(planned.pool, order, done, surveys)
            self.record.note("planned", **facts, findings=result["findings"])
        if stopping:
            return {
                **result,
                "failed": True,
                "msg": plan_text.refusal(stopping, surveys, "sfb_deployment_plan" in self.vars),
            }
        # Through JSON, so that only plain lists and dicts cross the border to Ansible.
        result["plan"] = {**json.loads(json.dumps(asdict(planned))), "order": [server.name for server in planned.patch]}
        if not planned.patch and not planned.done and not planned.left_out:
            return {**result, "failed": True, "msg": "Nothing was changed: there is no server to patch."}
        return result
