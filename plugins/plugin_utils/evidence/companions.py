# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The other servers of the pool, seen from one of them: who is in service, who is marked, who answers.

This is the never-two check that stands directly before and during a drain, and a part of the pool's evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.sfb.server.plugins.plugin_utils.shell import cmdlets, state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import Answer

#: Every Front End answers its pool's fabric here (CODE: OPD RDCheckSfbServerQuorumLoss).
POOL_PORT = 5090


@dataclass(frozen=True)
class Companion:
    """One server of the pool as another one sees it. None: could not be read, so it is not known."""

    server: str
    statuses: dict[str, str] | None
    """Status of each product service by name."""
    port_open: bool | None
    marked: bool | None
    """Whether our mark lies there, seen over the server's administrative share. A share that is closed to the account
    looks like no mark: the other server's own services and port have to tell then."""

    @property
    def out_because(self) -> str | None:
        """Why it must be counted as out of service, or None for a server in service. Unknown is out."""
        if self.statuses is None:
            return f"the services of {self.server} could not be read"
        front_end = self.statuses.get("RTCSRV")
        if front_end != "Running":
            return f"RTCSRV on {self.server} is {front_end or 'not there'}"
        if self.port_open is not True:
            return f"port {POOL_PORT} of {self.server} does not answer"
        if self.marked is None:
            return f"whether {self.server} is marked could not be read ({_share(self.server)})"
        if self.marked:
            return f"{self.server} is marked as being taken out of service ({_share(self.server)})"
        return None


def calls(others: Sequence[str]) -> dict[str, Call]:
    """Three calls a server, keyed by its name, so that many fit into one execution."""
    asked: dict[str, Call] = {}
    for server in others:
        asked[f"services:{server}"] = cmdlets.other_windows_services(server)
        asked[f"port:{server}"] = windows.port_open(server, POOL_PORT)
        asked[f"mark:{server}"] = windows.path_exists(_share(server))
    return asked


def read(answer: Answer, others: Sequence[str]) -> list[Companion]:
    found = []
    for server in others:
        services, port = answer[f"services:{server}"], answer[f"port:{server}"]
        mark = answer[f"mark:{server}"]
        found.append(
            Companion(
                server,
                {str(row["Name"]): str(row["Status"]) for row in services.rows} if services.ok else None,
                bool(port.row.get("TcpTestSucceeded")) if port.ok else None,
                mark.output[0] is True if mark.ok and mark.output else None,
            )
        )
    return found


def out(companions: Sequence[Companion]) -> list[str]:
    """One reason a server that is not known to be in service."""
    return list(out_by_server(companions).values())


def out_by_server(companions: Sequence[Companion]) -> dict[str, str]:
    reasons = {companion.server: companion.out_because for companion in companions}
    return {server: reason for server, reason in reasons.items() if reason}


def _share(server: str) -> str:
    return "\\\\" + server + "\\" + state_folder.MARK.replace(":", "$", 1)
