# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every use of a product cmdlet, with its mandatory parameters: the only place where their names stand.

Mandatory for us, whatever PowerShell says: which computer, which pool. An omitted ComputerName would very likely mean
the local machine, and Stop-CsWindowsService without a name stops everything (inferred). Signatures: the reference in
MicrosoftDocs/office-docs-powershell; the unit tests hold every builder against it.
"""

from __future__ import annotations

from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call, Selection
from ansible_collections.sfb.server.plugins.plugin_utils.shell.times import time_span

# ---- reads -----------------------------------------------------------------------------------------------------------


def own_computer() -> Call:
    """The topology's entry of the computer that it runs on."""
    return Call("Get-CsComputer", {"Local": True}, select=["Identity", "Pool", "Fqdn"])


def computers() -> Call:
    """All computers, in the order that the quorum rules count in (DOC: high-availability.md)."""
    return Call("Get-CsComputer", select=["Identity", "Pool", "Fqdn"])


def pools() -> Call:
    return Call("Get-CsPool", select=["Identity", "Fqdn", "Services", "Site"])


def user_servers() -> Call:
    """Per pool its user database, as text "UserDatabase:<fqdn>" (CODE: OPD RDCheckSQLServerBackendConnection)."""
    return Call("Get-CsService", {"UserServer": True}, select=["Identity", "PoolFqdn", "UserDatabase"])


def services() -> Call:
    """Every role of the topology; the rows "<role>Database:<fqdn>" are its stores, read by product/stores.py."""
    select = ["Identity", "PoolFqdn", "UserDatabase", "SqlInstanceName", "MirrorSqlServerFqdn", "MirrorSqlInstanceName"]
    return Call("Get-CsService", select=[*select, "DependentServiceList"])


def user_database_states() -> Call:
    """Whether each user database can be reached from this computer (DOC: Get-CsUserDatabaseState)."""
    return Call("Get-CsUserDatabaseState", select=["Identity", "Online"])


def user_database_state(sql_server: str) -> Call:
    """The same of one SQL server."""
    return Call("Get-CsUserDatabaseState", {"Identity": f"UserDatabase:{sql_server}"}, select=["Identity", "Online"])


def mirror_state(pool: str) -> Call:
    """Which side is principal, for products that have mirrored back ends (up to 2015).

    Asked without a database type, whose values differ by product (DOC: Get-CsDatabaseMirrorState).
    """
    # Two names of the last property are in circulation: DOC says Secondary, code in use reads Mirror (James Cussen).
    status = ["MirroringStatusOnPrimary", "MirroringStatusOnMirror", "MirroringStatusOnSecondary"]
    select = ["DatabaseName", "StateOnPrimary", "StateOnMirror", *status]
    return Call("Get-CsDatabaseMirrorState", {"PoolFqdn": pool}, select=select)


_DATABASES: list[Selection] = [
    "SqlServerFqdn",
    "SqlInstanceName",
    "MirrorSqlServerFqdn",
    "DatabaseHighAvailability",
    "DatabaseName",
    "ExpectedVersion",
    "InstalledVersion",
    "Succeed",
]


def configured_databases(sql_server: str) -> Call:
    """What the topology puts on one SQL server: the version that the local files bring, and the installed one."""
    return Call("Test-CsDatabase", {"ConfiguredDatabases": True, "SqlServerFqdn": sql_server}, select=_DATABASES)


def local_service_databases() -> Call:
    """The databases that this computer's services use, remote ones among them (DOC)."""
    return Call("Test-CsDatabase", {"LocalService": True}, select=_DATABASES)


def central_management_databases(sql_server: str, instance: str | None = None) -> Call:
    parameters: dict[str, object] = {"CentralManagementDatabase": True, "SqlServerFqdn": sql_server}
    parameters |= {"SqlInstanceName": instance} if instance else {}
    return Call("Test-CsDatabase", parameters, select=_DATABASES)


def backup_relationship(pool: str) -> Call:
    """Its properties are not documented, so all of them are read."""
    return Call("Get-CsPoolBackupRelationship", {"PoolFqdn": pool}, select=["*"])


def backup_status(pool: str) -> Call:
    """BackupModules with their states: REAL (BLOG jenstr); of the rest nothing is known, so all of it is read."""
    return Call(
        "Get-CsBackupServiceStatus", {"PoolFqdn": pool}, select=["*", {"name": "BackupModules", "select": ["*"]}]
    )


def registrar_settings() -> Call:
    """Of every scope: Global, Site:<name>, Registrar:<pool>."""
    select = ["Identity", "BackupStoreUnavailableThreshold", "PoolState"]
    return Call("Get-CsRegistrarConfiguration", select=select)


def central_management() -> Call:
    return Call(
        "Get-CsManagementStoreReplicationStatus",
        {"CentralManagementStoreStatus": True},
        select=["ActiveMasterFqdn", "ActiveMasterLastHeartBeat"],
    )


def replication() -> Call:
    return Call("Get-CsManagementStoreReplicationStatus", select=["ReplicaFqdn", "UpToDate", "LastStatusReport"])


def fabric_state(pool: str) -> Call:
    """Text for people: output lines, and trouble at least partly as warnings (BLOG: itgala.xyz)."""
    return Call("Get-CsPoolFabricState", {"PoolFqdn": pool})


_DOMAIN: Selection = {
    "name": "UpgradeDomains",
    "select": ["Name", "IsReadyForUpgrade", "ReadyforUpgrade", "Frontends"],
}
#: Two spellings of each name are in circulation (DOC and BLOG itgala.xyz); nobody has shown a real object.
_READINESS: list[Selection] = [
    "TotalFrontends",
    "TotalActiveFrontends",
    "State",
    "PoolUpgradeState",
    "Readiness",
    _DOMAIN,
]


def upgrade_readiness() -> Call:
    """Lync Server 2013 and 2015, on a Front End of the pool only; may block until replicas are built (DOC)."""
    return Call("Get-CsPoolUpgradeReadinessState", select=_READINESS)


def upgrade_domains(query_timeout_minutes: int) -> Call:
    """What replaced it in 2019 (MicrosoftDocs/office-docs-powershell issues 1613 and 3169)."""
    return Call("Get-CsUpgradeDomainInfo", {"QueryTimeout": query_timeout_minutes}, select=_READINESS)


def windows_services(computer: str) -> Call:
    """The product's services with what they still hold (ActivityLevel)."""
    return Call("Get-CsWindowsService", {"ComputerName": computer}, select=["Name", "Status", "ActivityLevel"])


def other_windows_services(computer: str) -> Call:
    """The same of another server, without asking each service for its load."""
    parameters = {"ComputerName": computer, "ExcludeActivityLevel": True}
    return Call("Get-CsWindowsService", parameters, select=["Name", "Status"])


def patch_versions() -> Call:
    """Each component and its version, local only, from the November 2015 update on (DOC: Get-CsServerPatchVersion)."""
    return Call("Get-CsServerPatchVersion", select=["ComponentName", "Version"])


def server_version() -> Call:
    """The base version as text (DOC: Get-CsServerVersion)."""
    return Call("Get-CsServerVersion")


def certificates() -> Call:
    return Call("Get-CsCertificate", select=["Use", "Subject", "NotAfter", "Thumbprint"])


def address_book() -> Call:
    return Call("Get-CsAddressBookConfiguration", select=["Identity", "RunTimeOfDay"])


# ---- changes: each with Confirm = $false, since a prompt would fail under WinRM -----------------------------------------


def fail_over(computer: str, wait_minutes: float, report: str, cut_after_minutes: float | None = None) -> Call:
    """Moves users and conferences away, then stops and disables the services.

    Past `wait_minutes` the cmdlet fails and takes no action; past `cut_after_minutes` it cuts what is left (DOC).
    """
    parameters: dict[str, object] = {"ComputerName": computer, "WaitTime": time_span(wait_minutes)}
    if cut_after_minutes is not None:
        parameters["DrainingTimeout"] = time_span(cut_after_minutes)
    parameters |= {"Report": report, "Confirm": False}
    return Call("Invoke-CsComputerFailOver", parameters, changes=True)


def fail_back(computer: str, wait_minutes: float, report: str) -> Call:
    """Enables and starts the services; `computer` as it was named to fail_over (DOC)."""
    parameters = {"ComputerName": computer, "WaitTime": time_span(wait_minutes), "Report": report, "Confirm": False}
    return Call("Invoke-CsComputerFailBack", parameters, changes=True)


def start_service(computer: str, name: str, report: str) -> Call:
    parameters = {"Name": name, "ComputerName": computer, "Report": report, "Confirm": False}
    return Call("Start-CsWindowsService", parameters, changes=True)


def start_services(computer: str, report: str) -> Call:
    """All product services of one computer."""
    parameters = {"ComputerName": computer, "Report": report, "Confirm": False}
    return Call("Start-CsWindowsService", parameters, changes=True)


def stop_service(computer: str, name: str, report: str, graceful: bool = False) -> Call:
    parameters: dict[str, object] = {"Name": name, "ComputerName": computer}
    parameters |= {"Graceful": True} if graceful else {}
    parameters |= {"Report": report, "Confirm": False}
    return Call("Stop-CsWindowsService", parameters, changes=True)


def stop_services(computer: str, report: str, graceful: bool = False) -> Call:
    """All product services of one computer, W3SVC among them (inferred from -LeaveWebServerRunning)."""
    parameters: dict[str, object] = {"ComputerName": computer}
    parameters |= {"Graceful": True} if graceful else {}
    parameters |= {"Report": report, "Confirm": False}
    return Call("Stop-CsWindowsService", parameters, changes=True)


def recover_quorum_loss(pool: str) -> Call:
    """Reloads routing groups in quorum loss from the backup store; data not yet written there can be lost (DOC).

    The cmdlet's own default, ServiceReset, is another thing: the type is always said.
    """
    parameters = {"PoolFqdn": pool, "ResetType": "QuorumLossRecovery", "Confirm": False}
    return Call("Reset-CsPoolRegistrarState", parameters, changes=True)


def install_configured_databases(
    sql_server: str,
    report: str,
    *,
    update: bool = True,
    exclude_collocated_stores: bool = False,
    instance: str | None = None,
) -> Call:
    """What the topology puts on one SQL server; without `update` only what is not there yet (DOC, seeds 000 to 004)."""
    parameters: dict[str, object] = {**_update(update), "ConfiguredDatabases": True, "SqlServerFqdn": sql_server}
    parameters |= {"ExcludeCollocatedStores": True} if exclude_collocated_stores else {}
    parameters |= {"ForInstance": instance} if instance else {}
    parameters |= {"Report": report, "Confirm": False}
    return Call("Install-CsDatabase", parameters, changes=True)


def install_local_databases(report: str, *, update: bool = True) -> Call:
    """The databases on the computer that it runs on."""
    parameters = {**_update(update), "LocalDatabases": True, "Report": report, "Confirm": False}
    return Call("Install-CsDatabase", parameters, changes=True)


def install_central_management_database(
    sql_server: str, report: str, *, update: bool = True, instance: str | None = None
) -> Call:
    """The Central Management store; its instance is another parameter than ForInstance (DOC: set ByCMS)."""
    parameters: dict[str, object] = {**_update(update), "CentralManagementDatabase": True, "SqlServerFqdn": sql_server}
    parameters |= {"SqlInstanceName": instance} if instance else {}
    parameters |= {"Report": report, "Confirm": False}
    return Call("Install-CsDatabase", parameters, changes=True)


def _update(update: bool) -> dict[str, object]:
    return {"Update": True} if update else {}
