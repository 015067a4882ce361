# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paired pools and their backup service: Get-CsPoolBackupRelationship, Get-CsBackupServiceStatus.

BackupModules with Identity, ExportStatus and ImportStatus: REAL (BLOG jenstr, "What does the status reported by
Get-CsBackupServiceStatus mean?"), with its list of states. The properties around them, and those of the relationship,
are invented.
"""

from __future__ import annotations

from ..call import Call, cmdlet
from ..pool import Pool
from ..texts import say
from ..values import PsObject

MODULES = ("UserServices.PresenceFocus", "ConfServices.DataConf", "CentralMgmt.CMSMaster")


def _pair(call: Call) -> tuple[Pool, Pool]:
    name = str(call.get("PoolFqdn"))
    pool = call.model.pool(name)
    if pool is None:
        raise call.fail(say("not_found", kind="pool", name=name), "ManagementObjectNotFound", "ObjectNotFound", name)
    partner = call.model.pool(pool.settings["paired_with"] or "")
    if partner is None:
        raise call.fail(say("not_paired", pool=pool.fqdn), "NoBackupPool", "ObjectNotFound", name)
    return pool, partner


def _backup_runs(pool: Pool) -> bool:
    """It is active on one of the Front Ends (BLOG jenstr)."""
    return any(server.service_running("LYNCBACKUP") for server in pool.servers)


@cmdlet("Get-CsPoolBackupRelationship", 1.5, reach="topology")
def get_relationship(call: Call) -> None:
    pool, partner = _pair(call)
    call.write_object(
        "Microsoft.Rtc.Management.Hadr.PoolBackupRelationship",
        None,
        PoolFqdn=pool.fqdn,
        BackupPoolFqdn=partner.fqdn,
    )


@cmdlet("Get-CsBackupServiceStatus", 3.0, reach="topology")
def get_status(call: Call) -> None:
    pool, partner = _pair(call)
    healthy = pool.settings["backup_healthy"] and _backup_runs(pool)
    imports = "NormalState" if healthy and _backup_runs(partner) else "ErrorState"
    exports = "SteadyState" if imports == "NormalState" else "ErrorState"
    modules = []
    for name in MODULES:
        central = pool.fqdn == call.model.settings["central_management"]
        state = exports if central or not name.startswith("CentralMgmt") else "NotInitialized"
        modules.append(
            PsObject(
                "Microsoft.Rtc.BackupService.BackupModuleStatus",
                {"Identity": name, "ExportStatus": state, "ImportStatus": imports},
                f"{name}:[{state},{imports}]",
            )
        )
    call.write_object(
        "Microsoft.Rtc.BackupService.BackupServiceStatus",
        None,
        PoolFqdn=pool.fqdn,
        OverallExportStatus=exports,
        OverallImportStatus=imports,
        BackupModules=modules,
    )
