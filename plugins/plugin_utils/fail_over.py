# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Takes a Front End out of service and brings it back: Invoke-CsComputerFailOver and Invoke-CsComputerFailBack.

Everything that was begun is written on the server before it begins, so that any later run finds it: the mark before
the fail over, the claim before the cmdlet. The mark goes only after a fail back that succeeded and was verified.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ansible_collections.sfb.server.plugins.plugin_utils import (
    background,
    cmdlets,
    companions,
    ownership,
    pool_state,
    state_folder,
    survey,
    windows,
)
from ansible_collections.sfb.server.plugins.plugin_utils.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.errors import CallFailed, ConnectionLost, SfbError, TimedOut
from ansible_collections.sfb.server.plugins.plugin_utils.management_shell import Answer, ManagementShell, Outcome
from ansible_collections.sfb.server.plugins.plugin_utils.mark import Mark, ServiceBefore, mark_text, read_mark
from ansible_collections.sfb.server.plugins.plugin_utils.services import left_to_drain, service_from, to_run_again
from ansible_collections.sfb.server.plugins.plugin_utils.times import format_utc

Say = Callable[[str], None]
Facts = dict[str, Any]

#: How much longer than the product's own deadline we wait, so that the cmdlet gives up first: then no action is taken.
GRACE_SECONDS = 10 * 60
#: With `cut` the cmdlet has to stop the services after the drain (design: WaitTime = drain + 30 minutes).
CUT_GRACE_MINUTES = 30
#: A line at least every two minutes while it drains.
POLL_SECONDS = 90.0
FAIL_BACK_PAUSE_SECONDS = 60.0
#: How long a request whose connection broke may take to arrive all the same.
_ARRIVAL_SECONDS = 10.0


@dataclass(frozen=True)
class Drain:
    """How long conferences may take to end, and what then: give up (`fail`) or cut them (`cut`)."""

    minutes: float
    on_timeout: Literal["fail", "cut"]

    @property
    def wait_minutes(self) -> float:
        return self.minutes if self.on_timeout == "fail" else self.minutes + CUT_GRACE_MINUTES


@dataclass(frozen=True)
class Run:
    """Who takes the server out: written into the mark."""

    identifier: str
    put_back_after_failure: bool = True
    adopt: bool = False
    two_server_pool: Literal["stop", "graceful_stop"] = "stop"


def fail_over_calls(computer: str, drain: Drain, members: Sequence[str]) -> dict[str, Call]:
    """In a pool of two there is nobody to take over (BLOG: stoknes), so its servers are stopped gracefully instead."""
    report = state_folder.report("fail_over")
    if len(members) == 2:
        return {"fail_over": cmdlets.stop_services(computer, report, graceful=True).must()}
    cut = drain.minutes if drain.on_timeout == "cut" else None
    return {"fail_over": cmdlets.fail_over(computer, drain.wait_minutes, report, cut).must()}


def fail_back_calls(computer: str, start_minutes: float, members: Sequence[str]) -> dict[str, Call]:
    report = state_folder.report("fail_back")
    if len(members) == 2:
        return {"fail_back": cmdlets.start_services(computer, report).must()}
    return {"fail_back": cmdlets.fail_back(computer, start_minutes, report).must()}


def mark_calls(text: str) -> dict[str, Call]:
    """Whole or not at all: a mark that is half written would say nothing."""
    new = f"{state_folder.MARK}.new"
    return {"write": windows.write_text(new, text), "mark": windows.move(new, state_folder.MARK)}


def read_server(shell: ManagementShell) -> Facts:
    """The server's own state and the members of its pool."""
    answer = shell.read({**survey.own_state_calls(), **survey.topology_calls(), "product": cmdlets.server_version()})
    return {**survey.read_own_state(answer), **survey.read_topology(answer), **survey.read_product(answer)}


def take_out(
    shell: ManagementShell, computer: str | None, drain: Drain, run: Run, start_minutes: float, say: Say
) -> Facts:
    """Drains the server and leaves it stopped, disabled and marked. Nothing changes where it is so already.

    Raises SfbError with the server put back (or with the reason why it could not be) when it would not drain.
    """
    facts = read_server(shell)
    server = _identified(facts, computer)
    _refuse_unfit(facts, run)
    mark = _claim_mark(shell, facts, run)
    if mark is not None and facts["works"]["fail_over"] == "running":
        say(f"{server}: a fail over that an earlier run began is still going on")
        return _drain(shell, facts, mark, drain, run, start_minutes, say, begun=True)
    if mark is not None and facts["works"]["fail_back"] == "running":
        say(f"{server}: a fail back that an earlier run began is still going on")
        _finish_fail_back(shell, mark, fail_back_calls(server, start_minutes, facts["computers"]), start_minutes, say)
        facts = read_server(shell)
    if mark is not None and _is_out(facts):
        return _result(facts, changed=False)
    if facts["state"] == "out_by_others":
        if not run.adopt:
            raise _somebody_elses(facts)
        return _adopt(shell, facts, run)
    if mark is not None and len(facts["computers"]) == 2:
        # Its services came up by themselves with a restart: stopped again, it is out again.
        return _drain(shell, facts, mark, drain, run, start_minutes, say, begun=False)
    if mark is not None:
        # An earlier run began and did not get far: what it left is undone first, so that the drain starts whole.
        say(f"{server}: an earlier run left it half way; it is brought back first")
        bring_back(shell, computer, start_minutes, run, say)
        facts = read_server(shell)
    if facts["state"] != "in_service":
        raise _not_in_service(facts)
    others = _others(facts, server)
    _refuse_two(server, shell.read(companions.calls(others)), others)
    state_folder.ensure(shell)
    mark = _write_mark(shell, facts, run, others)
    return _drain(shell, facts, mark, drain, run, start_minutes, say, begun=False)


def bring_back(shell: ManagementShell, computer: str | None, start_minutes: float, run: Run, say: Say) -> Facts:
    """Fails the server back until that succeeded once, waits for every service that ran before, removes the mark."""
    facts = read_server(shell)
    server = _identified(facts, computer)
    _refuse_unfit(facts, run)
    if facts["works"]["fail_over"] == "running":
        raise SfbError(
            f"{server} can't be brought back while its fail over runs.",
            remedy="Wait until the fail over has ended, then start again.",
        )
    if facts["works"]["install"] == "running":
        raise SfbError(
            f"{server} can't be brought back while its update is being installed.",
            remedy="Start the playbook again: it waits for the installer, and goes on from there.",
        )
    if facts["mark"] is None:
        if facts["state"] == "in_service":
            return _result(facts, changed=False)
        if facts["state"] != "out_by_others" or not run.adopt:
            raise _somebody_elses(facts)
        _adopt(shell, facts, run)
        facts = read_server(shell)
    began = shell.clock.now()
    mark = _claim_mark(shell, facts, run)
    if mark is None:
        raise ownership.taken_over(server)
    calls = fail_back_calls(server, start_minutes, facts["computers"])
    _fail_back_until_it_succeeds(shell, mark, calls, facts["works"]["fail_back"] == "running", start_minutes, say)
    _services_run_again(shell, mark, start_minutes, say)
    _remove_mark(shell, mark)
    after = survey.read_own_state(shell.read(survey.own_state_calls()))
    return _result({**facts, **after}, changed=True, state_before=facts["state"], minutes=_minutes(shell, began))


# ---- the drain -----------------------------------------------------------------------------------------------------------


def _drain(
    shell: ManagementShell,
    facts: Facts,
    mark: Mark,
    drain: Drain,
    run: Run,
    start_minutes: float,
    say: Say,
    begun: bool,
) -> Facts:
    """Begins the fail over and watches it to its end; puts the server back when it failed."""
    server = facts["server"]
    others = _others(facts, server)
    calls = _guarded(mark, fail_over_calls(server, drain, facts["computers"]))
    began = shell.clock.now()
    left: list[str] = []
    suspects: set[str] = set()
    intruders: dict[str, str] = {}

    def watch(answer: Answer, seconds: float) -> None:
        ownership.check_text(answer["mark"], mark)
        left[:] = left_to_drain(
            [service_from(row["Name"], row["Status"], None, row.get("ActivityLevel")) for row in answer["load"].rows]
        )
        out = companions.out_by_server(companions.read(answer, others))
        # Twice in a row: one reading that failed must not undo a good drain.
        intruders.update({name: reason for name, reason in out.items() if name in suspects})
        suspects.clear()
        suspects.update(out)
        wait = f"{seconds / 60:.0f} of {drain.wait_minutes:.0f} min"
        say(f"{server} drains: {wait}; left: {'; '.join(left) if left else 'nothing that the services report'}")

    try:
        if not begun:
            limit = int(drain.wait_minutes * 60 + 2 * GRACE_SECONDS)
            background.start(shell, "fail_over", calls, _work(shell, "fail_over"), limit)
        ended = background.follow(
            shell,
            "fail_over",
            calls,
            deadline_seconds=drain.wait_minutes * 60 + GRACE_SECONDS,
            interval_seconds=POLL_SECONDS,
            watch={
                "mark": windows.read_text(state_folder.MARK),
                "load": cmdlets.windows_services(server),
                **companions.calls(others),
            },
            on_reading=watch,
        )
        if suspects:
            again = companions.out_by_server(companions.read(shell.read(companions.calls(others)), others))
            intruders.update({name: reason for name, reason in again.items() if name in suspects})
        if begun and not ended["ours"].ok:
            # That of a run from which we took over just before it began: it did nothing.
            return take_out(shell, server, drain, run, start_minutes, say)
        ownership.check(ended["ours"], mark)
        outcome = ended["fail_over"].checked()
    except (CallFailed, background.Interrupted) as error:
        holding = f" Still there when it gave up: {'; '.join(left)}." if left else ""
        raise _put_back(
            shell, server, f"{server} would not drain: {error.message}{holding}", run, start_minutes, say, left
        ) from error
    after = {**facts, **survey.read_own_state(shell.read(survey.own_state_calls()))}
    if not _is_out(after):
        text = f"The fail over of {server} reported success, but RTCSRV is not out: {after['services'].get('RTCSRV')}."
        raise _put_back(shell, server, text, run, start_minutes, say, left)
    if intruders:
        text = (
            f"While {server} drained, another server of its pool went out of service: {'; '.join(intruders.values())}."
        )
        raise _put_back(shell, server, text, run, start_minutes, say, left)
    return _result(
        after,
        changed=True,
        state_before=facts["state"],
        minutes=_minutes(shell, began),
        warnings_of_call=outcome.warnings,
    )


def _put_back(
    shell: ManagementShell, server: str, text: str, run: Run, start_minutes: float, say: Say, left: Sequence[str]
) -> SfbError:
    """Brings the server back, and returns the failure that says so."""
    if not run.put_back_after_failure:
        return SfbError(
            text, remedy=f"It was left as it is, marked as ours; bring {server} back before you go on.", left=list(left)
        )
    say(f"{server}: {text} It is put back now.")
    try:
        bring_back(shell, server, start_minutes, run, say)
    except SfbError as error:
        return SfbError(
            f"{text} Putting it back failed too: {error.message}",
            remedy=f"No other server of the pool may be touched until {server} is in service again.",
            left=list(left),
            state="out_by_us",
        )
    return SfbError(text, remedy=f"{server} was put back and is in service again.", left=list(left), state="in_service")


def _write_mark(shell: ManagementShell, facts: Facts, run: Run, others: Sequence[str]) -> Mark:
    """Marks the server, and looks once more at the others: of two runs that began together, none goes on."""
    server = facts["server"]
    mark = _mark(shell, facts, run, facts["services"])
    _set_mark(shell, mark)
    reasons = companions.out(companions.read(shell.read(companions.calls(others)), others))
    if reasons:
        _remove_mark(shell, mark)
        raise _two(server, reasons)
    return mark


def _claim_mark(shell: ManagementShell, facts: Facts, run: Run) -> Mark | None:
    """The mark that stands, with our name in front; None where none stands. Raises TakenOver."""
    if facts["mark"] is None:
        return None
    mark = read_mark(json.dumps(facts["mark"]), facts["server"])
    ours = ownership.claimed(mark, run.identifier, str(facts["user"]))
    if ours != mark:
        calls = {"mark": windows.write_text(state_folder.MARK, mark_text(ours))}
        answer = _send_until_so(shell, calls, lambda: _mark_on(shell, ours.host) == ours)
        if answer is not None:
            answer["mark"].checked()
    return ours


def _set_mark(shell: ManagementShell, mark: Mark) -> None:
    """Where none stood. One that is in the way by now is ours, its answer having got lost, or another run's."""
    answer = _send_until_so(shell, mark_calls(mark_text(mark)), lambda: _mark_on(shell, mark.host) is not None)
    if answer is not None and answer["mark"].ok:
        return
    found = _mark_on(shell, mark.host)
    if found is None and answer is not None:
        for outcome in answer.outcomes.values():
            outcome.checked()
    if found != mark:
        raise ownership.taken_over(mark.host, found.run if found else None)


def _remove_mark(shell: ManagementShell, mark: Mark) -> None:
    calls = {"ours": ownership.guard(mark), "remove": windows.remove(state_folder.MARK)}
    answer = _send_until_so(shell, calls, lambda: _mark_on(shell, mark.host) is None)
    if answer is None or answer["ours"].absent:
        return
    ownership.check(answer["ours"], mark)
    if not answer["remove"].absent:
        answer["remove"].checked(f"The server is in service; delete {state_folder.MARK} there by hand.")


def _send_until_so(shell: ManagementShell, calls: dict[str, Call], is_so: Callable[[], bool]) -> Answer | None:
    """Sends a small change. Where the answer gets lost the server is asked whether it is so (then None is returned).

    What is seen not to have arrived is sent again; should the first one arrive after all, the second changes nothing.
    """
    for remaining in reversed(range(background.STARTS)):
        try:
            return shell.change(calls)
        except ConnectionLost:
            shell.transport.reset()
            shell.clock.sleep(_ARRIVAL_SECONDS)
            if is_so():
                return None
            if not remaining:
                raise
    return None


def _mark_on(shell: ManagementShell, server: str) -> Mark | None:
    mark = shell.read({"mark": windows.read_text(state_folder.MARK)})["mark"]
    return None if mark.absent else read_mark(mark.checked().text, server)


def _refuse_two(server: str, answer: Answer, others: Sequence[str]) -> None:
    reasons = companions.out(companions.read(answer, others))
    if reasons:
        raise _two(server, reasons)


def _two(server: str, reasons: Sequence[str]) -> SfbError:
    return SfbError(
        f"{server} is not taken out of service, because another server of its pool may be out: {'; '.join(reasons)}.",
        remedy="Bring that server back first. In one pool only one server may be out at a time.",
        others=list(reasons),
    )


def _adopt(shell: ManagementShell, facts: Facts, run: Run) -> Facts:
    """Takes over what somebody else took out. What ran before is not known; RTCSRV is what must run again."""
    others = _others(facts, facts["server"])
    _refuse_two(facts["server"], shell.read(companions.calls(others)), others)
    state_folder.ensure(shell)
    known = {name: service for name, service in facts["services"].items() if service["status"] == "Running"}
    known["RTCSRV"] = {"status": "Running", "start_type": "Automatic"}
    _set_mark(shell, _mark(shell, facts, run, known))
    return _result({**facts, "state": "out_by_us"}, changed=True, adopted=True)


def _mark(shell: ManagementShell, facts: Facts, run: Run, services: Facts) -> Mark:
    before = {name: ServiceBefore(service["status"], service["start_type"]) for name, service in services.items()}
    return Mark(run.identifier, format_utc(shell.clock.now()), str(facts["user"]), facts["server"], before)


# ---- the way back --------------------------------------------------------------------------------------------------------


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
                background.start(shell, "fail_back", _guarded(mark, calls), _work(shell, "fail_back"), limit)
            ended = _finish_fail_back(shell, mark, calls, start_minutes, say)
            if found_running and not ended["ours"].ok:
                # That of a run from which we took over just before it began: it did nothing.
                continue
            ownership.check(ended["ours"], mark)
            ended["fail_back"].checked()
            return
        except (CallFailed, background.Interrupted) as error:
            if attempt > 1 and isinstance(error, CallFailed) and _is_whole(shell, mark):
                say(
                    f"{server}: fail back is refused ({error.message}), and the pool counts it as active with all its services"
                )
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
            say(f"{server}: the fail back is refused ({why}); try {attempt + 1} in {FAIL_BACK_PAUSE_SECONDS:.0f} s")
            shell.clock.sleep(FAIL_BACK_PAUSE_SECONDS)


def _is_whole(shell: ManagementShell, mark: Mark) -> bool:
    """Services and start types as in the mark, and the pool counts every Front End as active: never services alone."""
    answer = shell.read({**survey.own_state_calls(), **pool_state.readiness_calls()})
    services = survey.read_own_state(answer)["services"]
    as_before = all(
        services.get(name) == asdict(before) for name, before in mark.services.items() if before.status == "Running"
    )
    readiness = pool_state.read_pool_readiness(answer)
    all_active = readiness.active is not None and readiness.active == readiness.total
    return as_before and all_active and readiness.state in ("ready", "busy")


def _finish_fail_back(
    shell: ManagementShell, mark: Mark, calls: dict[str, Call], start_minutes: float, say: Say
) -> dict[str, Outcome]:
    def watch(answer: Answer, seconds: float) -> None:
        ownership.check_text(answer["mark"], mark)
        say(f"{mark.host} comes back: fail back runs, {seconds / 60:.0f} min")

    return background.follow(
        shell,
        "fail_back",
        _guarded(mark, calls),
        deadline_seconds=start_minutes * 60 + GRACE_SECONDS,
        interval_seconds=FAIL_BACK_PAUSE_SECONDS,
        watch={"mark": windows.read_text(state_folder.MARK)},
        on_reading=watch,
    )


def _services_run_again(shell: ManagementShell, mark: Mark, start_minutes: float, say: Say) -> None:
    """Waits for every service that ran before; starts, once, those that the fail back left stopped."""
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
                f"{server} was failed back, but not every service that ran before runs again within {start_minutes:.0f} "
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


# ---- small parts ---------------------------------------------------------------------------------------------------------


def _guarded(mark: Mark, calls: dict[str, Call]) -> dict[str, Call]:
    return {"ours": ownership.guard(mark), **calls}


def _work(shell: ManagementShell, what: str) -> background.Work:
    answer = shell.read(background.looking(what))
    return background.read_work(answer)


def _identified(facts: Facts, computer: str | None) -> str:
    server = str(facts["server"])
    if computer is not None and computer.lower() != server:
        raise SfbError(
            f"This connection leads to {server}, not to {computer}.",
            remedy="Check ansible_host of this server in the inventory.",
        )
    return server


def _is_out(facts: Facts) -> bool:
    """Stopped and disabled; in a pool of two, where nothing is disabled, stopped."""
    if len(facts["computers"]) == 2:
        return bool(facts["services"].get("RTCSRV", {}).get("status") == "Stopped")
    return bool(facts["down"])


def _refuse_unfit(facts: Facts, run: Run) -> None:
    """A Standard Edition server or Lync Server 2013 has no fail over (DOC: applicable to 2015 and 2019)."""
    server = facts["server"]
    if facts["edition"] != "enterprise":
        raise SfbError(
            f"{server} is not a Front End of an Enterprise Edition pool ({facts['edition']}, pool {facts['pool']}).",
            remedy="A server without companions can't be failed over; its users are out while it is patched.",
        )
    if facts["product"] not in ("sfb2015", "sfb2019"):
        raise SfbError(
            f"{server} runs {facts['product_text']}, which has no Invoke-CsComputerFailOver.",
            remedy="It came with Skype for Business Server 2015.",
        )
    if len(facts["computers"]) == 2 and run.two_server_pool != "graceful_stop":
        raise SfbError(
            f"The pool of {server} has two Front Ends; Invoke-CsComputerFailOver is made for three or more.",
            remedy="sfb_two_server_pool: graceful_stop stops its services gracefully instead; its users feel it.",
        )


def _not_in_service(facts: Facts) -> SfbError:
    return SfbError(
        f"{facts['server']} can't be taken out of service: it is {facts['state']} ({'; '.join(facts['state_reasons'])}).",
        remedy="Bring it into service (or find out who works on it), then start again.",
        state=facts["state"],
    )


def _somebody_elses(facts: Facts) -> SfbError:
    return SfbError(
        f"{facts['server']} is {facts['state']} ({'; '.join(facts['state_reasons'])}), and not by us: it has no mark of ours.",
        remedy="Find out who works on it. If you want to take it over: sfb_adopt_out_of_service: true.",
        state=facts["state"],
    )


def _others(facts: Facts, server: str) -> list[str]:
    return [name for name in facts["computers"] if name != server]


def _result(facts: Facts, changed: bool, **more: Any) -> Facts:
    return {
        "changed": changed,
        "server": facts["server"],
        "state": facts["state"],
        "services": facts["services"],
        **more,
    }


def _minutes(shell: ManagementShell, began: float) -> float:
    return round((shell.clock.now() - began) / 60, 1)


def predict(
    shell: ManagementShell, computer: str | None, out: bool, drain: Drain, start_minutes: float, run: Run
) -> Facts:
    """What a real run would do, in check mode: the same refusals, and the commands."""
    facts = read_server(shell)
    server = _identified(facts, computer)
    _refuse_unfit(facts, run)
    if facts["mark"] is None and facts["state"] == "out_by_others" and not run.adopt:
        raise _somebody_elses(facts)
    done = (
        facts["mark"] is not None and _is_out(facts)
        if out
        else facts["mark"] is None and facts["state"] == "in_service"
    )
    if done:
        return {**_result(facts, changed=False), "commands": []}
    if facts["mark"] is None and facts["state"] not in ("in_service", "out_by_others"):
        raise _not_in_service(facts) if out else _somebody_elses(facts)
    if out:
        _refuse_two(server, shell.read(companions.calls(_others(facts, server))), _others(facts, server))
    members = facts["computers"]
    commands = out_commands(server, drain, members) if out else back_commands(server, start_minutes, members)
    if facts["mark"] is not None:
        mark = read_mark(json.dumps(facts["mark"]), server)
        if ownership.claimed(mark, run.identifier, str(facts["user"])) != mark:
            commands.insert(0, rename_command())
    result = _result({**facts, "state": "out_by_us" if out else "in_service"}, changed=True, commands=commands)
    return {**result, "diff": {"before": {"state": facts["state"]}, "after": {"state": result["state"]}}}


def out_commands(server: str, drain: Drain, members: Sequence[str]) -> list[str]:
    """The lines that change something, in order, as an administrator would type them."""
    calls = {**mark_calls("<who, when, and the services as they are>"), **fail_over_calls(server, drain, members)}
    return [call.powershell() for call in calls.values()]


def rename_command() -> str:
    """The line that puts a run's name before that of the run whose mark it found."""
    return windows.write_text(state_folder.MARK, "<the mark, with this run's name in front>").powershell()


def back_commands(server: str, start_minutes: float, members: Sequence[str]) -> list[str]:
    calls = {**fail_back_calls(server, start_minutes, members), "remove": windows.remove(state_folder.MARK)}
    return [call.powershell() for call in calls.values()]


def diff(result: Facts) -> Facts:
    """For --diff: the state before and after."""
    before = result.get("state_before", result["state"])
    return {"before": {"state": before}, "after": {"state": result["state"]}}
