# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proves that detached work on a server reaches its pool, before a server is taken out of service by such work.

A fail over runs in a process of its own. Whether that process has the rights of the second hop, and whether it lives on
after the connection has gone (a profile that is unloaded ends it: ansible/ansible issue 31030), only such a process shows.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import survey
from ansible_collections.sfb.server.plugins.plugin_utils.shell import background, cmdlets, state_folder
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import ManagementShell

LIMIT_SECONDS = 600


def probe(shell: ManagementShell) -> dict[str, Any]:
    """{changed, server}. Raises SfbError where the work could not be started, was cut off, or got no answer."""
    state_folder.ensure(shell)
    calls = {"pools": cmdlets.pools().must()}
    answer = shell.read(background.looking("probe"))
    before = background.read_work(answer)
    try:
        if before.state != "running":
            background.start(shell, "probe", calls, before, LIMIT_SECONDS)
            shell.transport.reset()
        outcomes = background.follow(shell, "probe", calls, deadline_seconds=LIMIT_SECONDS, interval_seconds=5)
        outcomes["pools"].checked(survey.SECOND_HOP)
    except SfbError as error:
        raise SfbError(
            f"{shell.server}: work in the background does not reach the pool: {error.message}",
            remedy=f"{error.remedy or ''} Nothing was taken out of service.".strip(),
        ) from error
    return {"changed": False, "server": shell.server}
