# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Back ends as Front Ends see them, and mirrors."""

from __future__ import annotations

from collections.abc import Iterator

from ..call import Call, cmdlet
from ..clock import Wait
from ..pool import Pool
from ..sql import ROLES, Store
from ..texts import say


@cmdlet("Get-CsUserDatabaseState", 1.5, reach="topology")
def get_user_database_state(call: Call) -> Iterator[Wait]:
    """Online: whether the server that asks reaches it (INFERRED)."""
    identity, pool = str(call.get("Identity") or ""), call.get("RegistrarPool")
    found = False
    for store in call.model.sql.stores:
        if (
            store.role != "user"
            or (identity and identity.lower() != store.identity.lower())
            or (pool and pool.lower() not in (name.lower() for name in store.pools))
        ):
            continue
        found = True
        online = store.reached_from(call.server)
        if not online:
            yield 15.0
        call.write_object(
            "Microsoft.Rtc.Management.Xds.UserStoreState", store.identity, Identity=store.identity, Online=online
        )
    if not found:
        raise call.fail(
            say("not_found", kind="service", name=identity or pool),
            "ManagementObjectNotFound",
            "ObjectNotFound",
            identity,
        )


def _pool(call: Call) -> Pool:
    wanted = str(call.get("PoolFqdn") or "")
    pool = call.model.pool(wanted)
    if pool is None:
        raise call.fail(
            say("not_found", kind="pool", name=wanted), "ManagementObjectNotFound", "ObjectNotFound", wanted
        )
    return pool


def _of_type(call: Call, pool: Pool) -> list[Store]:
    """The pool's stores of -DatabaseType, or all; the text for a type that is absent is REAL (a mirror tool reads it)."""
    stores = call.model.sql.of_pool(pool.fqdn)
    asked = call.get("DatabaseType")
    if asked:
        names = {role: [name.lower() for name in about.types] for role, about in ROLES.items()}
        stores = [store for store in stores if str(asked).lower() in names[store.role]]
        if not stores:
            raise call.fail(
                say("mirror_absent", pool=pool.fqdn), "DatabaseTypeNotPresent", "ObjectNotFound", str(asked)
            )
    return stores


@cmdlet("Get-CsDatabaseMirrorState", 3.0, reach="topology")
def get_mirror_state(call: Call) -> None:
    """MirroringStatusOnMirror: so CODE (a mirror tool) has it, the reference calls it ...OnSecondary. In 2019 the cmdlet has
    no parameters left and nothing to show (INFERRED)."""
    if call.server.product == "sfb2019":
        return
    pool = _pool(call)
    bad = "DatabaseInaccessibleOrMirroringNotEnabled"
    for store in _of_type(call, pool):
        primary = store.primary.answers(store.instance)
        mirror = store.mirror is not None and store.mirror.answers(store.instance)
        there = store.mirror is not None
        states = ("Principal", "Mirror") if store.principal == "primary" else ("Mirror", "Principal")
        status = "disconnected" if not (primary and mirror) else "synchronized" if store.synchronised else None
        status = status or "synchronizing"
        for name in store.databases:
            call.write_object(
                "Microsoft.Rtc.Management.Deployment.DatabaseMirrorState",
                name,
                DatabaseName=name,
                StateOnPrimary=states[0] if there and primary else bad,
                StateOnMirror=states[1] if mirror else bad,
                MirroringStatusOnPrimary=status if there and primary else None,
                MirroringStatusOnMirror=status if mirror else None,
            )


@cmdlet("Invoke-CsDatabaseFailover", 10.0, changes=True, reach="admin", confirms=True)
def fail_over_databases(call: Call) -> Iterator[Wait]:
    """Moves the principal; the words of its refusals are invented."""
    pool = _pool(call)
    for store in _of_type(call, pool):
        wanted = str(call.get("NewPrincipal")).lower()
        if store.mirror is None:
            raise call.fail(
                say("mirror_not_enabled", server=store.source), "MirroringNotEnabled", "InvalidOperation", store.fqdn
            )
        target = store.mirror if wanted == "mirror" else store.primary
        if store.principal == wanted:
            continue
        if not call.identity.sql_administrator:
            raise call.fail(say("sql_login_failed", user=call.identity.user), "SqlLogin", "PermissionDenied")
        if not target.answers(store.instance) or not store.synchronised:
            raise call.fail(say("sql_unreachable", server=target.fqdn), "SqlConnection", "ConnectionError", target.fqdn)
        call.acts()
        yield 20.0
        store.principal = wanted
    call.model.review_back_ends()
