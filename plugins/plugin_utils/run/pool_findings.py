# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What speaks against patching a pool now: its members, and its health."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ansible_collections.sfb.server.plugins.plugin_utils.run.finding import Facts, Finding, Level


def of_same_server(surveys: Iterable[Facts]) -> Iterable[Finding]:
    """A server under two names would be patched twice."""
    by_server: dict[str, str] = {}
    for survey in surveys:
        other = by_server.setdefault(survey["server"], survey["inventory_name"])
        if other != survey["inventory_name"]:
            fact = f"{other} and {survey['inventory_name']} of the inventory lead to the same server"
            yield Finding("same_server", "error", survey["server"], fact, "Correct their addresses.")


def of_membership(surveys: Sequence[Facts], settings: Facts) -> Iterable[Finding]:
    """Of topology against inventory groups, never play hosts: --limit is normal.

    Whether one is missing can only be told when every server of the group said who it is, or bears a member's name.
    """
    known = [survey for survey in surveys if survey["reachable"] and "pool" in survey]
    yield from of_same_server(known)
    by_server = {survey["server"] for survey in known}
    if not known:
        return
    pool = str(settings.get("pool_fqdn") or known[0]["pool"]).lower()
    for survey in known:
        if survey["pool"] != pool:
            fact = f"it belongs to pool {survey['pool']}, not to {pool}"
            yield Finding(
                "wrong_pool", "error", survey["server"], fact, "Correct the inventory group, or sfb_pool_fqdn."
            )
    members: Sequence[str] = next((survey["computers"] for survey in known if survey["pool"] == pool), [])
    unread = {str(survey["inventory_name"]).lower() for survey in surveys if survey not in known}
    for server in members:
        if server not in by_server and server not in unread and unread <= set(members):
            fact = f"the topology has it in pool {pool}, and the inventory group has not"
            yield Finding(
                "membership", "error", server, fact, "Add it to the group: every server of the pool must be watched."
            )
    if len(members) == 2 and settings.get("two_server_pool") != "graceful_stop":
        fact = f"pool {pool} has two Front Ends: Invoke-CsComputerFailOver is made for three or more"
        remedy = (
            "sfb_two_server_pool: graceful_stop patches it with Stop-CsWindowsService -Graceful, its users feel it."
        )
        yield Finding("two_server_pool", "error", None, fact, remedy)


def of_products(reached: Sequence[Facts]) -> Iterable[Finding]:
    """The servers of a pool run one product: the rules of its update are that product's."""
    known = [
        survey for survey in reached if "pool" in survey and survey.get("product") not in (None, "none", "unknown")
    ]
    first = {survey["pool"]: survey for survey in reversed(known)}
    for survey in known:
        other = first[survey["pool"]]
        if survey["product"] != other["product"]:
            fact = f"it runs {survey['product_text']}, and {other['server']} of its pool {other['product_text']}"
            yield Finding("product", "error", survey["server"], fact, "Bring the pool to one product first.")


def one_out_at_most(reached: Sequence[Facts]) -> Iterable[Finding]:
    out = [survey["server"] for survey in reached if survey["state"] != "in_service"]
    if len(out) > 1:
        fact = f"more than one server is out of service: {', '.join(out)}"
        yield Finding(
            "two_out", "error", None, fact, "Bring all but one back by hand first: start with the one that went last."
        )


def of_mirrors(stores: Iterable[Facts], settings: Facts, level: Level) -> Iterable[Finding]:
    """Of the stores that a run will update; the reference and practice disagree, so the user has to choose."""
    pairs = dict.fromkeys(f"{s['sql_server']} with {s['mirror']}" for s in stores if s["mirror"])
    if not pairs or settings.get("update_mirrored_databases"):
        return
    fact = f"databases are mirrored ({', '.join(pairs)}), and the database step stops there"
    remedy = (
        "The reference says that Install-CsDatabase -Update cannot be used against mirrored databases; administrators have "
        "done it since Lync Server 2013 CU2. Remove the mirror for that time, or set sfb_update_mirrored_databases: true."
    )
    yield Finding("mirrored", level, None, fact, remedy)


def of_pool(pool_health: Facts | None, recover: bool) -> Iterable[Finding]:
    """Missing replicas that the run may recover are to be known; it does so, and asks again, before the first server."""
    health = pool_health or {}
    for piece in health.get("evidence", []):
        if piece["verdict"] == "healthy":
            continue
        name = f"pool_{piece['what'].replace(' ', '_')}"
        recoverable = recover and health.get("missing_replicas") and piece["what"] in ("fabric", "readiness")
        remedy = "The pool is recovered before the first server is touched." if recoverable else piece["remedy"]
        yield Finding(name, "warning" if recoverable else "error", piece["server"], piece["fact"], remedy)


def of_pool_not_asked(pool_health: Facts | None, reached: Sequence[Facts]) -> Iterable[Finding]:
    if pool_health is None and reached:
        out = ", ".join(survey["server"] for survey in reached if survey["state"] != "in_service")
        why = f"{out} is not in service" if out else "no server of it could be asked"
        remedy = "It is asked once every server is in service; more may be found then."
        yield Finding("pool_not_asked", "warning", None, f"its health was not asked, because {why}", remedy)
