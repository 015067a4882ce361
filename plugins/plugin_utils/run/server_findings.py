# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What speaks against patching one server now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone

from ansible_collections.sfb.server.plugins.plugin_utils.product import versions
from ansible_collections.sfb.server.plugins.plugin_utils.run.finding import Facts, Finding, Level
from ansible_collections.sfb.server.plugins.plugin_utils.shell import state_folder
from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import parse_utc
from ansible_collections.sfb.server.plugins.plugin_utils.steps.front_end import can_be_adopted

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
    "no_front_end": "Start what is stopped, or find out who stopped it.",
}
#: Parts of a survey without which nothing can be decided, and what to say.
_NEEDED_PARTS = {
    "topology": "The account needs its rights beyond this server too (the second hop): CredSSP, Kerberos delegation or become.",
    "product": "Open the product's Management Shell on the server by hand and see what it says.",
    "components": "Is Core Components installed there, and may the account read the list of programs?",
    "certificates": "Run Get-CsCertificate there by hand.",
    "user_databases": "The account needs its rights beyond this server too (the second hop).",
    "local_databases": "Is SQL Server Express running there (RTCLOCAL, LYNCLOCAL), and may the account read it? The update needs both.",
    "open_windows": "Look by hand for open Management Shells and Topology Builder.",
}


def of_reach(survey: Facts) -> Iterable[Finding]:
    kinds = {"ConnectionLost": "connection", "CredentialsRejected": "credentials"}
    name = survey["inventory_name"]
    kind = kinds.get(str(survey.get("trouble_kind")), "not_usable")
    # The error begins with the server's name, as every list of findings does; what it says of a lost connection is
    # meant for the middle of a run.
    fact = str(survey["trouble"]).removeprefix(name).lstrip(": ")
    own = survey.get("remedy") if kind != "connection" else None
    yield Finding(kind, "error", name, fact, own or _REACH_REMEDIES[kind])


def of_front_end(survey: Facts) -> Iterable[Finding]:
    """Whether it is a Front End of an Enterprise Edition pool at all."""
    server = survey["server"]
    if survey.get("product") == "none":
        fact = "neither Lync Server nor Skype for Business Server is installed there, nor their Management Shell"
        remedy = "Is it the right server? A SQL Server belongs into sfb_back_end_servers."
        yield Finding("product", "error", server, fact, remedy)
    elif survey["state"] == "no_front_end":
        remedy = "Is it the right server? A Back End Server is patched by patch_backend_server.yml."
        yield Finding("edition", "error", server, "it is no Front End: it has no RTCSRV", remedy)
    if survey.get("edition") == "standard":
        remedy = "patch_standard_edition_server.yml patches it; it has no companions, so its users are out meanwhile."
        yield Finding("edition", "error", server, "it is a Standard Edition server", remedy)


def of_unread(survey: Facts) -> Iterable[Finding]:
    for part, why in survey["unread"].items():
        level: Level = "error" if part in _NEEDED_PARTS else "warning"
        remedy = _NEEDED_PARTS.get(part, "Look by hand.")
        yield Finding(f"unread_{part}", level, survey["server"], f"{part} could not be read: {why}", remedy)


def of_server(survey: Facts, settings: Facts, now: float) -> list[Finding]:
    """Of any server of the product, whatever its role."""
    server = survey["server"]
    found: list[Finding] = []

    def add(identifier: str, level: Level, fact: str, remedy: str) -> None:
        found.append(Finding(identifier, level, server, fact, remedy))

    found += of_unread(survey)
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
    if survey.get("product") == "unknown":
        remedy = "This collection patches Lync Server 2013 and Skype for Business Server 2015, 2019 and later."
        add("product", "error", f"it runs {survey['product_text']}", remedy)
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
        if settings.get("close_shells"):
            add("open_windows", "warning", fact, "It will be ended before the install (sfb_close_shells).")
        else:
            remedy = "Close it: it holds files that the update replaces. Or let the run end it: sfb_close_shells: true."
            add("open_windows", "error", fact, remedy)
    free = survey.get("disks", {}).get("C:")
    if free is not None and free < FREE_GIGABYTES * 2**30:
        add("disk", "error", f"{free / 2**30:.1f} GB are free on C:", f"Make room: {FREE_GIGABYTES} GB are wanted.")
    found += _source(survey, settings)
    wanted = settings.get("update_version")
    if (
        wanted
        and versions.is_version(wanted)
        and survey.get("components")
        and versions.would_go_down(survey["components"], wanted)
    ):
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
    if state in ("in_service", "no_product") or (survey["mark"] and state in ("out_by_us", "draining", "coming_back")):
        return
    if state == "no_front_end" and not survey["state_reasons"]:
        return
    if "computers" in survey and can_be_adopted(survey, bool(settings.get("adopt_out_of_service"))):
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
