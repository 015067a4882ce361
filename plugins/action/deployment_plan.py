# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which playbook patches which servers of a deployment, in which order, and what no playbook patches."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.run import deployment_plan, plan_text, run_record, window
from ansible_collections.sfb.server.plugins.plugin_utils.specs import DEPLOYMENT_PLAN


class ActionModule(SfbAction):
    SPEC = DEPLOYMENT_PLAN
    STEP = "patch_plan"
    _requires_connection = False

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        surveys, backups = options["surveys"], options["backups"]
        groups = {kind: options[f"{kind}_servers"] for kind in deployment_plan.GROUPS}
        planned = deployment_plan.make(surveys, groups, backups, options)
        found = deployment_plan.find(surveys, groups, backups, planned, options)
        now = self.clock.now()
        body = deployment_plan.lines(planned)
        for line in plan_text.frame(found, "Plan for the deployment", body, window.limits(now), now):
            self.say(line)
        result = {"changed": False, "findings": [asdict(finding) for finding in found]}
        if self.record:
            order = [name for step in planned.steps for name in step.servers]
            self.record.note("planned", **run_record.planned("", order, [], surveys), findings=result["findings"])
        stopping = [finding for finding in found if finding.stops]
        if stopping:
            return {**result, "failed": True, "msg": plan_text.refusal(stopping, surveys)}
        if not planned.steps:
            return {**result, "failed": True, "msg": "Nothing was changed: there is no server to patch."}
        return {**result, "plan": planned.as_facts()}
