# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pools and computers of the topology, as the server that is asked knows them."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.evidence import survey
from ansible_collections.sfb.server.plugins.plugin_utils.specs import TOPOLOGY_INFO


class ActionModule(SfbAction):
    SPEC = TOPOLOGY_INFO

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        shell = self.shell()
        facts = survey.read_topology(shell.read(survey.topology_calls()))
        return {
            "changed": False,
            "pool": facts["pool"],
            "edition": facts["edition"],
            "computers": facts["computers"],
            "user_database": facts["user_database"],
            "pools": facts["topology"],
            "stores": facts["stores"],
        }
