# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The deployment file: what may stand in it, and what is meant where nothing stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .products import PRODUCTS
from .schema import Choice, Either, FileError, Flag, Key, Listing, Named, Number, Table, Text, read_file
from .switches import SWITCHES_TABLE
from .texts import LANGUAGES

Json = dict[str, Any]
SERVICE_STATES = ("running", "stopped", "disabled", "manual", "starting")
DATABASE_STATES = ("ONLINE", "SUSPECT", "OFFLINE", "RECOVERING", "SINGLE_USER", "RESTRICTED_USER")

CERTIFICATE = Table(
    {
        "use": Key(
            Choice(("Default", "WebServicesInternal", "WebServicesExternal", "OAuthTokenIssuer")),
            required=True,
            about="what it is for",
        ),
        "expires_in_days": Key(Number(-10_000, 10_000), 400, about="from the lab's start; negative: expired"),
    }
)
ROOT_CERTIFICATE = Table(
    {
        "subject": Key(Text(), required=True, about="distinguished name"),
        "issuer": Key(
            Text(), about="another than the subject: not self-signed, which belongs elsewhere; default: the subject"
        ),
    }
)
PROCESS = Table(
    {
        "name": Key(Text(), required=True, about="powershell.exe, Microsoft.Rtc.Management.TopologyBuilder.exe ..."),
        "user": Key(Text(), "LAB\\someone", about="whose it is"),
        "command_line": Key(Text(), about="default: its name"),
        "session": Key(Number(0, 65535, whole=True), 2, about="where it runs; 0: a service, or a remote call"),
        "title": Key(Text(), about="the window's title"),
        "holds_module": Key(Flag(), False, about="has the product's module loaded"),
    }
)
EVENT = Table(
    {
        "id": Key(Number(1, 65535, whole=True), required=True, about="event id, such as 32174"),
        "source": Key(Text(), "LS User Services", about="provider"),
        "level": Key(Choice(("Error", "Warning", "Information")), "Error", about="as Event Viewer names it"),
        "message": Key(Text(empty=True), "", about="its text"),
        "minutes_ago": Key(Number(0, 1e6), 30, about="before the lab's start"),
    }
)
TASK = Table(
    {
        "name": Key(Text(), required=True, about="TaskName"),
        "folder": Key(Text(), "\\", about="TaskPath"),
        "command": Key(Text(), "shutdown.exe", about="what it starts"),
        "arguments": Key(Text(empty=True), "", about="of the command"),
        "next_run_in_minutes": Key(Number(0, 1e6), about="from the lab's start; absent: no next run"),
        "enabled": Key(Flag(), True, about="false: disabled"),
    }
)
FILE = Table(
    {
        "path": Key(Text(), required=True, about="from the drive on"),
        "content": Key(Text(empty=True), about="absent: a folder"),
        "owner": Key(Text(), about="default: Administrators"),
        "sddl": Key(Text(), about="its access list; default: inherited"),
    }
)
POWERSHELL = Table(
    {
        "edition": Key(Choice(("Desktop", "Core")), "Desktop", about="Core: PowerShell 7"),
        "version": Key(Text(), "5.1.17763.1", about="PSVersion"),
    }
)
SERVER = Table(
    {
        "fqdn": Key(Text(), required=True, about="its name"),
        "powered": Key(Flag(), True, about="false: switched off"),
        "winrm": Key(Flag(), True, about="false: its WinRM refuses connections"),
        "product": Key(Choice((*PRODUCTS, "none")), about="another than the deployment's, or none installed"),
        "out_of_service": Key(Flag(), False, about="failed over by somebody before the lab started"),
        "flagged_draining": Key(
            Flag(), False, about="left behind by a fail over that was broken off: services run, no new sessions"
        ),
        "services": Key(
            Named(Choice(SERVICE_STATES)),
            dict,
            about="service -> running, stopped, disabled, manual (stopped) or starting",
        ),
        "replicas_missing": Key(Flag(), False, about="its replicas are missing at the start"),
        "replicas_rebuild": Key(Flag(), True, about="false: those never come back by themselves"),
        "databases": Key(
            Named(Choice(DATABASE_STATES)),
            dict,
            about="local database -> its state when it is not ONLINE and MULTI_USER",
        ),
        "components": Key(Named(Text()), dict, about="component without the product's name -> version"),
        "version": Key(Text(), about="version of its patched components, when it differs from the others"),
        "certificates": Key(Listing(CERTIFICATE), about="instead of four good ones"),
        "trusted_root": Key(Listing(ROOT_CERTIFICATE), list, about="more certificates in Trusted Root"),
        "disk_free_gigabytes": Key(Number(0, 1e6), 60, about="on C:"),
        "pending_reboot": Key(Flag(), False, about="files wait to be replaced at the next start"),
        "processes": Key(Listing(PROCESS), list, about="open Management Shells, Topology Builder ..."),
        "events": Key(Listing(EVENT), list, about="in the event log Lync Server"),
        "scheduled_tasks": Key(Listing(TASK), list, about="tasks of Task Scheduler"),
        "automatic_updates": Key(Flag(), False, about="Windows installs updates and restarts by itself"),
        "files": Key(Listing(FILE), list, about="files and folders that lie there at the start"),
        "reaches_back_end": Key(Flag(), True, about="false: a firewall between it and its SQL server"),
        "replication_up_to_date": Key(Flag(), True, about="false: never"),
        "time_zone": Key(Text(), about="Windows name; the deployment's by default"),
        "powershell": Key(POWERSHELL, POWERSHELL.defaults, about="what its WinRM endpoint runs"),
        "drain_minutes": Key(Number(0, 10_000), about="until its load is gone; the pool's by default"),
        "boot_minutes": Key(Number(0.1, 10_000), about="from going down to WinRM; times.boot_minutes by default"),
    }
)
SQL = Table(
    {
        "server": Key(Text(), required=True, about="FQDN of the primary SQL server"),
        "instance": Key(Text(empty=True), "rtc", about="SQL Server instance; empty: the default instance"),
        "mirror": Key(Text(), about="FQDN of the mirror (2013, 2015)"),
        "principal": Key(
            Choice(("primary", "mirror")), "primary", about="mirror: the witness vote of an even pool is gone"
        ),
        "synchronised": Key(Flag(), True, about="false: the mirror is behind"),
        "availability_group": Key(
            Text(), about="FQDN under which the topology knows the SQL server then; `server` holds the primary replica"
        ),
        "available": Key(Flag(), True, about="false: the primary can't be reached"),
        "owner": Key(Text(), "LAB\\sqladmin", about="whose the databases are"),
        "databases": Key(Named(Text()), dict, about="database -> installed version; the product's by default"),
        "new_databases": Key(
            Listing(Text()), list, about="databases that the update brings and that are not there yet"
        ),
        "states": Key(
            Named(Choice(DATABASE_STATES)), dict, about="database -> its state when it is not ONLINE and MULTI_USER"
        ),
    }
)
REGISTRAR = Table(
    {
        "unavailable_minutes": Key(
            Number(0.1, 100_000),
            30,
            about="BackupStoreUnavailableThreshold, Global: a back end may be away so long before users feel it",
        ),
        "site_minutes": Key(Number(0.1, 100_000), about="the same for the site; absent: the site has no configuration"),
    }
)
LOAD = Table(
    {
        "sessions": Key(
            Number(0, 1e6, whole=True), about="registered clients in the pool; default: a third of its users"
        ),
        "conferences": Key(Number(0, 1e6, whole=True), about="default: one for 100 users"),
        "drain_minutes": Key(Number(0, 10_000), 12, about="until a draining server's load is gone"),
    }
)
POOL = Table(
    {
        "fqdn": Key(Text(), required=True, about="its name"),
        "edition": Key(
            Choice(("enterprise", "standard")), "enterprise", about="standard: one server, of the pool's name"
        ),
        "servers": Key(
            Listing(Either("fqdn", SERVER), 1, 16),
            required=True,
            about="in the order of Get-CsComputer: FQDN, or a table",
        ),
        "sql": Key(
            Either("server", SQL),
            about="back end; default: sql01 (sql02 ...) of the pool's domain, its own server for Standard Edition",
        ),
        "archiving_sql": Key(
            Text(), about="SQL server, or server\\instance, of its archiving databases; the back end's: collocated"
        ),
        "monitoring_sql": Key(Text(), about="the same for its monitoring databases"),
        "registrar_minutes": Key(
            Number(0.1, 100_000), about="BackupStoreUnavailableThreshold of this pool; absent: it has no configuration"
        ),
        "paired_with": Key(Text(), about="the pool that is its backup pool, and whose backup pool it is"),
        "backup_healthy": Key(Flag(), True, about="false: the backup service of the pair is not in its steady state"),
        "users": Key(Number(0, 1e6, whole=True), 3000, about="homed in the pool"),
        "load": Key(LOAD, LOAD.defaults, about="what drains"),
        "routing_groups": Key(Number(1, 200, whole=True), about="default: two per server"),
        "upgrade_domains": Key(
            Number(1, 16, whole=True), about="its servers go into so many, in turn; default: one for each server"
        ),
    }
)
ACCOUNT = Table(
    {
        "password": Key(Text(), required=True, about="invented: the lab holds no secret"),
        "administrator": Key(Flag(), True, about="local administrator of every server"),
        "groups": Key(Listing(Text()), lambda: ["RTCUniversalServerAdmins", "CsAdministrator"], about="of the domain"),
        "second_hop": Key(Flag(), False, about="its logon over WinRM may go on to other servers (CredSSP, delegation)"),
        "sql_administrator": Key(Flag(), True, about="sysadmin of the SQL servers, the local ones too"),
        "sql_login": Key(Flag(), False, about="without being sysadmin: SQL Server lets it in all the same"),
    }
)
MEDIUM = Table(
    {
        "version": Key(Text(), required=True, about="that it raises components to"),
        "file": Key(Text(), about="default: the product's installer"),
        "urls": Key(Listing(Text()), about="http(s) addresses; default: one below media.example.com"),
        "unc": Key(Listing(Text()), about="UNC paths; default: one below files.example.com"),
        "components": Key(
            Named(Text()), about="component -> version that it brings; default: most of them the medium's"
        ),
        "databases": Key(Named(Text()), dict, about="back end database -> version that its files bring"),
        "minutes": Key(Number(0.1, 10_000), 12, about="how long it installs"),
        "restart_needed": Key(Flag(), True, about="leaves a pending restart"),
        "exit_code": Key(
            Number(0, 2**31, whole=True), about="default: switch installer_returns if a restart is needed, else 0"
        ),
        "signer": Key(
            Text(empty=True),
            "CN=Microsoft Corporation, O=Microsoft Corporation, L=Redmond, S=Washington, C=US",
            about="empty: not signed",
        ),
        "signature": Key(
            Choice(("Valid", "HashMismatch", "NotTrusted", "UnknownError")),
            "Valid",
            about="Status of Get-AuthenticodeSignature",
        ),
        "megabytes": Key(Number(0.1, 100_000), 300, about="how large it is for the clock; its real content is small"),
    }
)
OTHER = Table(
    {
        "fqdn": Key(Text(), required=True, about="its name"),
        "pool": Key(Text(), about="default: a pool of its own"),
        "role": Key(
            Choice(("EdgeServer", "MediationServer", "Director", "PersistentChatServer", "WacServer")),
            "EdgeServer",
            about="what it does",
        ),
        "sql": Key(Text(), about="PersistentChatServer: SQL server, or server\\instance, of its databases"),
        "replicates": Key(Flag(), True, about="has a replica of the Central Management store"),
        "replication_up_to_date": Key(Flag(), True, about="false: never"),
    }
)
TIMES = Table(
    {
        "execution_seconds": Key(Number(0, 1000), 1.5, about="one remote execution"),
        "module_seconds": Key(Number(0, 1000), 4, about="importing the product's module"),
        "refused_connection_seconds": Key(Number(0, 10_000), 30, about="what a refused connection costs"),
        "megabytes_per_second": Key(Number(0.01, 100_000), 40, about="of transfers"),
        "boot_minutes": Key(Number(0.1, 1000), 4, about="from going down to WinRM"),
        "front_end_starting_minutes": Key(Number(0, 1000), 4, about="RTCSRV in Starting while the pool runs"),
        "cold_start_minutes": Key(Number(0, 1000), 25, about="RTCSRV in Starting when the whole pool was down"),
        "fail_back_ready_minutes": Key(Number(0, 1000), 3, about="after a restart FailBack throws until then"),
        "fail_over_minutes": Key(Number(0, 1000), 3, about="moving users and stopping services, besides the drain"),
        "fail_back_minutes": Key(Number(0, 1000), 2, about="until services are enabled and started"),
        "replicas_rebuilt_minutes": Key(Listing(Number(0, 10_000), 2, 2), lambda: [15, 30], about="from, to"),
        "readiness_waits_minutes": Key(
            Number(0, 1000), 10, about="how long the readiness cmdlet waits for replicas before it says Busy"
        ),
        "replication_minutes": Key(Number(0, 1000), 3, about="until a server that is back is up to date"),
    }
)


def _as_whole(values: Json) -> str | None:
    servers = [server["fqdn"].lower() for pool in values["pools"] for server in pool["servers"]]
    servers += [server["fqdn"].lower() for server in values["back_end_servers"]]
    servers += [other["fqdn"].lower() for other in values["other_computers"]]
    for name in servers:
        if servers.count(name) > 1:
            return f"the server {name} stands here twice"
    pools = [pool["fqdn"] for pool in values["pools"]]
    if values["central_management"] and values["central_management"] not in pools:
        return f"central_management: {values['central_management']} is none of the pools"
    if values["become"] and values["accounts"] and values["become"] not in values["accounts"]:
        return f"become: {values['become']} is none of the accounts"
    for pool in values["pools"]:
        if pool["edition"] == "standard" and len(pool["servers"]) != 1:
            return f"{pool['fqdn']}: a Standard Edition pool has one server"
        if pool["edition"] == "standard" and pool["servers"][0]["fqdn"] != pool["fqdn"]:
            return f"{pool['fqdn']}: a Standard Edition pool has the name of its server"
        if (pool["upgrade_domains"] or 1) > len(pool["servers"]):
            return f"{pool['fqdn']}: more upgrade domains than servers"
        partner = next((other for other in values["pools"] if other["fqdn"] == pool["paired_with"]), None)
        if pool["paired_with"] and (partner is None or partner is pool):
            return f"{pool['fqdn']}: paired_with: {pool['paired_with']} is none of the other pools"
        if partner and (partner["paired_with"] != pool["fqdn"] or partner["edition"] != pool["edition"]):
            return f"{pool['fqdn']}: a pair is mutual and of one edition; see {partner['fqdn']}"
        if pool["edition"] == "enterprise" and len(pool["servers"]) > (12 if values["product"] != "sfb2019" else 16):
            return f"{pool['fqdn']}: too many servers for {values['product']}"
        if pool["edition"] == "standard" and pool["sql"] and pool["sql"]["server"] != pool["fqdn"]:
            return f"{pool['fqdn']}: a Standard Edition server has its databases on itself"
    for alias, name in values["aliases"].items():
        if name.lower() not in servers:
            return f"aliases: {alias}: {name} is none of the servers"
    return None


DEPLOYMENT = Table(
    {
        "product": Key(Choice(tuple(PRODUCTS)), required=True, about="what is installed"),
        "version": Key(Text(), about="version of the patched components; default: an update of years ago"),
        "language": Key(Choice(tuple(LANGUAGES)), "en", about="of Windows and of the product on all servers"),
        "pools": Key(Listing(POOL, 1, 100), required=True, about="Front End pools"),
        "back_end_servers": Key(
            Listing(Either("fqdn", SERVER), 0, 200),
            list,
            about="SQL servers that can be reached by WinRM: FQDN, or a table as for `servers`; others are names only",
        ),
        "registrar": Key(REGISTRAR, REGISTRAR.defaults, about="how long a back end may be away"),
        "central_management": Key(Text(), about="the pool that holds it; default: the first"),
        "accounts": Key(
            Named(ACCOUNT),
            dict,
            about="name -> password and rights; default: LAB\\admin (with a second hop), LAB\\patcher",
        ),
        "become": Key(
            Text(),
            about="the account that the lab's inventory becomes; default: LAB\\patcher, or none with own accounts",
        ),
        "media": Key(Listing(MEDIUM), about="installers; default: the next update"),
        "other_computers": Key(Listing(OTHER), list, about="computers of the topology that nobody patches"),
        "aliases": Key(Named(Text()), dict, about="inventory name -> FQDN"),
        "switches": Key(SWITCHES_TABLE, SWITCHES_TABLE.defaults, about="what nobody knows; below"),
        "times": Key(TIMES, TIMES.defaults, about="how long things take"),
        "time_zone": Key(Text(), "UTC", about="Windows name of the servers' time zone"),
        "start": Key(Text(), "2026-03-07T21:00:00+00:00", about="the lab's time when it starts, ISO 8601 in quotes"),
        "address_book_run": Key(Text(), "01:30", about="when the Address Book is written, hh:mm in quotes"),
    },
    _as_whole,
)


def read_deployment(path: str | Path) -> Json:
    """The deployment file with every default filled in.

    Raises:
        FileError: with file, line, key and what is wrong.
    """
    values = read_file(path, DEPLOYMENT, None)
    if values is None:
        raise FileError(f"{Path(path).name}: the file is empty; product and pools are required")
    product = PRODUCTS[values["product"]]
    values["version"] = values["version"] or product["version"]
    values["central_management"] = values["central_management"] or values["pools"][0]["fqdn"]
    if not values["accounts"]:
        account = {**ACCOUNT.defaults(), "password": "Rehearsal-1"}
        values["accounts"] = {
            "LAB\\admin": {**account, "second_hop": True},
            "LAB\\patcher": {**account, "password": "Rehearsal-2"},
        }
        values["become"] = values["become"] or "LAB\\patcher"
    if values["media"] is None:
        values["media"] = [
            {**MEDIUM.defaults(), "version": product["next_version"], "databases": dict(product["next_databases"])}
        ]
    for medium in values["media"]:
        medium["file"] = medium["file"] or product["installer"]
        below = f"{values['product']}/{medium['version']}/{medium['file']}"
        if medium["urls"] is None:
            medium["urls"] = [f"http://media.example.com/{below}"]
        if medium["unc"] is None:
            medium["unc"] = ["\\\\files.example.com\\media\\" + below.replace("/", "\\")]
        if medium["components"] is None:
            medium["components"] = dict.fromkeys(product["raised"], medium["version"])
    for index, pool in enumerate(values["pools"]):
        domain = pool["fqdn"].partition(".")[2]
        if pool["sql"] is None:
            own = pool["fqdn"] if pool["edition"] == "standard" else f"sql{index + 1:02d}.{domain}"
            pool["sql"] = {**SQL.defaults(), "server": own}
        for name in pool["sql"]["new_databases"]:
            for medium in values["media"]:
                medium["databases"].setdefault(name, "1.0.0")
        load = pool["load"]
        load["sessions"] = pool["users"] // 3 if load["sessions"] is None else load["sessions"]
        load["conferences"] = pool["users"] // 100 if load["conferences"] is None else load["conferences"]
        pool["routing_groups"] = pool["routing_groups"] or 2 * len(pool["servers"])
        pool["upgrade_domains"] = pool["upgrade_domains"] or len(pool["servers"])
    return values  # type: ignore[no-any-return]
