# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What speaks against the eleven steps now: the servers themselves, their Front Ends, and how long users will wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.run import back_end_plan, database_plan, findings
from ansible_collections.sfb.server.plugins.plugin_utils.run.back_end_plan import Kind, Plan
from ansible_collections.sfb.server.plugins.plugin_utils.run.findings import Finding
from ansible_collections.sfb.server.plugins.plugin_utils.run.plan import EXPECTED
from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import minutes_text

Facts = Mapping[str, Any]


def find(
    kind: Kind,
    surveys: Sequence[Facts],
    front_ends: Sequence[Facts],
    pools: Sequence[Facts],
    planned: Plan,
    settings: Facts,
    now: float,
) -> list[Finding]:
    """Everything found, errors first. pools: [{pool, health: of pool_fabric_info, ...}] of the Front Ends."""
    found: list[Finding] = []
    for survey in [*surveys, *front_ends]:
        if not survey["reachable"]:
            found += findings.of_reach(survey)
    found += findings.of_same_server(survey for survey in surveys if survey["reachable"])
    for survey in surveys:
        if survey["reachable"]:
            found += _of_kind(kind, survey, [survey, *front_ends], settings, now)
    if kind == "back_end":
        found += _front_ends(planned, front_ends, settings)
        found += _runners(planned)
        found += _pools(planned, pools)
        found += _absence(planned, settings)
        found += findings.of_mirrors(_stores(planned, surveys, front_ends, settings), settings, "error")
    else:
        found += _users_out(planned, pools)
    found += findings.of_media(settings)
    found += findings.of_backup(settings)
    return findings.judged(found, settings)


def _of_kind(kind: Kind, survey: Facts, known: Sequence[Facts], settings: Facts, now: float) -> Iterable[Finding]:
    server, product = survey["server"], survey.get("product")
    standard = survey.get("edition") == "standard"
    if "topology" in survey.get("unread", {}):
        yield from findings.of_server(survey, settings, now)
        return
    if kind == "standard_edition" and not standard:
        what = "has no module of the product" if product == "none" else f"belongs to pool {survey.get('pool')}"
        remedy = "Front Ends are patched with patch_frontend_pool.yml, back ends with patch_backend_server.yml."
        yield Finding("edition", "error", server, f"it is no Standard Edition server: it {what}", remedy)
        return
    if kind == "back_end" and "RTCSRV" in survey["services"]:
        remedy = "Use patch_standard_edition_server.yml." if standard else "Use patch_frontend_pool.yml."
        yield Finding("edition", "error", server, "it is no back end server: it has RTCSRV", remedy)
        return
    if kind == "back_end" and not back_end_plan.stores_of(survey, known, settings.get("sql_availability_group")):
        remedy = "Is it the right server? Name an AlwaysOn availability group in sfb_sql_availability_group."
        yield Finding("no_store", "error", server, "the topology has no database on it", remedy)
    if product != "none":
        yield from findings.of_server(survey, settings, now)


def _front_ends(planned: Plan, front_ends: Sequence[Facts], settings: Facts) -> Iterable[Finding]:
    """DOC (AlwaysOn page), BLOG datawan: the databases follow when every server of the pool has the update."""
    known = database_plan.readable(front_ends)
    for survey in front_ends:
        if survey["reachable"] and survey not in known:
            yield from findings.of_front_end(survey)
            yield from findings.of_unread(survey)
    pools = {pool for server in planned.patch for pool in server.pools}
    remedy = "Patch the Front Ends first: patch_frontend_pool.yml. The databases follow the last of them."
    pool_of = {survey["server"]: survey["pool"] for survey in known}
    for server, version in database_plan.behind(known, settings["update_version"]).items():
        if pool_of[server] in pools:
            yield Finding("front_ends_first", "error", server, f"this Front End has {version}", remedy)
    seen = {survey["server"] for survey in front_ends if survey.get("server")}
    members = {entry["pool"]: entry["computers"] for survey in known[:1] for entry in survey["topology"]}
    for pool in sorted(pools):
        for server in members.get(pool, []):
            if server not in seen:
                fact = f"it is a Front End of {pool}, whose databases are concerned, and was not looked at"
                yield Finding("front_ends_first", "error", server, fact, "Put it into sfb_front_end_servers.")
    if not known:
        fact = "no Front End could be looked at, so whether they have the update is not known"
        yield Finding("front_ends_first", "error", None, fact, "Put the pool's Front Ends into sfb_front_end_servers.")


def _runners(planned: Plan) -> Iterable[Finding]:
    for server in planned.patch:
        if server.runner_trouble:
            remedy = "Name a Front End with the update, in service, that is in sfb_front_end_servers."
            yield Finding("runner", "error", server.server, server.runner_trouble, remedy)


def _pools(planned: Plan, pools: Sequence[Facts]) -> Iterable[Finding]:
    """While the back end is away an even pool has a vote less: no Front End may be out then."""
    concerned = {pool for server in planned.patch if server.install for pool in server.pools}
    for entry in pools:
        if entry["pool"] not in concerned:
            continue
        if "health" in entry["health"]:
            # No Front End is taken out, so whether the pool could lose one does not matter: it may have only one or two.
            evidence = [piece for piece in entry["health"]["evidence"] if piece["what"] != "quorum"]
            yield from findings.of_pool({**entry["health"], "evidence": evidence}, False)
        else:
            fact = f"the health of {entry['pool']} was not asked, since a Front End of it is not in service"
            yield Finding("pool_not_asked", "error", None, fact, "Bring every Front End into service first.")


def _stores(planned: Plan, surveys: Sequence[Facts], front_ends: Sequence[Facts], settings: Facts) -> list[Facts]:
    """Those that this run will update: not the ones of the Central Management store, which has a step of its own."""
    patched = {server.server for server in planned.patch}
    group = settings.get("sql_availability_group")
    return [
        store
        for survey in surveys
        if survey.get("server") in patched
        for store in back_end_plan.stores_of(survey, [survey, *front_ends], group)
        if store["role"] != database_plan.CENTRAL
    ]


def _absence(planned: Plan, settings: Facts) -> Iterable[Finding]:
    """An estimate only warns; the user's own limit refuses."""
    away = 0 if settings.get("reboot") == "never" else EXPECTED["restart"]
    own = settings.get("max_minutes_away")
    for server in planned.patch:
        if not server.install:
            continue
        limit = server.limit_minutes
        if own is not None and away > own:
            fact = f"its restart takes about {away} min, and sfb_max_minutes_away is {own:.0f}"
            remedy = "Raise that limit, or set sfb_reboot: never and restart it by hand at another time."
            yield Finding("away_too_long", "error", server.server, fact, remedy)
        if limit is not None and away > limit:
            fact = f"its restart takes about {away} min; after {limit:.0f} min users are in resiliency mode"
            yield Finding("away", "warning", server.server, fact, "Choose an hour at which that does no harm.")
        if limit is not None and own is not None and own > limit:
            fact = f"sfb_max_minutes_away is {own:.0f}; users are in resiliency mode after {limit:.0f} min already"
            yield Finding("away", "warning", server.server, fact, "Lower it, if users shall notice nothing.")


def _users_out(planned: Plan, pools: Sequence[Facts]) -> Iterable[Finding]:
    """A Standard Edition server has no companions. pools: [{pool, backup: of pool_backup_info}]."""
    backups = {entry["pool"]: entry["backup"] for entry in pools}
    for server in planned.patch:
        if not server.install:
            continue
        partner = backups.get(server.server, {}).get("partner")
        fact = f"its users are out from the first stop until its services run again, about {minutes_text(server.expected_minutes)}"
        fact += f"; its backup pool is {partner}" if partner else "; it has no backup pool"
        remedy = (
            "Tell the users, or fail the pool over first (Invoke-CsPoolFailOver)." if partner else "Tell the users."
        )
        yield Finding("users_out", "warning", server.server, fact, remedy)
