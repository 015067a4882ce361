# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which side of each mirrored database of a pool is principal: Get-CsDatabaseMirrorState."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.evidence import databases
from ansible_collections.sfb.server.plugins.plugin_utils.specs import DATABASE_MIRROR_INFO


class ActionModule(SfbAction):
    SPEC = DATABASE_MIRROR_INFO

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"changed": False, **databases.mirror_facts(self.shell(), options["pool_fqdn"])}
