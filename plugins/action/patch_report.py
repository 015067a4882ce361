# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Begins and ends the record of a run on the controller, and renders its report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.run import report, run_record
from ansible_collections.sfb.server.plugins.plugin_utils.specs import PATCH_REPORT


class ActionModule(SfbAction):
    SPEC = PATCH_REPORT
    _requires_connection = False

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        folder = Path(options["folder"]).expanduser().resolve()
        record = run_record.Record(str(folder), self.clock)
        if self._task.check_mode:
            return {"changed": False, "folder": str(folder)}
        closed: list[str] = []
        facts = dict(options["facts"])
        if options["state"] == "begun":
            closed = run_record.close_older(folder.parent, folder.name, self.clock)
            facts["by"] = run_record.process()
        elif facts.get("outcome") in ("failed", "stopped by findings"):
            # Nothing comes after that, for none of the pools that this run began.
            closed = run_record.close_siblings(folder.parent, folder.name, self.clock)
        record.note(f"run {options['state']}", **facts)
        report.write(folder, record.events())
        return {"changed": False, "folder": str(folder), "closed": closed}
