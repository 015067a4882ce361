# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What speaks against patching now: every finding names the server, the fact and the remedy, all in one list."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, timezone
from typing import Any, Literal

from ansible_collections.sfb.server.plugins.plugin_utils.product import versions
from ansible_collections.sfb.server.plugins.plugin_utils.shell import state_folder
from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import parse_utc

Facts = Mapping[str, Any]

#: No promise of the collection can be kept with one of these, so nobody can accept them away.
NEVER_ACCEPTED = frozenset(
    [
        "connection",
        "credentials",
        "not_usable",
        "membership",
        "wrong_pool",
        "same_server",
        "edition",
        "product",
        "out_of_service",
        "two_out",
        "folder",
        "version_lower",
        "unread_topology",
        "unread_product",
        "unread_components",
    ]
)
#: Where the update's files, its logs and the product's own temporary files go (inferred; the packages are below 1 GB).
FREE_GIGABYTES = 5
CERTIFICATE_WARNING_DAYS = 14
#: What to do about a server that could not be read, where its own error does not say.
_REACH_REMEDIES = {
    "connection": (
        "Is it switched on, and does WinRM answer there? Check ansible_host, ansible_port and the firewall, and what is said "
        "of a certificate; ansible.windows.win_ping must work."
    ),
    "credentials": "Check the user name and password of the connection; no other server was asked.",
    "not_usable": "Check its connection variables.",
}
#: By the state of a server that is not in service and not out by this collection.
_STATE_REMEDIES = {
    "out_by_others": (
        "Find out who works on it, and let them bring it back; or take it over with sfb_adopt_out_of_service: true."
    ),
    "partly_stopped": (
        "Start what is stopped (Start-CsWindowsService there), or find out who stopped it. A service that shall not run "
        "wants the start type Disabled."
    ),
    "starting": "Wait until its services run; after a cold start that may take an hour. Then start again.",
}
#: Parts of a survey without which nothing can be decided, and what to say.
_NEEDED_PARTS = {
    "topology": "The account needs its rights beyond this server too (the second hop): CredSSP, Kerberos delegation or become.",
    "product": "Open the product's Management Shell on the server by hand and see what it says.",
    "components": "Skype for Business Server 2015 before November 2015 has no Get-CsServerPatchVersion; see the documentation.",
    "certificates": "Run Get-CsCertificate there by hand.",
    "user_databases": "The account needs its rights beyond this server too (the second hop).",
    "local_databases": "Is SQL Server Express running there (RTCLOCAL, LYNCLOCAL), and may the account read it? The update needs both.",
    "open_windows": "Look by hand for open Management Shells and Topology Builder.",
}


@dataclass(frozen=True)
class Finding:
    """`accepted`: named in sfb_accepted_findings, as its id or as id@server."""

    id: str
    level: Literal["error", "warning"]
    server: str | None
    fact: str
    remedy: str
    accepted: bool = False

    @property
    def stops(self) -> bool:
        return self.level == "error" and not self.accepted


def find(
    surveys: Sequence[Facts], pool_health: Facts | None, settings: Facts, now: float, expected_minutes: float = 0
) -> list[Finding]:
    """Everything found, errors first. surveys: of server_survey; settings: of the role, by its variables' short names."""
    found: list[Finding] = []
    for survey in surveys:
        found += _reach(survey) if not survey["reachable"] else _server(survey, settings, now)
    reached = [survey for survey in surveys if survey["reachable"]]
    found += _membership(surveys, settings)
    found += _one_out_at_most(reached)
    found += _pool(pool_health, bool(settings.get("recover_quorum_loss")))
    found += _pool_not_asked(pool_health, reached)
    found += _media(settings)
    found += _surroundings(reached, settings, now, expected_minutes)
    accepted = set(settings.get("accepted_findings") or [])
    found = [_accept(finding, accepted) for finding in found]
    return sorted(found, key=lambda finding: (not finding.stops, finding.level))


def _accept(finding: Finding, accepted: set[str]) -> Finding:
    named = finding.id in accepted or f"{finding.id}@{finding.server}" in accepted
    return replace(finding, accepted=named and finding.id not in NEVER_ACCEPTED)


def _reach(survey: Facts) -> Iterable[Finding]:
    kinds = {"ConnectionLost": "connection", "CredentialsRejected": "credentials"}
    name = survey["inventory_name"]
    kind = kinds.get(str(survey.get("trouble_kind")), "not_usable")
    # The error begins with the server's name, as every list of findings does; what it says of a lost connection is
    # meant for the middle of a run.
    fact = str(survey["trouble"]).removeprefix(name).lstrip(": ")
    own = survey.get("remedy") if kind != "connection" else None
    yield Finding(kind, "error", name, fact, own or _REACH_REMEDIES[kind])


def _server(survey: Facts, settings: Facts, now: float) -> list[Finding]:
    server = survey["server"]
    found: list[Finding] = []

    def add(identifier: str, level: Literal["error", "warning"], fact: str, remedy: str) -> None:
        found.append(Finding(identifier, level, server, fact, remedy))

    for part, why in survey["unread"].items():
        level: Literal["error", "warning"] = "error" if part in _NEEDED_PARTS else "warning"
        add(f"unread_{part}", level, f"{part} could not be read: {why}", _NEEDED_PARTS.get(part, "Look by hand."))
    if not survey["administrator"]:
        add(
            "rights",
            "error",
            f"{survey['user']} is no administrator there",
            "Use an account that is one on every server of the pool.",
        )
    if not survey["server_admin"]:
        add(
            "rights",
            "error",
            f"{survey['user']} is not in RTCUniversalServerAdmins",
            "Add the account to that group and log on anew.",
        )
    if survey.get("product") in ("unknown", "lync2013"):
        add(
            "product",
            "error",
            f"it runs {survey['product_text']}",
            "This playbook patches Skype for Business Server 2015 and 2019.",
        )
    if survey.get("edition") == "standard":
        add(
            "edition",
            "error",
            "it is a Standard Edition server",
            "It has no companions: its users are out while it is patched.",
        )
    found += _service_state(survey, settings)
    sddl = survey.get("folder_sddl")
    if sddl and not state_folder.is_protected(sddl):
        remedy = "Look at what is in it, remove the folder, and start again."
        add("folder", "error", f"{state_folder.ROOT} belongs to others or can be written by others ({sddl})", remedy)
    found += _local_databases(survey)
    found += _certificates(survey, now)
    database = survey.get("user_database")
    if database and survey.get("user_databases", {}).get(database) is not True and "user_databases" in survey:
        add(
            "back_end",
            "error",
            f"the back end {database} does not answer it",
            "Check SQL Server and the network between the two.",
        )
    for window in survey.get("open_windows", []):
        fact = f"{window['UserName']} has {window['Name']} open (process {window['Id']})"
        add("open_windows", "error", fact, "Close it: it holds files that the update replaces.")
    free = survey.get("disks", {}).get("C:")
    if free is not None and free < FREE_GIGABYTES * 2**30:
        add("disk", "error", f"{free / 2**30:.1f} GB are free on C:", f"Make room: {FREE_GIGABYTES} GB are wanted.")
    found += _source(survey, settings)
    wanted = settings.get("update_version")
    if wanted and survey.get("components") and versions.would_go_down(survey["components"], wanted):
        fact = f"{versions.core_version(survey['components'])} is installed, which is above {wanted}"
        add("version_lower", "error", fact, "Check sfb_update_version and the installer.")
    waiting_for_restart = survey.get("pending_restart", []) + (["the installer"] if survey.get("restart_due") else [])
    if waiting_for_restart:
        waiting = ", ".join(waiting_for_restart)
        # Forbidden, it would leave the server drained and out of service (front_end_server, install.yml).
        never = settings.get("reboot") == "never"
        remedy = "It is done while the server is drained, before the install."
        if never:
            remedy = "sfb_reboot is never: restart it by hand before the run, or allow the restart."
        add("pending_restart", "error" if never else "warning", f"a restart is pending ({waiting})", remedy)
    if survey.get("foreign_roots"):
        names = ", ".join(str(row.get("Subject")) for row in survey["foreign_roots"])
        add(
            "trusted_roots",
            "warning",
            f"Trusted Root holds certificates that are not self-signed: {names}",
            "Move them to Intermediate.",
        )
    if survey.get("errors_24h"):
        counts = ", ".join(f"{source} ({count})" for source, count in survey["errors_24h"].items())
        add(
            "event_log",
            "warning",
            f"errors in the Lync Server log of the last 24 h: {counts}",
            "Read them before you go on.",
        )
    if (
        str(survey.get("update_policy", {}).get("AUOptions")) == "4"
        and str(survey["update_policy"].get("NoAutoUpdate")) != "1"
    ):
        add(
            "automatic_updates",
            "warning",
            "Windows installs updates and restarts by itself",
            "Take it out of automatic updates for tonight.",
        )
    return found


def _service_state(survey: Facts, settings: Facts) -> Iterable[Finding]:
    state, server = survey["state"], survey["server"]
    why = "; ".join(survey["state_reasons"])
    in_play = settings.get("play_hosts")
    if survey["mark"] and in_play and survey["inventory_name"] not in in_play:
        remedy = "Start without --limit, or with this server in it: it is brought back before another one is touched."
        yield Finding(
            "out_of_service", "error", server, f"it carries our mark and is no part of this run: {why}", remedy
        )
        return
    if state == "in_service" or (survey["mark"] and state in ("out_by_us", "draining", "coming_back")):
        return
    if state == "out_by_others" and settings.get("adopt_out_of_service"):
        return
    remedy = _STATE_REMEDIES.get(state, "Find out who works on it, and let them bring it back.")
    yield Finding("out_of_service", "error", server, f"it is {state.replace('_', ' ')}: {why}", remedy)


def _local_databases(survey: Facts) -> Iterable[Finding]:
    remedy = "Repair it first: the update alters the local databases and rolls back where it can't."
    if survey["works"].get("install") == "running":
        # The installer that a killed run began is at work on them: this run waits for it.
        return
    for instance, status in survey["instances"].items():
        if status != "Running":
            yield Finding(
                "local_sql", "error", survey["server"], f"the local SQL Server {instance} is {status}", remedy
            )
    for instance, rows in survey.get("local_databases", {}).items():
        if not rows and survey["instances"].get(instance, "Running") == "Running":
            fact = f"no database of {instance} could be read"
            yield Finding("local_sql", "error", survey["server"], fact, remedy)
        for row in rows:
            if row["state"] != "ONLINE" or row["access"] != "MULTI_USER":
                fact = f"database {row['name']} of {instance} is {row['state']}, {row['access']}"
                yield Finding("local_sql", "error", survey["server"], fact, remedy)


def _certificates(survey: Facts, now: float) -> Iterable[Finding]:
    moment = datetime.fromtimestamp(now, timezone.utc)
    for row in survey.get("certificates", []):
        ends = parse_utc(str(row["NotAfter"]))
        name = f"its {row.get('Use')} certificate ({row.get('Subject')})"
        if ends <= moment:
            yield Finding(
                "certificate_expired",
                "error",
                survey["server"],
                f"{name} expired on {ends:%Y-%m-%d}",
                "Renew it first.",
            )
        elif ends <= moment + timedelta(days=CERTIFICATE_WARNING_DAYS):
            yield Finding(
                "certificate_ends", "warning", survey["server"], f"{name} expires on {ends:%Y-%m-%d}", "Renew it soon."
            )


def _source(survey: Facts, settings: Facts) -> Iterable[Finding]:
    if survey.get("source_found") is False:
        fact = f"{settings['update_source']} can't be read from it ({survey.get('source_trouble') or 'not there'})"
        yield Finding("source", "error", survey["server"], fact, "Check sfb_update_source and who may read it.")


def _membership(surveys: Sequence[Facts], settings: Facts) -> Iterable[Finding]:
    """Of topology against inventory groups, never play hosts: --limit is normal.

    Whether one is missing can only be told when every server of the group said who it is, or bears a member's name.
    """
    known = [survey for survey in surveys if survey["reachable"] and "pool" in survey]
    by_server: dict[str, str] = {}
    for survey in known:
        other = by_server.setdefault(survey["server"], survey["inventory_name"])
        if other != survey["inventory_name"]:
            fact = f"{other} and {survey['inventory_name']} of the inventory lead to the same server"
            yield Finding("same_server", "error", survey["server"], fact, "Correct their addresses.")
    if not known:
        return
    pool = str(settings.get("pool_fqdn") or known[0]["pool"]).lower()
    for survey in known:
        if survey["pool"] != pool:
            fact = f"it belongs to pool {survey['pool']}, not to {pool}"
            yield Finding(
                "wrong_pool", "error", survey["server"], fact, "Correct the inventory group, or sfb_pool_fqdn."
            )
    members: Sequence[str] = next((survey["computers"] for survey in known if survey["pool"] == pool), [])
    unread = {str(survey["inventory_name"]).lower() for survey in surveys if survey not in known}
    for server in members:
        if server not in by_server and server not in unread and unread <= set(members):
            fact = f"the topology has it in pool {pool}, and the inventory group has not"
            yield Finding(
                "membership", "error", server, fact, "Add it to the group: every server of the pool must be watched."
            )
    if len(members) == 2 and settings.get("two_server_pool") != "graceful_stop":
        fact = f"pool {pool} has two Front Ends: Invoke-CsComputerFailOver is made for three or more"
        remedy = (
            "sfb_two_server_pool: graceful_stop patches it with Stop-CsWindowsService -Graceful, its users feel it."
        )
        yield Finding("two_server_pool", "error", None, fact, remedy)


def _one_out_at_most(reached: Sequence[Facts]) -> Iterable[Finding]:
    out = [survey["server"] for survey in reached if survey["state"] != "in_service"]
    if len(out) > 1:
        fact = f"more than one server is out of service: {', '.join(out)}"
        yield Finding(
            "two_out", "error", None, fact, "Bring all but one back by hand first: start with the one that went last."
        )


def _pool(pool_health: Facts | None, recover: bool) -> Iterable[Finding]:
    """Missing replicas that the run may recover are to be known; it does so, and asks again, before the first server."""
    health = pool_health or {}
    for piece in health.get("evidence", []):
        if piece["verdict"] == "healthy":
            continue
        name = f"pool_{piece['what'].replace(' ', '_')}"
        recoverable = recover and health.get("missing_replicas") and piece["what"] in ("fabric", "readiness")
        remedy = "The pool is recovered before the first server is touched." if recoverable else piece["remedy"]
        yield Finding(name, "warning" if recoverable else "error", piece["server"], piece["fact"], remedy)


def _pool_not_asked(pool_health: Facts | None, reached: Sequence[Facts]) -> Iterable[Finding]:
    if pool_health is None and reached:
        out = ", ".join(survey["server"] for survey in reached if survey["state"] != "in_service")
        why = f"{out} is not in service" if out else "no server of it could be asked"
        remedy = "It is asked once every server is in service; more may be found then."
        yield Finding("pool_not_asked", "warning", None, f"its health was not asked, because {why}", remedy)


def _media(settings: Facts) -> Iterable[Finding]:
    for trouble in settings.get("source_troubles") or []:
        yield Finding("source", "error", None, trouble, "Check sfb_update_source, sfb_update_sha256 and the file.")
    if settings.get("update_source") and not settings.get("update_sha256"):
        fact = "no hash was given: the same update was re-published with other files before (March 2019)"
        yield Finding(
            "no_hash", "warning", None, fact, "Set sfb_update_sha256 to the SHA-256 of the file that you tested."
        )


def _surroundings(reached: Sequence[Facts], settings: Facts, now: float, expected_minutes: float) -> Iterable[Finding]:
    known = [survey for survey in reached if "topology" in survey]
    if not known:
        return
    # A server of the pool that did not answer is a finding already.
    ours = {survey["server"] for survey in reached} | set(known[0]["computers"])
    stores = ("Database", "FileStore")
    others = sorted(
        {
            name
            for pool in known[0]["topology"]
            for name in pool["computers"]
            # SQL and file servers get no product update.
            if not pool["services"] or not all(s.partition(":")[0].endswith(stores) for s in pool["services"])
        }
        - ours
    )
    if others:
        yield Finding(
            "not_patched",
            "warning",
            None,
            f"not patched by this run: {', '.join(others)}",
            "Patch them in runs of their own: other pools, Edge, Director and so on.",
        )
    if not settings.get("backup_confirmed"):
        yield Finding(
            "backup",
            "warning",
            None,
            "nobody confirmed a recent backup",
            "Back up the databases, then set sfb_backup_confirmed: true.",
        )
    for survey in known:
        run = _address_book_run(survey, now, expected_minutes)
        if run:
            yield Finding(
                "address_book", "warning", survey["server"], run, "Start later, or expect RTCSRV to start slowly."
            )


def _address_book_run(survey: Facts, now: float, expected_minutes: float) -> str | None:
    """ABServer.exe at work keeps RTCSRV from starting (support KB 3140472); its hour is the server's local one."""
    offset = timedelta(minutes=int(survey.get("utc_offset_minutes") or 0))
    local = datetime.fromtimestamp(now, timezone.utc) + offset
    for text in survey.get("address_book_runs", []):
        moment = _time_of_day(text, offset)
        if moment is None:
            continue
        run = local.replace(hour=moment.hour, minute=moment.minute, second=0)
        run += timedelta(days=1) if run < local else timedelta()
        if run <= local + timedelta(minutes=expected_minutes):
            return f"the Address Book is made at {run:%H:%M} (its local time), inside the time that this run needs"
    return None


def _time_of_day(text: str, offset: timedelta) -> time | None:
    """From "01:30", or from a moment that the script turned into UTC: which of the two a server gives is not known."""
    with contextlib.suppress(ValueError):
        return (parse_utc(text) + offset).time()
    found = re.match(r"(\d{1,2}):(\d{2})", text)
    return time(int(found[1]) % 24, int(found[2]) % 60) if found else None
