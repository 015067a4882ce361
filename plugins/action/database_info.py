# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The versions of the product's databases, expected and installed: Test-CsDatabase."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.specs import DATABASE_INFO
from ansible_collections.sfb.server.plugins.plugin_utils.steps import database_update


class ActionModule(SfbAction):
    SPEC = DATABASE_INFO

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        return database_update.info(self.shell(), options["scope"], options["sql_server_fqdn"])
