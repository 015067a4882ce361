# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Takes a Front End out of service: Invoke-CsComputerFailOver.

Everything that was begun is written on the server before it begins, so that any later run finds it: the mark before
the fail over, the claim before the cmdlet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import companions, survey
from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import Mark
from ansible_collections.sfb.server.plugins.plugin_utils.product.services import left_to_drain, service_from
from ansible_collections.sfb.server.plugins.plugin_utils.shell import background, cmdlets, state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import CallFailed, SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import Answer, ManagementShell
from ansible_collections.sfb.server.plugins.plugin_utils.steps import ownership
from ansible_collections.sfb.server.plugins.plugin_utils.steps.fail_back import (
    bring_back,
    fail_back_calls,
    finish_fail_back,
)
from ansible_collections.sfb.server.plugins.plugin_utils.steps.front_end import (
    GRACE_SECONDS,
    Facts,
    Run,
    Say,
    identified,
    is_out,
    minutes_since,
    not_in_service,
    others_of,
    read_server,
    refuse_two,
    refuse_unfit,
    result_of,
    somebody_elses,
    work_of,
)
from ansible_collections.sfb.server.plugins.plugin_utils.steps.marking import adopt, claim_mark, guarded, write_mark

#: With `cut` the cmdlet has to stop the services after the drain (design: WaitTime = drain + 30 minutes).
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


def fail_over_calls(computer: str, drain: Drain, members: Sequence[str]) -> dict[str, Call]:
    """In a pool of two there is nobody to take over (BLOG: stoknes), so its servers are stopped gracefully instead."""
    report = state_folder.report("fail_over")
    if len(members) == 2:
        return {"fail_over": cmdlets.stop_services(computer, report, graceful=True).must()}
    cut = drain.minutes if drain.on_timeout == "cut" else None
    return {"fail_over": cmdlets.fail_over(computer, drain.wait_minutes, report, cut).must()}


def take_out(
    shell: ManagementShell, computer: str | None, drain: Drain, run: Run, start_minutes: float, say: Say
) -> Facts:
    """Drains the server and leaves it stopped, disabled and marked. Nothing changes where it is so already.

    Raises SfbError with the server put back (or with the reason why it could not be) when it would not drain.
    """
    facts = read_server(shell)
    server = identified(facts, computer)
    refuse_unfit(facts, run)
    mark = claim_mark(shell, facts, run)
    if mark is not None and facts["works"]["fail_over"] == "running":
        say(f"{server}: a fail over that an earlier run began is still going on")
        return _drain(shell, facts, mark, drain, run, start_minutes, say, begun=True)
    if mark is not None and facts["works"]["fail_back"] == "running":
        say(f"{server}: a fail back that an earlier run began is still going on")
        finish_fail_back(shell, mark, fail_back_calls(server, start_minutes, facts["computers"]), start_minutes, say)
        facts = read_server(shell)
    if mark is not None and is_out(facts):
        return result_of(facts, changed=False)
    if facts["state"] == "out_by_others":
        if not run.adopt:
            raise somebody_elses(facts)
        return adopt(shell, facts, run)
    if mark is not None and len(facts["computers"]) == 2:
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
    others = others_of(facts, server)
    calls = guarded(mark, fail_over_calls(server, drain, facts["computers"]))
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
            background.start(shell, "fail_over", calls, work_of(shell, "fail_over"), limit)
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
    if not is_out(after):
        text = f"The fail over of {server} reported success, but RTCSRV is not out: {after['services'].get('RTCSRV')}."
        raise _put_back(shell, server, text, run, start_minutes, say, left)
    if intruders:
        text = (
            f"While {server} drained, another server of its pool went out of service: {'; '.join(intruders.values())}."
        )
        raise _put_back(shell, server, text, run, start_minutes, say, left)
    return result_of(
        after,
        changed=True,
        state_before=facts["state"],
        minutes=minutes_since(shell, began),
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
