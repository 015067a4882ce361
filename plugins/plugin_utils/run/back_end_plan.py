# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The manual's eleven steps on each Back End or Standard Edition server: which apply, with which commands, and why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ansible_collections.sfb.server.plugins.plugin_utils.product import versions
from ansible_collections.sfb.server.plugins.plugin_utils.run import database_plan, plan
from ansible_collections.sfb.server.plugins.plugin_utils.run.plan import Step
from ansible_collections.sfb.server.plugins.plugin_utils.shell import cmdlets, state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.steps import server_stop, update

Facts = Mapping[str, Any]
#: What the playbook was started for.
Kind = Literal["back_end", "standard_edition"]

#: Minutes that a step is expected to take; for the restart see plan.EXPECTED, the others inferred.
EXPECTED = {"stop": 5, "install": 15, "restart": 15, "databases": 10, "start": 10}


@dataclass(frozen=True)
class Server:
    """One server of the plan; `name` is the inventory's.

    `install`: it is stopped and gets the update; otherwise only its databases are looked at. `runner` and `witness`:
    inventory names; a runner where the databases are updated from another server (`runner_trouble`: why none can), a
    witness where a Front End watches the back end. `limit_minutes`: for how long its back end may be away, None where
    nobody told. `central_instance`: where the Central Management store is, "" for the default instance; None where it
    is not here.
    """

    name: str
    server: str
    why: str
    installer: str
    install: bool
    marked: bool
    pending_restart: bool
    scope: database_plan.Scope
    sql_server: str
    pools: tuple[str, ...]
    runner: str
    witness: str
    limit_minutes: float | None
    expected_minutes: int
    central_instance: str | None
    runner_trouble: str = ""
    steps: tuple[Step, ...] = ()
    left_out: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Plan:
    """`patch` in order: a server of ours that is still stopped comes first."""

    kind: Kind
    patch: tuple[Server, ...] = ()
    left_out: tuple[str, ...] = ()


def make(
    kind: Kind, surveys: Sequence[Facts], front_ends: Sequence[Facts], pools: Sequence[Facts], settings: Facts
) -> Plan:
    """The plan for the servers that could be read; findings decide whether it is carried out.

    pools: [{pool, registrar: of registrar_info, witness}] of the Front Ends.
    """
    known = [survey for survey in surveys if survey["reachable"]]
    in_play = set(settings.get("play_hosts") or [survey["inventory_name"] for survey in known])
    servers = [_server(kind, s, front_ends, pools, settings) for s in known if s["inventory_name"] in in_play]
    servers.sort(key=lambda server: not server.marked)
    return Plan(kind, tuple(servers), tuple(s["server"] for s in known if s["inventory_name"] not in in_play))


def _server(kind: Kind, survey: Facts, front_ends: Sequence[Facts], pools: Sequence[Facts], settings: Facts) -> Server:
    server, wanted = survey["server"], str(settings["update_version"])
    stores = stores_of(survey, [survey, *front_ends], settings.get("sql_availability_group"))
    of_pools = tuple(dict.fromkeys(pool for store in stores for pool in store["pools"]))
    sql_server = next((store["sql_server"] for store in stores), server)
    seen = [entry for entry in pools if entry["pool"] in of_pools]
    limits = [
        float(e["registrar"]["unavailable_minutes"]) for e in seen if "unavailable_minutes" in e.get("registrar", {})
    ]
    bare = survey.get("product") == "none"
    has_it = bare or plan.has_update(survey, wanted)
    install = not bare and (bool(survey["mark"]) or not has_it)
    witness = next((str(entry["witness"]) for entry in seen if entry.get("witness")), "")
    # Front Ends answer for user databases only, and users are in resiliency mode without those only.
    watched = kind == "back_end" and any(store["role"] == "user" for store in stores)
    if bare:
        why = "SQL Server alone: there is nothing to install on it"
    elif has_it:
        why = f"has {versions.core_version(survey['components'])} already"
    else:
        why = f"{versions.core_version(survey['components'])} -> {wanted}"
    why += "; first, because an earlier run stopped it" if survey["mark"] else ""
    runner, trouble = _runner(front_ends, of_pools, witness, settings) if bare else ("", "")
    pending = not bare and plan.needs_restart(survey)
    target = database_plan.Target(
        "local" if kind == "standard_edition" else "configured",
        sql_server,
        tuple(store["role"] for store in stores),
        (),
        of_pools,
        runner,
    )
    steps, left_out = _steps(survey, install, has_it, pending, target, settings)
    skipped = () if install else ("stop", "install", "restart", "start")
    return Server(
        survey["inventory_name"],
        server,
        why,
        "" if bare else plan.installer_path(settings),
        install,
        bool(survey["mark"]),
        pending,
        target.scope,
        sql_server,
        of_pools,
        runner,
        witness if watched else "",
        min(limits, default=None) if watched else None,
        sum(minutes for step, minutes in EXPECTED.items() if step not in skipped),
        next((store["instance"] for store in stores if store["role"] == database_plan.CENTRAL), None),
        trouble,
        steps,
        left_out,
    )


def stores_of(survey: Facts, known: Sequence[Facts], group: str | None = None) -> list[Facts]:
    """What the topology puts on this server by its own name; else what it holds as a mirror or a node of the group.

    One update of databases is for one name: those that it holds under another are updated with that one's.
    """
    stores: list[Facts] = next((other["stores"] for other in known if other.get("stores") is not None), [])
    own = [store for store in stores if store["sql_server"] == survey["server"]]
    mirrored = [store for store in stores if store["mirror"] == survey["server"]]
    return own or mirrored or [store for store in stores if store["sql_server"] == (group or "").lower()]


def _runner(front_ends: Sequence[Facts], pools: Sequence[str], witness: str, settings: Facts) -> tuple[str, str]:
    """(inventory name, why there is none): who updates the databases of a SQL Server alone."""
    asked = settings.get("database_runner")
    if not asked:
        return witness, "" if witness else "no Front End of its pools is in service"
    known = database_plan.readable(front_ends)
    return database_plan.asked_runner(asked, known, database_plan.behind(known, settings["update_version"]), pools)


def _steps(
    survey: Facts, install: bool, has_it: bool, pending: bool, target: database_plan.Target, settings: Facts
) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """What is done, and what of the manual does not apply, with the reason in `when`."""
    server = survey["server"]
    database = database_plan.command(target).powershell()
    databases = Step(
        "11 update the databases" + (f", from {target.runner}" if target.runner else ""),
        (database,),
        "where Test-CsDatabase shows an older version",
    )
    if not install:
        reason = "there is nothing to install" if survey.get("product") == "none" else "it has the update"
        return (databases,), (Step("4 to 10: stop, install, stop again", (), reason),)
    stop = (
        cmdlets.stop_services(server, state_folder.report("services")).powershell(),
        windows.stop_web_server().powershell(),
    )
    restart = Step(
        "restart",
        (windows.restart().powershell(),),
        "because one is pending" if pending else "if the installer asks for it",
    )
    steps = [
        Step("6 close every Management Shell", (), "they hold files that the update replaces"),
        Step("4 and 5 stop the services and the web server", stop),
    ]
    left_out = []
    if pending:
        steps.append(restart)
    if has_it:
        left_out.append(Step("7 install the update", (), "it has the update; an earlier run was stopped after that"))
    else:
        version = str(settings["update_version"])
        wanted = update.Update(plan.installer_path(settings), version, settings.get("update_sha256"))
        steps.append(Step("7 install the update", tuple(c.powershell() for c in update.install_calls(wanted).values())))
        if settings.get("reboot") != "never" and not pending:
            steps.append(restart)
    steps += [
        Step("9 stop the services again, for the assembly cache", stop),
        Step("10 start the web server", (windows.start_web_server().powershell(),)),
        databases,
        Step("start what ran before, which the manual forgets", tuple(_starts(survey))),
    ]
    return tuple(steps), tuple(left_out)


def _starts(survey: Facts) -> Iterable[str]:
    """As it will be sent: everything is stopped then, but the web server, which step 10 has started."""
    before = (survey["mark"] or {}).get("services") or survey["services"]
    then = {name: {"status": "Running" if name.upper() == "W3SVC" else "Stopped"} for name in before}
    ran = [
        name
        for name, service in before.items()
        if service["status"] in ("Running", "Starting")
        and service["start_type"] != "Disabled"
        and then[name]["status"] == "Stopped"
    ]
    calls = server_stop.start_calls(survey["server"], then, ran) if ran else {}
    return [call.powershell() for call in calls.values()]


def lines(planned: Plan) -> Iterable[str]:
    """For the person who watches; the commands too, which are few."""
    for number, server in enumerate(planned.patch, 1):
        yield f"  {number}. {server.server}  ({server.why}; about {server.expected_minutes} min)"
        for step in server.steps:
            yield f"       {step.name}{f' ({step.when})' if step.when else ''}"
            yield from (f"         {command}" for command in step.commands)
        for step in server.left_out:
            yield f"       left out: {step.name} ({step.when})"
    if planned.left_out:
        yield f"  left out by --limit: {', '.join(planned.left_out)}"
