# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Brings a Front End back into service by the way it went out, until that succeeded once and was verified."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import pool_state, survey
from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import How, Mark, ServiceBefore
from ansible_collections.sfb.server.plugins.plugin_utils.product.services import FRONT_END, to_run_again
from ansible_collections.sfb.server.plugins.plugin_utils.shell import background, cmdlets, state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import (
    CallFailed,
    ConnectionLost,
    SfbError,
    TimedOut,
)
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import Answer, ManagementShell, Outcome
from ansible_collections.sfb.server.plugins.plugin_utils.steps import ownership
from ansible_collections.sfb.server.plugins.plugin_utils.steps.front_end import (
    GRACE_SECONDS,
    Facts,
    Run,
    Say,
    can_be_adopted,
    identified,
    minutes_since,
    read_server,
    refuse_unfit,
    result_of,
    somebody_elses,
    way_of,
    work_of,
)
from ansible_collections.sfb.server.plugins.plugin_utils.steps.marking import adopt, claim_mark, guarded, remove_mark

FAIL_BACK_PAUSE_SECONDS = 60.0

Services = Mapping[str, ServiceBefore]


def fail_back_calls(computer: str, start_minutes: float, way: How, before: Services) -> dict[str, Call]:
    """`before`: how the services were before the server went out. Only what ran is started again.

    Start-CsWindowsService without a name starts all of them, in the product's own order. Whether that includes manual
    ones is not known, so where one of those did not run they are started by name.
    """
    report = state_folder.report("fail_back")
    if way == "fail_over":
        return {"fail_back": cmdlets.fail_back(computer, start_minutes, report).must()}
    if all(_ran(service) or service.start_type == "Disabled" for service in before.values()):
        return {"fail_back": cmdlets.start_services(computer, report).must()}
    # RTCSRV last: it may take an hour, and the others need not wait for it.
    names = [name for name, service in before.items() if _ran(service)]
    names.sort(key=lambda name: (name.upper() == FRONT_END, name))
    return {name: cmdlets.start_service(computer, name, report) for name in names}


def _ran(service: ServiceBefore) -> bool:
    return service.status in ("Running", "Starting") and service.start_type != "Disabled"


def _way_back(mark: Mark, way: How, start_minutes: float) -> dict[str, Call]:
    return fail_back_calls(mark.host, start_minutes, way, mark.services)


def bring_back(shell: ManagementShell, computer: str | None, start_minutes: float, run: Run, say: Say) -> Facts:
    """Fails the server back until that succeeded once, waits for every service that ran before, removes the mark."""
    facts = read_server(shell)
    server = identified(facts, computer)
    refuse_unfit(facts, run)
    if "running" in (facts["works"]["fail_over"], facts["works"]["services"]):
        raise SfbError(
            f"{server} can't be brought back while it is being taken out.",
            remedy="Wait until that has ended, then start again.",
        )
    if facts["works"]["install"] == "running":
        raise SfbError(
            f"{server} can't be brought back while its update is being installed.",
            remedy="Start the playbook again: it waits for the installer, and goes on from there.",
        )
    if facts["mark"] is None:
        if facts["state"] == "in_service":
            return result_of(facts, changed=False)
        if not can_be_adopted(facts, run.adopt):
            raise somebody_elses(facts)
        adopt(shell, facts, run)
        facts = read_server(shell)
    began = shell.clock.now()
    mark = claim_mark(shell, facts, run)
    if mark is None:
        raise ownership.taken_over(server)
    calls = _way_back(mark, way_of(facts), start_minutes)
    _fail_back_until_it_succeeds(shell, mark, calls, facts["works"]["fail_back"] == "running", start_minutes, say)
    _services_run_again(shell, mark, start_minutes, say)
    remove_mark(shell, mark)
    after = survey.read_own_state(shell.read(survey.own_state_calls()))
    return result_of({**facts, **after}, changed=True, state_before=facts["state"], minutes=minutes_since(shell, began))


def _fail_back_until_it_succeeds(
    shell: ManagementShell, mark: Mark, calls: dict[str, Call], runs_already: bool, start_minutes: float, say: Say
) -> None:
    """It throws right after a restart (CODE: VTFK), so it is tried again until the deadline; never two at once.

    Whether it also throws on a server that was never failed over (a run that was killed before it, a drain that timed
    out) is not known. So a server that it refuses counts as back when everything else says so.
    """
    server = mark.host
    began = shell.clock.now()
    attempt = 0
    while True:
        attempt += 1
        found_running, runs_already = runs_already, False
        try:
            if not found_running:
                limit = int(start_minutes * 60 + 2 * GRACE_SECONDS)
                background.start(shell, "fail_back", guarded(mark, calls), work_of(shell, "fail_back"), limit)
            ended = finish_fail_back(shell, mark, calls, start_minutes, say)
            if found_running and not ended["ours"].ok:
                # That of a run from which we took over just before it began: it did nothing.
                continue
            ownership.check(ended["ours"], mark)
            for outcome in ended.values():
                outcome.checked()
            return
        except (CallFailed, background.Interrupted) as error:
            if attempt > 1 and isinstance(error, CallFailed) and _is_whole(shell, mark):
                say(f"{server}: its way back is refused ({error.message}), and the pool counts it as active")
                return
            passed = (shell.clock.now() - began) / 60
            if passed >= start_minutes:
                raise SfbError(
                    f"{server} could not be brought back within {start_minutes:.0f} minutes ({attempt} tries): {error.message}",
                    remedy=f"It is out of service and marked as ours. Look at the Lync Server event log on {server}, then start "
                    "again: a server with our mark comes first. Touch no other server of the pool until then.",
                    state="out_by_us",
                ) from error
            why = error.facts.get("trouble", error.message)
            say(f"{server}: its way back is refused ({why}); try {attempt + 1} in {FAIL_BACK_PAUSE_SECONDS:.0f} s")
            shell.clock.sleep(FAIL_BACK_PAUSE_SECONDS)


def _is_whole(shell: ManagementShell, mark: Mark) -> bool:
    """Start types as in the mark, and the pool counts every Front End as active: never services alone.

    A service that does not run yet is waited for afterwards, as after any other fail back.
    """
    answer = shell.read({**survey.own_state_calls(), **pool_state.readiness_calls()})
    services = survey.read_own_state(answer)["services"]
    as_before = all(
        name in services and services[name]["start_type"] == before.start_type
        for name, before in mark.services.items()
        if before.status == "Running"
    )
    readiness = pool_state.read_pool_readiness(answer)
    all_active = readiness.active is not None and readiness.active == readiness.total
    return as_before and all_active and readiness.state in ("ready", "busy")


def finish(shell: ManagementShell, facts: Facts, mark: Mark, start_minutes: float, say: Say) -> None:
    """Waits for the end of a way back that an earlier run began."""
    finish_fail_back(shell, mark, _way_back(mark, way_of(facts), start_minutes), start_minutes, say)


def finish_fail_back(
    shell: ManagementShell, mark: Mark, calls: dict[str, Call], start_minutes: float, say: Say
) -> dict[str, Outcome]:
    def watch(answer: Answer, seconds: float) -> None:
        ownership.check_text(answer["mark"], mark)
        say(f"{mark.host} comes back: {seconds / 60:.0f} min")

    return background.follow(
        shell,
        "fail_back",
        guarded(mark, calls),
        deadline_seconds=start_minutes * 60 + GRACE_SECONDS,
        interval_seconds=FAIL_BACK_PAUSE_SECONDS,
        watch={"mark": windows.read_text(state_folder.MARK)},
        on_reading=watch,
    )


def _services_run_again(shell: ManagementShell, mark: Mark, start_minutes: float, say: Say) -> None:
    """Waits for every service that ran before; starts, once, those that are left stopped."""
    server = mark.host
    wanted = to_run_again(mark)
    started: set[str] = set()
    began = shell.clock.now()
    while True:
        answer = shell.read(survey.own_state_calls())
        ownership.check_text(answer["mark"], mark)
        services = survey.read_own_state(answer)["services"]
        missing = {name: (services.get(name) or {}).get("status", "not there") for name in wanted}
        missing = {name: status for name, status in missing.items() if status != "Running"}
        if not missing:
            return
        words = ", ".join(f"{name} is {status}" for name, status in sorted(missing.items()))
        if shell.clock.now() - began >= start_minutes * 60:
            raise TimedOut(
                f"{server} was brought back, but not every service that ran before runs again within {start_minutes:.0f} "
                f"minutes: {words}.",
                remedy=f"It keeps our mark. Find out why on {server}, then start again. Touch no other server of the pool until then.",
                still_waited_for=words,
            )
        say(f"{server}: waiting for services: {words}")
        stopped = [name for name, status in missing.items() if status == "Stopped" and name not in started]
        if stopped:
            report = state_folder.report("start")
            with contextlib.suppress(ConnectionLost):
                # The next reading says whether it arrived.
                shell.change({name: cmdlets.start_service(server, name, report) for name in stopped})
                started.update(stopped)
        shell.clock.sleep(FAIL_BACK_PAUSE_SECONDS)
