# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What speaks against patching now, and what a run would do: findings and plan, from surveys, without a server."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.product import versions
from ansible_collections.sfb.server.plugins.plugin_utils.run import findings, plan, plan_text, window
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
        zone = settings.get("time_zone") or _zone_of_servers(surveys)
        limits = window.limits(
            now,
            settings.get("stop_at"),
            zone,
            settings.get("stop_after_minutes"),
            settings.get("warn_after_minutes"),
        )
        settings["source_troubles"] = self._source_troubles(settings)
        planned = plan.make(surveys, health, settings)
        found = findings.find(surveys, health, settings, now, planned.expected_minutes)
        stopping = [finding for finding in found if finding.stops]
        for line in plan_text.lines(planned, found, limits, now, with_commands=bool(self._task.check_mode)):
            self.say(line)
        result = {
            "changed": False,
            "findings": [asdict(finding) for finding in found],
            "time_zone": zone,
        }
        if self.record:
            self.record.note("planned", **_for_the_record(planned, surveys), findings=result["findings"])
        if stopping:
            return {
                **result,
                "failed": True,
                "msg": f"Nothing was changed. {plan_text.in_short(stopping)}.",
            }
        # Through JSON, so that only plain lists and dicts cross the border to Ansible.
        result["plan"] = {**json.loads(json.dumps(asdict(planned))), "order": [server.name for server in planned.patch]}
        if not planned.patch and not planned.done and not planned.left_out:
            return {**result, "failed": True, "msg": "Nothing was changed: there is no server to patch."}
        return result

    def _source_troubles(self, settings: dict[str, Any]) -> list[str]:
        """A file of the controller can be looked at here and now."""
        source = settings.get("update_source")
        if not source or media.kind(source) != "file":
            return []
        try:
            path = Path(self._find_needle("files", source))
        except AnsibleError:
            return [f"{source} is not on the controller"]
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        wanted = settings.get("update_sha256")
        if wanted and found != wanted.lower():
            return [f"the SHA-256 of {source} is {found} and should be {wanted.lower()}"]
        return []


def _zone_of_servers(surveys: list[dict[str, Any]]) -> str:
    """What a person at the servers means by 22:30; execution environments run in UTC."""
    minutes = next((int(s["utc_offset_minutes"]) for s in surveys if s.get("utc_offset_minutes") is not None), 0)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _for_the_record(planned: plan.Plan, surveys: list[dict[str, Any]]) -> dict[str, Any]:
    """By the inventory's names, under which all steps are recorded."""
    known = [survey for survey in surveys if survey.get("components")]
    return {
        "pool": planned.pool,
        "order": [server.name for server in planned.patch],
        "done": [survey["inventory_name"] for survey in known if survey["server"] in planned.done],
        "servers": {survey["inventory_name"]: survey["server"] for survey in known},
        "versions": {survey["inventory_name"]: versions.core_version(survey["components"]) for survey in known},
    }
