# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each builder of cmdlets.py is for, with an example for each way to call it; and Microsoft's signatures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.shell import cmdlets
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call

ROOT = Path(__file__).resolve().parents[4]
#: The lab's file, made of the cmdlet reference in MicrosoftDocs/office-docs-powershell.
SIGNATURES: dict[str, Any] = json.loads(
    (ROOT / "extensions/lab/sfb_lab/deployment/data/cmdlets.json").read_text("utf-8")
)["cmdlets"]

EVERYWHERE = ("lync2013", "sfb2015", "sfb2019")
FROM_2015 = ("sfb2015", "sfb2019")
UP_TO_2015 = ("lync2013", "sfb2015")

SQL = "sql01.example.com"
POOL, SERVER, REPORT = "pool01.example.com", "fe02.example.com", "C:\\ProgramData\\sfb.server\\reports\\x.html"


@dataclass(frozen=True)
class Use:
    """A builder with the products that it is meant for, and an example for each way to call it.

    `always`: parameters that are mandatory for us, whatever PowerShell says.
    """

    products: tuple[str, ...]
    examples: tuple[dict[str, Any], ...] = ({},)
    always: frozenset[str] = frozenset()


def use(products: tuple[str, ...], always: str, *examples: dict[str, Any]) -> Use:
    return Use(products, examples or ({},), frozenset(always.split()))


OF_COMPUTER: dict[str, Any] = {"computer": SERVER, "report": REPORT}

USES: dict[Callable[..., Call], Use] = {
    cmdlets.own_computer: use(EVERYWHERE, "Local"),
    cmdlets.computers: use(EVERYWHERE, ""),
    cmdlets.pools: use(EVERYWHERE, ""),
    cmdlets.user_servers: use(EVERYWHERE, "UserServer"),
    cmdlets.services: use(EVERYWHERE, ""),
    cmdlets.user_database_states: use(EVERYWHERE, ""),
    cmdlets.user_database_state: use(EVERYWHERE, "Identity", {"sql_server": "sql01.example.com"}),
    cmdlets.mirror_state: use(UP_TO_2015, "PoolFqdn", {"pool": POOL}),
    cmdlets.configured_databases: use(EVERYWHERE, "ConfiguredDatabases SqlServerFqdn", {"sql_server": SQL}),
    cmdlets.local_service_databases: use(EVERYWHERE, "LocalService"),
    cmdlets.central_management_databases: use(
        EVERYWHERE,
        "CentralManagementDatabase SqlServerFqdn",
        {"sql_server": SQL},
        {"sql_server": SQL, "instance": "rtc"},
    ),
    cmdlets.backup_relationship: use(EVERYWHERE, "PoolFqdn", {"pool": POOL}),
    cmdlets.backup_status: use(EVERYWHERE, "PoolFqdn", {"pool": POOL}),
    cmdlets.registrar_settings: use(EVERYWHERE, ""),
    cmdlets.central_management: use(EVERYWHERE, "CentralManagementStoreStatus"),
    cmdlets.replication: use(EVERYWHERE, ""),
    cmdlets.fabric_state: use(EVERYWHERE, "PoolFqdn", {"pool": POOL}),
    cmdlets.upgrade_readiness: use(UP_TO_2015, ""),
    cmdlets.upgrade_domains: use(("sfb2019",), "QueryTimeout", {"query_timeout_minutes": 10}),
    cmdlets.windows_services: use(EVERYWHERE, "ComputerName", {"computer": SERVER}),
    cmdlets.other_windows_services: use(EVERYWHERE, "ComputerName ExcludeActivityLevel", {"computer": SERVER}),
    cmdlets.patch_versions: use(FROM_2015, ""),
    cmdlets.server_version: use(EVERYWHERE, ""),
    cmdlets.certificates: use(EVERYWHERE, ""),
    cmdlets.address_book: use(EVERYWHERE, ""),
    cmdlets.fail_over: use(
        FROM_2015,
        "ComputerName WaitTime",
        {**OF_COMPUTER, "wait_minutes": 60},
        {**OF_COMPUTER, "wait_minutes": 1500.5, "cut_after_minutes": 90},
    ),
    cmdlets.fail_back: use(FROM_2015, "ComputerName WaitTime", {**OF_COMPUTER, "wait_minutes": 60}),
    cmdlets.start_service: use(EVERYWHERE, "ComputerName Name", {**OF_COMPUTER, "name": "RTCSRV"}),
    cmdlets.start_services: use(EVERYWHERE, "ComputerName", OF_COMPUTER),
    cmdlets.stop_service: use(
        EVERYWHERE,
        "ComputerName Name",
        {**OF_COMPUTER, "name": "RTCSRV"},
        {**OF_COMPUTER, "name": "RTCSRV", "graceful": True},
    ),
    cmdlets.stop_services: use(EVERYWHERE, "ComputerName", OF_COMPUTER, {**OF_COMPUTER, "graceful": True}),
    cmdlets.recover_quorum_loss: use(EVERYWHERE, "PoolFqdn ResetType", {"pool": POOL}),
    cmdlets.install_configured_databases: use(
        EVERYWHERE,
        "ConfiguredDatabases SqlServerFqdn",
        {"sql_server": SQL, "report": REPORT},
        {"sql_server": SQL, "report": REPORT, "exclude_collocated_stores": True, "instance": "rtc"},
        {"sql_server": SQL, "report": REPORT, "update": False},
    ),
    cmdlets.install_local_databases: use(
        EVERYWHERE, "LocalDatabases", {"report": REPORT}, {"report": REPORT, "update": False}
    ),
    cmdlets.install_central_management_database: use(
        EVERYWHERE,
        "CentralManagementDatabase SqlServerFqdn",
        {"sql_server": SQL, "report": REPORT, "instance": "rtc"},
        {"sql_server": SQL, "report": REPORT, "update": False},
    ),
}
