# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings and plan as an administrator reads them before a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ansible_collections.sfb.server.plugins.plugin_utils.run.finding import Facts, Finding
from ansible_collections.sfb.server.plugins.plugin_utils.run.plan import Plan
from ansible_collections.sfb.server.plugins.plugin_utils.run.window import Limits
from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import format_utc, minutes_text


def lines(plan: Plan, findings: Sequence[Finding], limits: Limits, now: float, with_commands: bool) -> Iterable[str]:
    """Of a pool's Front Ends."""
    return frame(findings, f"Plan for pool {plan.pool or '(not known)'}", _front_ends(plan, with_commands), limits, now)


def frame(findings: Sequence[Finding], title: str, body: Iterable[str], limits: Limits, now: float) -> Iterable[str]:
    """What every plan begins and ends with."""
    yield from _findings(findings)
    yield ""
    yield f"{title}, at {format_utc(now)}:"
    yield from body
    if limits.stop_at is not None:
        yield f"  no further server is started after {format_utc(limits.stop_at)}"


def _front_ends(plan: Plan, with_commands: bool) -> Iterable[str]:
    for number, server in enumerate(plan.patch, 1):
        yield f"  {number}. {server.server}  ({server.why})"
        for step in server.steps if with_commands else ():
            yield f"       {step.name}{f' ({step.when})' if step.when else ''}"
            yield from (f"         {command}" for command in step.commands)
    if not plan.patch:
        yield "  nothing to do"
    if plan.done:
        yield f"  has the update already: {', '.join(plan.done)}"
    if plan.left_out:
        yield f"  left out by --limit: {', '.join(plan.left_out)}"
    if plan.patch:
        yield f"  about {minutes_text(plan.expected_minutes)}, one server at a time; drains may take longer"


def refusal(stopping: Sequence[Finding], surveys: Sequence[Facts], of_deployment: bool = False) -> str:
    """Why nothing is begun, and what an earlier run left behind. `of_deployment`: other steps of the run may have done much."""
    where = " in this step of the run" if of_deployment else ""
    out = [survey["server"] for survey in surveys if survey["reachable"] and survey.get("mark")]
    left = f" Still out of service by an earlier run of ours, until one goes on there: {', '.join(out)}." if out else ""
    return f"Nothing was changed{where}. {_in_short(stopping)}.{left}"


def _in_short(stopping: Sequence[Finding], most: int = 5) -> str:
    """The findings that stop a run as one sentence: the whole list stands above it, and in the report."""
    found = [words for _title, same in _together(stopping) for words in same]
    more = f"; and {len(found) - most} more" if len(found) > most else ""
    stop = "1 finding stops" if len(stopping) == 1 else f"{len(stopping)} findings stop"
    return f"{stop} the run: {'; '.join(found[:most])}{more}"


def _together(findings: Sequence[Finding]) -> Iterable[tuple[tuple[str, str], list[str]]]:
    """((name, remedy), facts with their servers): what has one cure stands together, a common fact once."""
    groups: dict[tuple[str, str], dict[str, list[str]]] = {}
    for finding in findings:
        name = f"{finding.id}, accepted" if finding.accepted else finding.id
        facts = groups.setdefault((name, finding.remedy), {})
        facts.setdefault(finding.fact.rstrip("."), []).append(finding.server or "pool")
    for key, facts in groups.items():
        yield key, [f"{', '.join(servers)}: {fact}" for fact, servers in facts.items()]


def _findings(findings: Sequence[Finding]) -> Iterable[str]:
    stopping = [finding for finding in findings if finding.stops]
    others = [finding for finding in findings if not finding.stops]
    if not findings:
        yield "Findings: none."
    for title, group in (("These findings stop the run:", stopping), ("To know (the run goes on):", others)):
        if group:
            yield title
        for (name, remedy), facts in _together(group):
            yield from (f"  [{name}] {words}." for words in facts)
            yield f"      {remedy}"
