# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Updates the databases of one SQL server with Install-CsDatabase, detached, and verifies every one of them afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import databases as evidence
from ansible_collections.sfb.server.plugins.plugin_utils.evidence import survey
from ansible_collections.sfb.server.plugins.plugin_utils.evidence.databases import Situation, Target, Versions
from ansible_collections.sfb.server.plugins.plugin_utils.product import databases, mirrors, stores
from ansible_collections.sfb.server.plugins.plugin_utils.product.databases import Database, Scope, Selection
from ansible_collections.sfb.server.plugins.plugin_utils.shell import background, cmdlets, state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import (
    SERVER_ADMINS,
    ManagementShell,
    Outcome,
)

Say = Callable[[str], None]
Facts = dict[str, Any]

POLL_SECONDS = 60.0
PUBLISH = (
    "Publish the topology again (Enable-CsTopology as a member of RTCUniversalServerAdmins, or Topology Builder): the "
    "procedure for availability groups asks for it after the databases."
)


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


class Obstacle(NamedTuple):
    """Why nothing is sent, and what to do about it."""

    reason: str
    remedy: str


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
        meant = group == self.place or _highly_available(self.target, versions)
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


def update(shell: ManagementShell, wish: Wish, say: Say) -> Facts:
    """{changed, server, sql_server, scope, databases, excluded_stores, remains, warnings_of_call, commands, minutes, diff}.

    Raises SfbError with everything that speaks against it, before anything is sent; or with the databases that are not
    current afterwards.
    """
    began = shell.clock.now()
    target = evidence.find_target(shell, wish.scope, wish.sql_server, wish.instance, wish.availability_group)
    task = task_for(wish, target)
    situation = evidence.look(shell, target)
    first, sent, warnings = situation.versions, False, list[str]()
    if situation.work.state == "running" and not shell.check_mode:
        # Whose databases it updates its file does not say: when it is done, the versions tell what is left to do.
        say(f"{task.place}: an update of databases runs on {shell.server} already; it is waited for")
        warnings += _follow(shell, task, task.guarded(first), say, ours=False).warnings
        situation, sent = evidence.look(shell, target), True
    versions = situation.versions
    _refuse_without_versions(task, situation)
    wanted = databases.to_install(task.selection.of(versions.databases), wish.state)
    if wanted:
        obstacles = find_obstacles(task, situation)
        if obstacles:
            raise stopped(task, obstacles, versions)
        if shell.check_mode:
            return _result(shell, task, began, first, _predicted(versions, wanted), True)
        say(f"{task.place}: {task.calls(versions)['install'].powershell()}")
        warnings += _install(shell, task, situation, say)
        versions, sent = evidence.look_at_versions(shell, target), True
    elif situation.work.state == "interrupted" and not shell.check_mode:
        # It did its work before it was cut off; left behind, its file would stop every other server of the pool.
        shell.change({"claim": windows.remove(state_folder.claim(evidence.WORK))})
    _refuse_what_is_not_current(task, versions, sent, first, warnings)
    return _result(shell, task, began, first, versions.databases, sent, warnings)


# ---- before ----------------------------------------------------------------------------------------------------------


def _refuse_without_versions(task: Task, situation: Situation) -> None:
    """Versions that are not known stop everything; missing rights are the usual reason, so they are told along."""
    versions = situation.versions
    obstacles = []
    counted = task.selection.of(versions.databases)
    if versions.trouble:
        rights = _rights(task, situation)
        remedy = "The rights above are the likely reason." if rights else survey.SECOND_HOP
        obstacles = [*rights, Obstacle(versions.trouble, remedy)]
    elif not counted:
        text = f"Test-CsDatabase shows no database of {task.place} that this task answers for"
        obstacles = [Obstacle(text, "Check sql_server_fqdn, sql_instance and the scope.")]
    for database in databases.ahead(versions.databases):
        remedy = f"{task.target.server} has older files than the database. Use a server that has the newest update as the runner."
        obstacles.append(Obstacle(str(database), remedy))
    if obstacles:
        raise stopped(task, obstacles, versions)


def find_obstacles(task: Task, situation: Situation) -> list[Obstacle]:
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
    """DOC: RTCUniversalServerAdmins for the cmdlets, sysadmin for the databases (domain.md section 12)."""
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
    if not _highly_available(task.target, versions) or task.group(versions) or task.wish.scope == "local":
        return []
    return [
        Obstacle(
            f"the databases on {task.place} are highly available ({versions.availability})",
            "Give the FQDN of the availability group: availability_group (sfb_sql_availability_group).",
        )
    ]


def _highly_available(target: Target, versions: Versions) -> bool:
    """Any value but None is taken for an availability group where nothing is mirrored: the other values are not known."""
    return versions.availability != "None" and not target.mirrored


def stopped(task: Task, obstacles: Sequence[Obstacle], versions: Versions) -> SfbError:
    """All of it in one message."""
    what = {"updated": "updated", "present": "installed"}[task.wish.state]
    lines = [f"{number}. {one.reason}. {one.remedy}" for number, one in enumerate(obstacles, 1)]
    return SfbError(
        f"The databases of {task.place} are not {what}; nothing was sent. {' '.join(lines)}",
        reasons=[one._asdict() for one in obstacles],
        databases=[evidence.shown(database) for database in versions.databases],
    )


# ---- the call --------------------------------------------------------------------------------------------------------


def _install(shell: ManagementShell, task: Task, situation: Situation, say: Say) -> list[str]:
    """Its warnings. Raises SfbError with the databases as they are then."""
    state_folder.ensure(shell)
    limit = task.wish.timeout_minutes * 60 + 3600
    calls = task.guarded(situation.versions)
    background.start(shell, evidence.WORK, calls, situation.work, limit)
    try:
        return _follow(shell, task, calls, say).warnings
    except background.Interrupted as error:
        # What it came to the versions tell.
        now = evidence.look_at_versions(shell, task.target)
        if evidence.is_current(now, task.selection):
            say(f"{task.place}: {error.message} Every database is current all the same")
            return [error.message]
        raise _failed(task, error, now) from error


def _follow(shell: ManagementShell, task: Task, calls: Mapping[str, Call], say: Say, ours: bool = True) -> Outcome:
    """Waits for the update that runs on this server. Warnings are shown; the product's family gives them on success too.

    One that is not `ours` and that gave way to another server's was not to be waited for: the versions tell what is left.
    """
    ended = background.follow(
        shell,
        evidence.WORK,
        calls,
        deadline_seconds=task.wish.timeout_minutes * 60,
        interval_seconds=POLL_SECONDS,
        on_reading=lambda answer, seconds: say(
            f"{task.place}: its databases are updated, {seconds / 60:.0f} of {task.wish.timeout_minutes} min"
        ),
    )
    alone, outcome = ended["alone"], ended["install"]
    if not alone.ok and not ours:
        return outcome
    if not alone.ok:
        raise SfbError(
            f"The databases of {task.place} are not updated; nothing was sent: another server began to update them at the "
            f"same moment ({alone.row.get('Path') or alone.trouble}).",
            remedy="Only one run may work on a SQL server. Start again when the other one has ended.",
        )
    for warning in outcome.warnings:
        say(f"{task.place}: warning: {warning}")
    if outcome.ok:
        return outcome
    text = f"{outcome.call.cmdlet} on {shell.server} failed: {outcome.trouble}."
    remedy = (
        f"Its report is {state_folder.report(evidence.WORK)} on {shell.server}. Start again when the cause is gone."
    )
    now = evidence.look_at_versions(shell, task.target)
    raise _failed(task, SfbError(text, remedy=remedy, warnings_of_call=outcome.warnings), now)


def _failed(task: Task, error: SfbError, now: Versions) -> SfbError:
    """The same failure with what is not current now."""
    left = databases.not_current(task.selection.of(now.databases))
    told = f" Not current now: {'; '.join(map(str, left))}." if left else ""
    told = f" The versions could not be read: {now.trouble}." if now.trouble else told
    shown = [evidence.shown(database) for database in now.databases]
    return type(error)(f"{error.message}{told}", remedy=error.remedy, **{**error.facts, "databases": shown})


# ---- afterwards ------------------------------------------------------------------------------------------------------


def _refuse_what_is_not_current(
    task: Task, versions: Versions, sent: bool, first: Versions, warnings: Sequence[str]
) -> None:
    """Every database is looked at. With state: present only that there is a version at all."""
    if versions.trouble:
        raise SfbError(f"{versions.trouble}.", remedy=survey.SECOND_HOP, warnings_of_call=list(warnings))
    counted = task.selection.of(versions.databases)
    missing, left = databases.to_install(counted, "present"), databases.not_current(counted)
    left = missing if task.wish.state == "present" else left
    if not left:
        return
    told = "Install-CsDatabase ended without an error, but" if sent else "Nothing was sent, but"
    raise SfbError(
        f"{told} these databases of {task.place} are not known to be current: {'; '.join(map(str, left))}.",
        remedy=(
            "Look at Test-CsDatabase and at the report. Where the update brings a new database: state: present."
            if any(database.state in ("unknown", "unreachable") for database in left)
            else f"Look at the report {state_folder.report(evidence.WORK)} on {task.target.server}."
        ),
        databases=_before_and_after(first.databases, versions.databases),
        warnings_of_call=list(warnings),
    )


def _predicted(versions: Versions, wanted: Sequence[Database]) -> list[Database]:
    """As they would be: for check mode's diff."""
    keys = {database.key for database in wanted}
    return [
        Database(d.name, d.sql_server, d.instance, d.expected, d.expected, True, d.role) if d.key in keys else d
        for d in versions.databases
    ]


def _before_and_after(before: Sequence[Database], after: Sequence[Database]) -> list[Facts]:
    versions = {database.key: database.installed for database in before}
    rows = []
    for database in after:
        row = evidence.shown(database)
        installed = row.pop("installed")
        rows.append({**row, "before": versions.get(database.key, ""), "after": installed})
    return rows


def _result(
    shell: ManagementShell,
    task: Task,
    began: float,
    first: Versions,
    after: Sequence[Database],
    changed: bool,
    warnings: Sequence[str] = (),
) -> Facts:
    rows = _before_and_after(first.databases, after)
    remains = [*first.remains, *databases.left_behind(after, task.selection)]
    if changed and task.group(first):
        remains.append(PUBLISH)
    if task.wish.state == "present":
        left = [d for d in task.selection.of(after) if d.state == "behind"]
        remains += [f"{database}: update it with state: updated." for database in left]
    return {
        "changed": changed,
        "server": task.target.server,
        "sql_server": task.place,
        "scope": task.wish.scope,
        "databases": rows,
        "excluded_stores": list(task.selection.excluded),
        "remains": remains,
        "warnings_of_call": list(warnings),
        "commands": [call.powershell() for call in task.calls(first).values()] if changed else [],
        "minutes": round((shell.clock.now() - began) / 60, 1),
        "diff": {side: "".join(f"{_line(row, side)}\n" for row in rows) for side in ("before", "after")},
    }


def _line(row: Facts, side: str) -> str:
    place = "\\".join(part for part in (row["sql_server"], row["instance"]) if part)
    return f"{place} {row['name']} {row[side] or 'no version shown'}"


def info(shell: ManagementShell, scope: Scope, sql_server: str | None) -> Facts:
    """{server, scope, sql_server, databases, current, availability, remains}; nothing is changed."""
    wish = Wish(scope=scope, sql_server=sql_server)
    task = task_for(wish, evidence.find_target(shell, scope, sql_server))
    versions = evidence.look_at_versions(shell, task.target)
    if versions.trouble:
        raise SfbError(f"{versions.trouble}.", remedy=survey.SECOND_HOP)
    return {
        "changed": False,
        "server": task.target.server,
        "scope": scope,
        "sql_server": task.place,
        "databases": [evidence.shown(database) for database in versions.databases],
        "current": evidence.is_current(versions, task.selection),
        "availability": versions.availability,
        "remains": [*versions.remains, *databases.left_behind(versions.databases, task.selection)],
    }
