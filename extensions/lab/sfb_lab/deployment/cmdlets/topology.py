# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the topology: Get-CsComputer, Get-CsPool, Get-CsService and the Central Management store (DOC, CODE OPD)."""

from __future__ import annotations

from fnmatch import fnmatch

from ..call import Call, cmdlet
from ..model import Model
from ..products import PRODUCTS
from ..sql import COLLOCATED, ROLES
from ..texts import say
from ..values import Moment, PsObject, Span

SITE = "Site:Site1"

#: Role names of Get-CsService of an Enterprise pool, in its order.
POOL_ROLES = ("UserServer", "Registrar", "WebServer", "ConferencingServer", "ApplicationServer", "MediationServer")


@cmdlet("Get-CsComputer", 1.5, reach="topology")
def get_computer(call: Call) -> None:
    identity, pool = call.get("Identity"), call.get("Pool")
    found = False
    for fqdn, pool_fqdn in call.model.computers():
        if pool and pool_fqdn.lower() != pool.lower():
            continue
        if identity and identity.lower() != fqdn.lower():
            continue
        if call.get("Local") and fqdn.lower() != call.server.fqdn.lower():
            continue
        if call.get("Filter") and not fnmatch(fqdn.lower(), str(call.get("Filter")).lower()):
            continue
        found = True
        call.write_object(
            "Microsoft.Rtc.Management.Deploy.Internal.Machine", fqdn, Identity=fqdn, Pool=pool_fqdn, Fqdn=fqdn
        )
    if not found and (identity or pool):
        call.error(
            say("not_found", kind="computer or pool", name=identity or pool),
            "ManagementObjectNotFound",
            "ObjectNotFound",
            identity or pool,
        )


def pool_rows(model: Model) -> list[PsObject]:
    rows = []
    for pool in model.pools:
        services = [f"{role}:{pool.fqdn}" for role in POOL_ROLES]
        if pool.fqdn == model.settings["central_management"]:
            services.append(f"CentralManagement:{pool.fqdn}")
        services += [store.identity for store in model.sql.at(pool.fqdn)]
        computers = [server.fqdn for server in pool.servers]
        rows.append(_pool(pool.fqdn, services, computers))
        _add_sql_servers(model, pool.fqdn, rows)
    for other in model.settings["other_computers"]:
        fqdn = other["pool"] or other["fqdn"]
        known = next((row for row in rows if str(row) == fqdn), None)
        if known is None:
            rows.append(_pool(fqdn, [f"{other['role']}:{fqdn}"], [other["fqdn"]]))
            _add_sql_servers(model, fqdn, rows)
        else:
            known.properties["Computers"].append(other["fqdn"])
    return rows


def _add_sql_servers(model: Model, pool: str, rows: list[PsObject]) -> None:
    for store in model.sql.of_pool(pool):
        if all(str(row).lower() != store.fqdn.lower() for row in rows):
            services = list(dict.fromkeys(known.identity for known in model.sql.at(store.fqdn)))
            rows.append(_pool(store.fqdn, services, [store.primary.fqdn]))


def _pool(fqdn: str, services: list[str], computers: list[str]) -> PsObject:
    return PsObject(
        "Microsoft.Rtc.Management.Xds.DisplayPool",
        {"Identity": fqdn, "Services": services, "Computers": computers, "Fqdn": fqdn, "Site": SITE},
        fqdn,
    )


@cmdlet("Get-CsPool", 1.5, reach="topology")
def get_pool(call: Call) -> None:
    identity = call.get("Identity")
    found = [row for row in pool_rows(call.model) if not identity or str(row).lower() == identity.lower()]
    if call.get("Filter"):
        found = [row for row in found if fnmatch(str(row).lower(), str(call.get("Filter")).lower())]
    if identity and not found:
        call.error(say("not_found", kind="pool", name=identity), "ManagementObjectNotFound", "ObjectNotFound", identity)
    call.write(*found)


def service_rows(model: Model) -> list[PsObject]:
    """All services of the topology, with what scripts read of them (CODE: UserDatabase, DependentServiceList)."""
    version = PRODUCTS[model.product]["topology_version"]
    rows: list[PsObject] = []

    def add(role: str, fqdn: str, **more: object) -> None:
        rows.append(
            PsObject(
                f"Microsoft.Rtc.Management.Xds.Display{role}",
                {
                    "Identity": f"{role}:{fqdn}",
                    "SiteId": SITE,
                    "PoolFqdn": fqdn,
                    "Version": version,
                    "Role": role,
                    **more,
                },
                f"{role}:{fqdn}",
            )
        )

    for pool in model.pools:
        fqdn, sql = pool.fqdn, pool.user_store.fqdn
        others = {
            ROLES[store.role].service: store.identity for store in model.sql.of_pool(fqdn) if store.role in COLLOCATED
        }
        partner = pool.settings["paired_with"]
        backup = {"BackupRegistrar": f"Registrar:{partner}"} if partner else {}  # DOC: Set-CsRegistrar
        computers = [server.fqdn for server in pool.servers]
        add(
            "UserServer",
            fqdn,
            UserDatabase=f"UserDatabase:{sql}",
            Computers=computers,
            FileStore=f"FileStore:{sql}",
            DependentServiceList=[f"Registrar:{fqdn}"],
        )
        add(
            "Registrar",
            fqdn,
            Computers=computers,
            UserServer=f"UserServer:{fqdn}",
            SipPort=5061,
            DependentServiceList=[f"WebServer:{fqdn}", f"ConferencingServer:{fqdn}"],
            **backup,
            **others,
        )
        add("WebServer", fqdn, UserServer=f"UserServer:{fqdn}", FileStore=f"FileStore:{sql}")
        add("ConferencingServer", fqdn, Registrar=f"Registrar:{fqdn}")
        add("ApplicationServer", fqdn, ApplicationDatabase=f"ApplicationDatabase:{sql}", Registrar=f"Registrar:{fqdn}")
        add("MediationServer", fqdn, Registrar=f"Registrar:{fqdn}")
        if fqdn == model.settings["central_management"]:
            master = model.active_master()
            add(
                "CentralManagement",
                fqdn,
                CentralManagementDatabase=f"CentralManagementDatabase:{sql}",
                Computers=computers,
                IsActive=master is not None,
            )
    for store in model.sql.stores:
        about = ROLES[store.role]
        mirror = {}
        if store.mirror:
            mirror = {"MirrorSqlServerFqdn": store.mirror.fqdn, "MirrorSqlInstanceName": store.instance}
        add(
            about.service,
            store.fqdn,
            SqlInstanceName=store.instance,
            DependentServiceList=[f"{about.dependent}:{name}" for name in store.pools],
            **mirror,
        )
    for host in dict.fromkeys(pool.user_store.fqdn for pool in model.pools):
        users = [pool.fqdn for pool in model.pools if pool.user_store.fqdn == host]
        add("FileStore", host, ShareName="CsShare", DependentServiceList=[f"UserServer:{name}" for name in users])
    for other in model.settings["other_computers"]:
        fqdn = other["pool"] or other["fqdn"]
        used = {ROLES[store.role].service: store.identity for store in model.sql.of_pool(fqdn)}
        add(other["role"], fqdn, **used)
    return rows


@cmdlet("Get-CsService", 2.0, reach="topology")
def get_service(call: Call) -> None:
    identity, pool = call.get("Identity"), call.get("PoolFqdn")
    roles = [name for name, value in call.bound.values.items() if value is True and name not in ("Verbose", "Debug")]
    found = [
        row
        for row in service_rows(call.model)
        if (not identity or str(row).lower() == identity.lower())
        and (not pool or row.properties["PoolFqdn"].lower() == pool.lower())
        and (not roles or row.properties["Role"] in roles)
    ]
    if call.get("Filter"):
        found = [row for row in found if fnmatch(str(row).lower(), str(call.get("Filter")).lower())]
    if identity and not found:
        call.error(
            say("not_found", kind="service", name=identity), "ManagementObjectNotFound", "ObjectNotFound", identity
        )
    call.write(*found)


@cmdlet("Get-CsSite", 1.0, reach="topology")
def get_site(call: Call) -> None:
    call.write_object(
        "Microsoft.Rtc.Management.Xds.DisplaySite",
        SITE,
        Identity=SITE,
        SiteId=1,
        Services=[str(row) for row in service_rows(call.model)],
        Pools=[str(row) for row in pool_rows(call.model)],
    )


@cmdlet("Get-CsManagementConnection", 1.0, reach="topology")
def get_management_connection(call: Call) -> None:
    store = next(store for store in call.model.sql.stores if store.role == "central_management")
    call.write_object(
        "Microsoft.Rtc.Management.Xds.ManagementConnection",
        None,
        StoreProvider="Sql",
        Connection=store.source,
        ReadOnly=False,
        SqlServer=store.fqdn,
        SqlInstance=store.instance,
    )


@cmdlet("Get-CsConfigurationStoreLocation", 1.0, reach="topology")
def get_configuration_store_location(call: Call) -> None:
    store = next(store for store in call.model.sql.stores if store.role == "central_management")
    call.write_object(
        "Microsoft.Rtc.Management.Deployment.ConfigurationStoreLocation",
        None,
        BackEndServer=store.source,
        MirrorBackEndServer=store.mirror.fqdn if store.mirror else None,
    )


def up_to_date(model: Model, fqdn: str) -> bool:
    server = model.by_fqdn(fqdn)
    if server is None:
        other = next(other for other in model.settings["other_computers"] if other["fqdn"] == fqdn)
        return bool(other["replication_up_to_date"])
    return (
        server.service_running("REPLICA")
        and model.clock.now() >= server.up_to_date_from
        and server.settings["replication_up_to_date"]
        and model.active_master() is not None
    )


@cmdlet("Get-CsManagementStoreReplicationStatus", 2.0, reach="topology")
def get_replication_status(call: Call) -> None:
    model = call.model
    now = model.clock.now()
    replicas = [
        fqdn
        for fqdn, _pool in model.computers()
        if all(other["replicates"] for other in model.settings["other_computers"] if other["fqdn"] == fqdn)
    ]
    if call.get("CentralManagementStoreStatus"):
        master = model.active_master()
        active = [server for server in model.central_pool.servers if server.service_running("FTA")]
        call.write_object(
            "Microsoft.Rtc.Management.Common.CentralManagementStoreStatusResult",
            None,
            LastUpdatedOn=Moment(now - 60),
            ActiveMasterFQDN=master.fqdn if master else None,
            ActiveMasterLastHeartbeat=Moment(now - 10),
            ActiveFileTransferAgents=[server.fqdn for server in active[:1]],
            ActiveReplicas=replicas if master else [],
            DeletedReplicas=[],
        )
        return
    wanted = call.get("ReplicaFqdn")
    for fqdn in replicas:
        if wanted and fqdn.lower() != wanted.lower():
            continue
        server = model.by_fqdn(fqdn)
        product = PRODUCTS[server.product if server and server.product != "none" else model.product]
        call.write_object(
            "Microsoft.Rtc.Management.Common.ReplicaState",
            None,
            UpToDate=up_to_date(model, fqdn),
            ReplicaFqdn=fqdn,
            LastStatusReport=Moment(now - 120),
            LastUpdateCreation=Moment(now - 3600),
            ProductVersion=product["base"],
        )


@cmdlet("Get-CsAddressBookConfiguration", 1.0, reach="topology")
def get_address_book(call: Call) -> None:
    text = call.model.settings["address_book_run"]
    hour, _colon, minute = text.partition(":")
    midnight = call.model.clock.start // 86_400 * 86_400
    run: object = text
    if call.model.switches["address_book_time"] == "moment":
        run = Moment(midnight + 3600 * int(hour) + 60 * int(minute or 0))
    call.write_object(
        "Microsoft.Rtc.Management.WritableConfig.Settings.AddressBook.AddressBookSettings",
        "Global",
        Identity="Global",
        RunTimeOfDay=run,
        KeepDuration=30,
        SynchronizePollingInterval=Span(300),
        MaxDeltaFileSizePercentage=1250,
        UseNormalizationRules=True,
        IgnoreGenericRules=True,
        EnableFileGeneration=True,
    )


@cmdlet("Get-CsUserReplicatorConfiguration", 1.0, reach="topology")
def get_user_replicator(call: Call) -> None:
    call.write_object(
        "Microsoft.Rtc.Management.WritableConfig.Settings.UserReplicator.UserReplicatorSettings",
        "Global",
        Identity="Global",
        ADDomainNamingContextList=[],
        DomainControllerList=[],
        ReplicationCycleInterval=Span(60),
        SkipFirstSyncAllowedDowntime=Span(1800),
    )


@cmdlet("Get-CsRegistrarConfiguration", 1.0, reach="topology")
def get_registrar_configuration(call: Call) -> None:
    """Global, and what somebody configured for the site or a pool (DOC: Set-CsRegistrarConfiguration)."""
    registrar = call.model.settings["registrar"]
    rows = {"Global": registrar["unavailable_minutes"], SITE: registrar["site_minutes"]}
    rows.update({f"Registrar:{pool.fqdn}": pool.settings["registrar_minutes"] for pool in call.model.pools})
    wanted = call.get("Identity")
    found = {
        name: minutes
        for name, minutes in rows.items()
        if minutes is not None
        and (not wanted or name.lower() == str(wanted).lower())
        and fnmatch(name.lower(), str(call.get("Filter") or "*").lower())
    }
    if wanted and not found:
        call.error(
            say("not_found", kind="RegistrarConfiguration", name=wanted),
            "ManagementObjectNotFound",
            "ObjectNotFound",
            str(wanted),
        )
    for name, minutes in found.items():
        call.write_object(
            "Microsoft.Rtc.Management.WritableConfig.Settings.Registrar.RegistrarSettings",
            name,
            Identity=name,
            PoolState="Active",
            BackupStoreUnavailableThreshold=Span(60.0 * minutes),
        )
