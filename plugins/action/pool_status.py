# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One screen about a pool: evidence, versions, who is out and why; keeps the fabric's text as baseline on request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.product import baseline
from ansible_collections.sfb.server.plugins.plugin_utils.run import pool_status_text
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import format_utc
from ansible_collections.sfb.server.plugins.plugin_utils.specs import POOL_STATUS


class ActionModule(SfbAction):
    SPEC = POOL_STATUS
    _requires_connection = False

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        surveys, health = options["surveys"], options["pool_health"]
        for line in pool_status_text.lines(surveys, health, self.clock.now()):
            self.say(line)
        saved = options["save_baseline"]
        if saved:
            self._save(Path(saved), health)
        return {"changed": bool(saved), "health": health["health"] if health else "unknown", "baseline": saved}

    def _save(self, path: Path, health: dict[str, Any] | None) -> None:
        """The administrator says that the pool is healthy; what plainly says otherwise is not kept."""
        other = [
            p["fact"] for p in (health or {}).get("evidence", []) if p["what"] != "fabric" and p["verdict"] != "healthy"
        ]
        fabric = [
            p["fact"]
            for p in (health or {}).get("evidence", [])
            if p["what"] == "fabric" and p["verdict"] == "degraded"
        ]
        if health is None or other or fabric:
            raise SfbError(
                f"The fabric's text was not kept as baseline: {'; '.join(other + fabric) or 'the pool could not be asked'}.",
                remedy="Save it while everything else says that the pool is healthy.",
            )
        text = [*health["fabric_text"], *health["fabric_warnings"]]
        kept = baseline.new_baseline(text, health["pool"], health["product"], format_utc(self.clock.now()))
        if not self._task.check_mode:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(baseline.baseline_text(kept), encoding="utf-8")
