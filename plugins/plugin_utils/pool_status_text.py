# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One screen about a pool, as an administrator reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.times import format_utc
from ansible_collections.sfb.server.plugins.plugin_utils.versions import VersionError, core_version, differing

Facts = Mapping[str, Any]


def lines(surveys: Sequence[Facts], health: Facts | None, now: float) -> Iterable[str]:
    pool = next((survey["pool"] for survey in surveys if survey.get("pool")), "(not known)")
    verdict = health["health"] if health else "not asked: no server that could be asked is in service"
    yield f"Pool {pool} at {format_utc(now)}: {verdict}"
    for survey in surveys:
        yield f"  {_server(survey)}"
        for reason in survey.get("state_reasons", []) if survey.get("state") != "in_service" else []:
            yield f"      {reason}"
    tables = {survey["server"]: survey["components"] for survey in surveys if survey.get("components")}
    for difference in differing(tables) if len(tables) > 1 else []:
        yield f"  differs: {difference}"
    if not health:
        return
    yield "Evidence:"
    for piece in health["evidence"]:
        yield f"  [{piece['verdict']}] {piece['what']}: {piece['fact']}"
        if piece["remedy"]:
            yield f"      {piece['remedy']}"
    if health["health"] != "healthy":
        yield "What Get-CsPoolFabricState wrote:"
        yield from (f"  | {line}" for text in health["fabric_text"] for line in str(text).splitlines())
        yield from (f"  | WARNING: {line}" for line in health["fabric_warnings"])


def _server(survey: Facts) -> str:
    if not survey["reachable"]:
        return f"{survey['inventory_name']}: not reachable: {survey['trouble']}"
    try:
        version = core_version(survey.get("components") or {})
    except VersionError:
        version = "version not known"
    waiting = f", restart pending ({', '.join(survey['pending_restart'])})" if survey.get("pending_restart") else ""
    return f"{survey['server']}: {survey['state'].replace('_', ' ')}, {version}{waiting}"
