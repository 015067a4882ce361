# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What speaks against updating the databases of a SQL server, each with what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import databases as evidence
from ansible_collections.sfb.server.plugins.plugin_utils.evidence import survey
from ansible_collections.sfb.server.plugins.plugin_utils.evidence.databases import Situation, Versions
from ansible_collections.sfb.server.plugins.plugin_utils.product import databases, mirrors
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import SERVER_ADMINS
from ansible_collections.sfb.server.plugins.plugin_utils.steps.database_task import Task, highly_available


class Obstacle(NamedTuple):
    """Why nothing is sent, and what to do about it."""

    reason: str
    remedy: str


def of_versions(task: Task, situation: Situation) -> list[Obstacle]:
    """Versions that are not known stop everything; missing rights are the usual reason, so they are told along."""
    versions = situation.versions
    obstacles: list[Obstacle] = []
    counted = task.selection.of(versions.databases)
    if versions.trouble:
        missing = _rights(task, situation)
        remedy = "The rights above are the likely reason." if missing else survey.SECOND_HOP
        obstacles = [*missing, Obstacle(versions.trouble, remedy)]
    elif not counted:
        text = f"Test-CsDatabase shows no database of {task.place} that this task answers for"
        obstacles = [Obstacle(text, "Check sql_server_fqdn, sql_instance and the scope.")]
    for database in databases.ahead(versions.databases):
        remedy = f"{task.target.server} has older files than the database. Use a server that has the newest update as the runner."
        obstacles.append(Obstacle(str(database), remedy))
    return obstacles


def find(task: Task, situation: Situation) -> list[Obstacle]:
    """Everything that speaks against the call, so that nobody has to find out one after the other at night."""
    return [
        *_rights(task, situation),
        *_owners(situation),
        *_closed(task, situation),
        *_mirrored(task, situation),
        *_availability(task, situation.versions),
        *(
            Obstacle(text, "Let it end there. If it was cut off, run this task there, or remove the file by hand.")
            for text in situation.elsewhere
        ),
    ]


def _rights(task: Task, situation: Situation) -> list[Obstacle]:
    """DOC: RTCUniversalServerAdmins for the cmdlets, sysadmin for the databases (Deployment permissions for SQL Server)."""
    user, found = situation.user, []
    if not situation.server_admin:
        text = f"{user} is not a member of {SERVER_ADMINS}, as far as its logon on {task.target.server} knows"
        found.append(Obstacle(text, "Add the account to the group and let it log on anew."))
    for instance in situation.instances:
        name = f"{task.target.server}{instance.name[1:]}" if instance.name.startswith(".") else instance.name
        if instance.trouble:
            remedy = f"Is it running? Does it know {user}, as sysadmin? {survey.SECOND_HOP}"
            found.append(Obstacle(f"SQL Server {name} does not answer {user} ({instance.trouble})", remedy))
        elif not instance.sysadmin:
            remedy = f"Give {user} the role sysadmin on {name}, at least for tonight, or use an account that has it."
            found.append(Obstacle(f"{user} is not sysadmin on SQL Server {name}", remedy))
    return found


def _owners(situation: Situation) -> list[Obstacle]:
    """DOC: Install-CsDatabase may delete the group where it owns a database."""
    found = []
    for instance in situation.instances:
        owned = [r for r in instance.rows if r["owner"].rpartition("\\")[2].lower() == SERVER_ADMINS.lower()]
        if owned:
            names = ", ".join(row["name"] for row in owned)
            text = f"{names} on {instance.name} belong to {owned[0]['owner']}, a group that the call may delete then"
            remedy = f"Give each another owner first: ALTER AUTHORIZATION ON DATABASE::[{owned[0]['name']}] TO [sa]."
            found.append(Obstacle(text, remedy))
    return found


def _closed(task: Task, situation: Situation) -> list[Obstacle]:
    """Databases that can't be worked on. The state of mirrored ones is the mirror's matter."""
    counted = task.selection.of(situation.versions.databases)
    names = {database.name.lower() for database in counted}
    there, found, told = set(), [], set()
    for instance in situation.instances:
        for row in instance.rows:
            name = row["name"].lower()
            there.add(name)
            closed = (row["state"], row["access"]) != ("ONLINE", "MULTI_USER")
            if name in names and closed and not task.target.mirrored:
                told.add(name)
                text = f"database {row['name']} on {instance.name} is {row['state']}, {row['access']}"
                remedy = "Bring it to ONLINE and MULTI_USER first; an update that was cut off leaves it like this."
                found.append(Obstacle(text, remedy))
    for database in counted if task.wish.state == "updated" else []:
        if database.state == "unreachable" and database.name.lower() not in told:
            missing = database.name.lower() not in there
            new = "It is not on the SQL server: an update that brings a new database wants state: present first."
            found.append(Obstacle(str(database), new if missing else "It is there: look at it in SQL Server."))
    return found


def _mirrored(task: Task, situation: Situation) -> list[Obstacle]:
    pairs = list(dict.fromkeys(f"{store.sql_server} with {store.mirror}" for store in task.target.mirrored))
    if not pairs or task.wish.state != "updated":
        return []
    if not task.wish.update_mirrored:
        text = (
            f"databases are mirrored ({', '.join(pairs)}): the reference of Install-CsDatabase says that -Update cannot be "
            "used against mirrored databases; administrators have done it since Lync Server 2013 CU2 "
            "(microsoftreloaded.blogspot.com, July 2013)"
        )
        remedy = (
            "Remove the mirror for the time of the update (Uninstall-CsMirrorDatabase), or follow practice with "
            "update_mirrored: true (sfb_update_mirrored_databases)."
        )
        return [Obstacle(text, remedy)]
    trouble = list(situation.mirror_trouble)
    if task.target.product == "sfb2019":
        trouble.append("this product has no Get-CsDatabaseMirrorState")
    counted = task.selection.of(situation.versions.databases)
    trouble = trouble or mirrors.unready(situation.mirrors, [database.name for database in counted])
    if not trouble:
        return []
    text = f"not every database is principal on the primary and synchronised: {'; '.join(trouble)}"
    remedy = "Make the primary principal (Invoke-CsDatabaseFailover -NewPrincipal Primary); let both sides synchronise."
    return [Obstacle(text, remedy)]


def _availability(task: Task, versions: Versions) -> list[Obstacle]:
    if not highly_available(task.target, versions) or task.group(versions) or task.wish.scope == "local":
        return []
    return [
        Obstacle(
            f"the databases on {task.place} are highly available ({versions.availability})",
            "Give the FQDN of the availability group: availability_group (sfb_sql_availability_group).",
        )
    ]


def refuse(task: Task, obstacles: Sequence[Obstacle], versions: Versions) -> None:
    """Raises SfbError with all of them in one message, where there are any."""
    if not obstacles:
        return
    what = {"updated": "updated", "present": "installed"}[task.wish.state]
    lines = [f"{number}. {one.reason}. {one.remedy}" for number, one in enumerate(obstacles, 1)]
    raise SfbError(
        f"The databases of {task.place} are not {what}; nothing was sent. {' '.join(lines)}",
        reasons=[one._asdict() for one in obstacles],
        databases=[evidence.shown(database) for database in versions.databases],
    )
