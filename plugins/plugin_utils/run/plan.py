# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which servers are patched, in which order, with which commands; said before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import pool_state
from ansible_collections.sfb.server.plugins.plugin_utils.evidence.gate import DOMAIN_SETTLE_MINUTES
from ansible_collections.sfb.server.plugins.plugin_utils.product import versions
from ansible_collections.sfb.server.plugins.plugin_utils.shell import windows
from ansible_collections.sfb.server.plugins.plugin_utils.steps import (
    fail_over,
    failover_preview,
    front_end,
    marking,
    media,
    update,
)

Facts = Mapping[str, Any]

#: Minutes that a step is expected to take: 15 for a restart (BLOG: itprotoday), up to 30 until replicas are rebuilt
#: (BLOG: BRYNTESON), the others inferred; drains vary most. The settle time comes on top.
EXPECTED = {"drain": 15, "install": 15, "restart": 15, "fail back": 10, "gate": 30}
_SETTLE_MINUTES = 5


@dataclass(frozen=True)
class Step:
    """One thing that is done with a server. `when` says under which condition, empty for always."""

    name: str
    commands: tuple[str, ...]
    when: str = ""


@dataclass(frozen=True)
class Server:
    """One server of the plan; `name` is the inventory's. `adopted`: somebody else took it out, this run takes it over."""

    name: str
    server: str
    why: str
    installer: str
    has_update: bool
    marked: bool
    adopted: bool
    pending_restart: bool
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Plan:
    """`patch` in order; `done` have the update; `left_out` by --limit; `computers` in the topology's order."""

    pool: str
    computers: tuple[str, ...] = ()
    patch: tuple[Server, ...] = ()
    done: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    expected_minutes: int = 0
    ran_before: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def all_done(self) -> bool:
        return not self.patch and not self.left_out


def make(surveys: Sequence[Facts], pool_health: Facts | None, settings: Facts) -> Plan:
    """The plan for the servers that could be read; findings decide whether it is carried out.

    Without a version that can be read there is none (findings name that too).
    """
    wanted = str(settings["update_version"])
    if not versions.is_version(wanted):
        return Plan(str(settings.get("pool_fqdn") or ""))
    known = [survey for survey in surveys if survey["reachable"] and survey.get("components") and survey.get("pool")]
    if not known:
        return Plan(str(settings.get("pool_fqdn") or ""))
    pool = str(settings.get("pool_fqdn") or known[0]["pool"])
    known = [survey for survey in known if survey["pool"] == pool.lower()]
    if not known:
        return Plan(pool)
    in_play = set(settings.get("play_hosts") or [survey["inventory_name"] for survey in known])
    unfinished = [s for s in known if s["mark"] or s["state"] != "in_service" or not has_update(s, wanted)]
    chosen = [survey for survey in unfinished if survey["inventory_name"] in in_play]
    master = (pool_health or {}).get("central_management_master")
    order = [str(name).lower() for name in settings.get("server_order") or []]
    members = known[0]["computers"]
    # DOC: Lync Server 2013 is updated one upgrade domain after the other.
    by_domain = known[0].get("product") == "lync2013"
    domains = _domains((pool_health or {}).get("upgrade_domains") or [], members) if by_domain else {}
    numbers = {name: number for number, name in enumerate(dict.fromkeys(domains.values()))}
    masters = domains.get(str(master))

    def place(survey: Facts) -> tuple[bool, int, bool, int, bool, int]:
        names = (survey["server"], str(survey["inventory_name"]).lower())
        asked = next((order.index(name) for name in names if name in order), len(order))
        listed = _place_in(members)(survey["server"])
        ours = bool(survey["mark"]) or survey["state"] != "in_service"
        domain = domains.get(survey["server"])
        of_master = domain is not None and domain == masters
        return (not ours, asked, of_master, numbers.get(str(domain), 0), survey["server"] == master, listed)

    chosen.sort(key=place)
    servers = tuple(
        _server(survey, pool, settings, domains.get(survey["server"]), survey["server"] == master) for survey in chosen
    )
    each = sum(EXPECTED.values()) + (DOMAIN_SETTLE_MINUTES if by_domain else _SETTLE_MINUTES)
    return Plan(
        pool,
        tuple(members),
        servers,
        tuple(s["server"] for s in known if s not in unfinished),
        tuple(sorted((s["server"] for s in unfinished if s not in chosen), key=_place_in(members))),
        len(servers) * each,
        {s["server"]: [n for n, service in s["services"].items() if service["status"] == "Running"] for s in known},
    )


def _domains(told: Sequence[Facts], members: Sequence[str]) -> dict[str, str]:
    """{FQDN: its upgrade domain}. The cmdlet may name Front Ends with or without their domain: nobody showed one."""
    names = {name: domain["name"] for domain in told for name in domain["front_ends"]}
    found = {server: names.get(server) or names.get(server.partition(".")[0]) for server in members}
    return {server: domain for server, domain in found.items() if domain}


def _place_in(members: Sequence[str]) -> Callable[[str], int]:
    return lambda server: members.index(server) if server in members else len(members)


def has_update(survey: Facts, wanted: str) -> bool:
    """By version, unless the last install on this server failed: parts of it may be missing."""
    return versions.has_update(survey["components"], wanted) and not survey.get("install_incomplete")


def needs_restart(survey: Facts) -> bool:
    return bool(survey.get("pending_restart") or survey.get("restart_due"))


def installer_path(settings: Facts) -> str:
    return media.installer_path(str(settings.get("update_source") or ""), str(settings["update_version"]))


def _server(survey: Facts, pool: str, settings: Facts, domain: str | None, is_master: bool) -> Server:
    server = survey["server"]
    wanted = str(settings["update_version"])
    has = versions.core_version(survey["components"])
    why = f"has {has} already" if has_update(survey, wanted) else f"{has} -> {wanted}"
    why += f"; upgrade domain {domain}" if domain else ""
    adopted = _is_adopted(survey, settings)
    if survey["mark"]:
        why += "; first, because it carries our mark"
    if adopted:
        why += "; first, because it is out of service and taken over"
    if is_master:
        why += "; holds the active Central Management master"
    return Server(
        survey["inventory_name"],
        server,
        why,
        installer_path(settings),
        has_update(survey, wanted),
        bool(survey["mark"]),
        adopted,
        needs_restart(survey),
        _steps(survey, pool, settings),
    )


def _is_adopted(survey: Facts, settings: Facts) -> bool:
    return front_end.can_be_adopted(survey, bool(settings.get("adopt_out_of_service")))


def _steps(survey: Facts, pool: str, settings: Facts) -> tuple[Step, ...]:
    version = str(settings["update_version"])
    drain = fail_over.Drain(float(settings["drain_timeout_minutes"]), settings["on_drain_timeout"])
    wanted = update.Update(installer_path(settings), version, settings.get("update_sha256"))
    start = float(settings["start_timeout_minutes"])
    question = pool_state.Question(pool, tuple(survey["computers"]), 0)
    gate = tuple(call.powershell() for call in pool_state.calls(question, 3600).values())
    restart = (windows.restart().powershell(),)
    has_it = has_update(survey, version)
    restarts = settings["reboot"] != "never"
    # As the role does (front_end_server/vars): a marked server that has the update and waits for no restart and no
    # installer only has to come back; one that is neither out nor on its way comes back before it is drained.
    works = survey.get("works", {})
    only_back = survey["mark"] and has_it and not needs_restart(survey) and works.get("install") != "running"
    on_its_way = "running" in (works.get("fail_over"), works.get("services"))
    half_way = survey["mark"] and not only_back and not survey["down"] and not on_its_way
    back_name = "fail back" if front_end.way_of(survey) == "fail_over" else "start"
    back = Step(back_name, tuple(failover_preview.back_commands(survey, start)))
    steps = []
    if _is_adopted(survey, settings):
        taking = marking.mark_calls("<who, when, and the services as they are>").values()
        steps.append(Step("take over", tuple(call.powershell() for call in taking)))
    elif survey["mark"]:
        steps.append(Step("take over from the earlier run", (failover_preview.rename_command(),)))
    if half_way:
        steps.append(back)
    if half_way or (not survey["mark"] and not _is_adopted(survey, settings)):
        steps.append(Step("gate, asked on another Front End", gate))
    if not only_back and not _is_adopted(survey, settings) and not (survey["mark"] and survey["down"]):
        steps.append(Step("drain", tuple(failover_preview.out_commands(survey, drain))))
        cut = tuple(failover_preview.cut_commands(survey, drain))
        if cut:
            steps.append(Step("cut what is left", cut, f"if it is not drained after {drain.minutes:.0f} min"))
    if needs_restart(survey) and restarts:
        steps.append(Step("restart", restart, "because one is pending"))
        again = failover_preview.again_commands(survey, drain)
        if again:
            steps.append(Step("stop again", tuple(again), "because its services came up with the restart"))
    if not has_it:
        steps.append(Step("install", tuple(call.powershell() for call in update.install_calls(wanted).values())))
        if restarts:
            when = "" if settings["reboot"] == "always" else "if the installer asks for it"
            steps.append(Step("restart", restart, when))
    steps.append(back)
    steps.append(Step("gate, asked on another Front End", gate))
    return tuple(steps)
