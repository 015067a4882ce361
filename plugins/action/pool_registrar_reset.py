# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recovers a pool with missing replicas (Reset-CsPoolRegistrarState -ResetType QuorumLossRecovery)."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.evidence import pool_state
from ansible_collections.sfb.server.plugins.plugin_utils.specs import POOL_REGISTRAR_RESET
from ansible_collections.sfb.server.plugins.plugin_utils.steps import recover


class ActionModule(SfbAction):
    SPEC = POOL_REGISTRAR_RESET
    STEP = "pool_registrar_reset"

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        shell = self.shell()
        question = pool_state.asked(shell, options["pool_fqdn"])
        result = recover.reset(shell, question, options["rebuild_minutes"], options["timeout_minutes"], self.say)
        return {**result}
