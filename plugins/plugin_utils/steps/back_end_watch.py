# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at a back end from a Front End while it is worked on, and says how long it has been away.

What the Front Ends see is what counts for users, so it is asked there and not on the SQL server. The watch only tells:
past the limit the run goes on, because a back end that is left half way is away for longer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ansible_collections.sfb.server.plugins.plugin_utils.product.back_end_away import BackEndAway
from ansible_collections.sfb.server.plugins.plugin_utils.shell import cmdlets, state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import ConnectionLost, SfbError, TimedOut
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import Answer, ManagementShell
from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import format_utc, parse_utc

Until = Literal["answers", "install_ended", "restart_ended"]

POLL_SECONDS = 20.0
#: So long a restart that was ordered may take until it is seen, and a claim until it can be read.
SETTLE_SECONDS = 180.0


@dataclass(frozen=True)
class Watch:
    """Which back end, for whose users, and what ends the watch."""

    sql_server: str
    pool: str
    until: Until
    limit_minutes: float
    timeout_minutes: float
    back_end: str | None = None
    """The server that is worked on, where its claim lies: the SQL server itself, unless it has another name there."""
    away_since: float | None = None

    @property
    def worked_on(self) -> str:
        return self.back_end or self.sql_server

    @property
    def calls(self) -> dict[str, Call]:
        calls = {"state": cmdlets.user_database_state(self.sql_server)}
        if self.until == "install_ended":
            calls["install"] = windows.read_text(_share(self.worked_on))
        return calls


@dataclass
class _Sight:
    """What was seen so far."""

    away: BackEndAway
    answers: bool = False
    was_away: bool = False
    was_down: bool = False
    """With its share, so the server itself and not only SQL Server."""
    claim_was_read: bool = False
    finished: bool = False


def watch(shell: ManagementShell, task: Watch, say: Callable[[str], None]) -> dict[str, Any]:
    """{away_since, away_minutes, limit_minutes, past_limit, answers, finished}.

    Raises TimedOut where the back end itself is waited for and does not answer; what else is waited for is looked up
    afterwards on its own server, so that a watch in vain is no failure. SfbError where nobody knows that SQL server.
    """
    began = shell.clock.now()
    sight = _Sight(BackEndAway(task.limit_minutes, task.away_since))
    said: list[str] = []
    while True:
        looked = _look(shell, task)
        now = shell.clock.now()
        passed = now - began
        lines = [f"{shell.server} does not answer, so that {task.sql_server} can't be seen from there"]
        if looked is not None:
            lines = _see(sight, task, looked, now, passed, shell.server)
        if sight.away.past_limit(now):
            lines.append(_what_users_see(task))
        for line in lines:
            # Each minute has a line of its own; what is as at the look before is not said again.
            if line not in said:
                say(line)
        said = lines
        in_vain = task.until == "install_ended" and sight.answers and not sight.claim_was_read
        blind = in_vain and passed >= SETTLE_SECONDS
        if sight.finished or blind or shell.check_mode or passed + POLL_SECONDS > task.timeout_minutes * 60:
            break
        shell.clock.sleep(POLL_SECONDS)
    if blind:
        say(f"the installation on {task.worked_on} can't be seen from {shell.server}; it is asked there")
    if task.until == "answers" and not sight.answers and not shell.check_mode:
        raise TimedOut(
            f"The back end {task.sql_server} did not answer {shell.server} within {task.timeout_minutes:.0f} minutes.",
            remedy=f"Look at {task.sql_server}: does Windows run there, and SQL Server?",
            **_result(task, sight, now),
        )
    return {"changed": False, **_result(task, sight, now)}


def _see(sight: _Sight, task: Watch, looked: Answer, now: float, passed: float, seen_from: str) -> list[str]:
    """One look more, and what to say of it."""
    before = sight.away
    sight.answers = _answers(looked, task.sql_server)
    sight.away = before.look(now, sight.answers)
    sight.was_away = sight.was_away or before.since is not None or sight.away.since is not None
    claim = _claim(looked)
    sight.was_down = sight.was_down or (sight.claim_was_read and claim is None and not sight.answers)
    sight.claim_was_read = sight.claim_was_read or claim is not None
    sight.finished = _has_finished(task.until, sight, claim, passed)
    if sight.away.since is not None:
        minutes = _whole(sight.away.running(now))
        return [f"back end {task.sql_server} away {minutes} of {task.limit_minutes:.0f} min (seen from {seen_from})"]
    lines = []
    if before.since is not None:
        lines = [f"back end {task.sql_server} answers again after {before.running(now):.0f} min"]
    if claim is not None and not sight.finished:
        running = f"the installer runs, {_whole(passed / 60)} of {task.timeout_minutes:.0f} min"
        lines.append(f"{task.worked_on}: {running}; the back end answers")
    return lines


def _whole(minutes: float) -> int:
    return int(minutes + 1e-6)


def _look(shell: ManagementShell, task: Watch) -> Answer | None:
    """None where the Front End itself does not answer: that says nothing of the back end."""
    try:
        return shell.read(task.calls, retry_seconds=0)
    except ConnectionLost:
        shell.transport.reset()
        return None


def _answers(answer: Answer, sql_server: str) -> bool:
    """A call that fails counts as a back end that is away (inferred), unless the topology does not know it."""
    state = answer["state"]
    if state.absent or state.missing:
        raise SfbError(
            f"The topology has no user database on {sql_server}: {state.trouble}.",
            remedy="Give the name under which the topology knows the SQL server (sfb.server.topology_info).",
        )
    return state.ok and str(state.row.get("Online")) == "True"


def _claim(answer: Answer) -> Mapping[str, Any] | None:
    """What the installation says of itself; None while that can't be read, which a restart explains."""
    if "install" not in answer.outcomes or not answer["install"].ok:
        return None
    try:
        content = json.loads(answer["install"].text)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _has_finished(until: Until, sight: _Sight, claim: Mapping[str, Any] | None, passed: float) -> bool:
    if until == "answers":
        return sight.answers
    if until == "install_ended":
        # Back from a restart, which may have ended the installer before it could say so (exit code 1641): its own server
        # is asked, and what goes on there all the same is waited for there.
        return bool(claim and claim.get("finished")) or (sight.answers and sight.was_down)
    # Its boot time can't be read over the share. SQL Server may have been away for less than one look.
    return sight.answers and (sight.was_away or passed >= SETTLE_SECONDS)


def _what_users_see(task: Watch) -> str:
    return (
        f"The back end {task.sql_server} has been away for {task.limit_minutes:.0f} minutes or more: users of {task.pool} "
        "may be in resiliency mode now, in which not everything works, and have full functionality again by themselves "
        "once it answers. The run goes on: to stop half way would keep it away for longer."
    )


def _result(task: Watch, sight: _Sight, now: float) -> dict[str, Any]:
    away = sight.away
    return {
        "away_since": None if away.since is None else format_utc(away.since),
        "away_minutes": round(away.longest(now), 1),
        "limit_minutes": task.limit_minutes,
        "past_limit": away.past_limit(now),
        "answers": sight.answers,
        "finished": sight.finished,
    }


def _share(server: str) -> str:
    return "\\\\" + server + "\\" + state_folder.claim("install").replace(":", "$", 1)


def watch_from(options: Mapping[str, Any]) -> Watch:
    """The options of the module. Errors: ValueError for an `away_since` that is no time."""
    since = options["away_since"]
    return Watch(
        options["sql_server"],
        options["pool_fqdn"],
        options["until"],
        options["limit_minutes"],
        options["timeout_minutes"],
        options["back_end"],
        parse_utc(since).timestamp() if since else None,
    )
