# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What speaks against the eleven steps on Back End or Standard Edition servers now, and what a run would do."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.run import (
    back_end_findings,
    back_end_plan,
    database_plan,
    plan_text,
    run_record,
    window,
)
from ansible_collections.sfb.server.plugins.plugin_utils.specs import BACK_END_PLAN
from ansible_collections.sfb.server.plugins.plugin_utils.steps import media


class ActionModule(SfbAction):
    SPEC = BACK_END_PLAN
    STEP = "patch_plan"
    _requires_connection = False

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        kind, surveys, front_ends, pools = (options[name] for name in ("kind", "surveys", "front_ends", "pools"))
        settings, now = dict(options["settings"]), self.clock.now()
        zone = settings.get("time_zone") or window.zone_of_servers(surveys)
        times = (settings.get(name) for name in ("stop_after_minutes", "warn_after_minutes"))
        limits = window.limits(now, settings.get("stop_at"), zone, *times)
        # In check mode nobody has patched the Front Ends that the same run patches before.
        before = [s for s in front_ends if s.get("components")]
        ahead = database_plan.as_if_patched(before, settings["patched_before"], settings["update_version"])
        front_ends = [{**s, "components": ahead.get(s["inventory_name"], s.get("components"))} for s in front_ends]
        settings["source_troubles"] = media.source_troubles(settings, self._find_needle)
        planned = back_end_plan.make(kind, surveys, front_ends, pools, settings)
        found = back_end_findings.find(kind, surveys, front_ends, pools, planned, settings, now)
        for line in plan_text.frame(found, "Plan", back_end_plan.lines(planned), limits, now):
            self.say(line)
        result = {"changed": False, "findings": [asdict(finding) for finding in found], "time_zone": zone}
        order = [server.name for server in planned.patch]
        if self.record:
            pool = ", ".join(dict.fromkeys(pool for server in planned.patch for pool in server.pools))
            done = [server.name for server in planned.patch if not server.install]
            self.record.note("planned", **run_record.planned(pool, order, done, surveys), findings=result["findings"])
        stopping = [finding for finding in found if finding.stops]
        if stopping:
            return {
                **result,
                "failed": True,
                "msg": plan_text.refusal(stopping, surveys, "sfb_deployment_plan" in self.vars),
            }
        if not planned.patch:
            return {**result, "failed": True, "msg": "Nothing was changed: there is no server to patch."}
        # Through JSON, so that only plain lists and dicts cross the border to Ansible.
        result["plan"] = {**json.loads(json.dumps(asdict(planned))), "order": order}
        return result
