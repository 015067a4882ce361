# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test-CsDatabase and Install-CsDatabase -Update, thin: versions of databases (DOC, CODE OPD)."""

from __future__ import annotations

from collections.abc import Iterator

from ...border import UnknownToLab
from ..call import Call, cmdlet
from ..clock import Wait
from ..model import Model
from ..pool import Pool
from ..products import PRODUCTS
from ..server import Server
from ..texts import say
from ..values import PsObject


def _expected(server: Server, name: str) -> str:
    """What the files of the local Core Components bring (INFERRED from BLOG waveformation)."""
    product = PRODUCTS[server.product]
    local = {
        known: version for databases in product["local_databases"].values() for known, version in databases.items()
    }
    everything = {**local, **product["databases"], **product["central_databases"]}
    return server.brought.get(name) or everything.get(name, "1.0.0")


def _pool(call: Call) -> Pool:
    wanted = call.get("SqlServerFqdn") or call.model.pool_of(call.server).sql["server"]
    pool = next((pool for pool in call.model.pools if pool.sql["server"].lower() == wanted.lower()), None)
    if pool is None:
        raise call.fail(
            say("not_found", kind="database server", name=wanted), "ManagementObjectNotFound", "ObjectNotFound", wanted
        )
    if not pool.sql["available"] or not call.server.settings["reaches_back_end"]:
        raise call.fail(
            say("sql_unreachable", server=wanted),
            "SqlConnection",
            "ConnectionError",
            wanted,
            "System.Data.SqlClient.SqlException",
        )
    if not call.identity.sql_administrator:
        raise call.fail(
            say("sql_login_failed", user=call.identity.user),
            "SqlLogin",
            "PermissionDenied",
            wanted,
            "System.Data.SqlClient.SqlException",
        )
    return pool


def _chosen(call: Call, model: Model, pool: Pool) -> list[str]:
    installed = model.sql_databases[pool.sql["server"].lower()]
    central = PRODUCTS[model.product]["central_databases"]
    if call.get("CentralManagementDatabase"):
        return [name for name in installed if name in central]
    if call.get("ConfiguredDatabases") and model.switches["configured_covers_central_management"]:
        return list(installed)
    return [name for name in installed if name not in central]


def _version(text: str) -> PsObject:
    schema, sproc, upgrade = [*text.split("."), "0", "0"][:3]
    return PsObject(
        "Microsoft.Rtc.Common.Data.DBVersion",
        {"SchemaVersion": int(schema), "SprocVersion": int(sproc), "UpgradeVersion": int(upgrade)},
        text,
    )


@cmdlet("Test-CsDatabase", 5.0, reach="admin")
def test_database(call: Call) -> Iterator[Wait]:
    model = call.model
    rows: list[tuple[str, str, str, str, bool]] = []
    if call.get("LocalService") and not call.get("SqlServerFqdn"):
        for database in call.server.databases.values():
            good = database.state == "ONLINE" and call.server.service_running(f"MSSQL${database.instance}")
            rows.append((call.server.fqdn, database.instance.lower(), database.name, database.version, good))
    pool = _pool(call)
    installed = model.sql_databases[pool.sql["server"].lower()]
    rows += [
        (pool.sql["server"], pool.sql["instance"], name, installed[name], True) for name in _chosen(call, model, pool)
    ]
    for server, instance, name, version, good in rows:
        yield 1.0
        more = (
            {"MirrorSqlServerFqdn": pool.sql["mirror"] or "", "MirrorSqlInstanceName": ""}
            if call.server.product != "sfb2019"
            else {"DatabaseHighAvailability": "None"}
        )
        call.write(
            PsObject(
                "Microsoft.Rtc.SyntheticTransactions.TaskOutput",
                {
                    "SqlServerFqdn": server,
                    "SqlInstanceName": instance,
                    **more,
                    "DatabaseName": name,
                    "DataSource": f"{server}\\{instance}",
                    "SQLServerVersion": PRODUCTS[call.server.product]["sql_version"] if good else None,
                    "ExpectedVersion": _version(_expected(call.server, name)),
                    "InstalledVersion": _version(version) if good else None,
                    "Succeed": good,
                },
            )
        )
    bad = sum(not good for *_row, good in rows)
    if bad:
        call.warn(say("database_test_errors", cmdlet="Test-CsDatabase", errors=bad))


@cmdlet("Install-CsDatabase", 10.0, changes=True, reach="admin", confirms=False)
def install_database(call: Call) -> Iterator[Wait]:
    model = call.model
    if not call.get("Update"):
        raise UnknownToLab("Install-CsDatabase without -Update")
    if call.get("LocalDatabases"):
        call.acts()
        yield 60.0
        return
    pool = _pool(call)
    installed = model.sql_databases[pool.sql["server"].lower()]
    for name in _chosen(call, model, pool):
        if _numbers(installed[name]) < _numbers(_expected(call.server, name)):
            call.acts()
            yield 40.0
            installed[name] = _expected(call.server, name)
        else:
            yield 3.0
    call.say(say("database_trailer", cmdlet="Install-CsDatabase"))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
