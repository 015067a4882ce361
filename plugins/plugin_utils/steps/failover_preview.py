# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What taking a Front End out or bringing it back would do: the lines of check mode and of the plan, and the diff."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import companions
from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import ServiceBefore, read_mark
from ansible_collections.sfb.server.plugins.plugin_utils.shell import state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import ManagementShell
from ansible_collections.sfb.server.plugins.plugin_utils.steps import ownership
from ansible_collections.sfb.server.plugins.plugin_utils.steps.fail_back import fail_back_calls
from ansible_collections.sfb.server.plugins.plugin_utils.steps.fail_over import Drain, cut_calls, fail_over_calls
from ansible_collections.sfb.server.plugins.plugin_utils.steps.front_end import (
    Facts,
    Run,
    can_be_adopted,
    identified,
    not_in_service,
    others_of,
    read_server,
    refuse_two,
    refuse_unfit,
    result_of,
    somebody_elses,
    way_of,
)
from ansible_collections.sfb.server.plugins.plugin_utils.steps.marking import mark_calls


def predict(
    shell: ManagementShell, computer: str | None, out: bool, drain: Drain, start_minutes: float, run: Run
) -> Facts:
    """What a real run would do, in check mode: the same refusals, and the commands."""
    facts = read_server(shell)
    server = identified(facts, computer)
    refuse_unfit(facts, run)
    if facts["mark"] is None and facts["state"] == "out_by_others" and not can_be_adopted(facts, run.adopt):
        raise somebody_elses(facts)
    done = (
        facts["mark"] is not None and facts["down"] if out else facts["mark"] is None and facts["state"] == "in_service"
    )
    if done:
        return {**result_of(facts, changed=False), "commands": []}
    if facts["mark"] is None and facts["state"] not in ("in_service", "out_by_others"):
        raise not_in_service(facts) if out else somebody_elses(facts)
    if out:
        refuse_two(server, shell.read(companions.calls(others_of(facts, server))), others_of(facts, server))
    commands = out_commands(facts, drain) if out else back_commands(facts, start_minutes)
    if facts["mark"] is not None:
        mark = read_mark(json.dumps(facts["mark"]), server)
        if ownership.claimed(mark, run.identifier, str(facts["user"])) != mark:
            commands.insert(0, rename_command())
    result = result_of({**facts, "state": "out_by_us" if out else "in_service"}, changed=True, commands=commands)
    return {**result, "diff": {"before": {"state": facts["state"]}, "after": {"state": result["state"]}}}


def out_commands(facts: Mapping[str, Any], drain: Drain) -> list[str]:
    """The lines that change something, in order, as an administrator would type them. facts: a survey, or part of one."""
    calls = fail_over_calls(facts["server"], drain, way_of(facts))
    calls = {**mark_calls("<who, when, and the services as they are>"), **calls}
    return [call.powershell() for call in calls.values()]


def again_commands(facts: Mapping[str, Any], drain: Drain) -> list[str]:
    """The lines after a restart before the install: what is only stopped comes up with it."""
    way = way_of(facts)
    calls = fail_over_calls(facts["server"], drain, way) if way == "stop" else {}
    return [call.powershell() for call in calls.values()]


def rename_command() -> str:
    """The line that puts a run's name before that of the run whose mark it found."""
    return windows.write_text(state_folder.MARK, "<the mark, with this run's name in front>").powershell()


def cut_commands(facts: Mapping[str, Any], drain: Drain) -> list[str]:
    """The lines that follow only when the drain time did not do."""
    return [call.powershell() for call in cut_calls(facts["server"], drain, way_of(facts)).values()]


def back_commands(facts: Mapping[str, Any], start_minutes: float) -> list[str]:
    """Of a server that is not out yet its services are those that will run again."""
    services = (facts["mark"] or facts)["services"]
    before = {name: ServiceBefore(service["status"], service["start_type"]) for name, service in services.items()}
    calls = fail_back_calls(facts["server"], start_minutes, way_of(facts), before)
    return [call.powershell() for call in [*calls.values(), windows.remove(state_folder.MARK)]]


def diff(result: Facts) -> Facts:
    """For --diff: the state before and after."""
    before = result.get("state_before", result["state"])
    return {"before": {"state": before}, "after": {"state": result["state"]}}
