# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Takes a Front End out of service: Invoke-CsComputerFailOver, or a graceful stop where there is none (front_end.way_of).

Everything that was begun is written on the server before it begins, so that any later run finds it: the mark before
the drain, the claim before the cmdlet.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import companions, survey
from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import How, Mark
from ansible_collections.sfb.server.plugins.plugin_utils.product.services import left_to_drain, service_from
from ansible_collections.sfb.server.plugins.plugin_utils.shell import background, cmdlets, state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import CallFailed, SfbError, TimedOut
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import Answer, ManagementShell, Outcome
from ansible_collections.sfb.server.plugins.plugin_utils.steps import ownership
from ansible_collections.sfb.server.plugins.plugin_utils.steps.fail_back import bring_back, finish
from ansible_collections.sfb.server.plugins.plugin_utils.steps.front_end import (
    GRACE_SECONDS,
    Facts,
    Run,
    Say,
    can_be_adopted,
    identified,
    minutes_since,
    not_in_service,
    others_of,
    read_server,
    refuse_two,
    refuse_unfit,
    result_of,
    somebody_elses,
    way_of,
    work_of,
)
from ansible_collections.sfb.server.plugins.plugin_utils.steps.marking import adopt, claim_mark, guarded, write_mark

#: With `cut` the services have to stop after the drain (design: WaitTime = drain + 30 minutes).
CUT_GRACE_MINUTES = 30
#: A line at least every two minutes while it drains.
POLL_SECONDS = 90.0


@dataclass(frozen=True)
class Drain:
    """How long conferences may take to end, and what then: give up (`fail`) or cut them (`cut`)."""

    minutes: float
    on_timeout: Literal["fail", "cut"]

    @property
    def wait_minutes(self) -> float:
        return self.minutes if self.on_timeout == "fail" else self.minutes + CUT_GRACE_MINUTES


def fail_over_calls(computer: str, drain: Drain, way: How) -> dict[str, Call]:
    report = state_folder.report("fail_over")
    if way == "stop":
        return {"fail_over": cmdlets.stop_services(computer, report, graceful=True).must()}
    cut = drain.minutes if drain.on_timeout == "cut" else None
    return {"fail_over": cmdlets.fail_over(computer, drain.wait_minutes, report, cut).must()}


def cut_calls(computer: str, drain: Drain, way: How) -> dict[str, Call]:
    """What ends the drain when its time is over, where the cmdlet that drains can't do so itself (DOC: planned outage)."""
    if way == "fail_over" or drain.on_timeout == "fail":
        return {}
    return {"cut": cmdlets.stop_services(computer, state_folder.report("cut")).must()}


def take_out(
    shell: ManagementShell, computer: str | None, drain: Drain, run: Run, start_minutes: float, say: Say
) -> Facts:
    """Drains the server and leaves it stopped and marked, and disabled by a fail over. Nothing changes where it is so.

    Raises SfbError with the server put back (or with the reason why it could not be) when it would not drain.
    """
    facts = read_server(shell)
    server = identified(facts, computer)
    refuse_unfit(facts, run)
    mark = claim_mark(shell, facts, run)
    if mark is not None and facts["works"]["fail_over"] == "running":
        say(f"{server}: a drain that an earlier run began is still going on")
        return _drain(shell, facts, mark, drain, run, start_minutes, say, begun=True)
    if mark is not None and facts["works"]["fail_back"] == "running":
        say(f"{server}: a way back that an earlier run began is still going on")
        finish(shell, facts, mark, start_minutes, say)
        facts = read_server(shell)
    if mark is not None and facts["works"]["services"] == "running":
        say(f"{server}: what an earlier run cuts is still going on")
        _await_end(shell, "services", CUT_GRACE_MINUTES * 60)
        facts = read_server(shell)
    if mark is not None and facts["down"]:
        return result_of(facts, changed=False)
    if facts["state"] == "out_by_others":
        if not can_be_adopted(facts, run.adopt):
            raise somebody_elses(facts)
        return adopt(shell, facts, run)
    if mark is not None and way_of(facts) == "stop":
        # Its services came up by themselves with a restart: stopped again, it is out again.
        return _drain(shell, facts, mark, drain, run, start_minutes, say, begun=False)
    if mark is not None:
        # An earlier run began and did not get far: what it left is undone first, so that the drain starts whole.
        say(f"{server}: an earlier run left it half way; it is brought back first")
        bring_back(shell, computer, start_minutes, run, say)
        facts = read_server(shell)
    if facts["state"] != "in_service":
        raise not_in_service(facts)
    others = others_of(facts, server)
    refuse_two(server, shell.read(companions.calls(others)), others)
    state_folder.ensure(shell)
    mark = write_mark(shell, facts, run, others)
    return _drain(shell, facts, mark, drain, run, start_minutes, say, begun=False)


@dataclass
class _Watch:
    """What is seen while a server drains: what is left on it, and whether another server of its pool went out."""

    shell: ManagementShell
    facts: Facts
    mark: Mark
    minutes: float
    say: Say
    left: list[str] = field(default_factory=list)
    intruders: dict[str, str] = field(default_factory=dict)
    suspects: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.others = others_of(self.facts, self.mark.host)
        self.calls: dict[str, Call] = {
            "mark": windows.read_text(state_folder.MARK),
            "load": cmdlets.windows_services(self.mark.host),
            **companions.calls(self.others),
        }

    def see(self, answer: Answer, seconds: float) -> None:
        ownership.check_text(answer["mark"], self.mark)
        rows = answer["load"].rows
        self.left = left_to_drain([service_from(r["Name"], r["Status"], None, r.get("ActivityLevel")) for r in rows])
        out = companions.out_by_server(companions.read(answer, self.others))
        # Twice in a row: one reading that failed must not undo a good drain.
        self.intruders.update({name: reason for name, reason in out.items() if name in self.suspects})
        self.suspects = set(out)
        left = "; ".join(self.left) or "nothing that the services report"
        self.say(f"{self.mark.host} drains: {seconds / 60:.0f} of {self.minutes:.0f} min; left: {left}")

    def look_again(self) -> None:
        """Of those that looked bad once."""
        if self.suspects:
            out = companions.out_by_server(companions.read(self.shell.read(companions.calls(self.others)), self.others))
            self.intruders.update({name: reason for name, reason in out.items() if name in self.suspects})


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
    """Begins the drain and watches it to its end; puts the server back when it failed."""
    server, way = facts["server"], way_of(facts)
    calls = guarded(mark, fail_over_calls(server, drain, way))
    cut = cut_calls(server, drain, way)
    # A graceful stop has no deadline of its own, so ours is the drain time.
    watch = _Watch(shell, facts, mark, drain.minutes if way == "stop" else drain.wait_minutes, say)
    began = shell.clock.now()
    try:
        if not begun:
            limit = int(drain.wait_minutes * 60 + 2 * GRACE_SECONDS)
            background.start(shell, "fail_over", calls, work_of(shell, "fail_over"), limit)
        ended = _follow(shell, calls, watch, give_up=not cut)
        watch.look_again()
        if ended and begun and not ended["ours"].ok:
            # That of a run from which we took over just before it began: it did nothing.
            return take_out(shell, server, drain, run, start_minutes, say)
        if ended:
            ownership.check(ended["ours"], mark)
        if ended is None or (cut and not ended["fail_over"].ok):
            outcome = _cut(shell, cut, watch, began, still_draining=ended is None)
        else:
            outcome = ended["fail_over"].checked()
    except (CallFailed, background.Interrupted) as error:
        holding = f" Still there when it gave up: {'; '.join(watch.left)}." if watch.left else ""
        text = f"{server} would not drain: {error.message}{holding}"
        raise _put_back(shell, server, text, run, start_minutes, say, watch.left) from error
    after = {**facts, **survey.read_own_state(shell.read(survey.own_state_calls()))}
    if not after["down"]:
        text = f"The drain of {server} reported success, but RTCSRV is not out: {after['services'].get('RTCSRV')}."
        raise _put_back(shell, server, text, run, start_minutes, say, watch.left)
    if watch.intruders:
        others = "; ".join(watch.intruders.values())
        text = f"While {server} drained, another server of its pool went out of service: {others}."
        raise _put_back(shell, server, text, run, start_minutes, say, watch.left)
    return result_of(
        after,
        changed=True,
        state_before=facts["state"],
        minutes=minutes_since(shell, began),
        warnings_of_call=outcome.warnings,
    )


def _follow(
    shell: ManagementShell, calls: Mapping[str, Call], watch: _Watch, give_up: bool
) -> dict[str, Outcome] | None:
    """The outcomes of the drain; None where it still goes on after its time and that is no failure."""
    try:
        return background.follow(
            shell,
            "fail_over",
            calls,
            deadline_seconds=watch.minutes * 60 + (GRACE_SECONDS if give_up else 0),
            interval_seconds=POLL_SECONDS,
            watch=watch.calls,
            on_reading=watch.see,
        )
    except TimedOut:
        if give_up:
            raise
        return None


def _cut(shell: ManagementShell, cut: Mapping[str, Call], watch: _Watch, began: float, still_draining: bool) -> Outcome:
    """Stops what is left, once the drain time is over: a graceful stop gives up earlier (BLOG: stoknes).

    In work of its own, because the graceful stop may still hold its claim; it ends with this.
    """
    server, until = watch.mark.host, began + watch.minutes * 60
    while watch.left and (remaining := until - shell.clock.now()) > 0:
        shell.clock.sleep(min(POLL_SECONDS, remaining))
        watch.see(shell.read(watch.calls), shell.clock.now() - began)
    calls = guarded(watch.mark, dict(cut))
    watch.say(f"{server}: what is left is cut now: {cut['cut'].powershell()}")
    seconds = CUT_GRACE_MINUTES * 60
    background.start(shell, "services", calls, work_of(shell, "services"), seconds * 2)
    ended = background.follow(shell, "services", calls, deadline_seconds=seconds, interval_seconds=POLL_SECONDS)
    ownership.check(ended["ours"], watch.mark)
    outcome = ended["cut"].checked()
    if still_draining:
        _await_end(shell, "fail_over", GRACE_SECONDS)
    return outcome


def _await_end(shell: ManagementShell, what: str, seconds: float) -> None:
    """However it ends: what it left behind is read afterwards."""
    with contextlib.suppress(background.Interrupted):
        background.follow(shell, what, {}, deadline_seconds=seconds, interval_seconds=POLL_SECONDS)


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
