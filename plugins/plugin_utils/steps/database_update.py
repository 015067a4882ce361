# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Updates the databases of one SQL server with Install-CsDatabase, detached, and verifies every one of them afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import databases as evidence
from ansible_collections.sfb.server.plugins.plugin_utils.evidence import survey
from ansible_collections.sfb.server.plugins.plugin_utils.evidence.databases import Situation, Versions
from ansible_collections.sfb.server.plugins.plugin_utils.product import databases
from ansible_collections.sfb.server.plugins.plugin_utils.product.databases import Database, Scope
from ansible_collections.sfb.server.plugins.plugin_utils.shell import background, state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import ManagementShell, Outcome
from ansible_collections.sfb.server.plugins.plugin_utils.steps import database_obstacles
from ansible_collections.sfb.server.plugins.plugin_utils.steps.database_task import Task, Wish, task_for

Say = Callable[[str], None]
Facts = dict[str, Any]

POLL_SECONDS = 60.0
PUBLISH = (
    "Publish the topology again (Enable-CsTopology as a member of RTCUniversalServerAdmins, or Topology Builder): the "
    "procedure for availability groups asks for it after the databases."
)


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
    database_obstacles.refuse(task, database_obstacles.of_versions(task, situation), versions)
    wanted = databases.to_install(task.selection.of(versions.databases), wish.state)
    if wanted:
        database_obstacles.refuse(task, database_obstacles.find(task, situation), versions)
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
