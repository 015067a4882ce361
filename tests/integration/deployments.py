# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deployments for tests that do not ask how long things take."""

from __future__ import annotations

from typing import Any

from lab_runs import NEW, OLD, POOL, pool_of
from sfb_lab.deployment.products import PRODUCTS

#: Each minute that the playbook has to wait is a question to a server more.
_MINUTE = ("boot", "front_end_starting", "fail_back_ready", "fail_over", "fail_back", "replication")


SQL, STANDARD = "sql01.example.com", "se01.example.com"


def server(number: int, **facts: Any) -> dict[str, Any]:
    return {"fqdn": f"fe{number:02d}.example.com", **facts}


def pool(*servers: dict[str, Any], product: str = "sfb2019", **more: Any) -> dict[str, Any]:
    """A deployment of one pool with these servers, of three where none is given; waits are short in it."""
    deployment = pool_of(product=product, **more)
    if servers:
        deployment["pools"][0]["servers"] = list(servers)
    return quick(deployment)


def back_end(collocated: bool = False, product: str = "sfb2019", **more: Any) -> dict[str, Any]:
    """A back end server with the product on it, whose Front Ends have the update; archiving and monitoring beside it."""
    beside = {"archiving_sql": SQL, "monitoring_sql": SQL} if collocated else {}
    servers = [f"fe{number:02d}.example.com" for number in (1, 2, 3)]
    front_ends = {"fqdn": POOL, "servers": servers, "sql": SQL, **beside}
    behind = [{"fqdn": SQL, "version": OLD[product]}]
    return quick(
        {"product": product, "version": NEW[product], "pools": [front_ends], "back_end_servers": behind, **more}
    )


def standard_edition(product: str = "sfb2019", **more: Any) -> dict[str, Any]:
    """One Standard Edition server, alone."""
    pool = {"fqdn": STANDARD, "edition": "standard", "servers": [STANDARD], "users": 400}
    return quick({"product": product, "pools": [pool], **more})


def quick(deployment: dict[str, Any]) -> dict[str, Any]:
    """The same deployment, in which whatever takes its time takes a minute."""
    product = deployment["product"]
    for one in deployment["pools"]:
        one["load"] = {"drain_minutes": 1}
    deployment["times"] = {f"{name}_minutes": 1 for name in _MINUTE} | {"replicas_rebuilt_minutes": [1, 2]}
    media = deployment.setdefault("media", [{"version": NEW[product]}])
    for medium in media:
        medium["minutes"] = 1
        medium.setdefault("databases", PRODUCTS[product]["next_databases"])
    return deployment
