# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a pool is healthy enough to lose one server: Get-CsPoolFabricState and the other evidence of the gate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.evidence import gate, pool_state
from ansible_collections.sfb.server.plugins.plugin_utils.product.baseline import read_baseline
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.specs import POOL_FABRIC_INFO


class ActionModule(SfbAction):
    SPEC = POOL_FABRIC_INFO
    STEP = "pool_fabric_info"

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        shell = self.shell()
        path = options["baseline"]
        if path and not Path(path).exists():
            raise SfbError(
                f"The fabric baseline {path} is not there.",
                remedy="Save it with pool_status.yml (sfb_save_fabric_baseline), or leave sfb_fabric_baseline away.",
            )
        saved = Path(path).read_text(encoding="utf-8") if path else None
        question = pool_state.asked(
            shell,
            options["pool_fqdn"],
            options["computers"],
            options["events_since"],
            read_baseline(saved, path) if saved else None,
            options["services_before"],
        )
        if options["wait_for_healthy"] and not self._task.check_mode:
            wanted = gate.Gate(
                options["reads"],
                options["interval_seconds"],
                options["settle_minutes"],
                options["timeout_minutes"],
            )
            found = gate.await_healthy(shell, question, wanted, self.say)
        else:
            found = pool_state.read(shell, question)
        return {"changed": False, **found}
