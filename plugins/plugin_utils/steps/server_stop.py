# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stops and starts the services of a server that nobody stands in for: a Back End Server, a Standard Edition server.

The mark stands from before the first stop until everything that ran before runs again, as around a fail over.

Stop- and Start-CsWindowsService run detached, in work that is called "services". One service alone may take minutes
(CODE DUMP: RTCCHAT 5 and more), which is watched meanwhile; and the process that holds the product's module is known
to be gone before the installer comes, which nobody could say of a call in the foreground whose answer got lost.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, replace
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import survey
from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import Mark, read_mark
from ansible_collections.sfb.server.plugins.plugin_utils.product.services import FRONT_END, service_from, to_run_again
from ansible_collections.sfb.server.plugins.plugin_utils.shell import background, cmdlets, state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import CallFailed, SfbError, TimedOut
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import Answer, ManagementShell, Outcome
from ansible_collections.sfb.server.plugins.plugin_utils.shell.waiter import wait_until
from ansible_collections.sfb.server.plugins.plugin_utils.steps import ownership
from ansible_collections.sfb.server.plugins.plugin_utils.steps.front_end import (
    GRACE_SECONDS,
    Facts,
    Run,
    Say,
    minutes_since,
    work_of,
)
from ansible_collections.sfb.server.plugins.plugin_utils.steps.marking import (
    claim_mark,
    guarded,
    mark_calls,
    new_mark,
    remove_mark,
    send_until_so,
    set_mark,
)

WEB_SERVER = "W3SVC"
_WORK = "services"
_POLL_SECONDS = 30.0
#: RTCSRV that is Starting makes progress: the cold start of a big pool takes up to an hour (BLOG risual).
FRONT_END_MINUTES = 60

#: The status of each service, and the seconds waited so far. Raises TimedOut.
OnServices = Callable[[dict[str, str], float], None]


def stop(shell: ManagementShell, run: Run, again: bool, timeout_minutes: float, say: Say) -> Facts:
    """Marks the server and stops every service; nothing where that is so already, unless `again` (manual: step 9)."""
    began = shell.clock.now()
    facts = _read(shell, timeout_minutes, say)
    server, services = facts["server"], facts["services"]
    if facts["works"]["install"] == "running":
        if facts["mark"] is None or again:
            raise _is_installing(server)
        return _result(shell, facts, began, reason="its update is being installed, so its services were stopped before")
    _refuse_failed_over(facts)
    if not _of_product(facts):
        return _result(shell, facts, began, **_nothing_to_stop(shell, facts))
    _refuse_companions(shell, facts)
    _refuse_somebody_elses(facts)
    running = {name: service["status"] for name, service in services.items() if service["status"] != "Stopped"}
    marked = facts["mark"] is not None
    if marked and not running and not again:
        if not shell.check_mode:
            claim_mark(shell, facts, run)
        return _result(shell, facts, began)
    calls = _stop_calls(server, web_server=WEB_SERVER in (services if not again else running))
    result = {
        "changed": True,
        "commands": [*_mark_lines(facts, run), *(call.powershell() for call in calls.values())],
        "diff": {"before": running, "after": dict.fromkeys(running, "Stopped")},
    }
    if shell.check_mode:
        marked_now = facts["mark"] or asdict(_new_mark(shell, facts, run))
        return _result(shell, {**facts, "state": "out_by_us", "mark": marked_now}, began, **result)
    mark = claim_mark(shell, facts, run) or _mark(shell, facts, run)

    def watch(statuses: dict[str, str], seconds: float) -> None:
        left = {name: status for name, status in statuses.items() if status != "Stopped"}
        if seconds >= timeout_minutes * 60:
            raise TimedOut(
                f"{server}: not every service is stopped after {timeout_minutes:.0f} minutes: {_words(left)}.",
                remedy="It is left alone and carries our mark. Look at that service there, and end it if it hangs; then "
                "start the playbook again: it goes on from there.",
                still_waited_for=_words(left),
            )
        say(f"{server} stops: {seconds / 60:.0f} of {timeout_minutes:.0f} min; not stopped yet: {_few(left)}")

    ended = _in_background(shell, mark, calls, timeout_minutes, watch)
    for outcome in ended.values():
        outcome.checked(f"{server} carries our mark. Find out why there, then start the playbook again.")
    _wait(shell, mark, watch, lambda statuses: set(statuses.values()) <= {"Stopped"}, began)
    return _result(shell, _own_state(shell), began, **result)


def start_web_server(shell: ManagementShell, run: Run, timeout_minutes: float, say: Say) -> Facts:
    """Starts W3SVC (manual: step 10); nothing where it runs, is disabled, is not there, or did not run before."""
    began = shell.clock.now()
    facts = _read(shell, timeout_minutes, say)
    server = facts["server"]
    if facts["works"]["install"] == "running":
        raise _is_installing(server)
    _refuse_failed_over(facts)
    service = facts["services"].get(WEB_SERVER, {"status": None, "start_type": None})
    if service["status"] == "Running":
        return _result(shell, facts, began)
    why = ""
    if service["start_type"] in (None, "Disabled"):
        why = "is disabled there" if service["status"] else "does not exist there"
    elif facts["mark"] and WEB_SERVER not in to_run_again(read_mark(json.dumps(facts["mark"]), server)):
        why = "did not run before"
    if why:
        say(f"{server}: {WEB_SERVER} {why}, so it is not started")
        return _result(shell, facts, began, reason=f"{WEB_SERVER} {why}")
    call = windows.start_web_server()
    result = {
        "changed": True,
        "commands": [*(_mark_lines(facts, run) if facts["mark"] else []), call.powershell()],
        "diff": {"before": {WEB_SERVER: service["status"]}, "after": {WEB_SERVER: "Running"}},
    }
    if shell.check_mode:
        return _result(shell, facts, began, **result)
    mark = claim_mark(shell, facts, run)

    def runs() -> bool:
        return bool(_own_state(shell)["services"][WEB_SERVER]["status"] == "Running")

    answer = send_until_so(shell, guarded(mark, {"web": call}) if mark else {"web": call}, runs)
    if answer is not None:
        if mark:
            ownership.check(answer["ours"], mark)
        answer["web"].checked(f"Find out on {server} why its web server does not start, then start the playbook again.")
    after = wait_until(
        f"{server}: {WEB_SERVER} to run",
        lambda: _own_state(shell),
        lambda now: now["services"][WEB_SERVER]["status"] == "Running",
        lambda now: f"{WEB_SERVER} ({now['services'][WEB_SERVER]['status']})",
        shell.clock,
        timeout_minutes * 60,
        _POLL_SECONDS,
        say=say,
    )
    return _result(shell, after, began, **result)


def start(shell: ManagementShell, run: Run, timeout_minutes: float, say: Say) -> Facts:
    """Starts what ran before, waits until it runs, and removes the mark."""
    began = shell.clock.now()
    facts = _read(shell, timeout_minutes, say)
    server, services = facts["server"], facts["services"]
    if facts["works"]["install"] == "running":
        raise _is_installing(server)
    _refuse_failed_over(facts)
    if facts["mark"] is None:
        _refuse_unmarked(facts)
        return _result(shell, facts, began)
    # A topology that can't be read must not keep users out.
    with contextlib.suppress(CallFailed):
        _refuse_companions(shell, facts)
    mark = read_mark(json.dumps(facts["mark"]), server)
    wanted = to_run_again(mark)
    missing = _missing({name: service["status"] for name, service in services.items()}, wanted)
    calls = start_calls(server, services, missing) if missing else {}
    removal = windows.remove(state_folder.MARK)
    result = {
        "changed": True,
        "commands": [*_mark_lines(facts, run), *(call.powershell() for call in [*calls.values(), removal])],
        "diff": {"before": missing, "after": dict.fromkeys(missing, "Running")},
    }
    if shell.check_mode:
        return _result(shell, facts, began, **result)
    mark = claim_mark(shell, facts, run) or mark

    def watch(statuses: dict[str, str], seconds: float) -> None:
        left = _missing(statuses, wanted)
        limit = timeout_minutes
        if left == {FRONT_END: "Starting"}:
            limit = max(limit, FRONT_END_MINUTES)
        if seconds >= limit * 60:
            raise TimedOut(
                f"{server}: not every service that ran before runs again after {limit:.0f} minutes: {_words(left)}.",
                remedy=f"It keeps our mark. Find out why on {server}, then start the playbook again: it starts the rest.",
                still_waited_for=_words(left),
            )
        say(f"{server} starts: {seconds / 60:.0f} of {limit:.0f} min; does not run yet: {_few(left)}")

    if calls:
        limit = max(timeout_minutes, FRONT_END_MINUTES)
        _refuse_failed_starts(shell, _in_background(shell, mark, calls, limit, watch), wanted)
    _wait(shell, mark, watch, lambda statuses: not _missing(statuses, wanted), began)
    remove_mark(shell, mark)
    return _result(shell, {**_own_state(shell), "mark": facts["mark"]}, began, **result)


# ---- what the server is like -------------------------------------------------------------------------------------------


def _own_state(shell: ManagementShell) -> Facts:
    return survey.read_own_state(shell.read(survey.own_state_calls()))


def _read(shell: ManagementShell, timeout_minutes: float, say: Say) -> Facts:
    """The server's own state, after the end of what an earlier run began there. Without the product's module."""
    facts = _own_state(shell)
    if facts["works"][_WORK] != "running" or shell.check_mode:
        return facts
    say(f"{facts['server']}: an earlier run's stop or start of the services still goes on; it is waited for")
    # That it was cut off is no failure of ours: what it left is read below.
    with contextlib.suppress(background.Interrupted):
        background.follow(shell, _WORK, {}, deadline_seconds=timeout_minutes * 60, interval_seconds=_POLL_SECONDS)
    return _own_state(shell)


def _of_product(facts: Facts) -> list[str]:
    """W3SVC alone says nothing: it may serve somebody else on a server that only has SQL Server."""
    return [name for name in facts["services"] if name.upper() != WEB_SERVER]


def _nothing_to_stop(shell: ManagementShell, facts: Facts) -> Facts:
    answer = shell.read({"product": cmdlets.server_version()}, without_product=True)
    if answer.module is None:
        text = f"{facts['server']} has nothing of the product (a SQL Server alone), so nothing is there to stop"
        return {"state": "no_product", "reason": text}
    return {"reason": f"{facts['server']} has no service of the product, so nothing is there to stop"}


def _refuse_companions(shell: ManagementShell, facts: Facts) -> None:
    """Raises SfbError for a Front End that others stand in for, whoever stopped it."""
    server = facts["server"]
    if FRONT_END not in facts["services"]:
        return
    topology = survey.read_topology(shell.read(survey.topology_calls()))
    others = [name for name in topology["computers"] if name != server]
    if others:
        raise SfbError(
            f"{server} is a Front End of {topology['pool']} with {', '.join(others)} beside it: it is drained, not stopped.",
            remedy="Use sfb.server.computer_failover (sfb.server.patch_frontend_pool), which takes out one server at a time.",
        )


def _refuse_somebody_elses(facts: Facts) -> None:
    front_end = facts["services"].get(FRONT_END)
    if front_end is None or facts["mark"] is not None:
        return
    if front_end["status"] != "Running" or front_end["start_type"] == "Disabled":
        raise SfbError(
            f"{facts['server']} is not in service: {FRONT_END} is {front_end['status']} (start type "
            f"{front_end['start_type']}), and not by us: it has no mark of ours. What has to run afterwards would not be "
            "known.",
            remedy="Find out who works on it, bring it into service, and start again.",
            state=facts["state"],
        )


def _refuse_failed_over(facts: Facts) -> None:
    if facts["mark"] is not None and facts["mark"]["how"] != "stop":
        raise SfbError(
            f"{facts['server']} was taken out by Invoke-CsComputerFailOver; only Invoke-CsComputerFailBack may bring it back.",
            remedy="Bring it back with sfb.server.computer_failover, state in_service.",
            state=facts["state"],
        )


def _refuse_unmarked(facts: Facts) -> None:
    """Without a mark nothing has to be started, and nobody knows what should. Raises SfbError where something is down."""
    down = {
        name: service["status"]
        for name, service in facts["services"].items()
        if service["start_type"] == "Automatic" and service["status"] != "Running"
    }
    if down and _of_product(facts):
        raise SfbError(
            f"{facts['server']} has no mark of ours, so what ran before is not known, and these do not run: {_words(down)}.",
            remedy="Start what should run: sfb.server.windows_service, state started.",
            state=facts["state"],
        )


def _is_installing(server: str) -> SfbError:
    return SfbError(
        f"The services of {server} can't be touched while its update is being installed.",
        remedy="Start the playbook again: it waits for the installer, and goes on from there.",
    )


# ---- what is sent ------------------------------------------------------------------------------------------------------


def _stop_calls(server: str, web_server: bool) -> dict[str, Call]:
    """Steps 4 and 5 of the manual."""
    calls = {"stop": cmdlets.stop_services(server, state_folder.report(_WORK)).must()}
    return calls | ({"web": windows.stop_web_server()} if web_server else {})


def start_calls(server: str, services: Facts, missing: Collection[str]) -> dict[str, Call]:
    """All at once where nothing would be started that did not run before; else each by its name.

    By name RTCSRV comes last: it may take an hour, and the others need not wait for it.
    """
    report = state_folder.report(_WORK)
    if not any(service["status"] == "Stopped" and name not in missing for name, service in services.items()):
        return {"all": cmdlets.start_services(server, report)}
    order = sorted(missing, key=lambda name: (name == FRONT_END, name != WEB_SERVER, name))
    return {name: cmdlets.start_service(server, name, report) for name in order}


def _mark(shell: ManagementShell, facts: Facts, run: Run) -> Mark:
    state_folder.ensure(shell)
    mark = _new_mark(shell, facts, run)
    set_mark(shell, mark)
    return mark


def _new_mark(shell: ManagementShell, facts: Facts, run: Run) -> Mark:
    return replace(new_mark(shell, facts, run, facts["services"]), how="stop")


def _mark_lines(facts: Facts, run: Run) -> list[str]:
    """The lines by which the mark is set or taken over, for people."""
    if facts["mark"] is None:
        calls = mark_calls("<who, when, and the services as they are>")
        return [call.powershell() for call in calls.values()]
    mark = read_mark(json.dumps(facts["mark"]), facts["server"])
    if ownership.claimed(mark, run.identifier, str(facts["user"])) == mark:
        return []
    return [windows.write_text(state_folder.MARK, "<the mark, with this run's name in front>").powershell()]


def _in_background(
    shell: ManagementShell, mark: Mark, calls: dict[str, Call], limit_minutes: float, on_services: OnServices
) -> dict[str, Outcome]:
    """Runs the calls detached and returns their outcomes; `on_services` decides how long is too long."""
    limit = limit_minutes * 60 + GRACE_SECONDS
    background.start(shell, _WORK, guarded(mark, calls), work_of(shell, _WORK), int(limit))

    def on_reading(answer: Answer, seconds: float) -> None:
        ownership.check_text(answer["mark"], mark)
        on_services(_statuses(answer), seconds)

    ended = background.follow(
        shell,
        _WORK,
        guarded(mark, calls),
        deadline_seconds=limit,
        interval_seconds=_POLL_SECONDS,
        watch=_services_calls(),
        on_reading=on_reading,
    )
    ownership.check(ended.pop("ours"), mark)
    return ended


def _wait(
    shell: ManagementShell, mark: Mark, on_services: OnServices, done: Callable[[dict[str, str]], bool], began: float
) -> None:
    while True:
        answer = shell.read(_services_calls())
        ownership.check_text(answer["mark"], mark)
        statuses = _statuses(answer)
        if done(statuses):
            return
        on_services(statuses, shell.clock.now() - began)
        shell.clock.sleep(_POLL_SECONDS)


def _refuse_failed_starts(shell: ManagementShell, ended: dict[str, Outcome], wanted: Sequence[str]) -> None:
    """A service that is Starting in spite of an error is waited for; one that is Stopped has failed."""
    trouble = [outcome.trouble for outcome in ended.values() if not outcome.ok]
    services = _own_state(shell)["services"]
    left = _missing({name: service["status"] for name, service in services.items()}, wanted)
    if trouble and set(left.values()) & {"Stopped", "not there"}:
        raise CallFailed(
            f"{shell.server}: not every service that ran before runs again: {_words(left)}. {'; '.join(trouble)}.",
            remedy=f"It keeps our mark. Find out why on {shell.server}, then start the playbook again: it starts the rest.",
            still_waited_for=_words(left),
        )


def _services_calls() -> dict[str, Call]:
    return {"mark": windows.read_text(state_folder.MARK), "settings": windows.service_settings()}


def _statuses(answer: Answer) -> dict[str, str]:
    """The status of each service of the product, those that the update brought among them."""
    found = [service_from(row["Name"], row["State"]) for row in answer["settings"].checked().rows]
    return {service.name: service.status for service in found if survey.is_product_service(service.name)}


def _missing(statuses: dict[str, str], wanted: Sequence[str]) -> dict[str, str]:
    """What of the wanted services does not run, with its status."""
    found = {name: statuses.get(name, "not there") for name in wanted}
    return {name: status for name, status in found.items() if status != "Running"}


def _words(statuses: dict[str, str]) -> str:
    return ", ".join(f"{name} ({status})" for name, status in statuses.items())


def _few(statuses: dict[str, str]) -> str:
    """For a line that comes again: the first ones, and how many more."""
    names = list(statuses)
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return (_words({name: statuses[name] for name in names[:4]}) + more) or "nothing"


def _result(shell: ManagementShell, facts: Facts, began: float, **more: Any) -> Facts:
    mark = facts["mark"]
    return {
        "changed": False,
        "server": facts["server"],
        "state": facts["state"],
        "services": facts["services"],
        "ran_before": list(to_run_again(read_mark(json.dumps(mark), facts["server"]))) if mark else [],
        "minutes": minutes_since(shell, began),
        "commands": [],
        **more,
    }
