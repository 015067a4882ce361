# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Updates the databases of one SQL server: Install-CsDatabase."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.specs import DATABASE
from ansible_collections.sfb.server.plugins.plugin_utils.steps import database_update
from ansible_collections.sfb.server.plugins.plugin_utils.steps.database_task import Wish


class ActionModule(SfbAction):
    SPEC = DATABASE
    STEP = "database"

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        wish = Wish(
            options["state"],
            options["scope"],
            options["sql_server_fqdn"],
            options["sql_instance"],
            options["exclude_collocated_stores"],
            options["availability_group"],
            options["update_mirrored"],
            options["timeout_minutes"],
        )
        return database_update.update(self.shell(), wish, self.say)
