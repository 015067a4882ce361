# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Back ends and Standard Edition servers as they are on the night of their patch, and the inventories of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import yaml
from deployments import quick
from lab_runs import NEW, OLD, POOL, Lab

Json = dict[str, Any]

SQL01, SQL02 = "sql01.example.com", "sql02.example.com"
SE01 = "se01.example.com"
BACK_END, STANDARD, DATABASES = (
    "patch_backend_server.yml",
    "patch_standard_edition_server.yml",
    "update_databases.yml",
)
#: Two of its databases, and what the update brings.
OLD_DATABASES = {"rtcxds": "15.13.22", "rgsconfig": "5.5.2"}
NEW_DATABASES = {"rtcxds": "15.13.23", "rgsconfig": "5.5.3"}
INSTALL, STOP, START = "Install-CsDatabase", "Stop-CsWindowsService", "Start-CsWindowsService"


def back_end(
    product: str = "sfb2019", *, sql: Json | None = None, server: Json | None = None, front_ends: Sequence[Any] = (),
    **more: Any,
) -> Json:  # fmt: skip
    """A pool whose Front End has the update, and its SQL server that waits for it. `sql`, `server`: more of the latter."""
    members = list(front_ends) or ["fe01.example.com", "fe02.example.com", "fe03.example.com"]
    pool = {"fqdn": POOL, "servers": members, "sql": {"server": SQL01, "databases": OLD_DATABASES, **(sql or {})}}
    servers = [{"fqdn": SQL01, "version": OLD[product], **(server or {})}]
    return _with_media(
        {"product": product, "version": NEW[product], "pools": [pool], "back_end_servers": servers, **more}
    )


def bare_back_end(product: str = "sfb2019", **more: Any) -> Json:
    """The same with a SQL server that nothing of the product is on, and databases that wait for the update."""
    deployment = back_end(product, server={"product": "none"}, **more)
    del deployment["back_end_servers"][0]["version"]
    return deployment


def standard(product: str = "sfb2019", server: Json | None = None, **more: Any) -> Json:
    """One Standard Edition server without the update. `server`: more of it."""
    pool = {"fqdn": SE01, "edition": "standard", "servers": [{"fqdn": SE01, **(server or {})}], "users": 800}
    return _with_media({"product": product, "pools": [pool], **more})


def _with_media(deployment: Json) -> Json:
    medium = {"version": NEW[deployment["product"]], "databases": NEW_DATABASES}
    return quick({"media": [medium], **deployment})


def start(lab: Callable[..., Lab], deployment: Json, faults: Sequence[Json] = (), **groups: Sequence[str]) -> Lab:
    """A lab, with an inventory in which each server stands in the group that the playbooks look for; `groups` beside these."""
    running = lab(deployment, faults=list(faults))
    pools = deployment["pools"]
    found: dict[str, list[str]] = {"sfb_front_end_servers": [], "sfb_standard_edition_servers": []}
    for pool in pools:
        group = "sfb_standard_edition_servers" if pool.get("edition") == "standard" else "sfb_front_end_servers"
        found[group] += [one if isinstance(one, str) else one["fqdn"] for one in pool["servers"]]
    found["sfb_back_end_servers"] = [one["fqdn"] for one in deployment.get("back_end_servers", [])]
    named = {**found, **groups}
    content = {group: {"hosts": dict.fromkeys(names, None)} for group, names in named.items() if names}
    running.inventory.write_text(yaml.safe_dump(content), encoding="utf-8")
    return running
