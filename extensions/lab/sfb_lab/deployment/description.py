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

Json = dict[str, Any]
SERVICE_STATES = ("running", "stopped", "disabled", "manual", "starting")

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
            Named(Choice(("ONLINE", "SUSPECT", "OFFLINE", "RECOVERING", "SINGLE_USER", "RESTRICTED_USER"))),
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
        "instance": Key(Text(), "rtc", about="SQL Server instance"),
        "mirror": Key(Text(), about="FQDN of the mirror (2015)"),
        "principal": Key(
            Choice(("primary", "mirror")), "primary", about="mirror: the witness vote of an even pool is gone"
        ),
        "available": Key(Flag(), True, about="false: the primary can't be reached"),
        "databases": Key(Named(Text()), dict, about="database -> installed version; the product's by default"),
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
        "sql": Key(Either("server", SQL), about="back end; default: sql01 (sql02 ...) of the pool's domain"),
        "users": Key(Number(0, 1e6, whole=True), 3000, about="homed in the pool"),
        "load": Key(LOAD, LOAD.defaults, about="what drains"),
        "routing_groups": Key(Number(1, 200, whole=True), about="default: two per server"),
    }
)
ACCOUNT = Table(
    {
        "password": Key(Text(), required=True, about="invented: the lab holds no secret"),
        "administrator": Key(Flag(), True, about="local administrator of every server"),
        "groups": Key(Listing(Text()), lambda: ["RTCUniversalServerAdmins", "CsAdministrator"], about="of the domain"),
        "second_hop": Key(Flag(), False, about="its logon over WinRM may go on to other servers (CredSSP, delegation)"),
        "sql_administrator": Key(Flag(), True, about="sysadmin of the SQL servers, the local ones too"),
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
        if pool["edition"] == "enterprise" and len(pool["servers"]) > (12 if values["product"] != "sfb2019" else 16):
            return f"{pool['fqdn']}: too many servers for {values['product']}"
    for alias, name in values["aliases"].items():
        if name.lower() not in servers:
            return f"aliases: {alias}: {name} is none of the servers"
    return None


DEPLOYMENT = Table(
    {
        "product": Key(Choice(tuple(PRODUCTS)), required=True, about="what is installed"),
        "version": Key(Text(), about="version of the patched components; default: an update of years ago"),
        "pools": Key(Listing(POOL, 1, 100), required=True, about="Front End pools"),
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
            {**MEDIUM.defaults(), "version": product["next_version"], "databases": product["next_databases"]}
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
        if pool["edition"] == "standard":
            pool["sql"] = {**SQL.defaults(), "server": pool["servers"][0]["fqdn"]}
        elif pool["sql"] is None:
            pool["sql"] = {**SQL.defaults(), "server": f"sql{index + 1:02d}.{domain}"}
        load = pool["load"]
        load["sessions"] = pool["users"] // 3 if load["sessions"] is None else load["sessions"]
        load["conferences"] = pool["users"] // 100 if load["conferences"] is None else load["conferences"]
        pool["routing_groups"] = pool["routing_groups"] or 2 * len(pool["servers"])
    return values  # type: ignore[no-any-return]
