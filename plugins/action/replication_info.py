# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether every computer has the newest topology and settings: Get-CsManagementStoreReplicationStatus."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.evidence import pool_state
from ansible_collections.sfb.server.plugins.plugin_utils.evidence.survey import SECOND_HOP
from ansible_collections.sfb.server.plugins.plugin_utils.shell import cmdlets
from ansible_collections.sfb.server.plugins.plugin_utils.specs import REPLICATION_INFO


class ActionModule(SfbAction):
    SPEC = REPLICATION_INFO

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        calls = {"replication": cmdlets.replication(), "central_management": cmdlets.central_management()}
        answer = self.shell().read(calls)
        for outcome in answer.outcomes.values():
            outcome.checked(SECOND_HOP)
        replicas = pool_state.read_replicas(answer)
        return {
            "changed": False,
            "replicas": replicas,
            "up_to_date": bool(replicas) and all(replicas.values()),
            "master": pool_state.read_master(answer),
        }
