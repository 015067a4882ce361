# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that a run needs to know of one server, read in one execution: the calls, and their outcomes as facts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import components
from ansible_collections.sfb.server.plugins.plugin_utils.product import versions
from ansible_collections.sfb.server.plugins.plugin_utils.product.installer import InstallerResult, installer_result
from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import read_mark
from ansible_collections.sfb.server.plugins.plugin_utils.product.services import (
    DISPLAY_NAMES,
    Service,
    front_end_of,
    is_out,
    server_state,
    service_from,
)
from ansible_collections.sfb.server.plugins.plugin_utils.product.stores import read_stores
from ansible_collections.sfb.server.plugins.plugin_utils.shell import cmdlets, state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.background import Work, between_shells, read_work
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import CallFailed
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import (
    SERVER_ADMINS,
    Answer,
    Outcome,
    require_product,
)
from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import parse_utc

Facts = dict[str, Any]

#: Long work that can be found again on a server.
WORKS = ("fail_over", "fail_back", "services", "install", "reset")
#: The local SQL Server Express instances, which the update's own database step needs (REAL: ucvnext.org, error 1603).
LOCAL_INSTANCES = ("RTCLOCAL", "LYNCLOCAL")
_DAY = 24 * 3600


def own_state_calls() -> dict[str, Call]:
    """The part that says whether this server is in service: its services, its mark, its long work."""
    return {
        "system": windows.computer_system(),
        "windows": windows.operating_system(),
        "settings": windows.service_settings(),
        "mark": windows.read_text(state_folder.MARK),
        **between_shells({what: windows.read_text(state_folder.claim(what)) for what in WORKS}),
    }


def topology_calls() -> dict[str, Call]:
    """The part that says where this server belongs."""
    return {
        "own": cmdlets.own_computer(),
        "pools": cmdlets.pools(),
        "all_computers": cmdlets.computers(),
        "roles": cmdlets.services(),
    }


def calls(source: str | None = None) -> dict[str, Call]:
    """The whole survey. `source`: the http(s) address or UNC path of the update, to see whether it can be had."""
    survey = {
        **own_state_calls(),
        **topology_calls(),
        "product": cmdlets.server_version(),
        **components.calls(),
        "certificates": cmdlets.certificates(),
        "user_databases": cmdlets.user_database_states(),
        "address_book": cmdlets.address_book(),
        "security": windows.security(state_folder.ROOT),
        "disks": windows.disks(),
        "renames": windows.pending_renames(),
        **{f"restart:{name}": windows.key_exists(key) for name, key in windows.RESTART_KEYS.items()},
        "roots": windows.trusted_roots(),
        "open_windows": windows.product_windows(),
        **{name: windows.local_databases(name) for name in LOCAL_INSTANCES},
        "errors": windows.product_errors(_DAY),
        "update_policy": windows.update_policy(),
    }
    if source:
        web = source.lower().startswith(("http://", "https://"))
        survey["source"] = windows.address_answers(source) if web else windows.path_exists(source)
    return survey


def read_own_state(answer: Answer) -> Facts:
    """Of `own_state_calls`: who the server is and whether it is in service.

    {server, last_boot, services: {name: {status, start_type}}, instances: {name: status}, mark, works: {what: state},
    install_incomplete, restart_due, state, state_reasons, down}. `install_incomplete`: the last install on a marked
    server failed or was cut off, whatever its versions say. `restart_due`: it asked for a restart that has not happened.
    `down`: out as far as its services tell (services.is_out), however it came to that.
    Raises CallFailed or MarkError where that can't be told.
    """
    system = answer["system"].checked().row
    server = f"{system['DNSHostName']}.{system['Domain']}".lower()
    mark_outcome = answer["mark"]
    mark = None if mark_outcome.absent else read_mark(mark_outcome.checked().text, server)
    found = {what: read_work(answer, what) for what in WORKS}
    works = {what: work.state for what, work in found.items()}
    last_boot = str(answer["windows"].checked().row["LastBootUpTime"])
    settings = [service_from(r["Name"], r["State"], r["StartMode"]) for r in answer["settings"].checked().rows]
    services = [service for service in settings if is_product_service(service.name)]
    state = server_state(services, mark, works["fail_over"] == "running", works["fail_back"] == "running")
    instances = {f"MSSQL${name}": name for name in LOCAL_INSTANCES}
    return {
        "server": server,
        "last_boot": answer["windows"].checked().row["LastBootUpTime"],
        "services": {
            service.name: {"status": service.status, "start_type": service.start_type} for service in services
        },
        "instances": {instances[s.name.upper()]: s.status for s in settings if s.name.upper() in instances},
        "mark": asdict(mark) if mark else None,
        "works": works,
        "install_incomplete": mark is not None and _has_failed(found["install"]),
        "restart_due": _restart_due(found["install"], last_boot),
        "state": state.state,
        "state_reasons": list(state.reasons),
        "down": is_out(services, mark),
        "user": answer.user,
    }


def _exit_of(work: Work) -> InstallerResult | None:
    """What the installer's own process left behind, if it came to its end."""
    if work.state != "finished":
        return None
    outcomes = (work.content or {}).get("outcomes") or [{}]
    rows = outcomes[-1].get("output") or [{}]
    if not isinstance(rows[0], dict) or "ExitCode" not in rows[0]:
        return None  # a guard before it refused: the installer never ran
    return installer_result(rows[0]["ExitCode"])


def _has_failed(work: Work) -> bool:
    result = _exit_of(work)
    return work.state == "interrupted" or (result is not None and result.result == "failed")


def _restart_due(work: Work, last_boot: str) -> bool:
    result = _exit_of(work)
    if result is None or result.result != "restart_needed":
        return False
    return parse_utc(str((work.content or {})["finished"])) > parse_utc(last_boot)


def read_topology(answer: Answer) -> Facts:
    """Of `topology_calls`: {pool, computers (in the topology's order), edition, user_database, topology, stores}.

    A Standard Edition server is a pool of its own name (inferred; Enterprise pools have an FQDN of their own).
    """
    own = answer["own"].checked(SECOND_HOP).row
    pools = {str(row["Fqdn"]).lower(): row for row in answer["pools"].checked(SECOND_HOP).rows}
    roles = answer["roles"].checked(SECOND_HOP).rows
    databases = {
        str(row.get("PoolFqdn")).lower(): host_of(row["UserDatabase"]) for row in roles if row.get("UserDatabase")
    }
    pool = str(own.get("Pool") or "").lower()
    listed = [
        (str(row.get("Pool")).lower(), str(row["Fqdn"]).lower()) for row in answer["all_computers"].checked().rows
    ]
    members = {name: [computer for of_pool, computer in listed if of_pool == name] for name in pools}
    return {
        "pool": pool,
        "computers": members.get(pool, []),
        "edition": _edition(pool, str(own.get("Fqdn")).lower(), databases),
        "user_database": databases.get(pool),
        "topology": [
            {
                "pool": name,
                "computers": members[name],
                "services": [str(service) for service in _list(row.get("Services"))],
                "user_database": databases.get(name),
                "site": str(row["Site"]) if row.get("Site") else None,
            }
            for name, row in pools.items()
        ],
        "stores": [{**asdict(store), "pools": list(store.pools)} for store in read_stores(roles)],
    }


def _edition(pool: str, server: str, user_databases: Collection[str]) -> str:
    """Computers that are a pool of their own without users (a back end, a Mediation Server) are "other"."""
    if pool != server:
        return "enterprise"
    return "standard" if pool in user_databases else "other"


def read_product(answer: Answer) -> Facts:
    """{product, product_text, version} of the installed base.

    product: lync2013, sfb2015, sfb2019 (everything from 7.0 on) or unknown, for a server that has one.
    """
    text = answer["product"].checked().text.strip()
    version = versions.version_in_text(text)
    product = versions.product_of(version) if version else None
    return {"product": product.key if product else "unknown", "product_text": text, "version": version}


def read_local_databases(outcome: Outcome) -> list[dict[str, str]]:
    """[{name, state, access}] of one local instance. Raises CallFailed where the instance did not answer."""
    row = outcome.checked().row
    lines = [line.strip().split("|") for line in str(row.get("Output") or "").splitlines() if line.count("|") == 2]
    return [{"name": name.strip(), "state": state.strip(), "access": access.strip()} for name, state, access in lines]


def read_pending_restart(answer: Answer) -> list[str]:
    """Who waits for a restart of Windows."""
    waiting = [name for name in windows.RESTART_KEYS if answer[f"restart:{name}"].output[:1] == [True]]
    if answer["renames"].row.get("PendingFileRenameOperations"):
        waiting.append("files to be replaced")
    return waiting


#: What to say when a read that leaves the server is refused.
SECOND_HOP = (
    "This read goes on to the domain or to another server, so the account needs its rights there too: connect with CredSSP "
    "or Kerberos delegation, or use become with runas; and the account must be a member of RTCUniversalServerAdmins."
)


def read(answer: Answer) -> Facts:
    """The whole survey as facts. What could not be read is named under `unread` and never guessed.

    product "none": neither a module nor a service of the product is there, as on a server that only has SQL Server. What
    the product's cmdlets would tell is left out then. Raises NotUsable where only the module is missing.
    """
    facts: Facts = {**read_own_state(answer), "unread": {}}
    if answer.module is None:
        if {name.upper() for name in facts["services"]} - {"W3SVC"}:
            require_product(str(facts["server"]), answer)
        facts |= {"product": "none", "product_text": "", "version": None}
        facts["state"], facts["state_reasons"] = "no_product", []

    def part(name: str, reading: Any) -> None:
        try:
            value = reading()
            facts.update(value if name in ("topology", "product") else {name: value})
        except (CallFailed, KeyError, ValueError) as error:
            facts["unread"][name] = str(error)

    if answer.module is not None:
        part("topology", lambda: read_topology(answer))
        part("product", lambda: read_product(answer))
        part("components", lambda: _components(answer))
        part("certificates", lambda: answer["certificates"].checked().rows)
        part("user_databases", lambda: read_user_databases(answer["user_databases"]))
        part(
            "address_book_runs", lambda: [str(row.get("RunTimeOfDay")) for row in answer["address_book"].checked().rows]
        )
    part("pending_restart", lambda: read_pending_restart(answer))
    part("disks", lambda: {str(r["DeviceID"]): int(r["FreeSpace"]) for r in answer["disks"].checked().rows})
    part("open_windows", lambda: read_open_windows(answer["open_windows"]))
    part("foreign_roots", lambda: [r for r in answer["roots"].checked().rows if r.get("Subject") != r.get("Issuer")])
    part("local_databases", lambda: {name: read_local_databases(answer[name]) for name in local_instances(facts)})
    part("folder_sddl", lambda: None if answer["security"].absent else answer["security"].checked().row.get("Sddl"))
    part("errors_24h", lambda: _event_counts(answer["errors"]))
    facts["update_policy"] = answer["update_policy"].row
    facts["local_time"] = answer["windows"].row.get("LocalDateTime")
    facts["utc_offset_minutes"] = answer["windows"].row.get("CurrentTimeZone")
    facts["administrator"] = answer.administrator
    facts["server_admin"] = bool(answer.roles.get(SERVER_ADMINS))
    if "source" in answer.outcomes:
        facts["source_found"] = _source_found(answer["source"])
        facts["source_trouble"] = answer["source"].trouble
    return facts


def is_product_service(name: str) -> bool:
    upper = name.upper()
    return upper in DISPLAY_NAMES or upper in ("W3SVC", "FABRICHOSTSVC", "RTCCHAT") or upper.startswith("RTC")


def _components(answer: Answer) -> dict[str, str]:
    """Without a version of Core Components nothing can be decided."""
    table = components.read(answer)
    versions.core_version(table)
    return table


def local_instances(facts: Facts) -> Sequence[str]:
    """Those that an update needs: both of a Front End; another server need not have them."""
    services = [Service(name, service["status"]) for name, service in facts["services"].items()]
    return LOCAL_INSTANCES if front_end_of(services) else tuple(facts["instances"])


def read_user_databases(outcome: Outcome) -> dict[str, bool]:
    """{FQDN of the SQL server: whether it answers}."""
    return {host_of(row["Identity"]) or "": str(row.get("Online")) == "True" for row in outcome.checked().rows}


def read_open_windows(outcome: Outcome) -> list[Facts]:
    """Of people: what runs in session 0 is a service, or we ourselves."""
    if not outcome.absent:
        outcome.checked()
    return [row for row in outcome.rows if int(row.get("SessionId") or 0) > 0]


def _event_counts(outcome: Outcome) -> dict[str, int]:
    if not outcome.absent:
        outcome.checked()
    return dict(Counter(f"{row.get('ProviderName')} {row.get('Id')}" for row in outcome.rows))


def _source_found(outcome: Outcome) -> bool:
    if not outcome.ok:
        return False
    return outcome.output[:1] == [True] or outcome.row.get("StatusCode") == 200


_AFTER_COLON = re.compile(r"^(?:[A-Za-z]+:)?(?P<fqdn>[^\\]+)")


def host_of(identity: Any) -> str | None:
    """The host in "UserDatabase:sql01.example.com" (CODE: OPD)."""
    found = _AFTER_COLON.match(str(identity)) if identity else None
    return found["fqdn"].lower() if found else None


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
