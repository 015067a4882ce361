# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads everything that a run needs to know of one server, in one execution."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.evidence import survey
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.specs import SERVER_SURVEY
from ansible_collections.sfb.server.plugins.plugin_utils.steps import media


class ActionModule(SfbAction):
    SPEC = SERVER_SURVEY
    STEP = "server_survey"

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        shell = self.shell()
        base = {"changed": False, "inventory_name": self.server}
        # A file of the controller is looked at there.
        source = options["source"] if media.kind(options["source"] or "") != "file" else None
        try:
            answer = shell.read(survey.calls(source), options["retry_seconds"], without_product=True)
            facts = survey.read(answer)
        except (SfbError, ValueError) as error:
            if not options["tolerate_failure"]:
                raise
            # One list of all findings needs the other servers' surveys too: this one becomes a finding.
            trouble = error if isinstance(error, SfbError) else SfbError(str(error))
            return {**base, "reachable": False, "trouble": trouble.message, "remedy": trouble.remedy,
                    "trouble_kind": type(error).__name__}  # fmt: skip
        return {**base, "reachable": True, **facts}
