# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task of sfb.server.database asks for, held against the topology: which databases count, and the one call for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import databases as evidence
from ansible_collections.sfb.server.plugins.plugin_utils.evidence.databases import Target, Versions
from ansible_collections.sfb.server.plugins.plugin_utils.product import stores
from ansible_collections.sfb.server.plugins.plugin_utils.product.databases import Scope, Selection
from ansible_collections.sfb.server.plugins.plugin_utils.shell import cmdlets, state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError


@dataclass(frozen=True)
class Wish:
    """What a task asks for; the options of sfb.server.database."""

    state: Literal["updated", "present"] = "updated"
    scope: Scope = "configured"
    sql_server: str | None = None
    instance: str | None = None
    exclude_collocated_stores: Literal["auto", "true", "false"] = "auto"
    availability_group: str | None = None
    update_mirrored: bool = False
    timeout_minutes: int = 120


@dataclass(frozen=True)
class Task:
    """A wish against the topology: what it answers for."""

    wish: Wish
    target: Target
    selection: Selection
    exclude: bool

    @property
    def place(self) -> str:
        return self.target.sql_server

    def group(self, versions: Versions) -> str | None:
        """The availability group, where these databases are in one: a run with several SQL servers has one wish for all."""
        group = (self.wish.availability_group or "").lower()
        meant = group == self.place or highly_available(self.target, versions)
        return group if group and meant and self.wish.scope != "local" else None

    def guarded(self, versions: Versions) -> dict[str, Call]:
        """Looked at once more in the process that has the claim already: of two that begin together, none goes on."""
        claims = [evidence.share(server) for server in (*self.target.companions, *self.target.sql_hosts)]
        # Select-String wants a file: where nobody else could update them, one that never has such a line.
        return {"alone": windows.no_unfinished(claims or [state_folder.MARK]), **self.calls(versions)}

    def calls(self, versions: Versions) -> dict[str, Call]:
        """The one call that may be sent."""
        report, update = state_folder.report(evidence.WORK), self.wish.state == "updated"
        server, instance = self.group(versions) or self.place, self.target.instance
        if self.wish.scope == "local":
            call = cmdlets.install_local_databases(report, update=update)
        elif self.wish.scope == "central_management":
            call = cmdlets.install_central_management_database(server, report, update=update, instance=instance)
        else:
            call = cmdlets.install_configured_databases(
                server, report, update=update, exclude_collocated_stores=self.exclude, instance=instance
            )
        return {"install": call}


def task_for(wish: Wish, target: Target) -> Task:
    """Whether stores beside the users' are excluded is found out here, once, for the call and for what is verified.

    The reference says of -ExcludeCollocatedStores only that it suppresses a warning; the manual's wording is that those
    stores are left out. So what stays behind there is named, and is no failure.
    """
    if wish.scope == "local" and wish.instance:
        text = "The local scope has no sql_instance: all instances of the server are updated."
        raise SfbError(text, remedy="Leave it away.")
    beside = stores.collocated_roles(target.stores, target.sql_server) if wish.scope == "configured" else []
    exclude = bool(beside) if wish.exclude_collocated_stores == "auto" else wish.exclude_collocated_stores == "true"
    excluded = tuple(beside) if exclude else ()
    return Task(wish, target, Selection(wish.scope, excluded, target.server, target.instance), exclude)


def highly_available(target: Target, versions: Versions) -> bool:
    """Any value but None is taken for an availability group where nothing is mirrored: the other values are not known."""
    return versions.availability != "None" and not target.mirrored
