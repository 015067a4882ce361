# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings and plan as an administrator reads them before a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ansible_collections.sfb.server.plugins.plugin_utils.findings import Finding
from ansible_collections.sfb.server.plugins.plugin_utils.plan import Plan
from ansible_collections.sfb.server.plugins.plugin_utils.times import format_utc, minutes_text
from ansible_collections.sfb.server.plugins.plugin_utils.window import Limits


def lines(plan: Plan, findings: Sequence[Finding], limits: Limits, now: float, with_commands: bool) -> Iterable[str]:
    yield from _findings(findings)
    yield ""
    yield f"Plan for pool {plan.pool or '(not known)'}, at {format_utc(now)}:"
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
    if limits.stop_at is not None:
        yield f"  no further server is started after {format_utc(limits.stop_at)}"


def _findings(findings: Sequence[Finding]) -> Iterable[str]:
    stopping = [finding for finding in findings if finding.stops]
    others = [finding for finding in findings if not finding.stops]
    if not findings:
        yield "Findings: none."
    for title, group in (("These findings stop the run:", stopping), ("To know (the run goes on):", others)):
        if group:
            yield title
        for finding in group:
            accepted = ", accepted" if finding.accepted else ""
            yield f"  [{finding.id}{accepted}] {finding.server or 'pool'}: {finding.fact}."
            yield f"      {finding.remedy}"
