# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pool stands in for this one, and whether the backup service keeps the two alike."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.evidence import pairs
from ansible_collections.sfb.server.plugins.plugin_utils.specs import POOL_BACKUP_INFO


class ActionModule(SfbAction):
    SPEC = POOL_BACKUP_INFO

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        pool = options["pool_fqdn"].lower()
        found = pairs.read(self.shell().read(pairs.calls(pool)), pool)
        return {"changed": False, "pool": pool, **asdict(found)}
