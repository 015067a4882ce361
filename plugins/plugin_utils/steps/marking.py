# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sets, takes over and removes the mark on a server. A lost answer is looked up: the mark itself says what happened."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import companions
from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import Mark, ServiceBefore, mark_text, read_mark
from ansible_collections.sfb.server.plugins.plugin_utils.shell import background, state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import ConnectionLost
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import Answer, ManagementShell
from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import format_utc
from ansible_collections.sfb.server.plugins.plugin_utils.steps import ownership
from ansible_collections.sfb.server.plugins.plugin_utils.steps.front_end import (
    Facts,
    Run,
    others_of,
    refuse_two,
    result_of,
    two_out,
    way_of,
)

#: How long a request whose connection broke may take to arrive all the same.
_ARRIVAL_SECONDS = 10.0


def mark_calls(text: str) -> dict[str, Call]:
    """Whole or not at all: a mark that is half written would say nothing."""
    new = f"{state_folder.MARK}.new"
    return {"write": windows.write_text(new, text), "mark": windows.move(new, state_folder.MARK)}


def write_mark(shell: ManagementShell, facts: Facts, run: Run, others: Sequence[str]) -> Mark:
    """Marks the server, and looks once more at the others: of two runs that began together, none goes on."""
    server = facts["server"]
    mark = replace(new_mark(shell, facts, run, facts["services"]), how=way_of(facts))
    set_mark(shell, mark)
    reasons = companions.out(companions.read(shell.read(companions.calls(others)), others))
    if reasons:
        remove_mark(shell, mark)
        raise two_out(server, reasons)
    return mark


def claim_mark(shell: ManagementShell, facts: Facts, run: Run) -> Mark | None:
    """The mark that stands, with our name in front; None where none stands. Raises TakenOver."""
    if facts["mark"] is None:
        return None
    mark = read_mark(json.dumps(facts["mark"]), facts["server"])
    ours = ownership.claimed(mark, run.identifier, str(facts["user"]))
    if ours != mark:
        calls = {"mark": windows.write_text(state_folder.MARK, mark_text(ours))}
        answer = send_until_so(shell, calls, lambda: mark_on(shell, ours.host) == ours)
        if answer is not None:
            answer["mark"].checked()
    return ours


def adopt(shell: ManagementShell, facts: Facts, run: Run) -> Facts:
    """Takes over what somebody else took out. What ran before is not known; RTCSRV is what must run again."""
    others = others_of(facts, facts["server"])
    refuse_two(facts["server"], shell.read(companions.calls(others)), others)
    state_folder.ensure(shell)
    known = {name: service for name, service in facts["services"].items() if service["status"] == "Running"}
    known["RTCSRV"] = {"status": "Running", "start_type": "Automatic"}
    set_mark(shell, new_mark(shell, facts, run, known))
    return result_of({**facts, "state": "out_by_us"}, changed=True, adopted=True)


def set_mark(shell: ManagementShell, mark: Mark) -> None:
    """Where none stood. One that is in the way by now is ours, its answer having got lost, or another run's."""
    answer = send_until_so(shell, mark_calls(mark_text(mark)), lambda: mark_on(shell, mark.host) is not None)
    if answer is not None and answer["mark"].ok:
        return
    found = mark_on(shell, mark.host)
    if found is None and answer is not None:
        for outcome in answer.outcomes.values():
            outcome.checked()
    if found != mark:
        raise ownership.taken_over(mark.host, found.run if found else None)


def remove_mark(shell: ManagementShell, mark: Mark) -> None:
    calls = {"ours": ownership.guard(mark), "remove": windows.remove(state_folder.MARK)}
    answer = send_until_so(shell, calls, lambda: mark_on(shell, mark.host) is None)
    if answer is None or answer["ours"].absent:
        return
    ownership.check(answer["ours"], mark)
    if not answer["remove"].absent:
        answer["remove"].checked(f"The server is in service; delete {state_folder.MARK} there by hand.")


def send_until_so(shell: ManagementShell, calls: dict[str, Call], is_so: Callable[[], bool]) -> Answer | None:
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


def mark_on(shell: ManagementShell, server: str) -> Mark | None:
    mark = shell.read({"mark": windows.read_text(state_folder.MARK)})["mark"]
    return None if mark.absent else read_mark(mark.checked().text, server)


def new_mark(shell: ManagementShell, facts: Facts, run: Run, services: Facts) -> Mark:
    before = {name: ServiceBefore(service["status"], service["start_type"]) for name, service in services.items()}
    return Mark(run.identifier, format_utc(shell.clock.now()), str(facts["user"]), facts["server"], before)


def guarded(mark: Mark, calls: dict[str, Call]) -> dict[str, Call]:
    return {"ours": ownership.guard(mark), **calls}
