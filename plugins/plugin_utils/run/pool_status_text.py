# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One screen about a pool, as an administrator reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.product.versions import VersionError, core_version, differing
from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import format_utc

Facts = Mapping[str, Any]


def lines(surveys: Sequence[Facts], health: Facts | None, now: float) -> Iterable[str]:
    pool = next((survey["pool"] for survey in surveys if survey.get("pool")), "(not known)")
    verdict = health["health"] if health else f"not asked, because {_why_not_asked(surveys)}"
    yield f"Pool {pool} at {format_utc(now)}: {verdict}"
    for survey in surveys:
        yield f"  {_server(survey)}"
        for reason in survey.get("state_reasons", []) if survey.get("state") != "in_service" else []:
            yield f"      {reason}"
    tables = {survey["server"]: survey["components"] for survey in surveys if survey.get("components")}
    yield from _differences(tables)
    if not health:
        return
    yield "Evidence:"
    remedies = [piece["remedy"] for piece in health["evidence"]]
    for piece, next_remedy in zip(health["evidence"], [*remedies[1:], None], strict=True):
        yield f"  [{piece['verdict']}] {piece['what']}: {piece['fact'].rstrip('.')}."
        # One cure for many facts stands once, below the last of them.
        if piece["remedy"] and piece["remedy"] != next_remedy:
            yield f"      {piece['remedy']}"
    if health["health"] != "healthy":
        yield "What Get-CsPoolFabricState wrote:"
        yield from (f"  | {line}" for text in health["fabric_text"] for line in str(text).splitlines())
        yield from (f"  | WARNING: {line}" for line in health["fabric_warnings"])


def _why_not_asked(surveys: Sequence[Facts]) -> str:
    out = [survey["server"] for survey in surveys if survey["reachable"] and survey["state"] != "in_service"]
    return f"{', '.join(out)} is not in service" if out else "no server of it could be asked"


def _differences(tables: Mapping[str, Mapping[str, str]]) -> Iterable[str]:
    """Components that differ in the same way stand in one line: a server that is behind is so in many of them."""
    groups: dict[str, list[str]] = {}
    for difference in differing(tables) if len(tables) > 1 else []:
        versions = ", ".join(f"{server} {version or 'not listed'}" for server, version in difference.versions.items())
        groups.setdefault(versions, []).append(difference.component)
    for versions, components in groups.items():
        yield f"  differs: {versions}: {'; '.join(components)}"


def _server(survey: Facts) -> str:
    if not survey["reachable"]:
        name = survey["inventory_name"]
        return f"{name}: not known: {survey['trouble'].removeprefix(name).lstrip(': ')}"
    try:
        version = core_version(survey.get("components") or {})
    except VersionError:
        version = "version not known"
    waiting = f", restart pending ({', '.join(survey['pending_restart'])})" if survey.get("pending_restart") else ""
    return f"{survey['server']}: {survey['state'].replace('_', ' ')}, {version}{waiting}"
