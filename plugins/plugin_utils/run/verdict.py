# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a run ended: which servers are done, whether they are alike, and what remains to be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ansible_collections.sfb.server.plugins.plugin_utils.product.versions import Components, differing

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """`remains`: what the administrator has to do next, in one sentence."""

    outcome: Literal["done", "window ended", "limited", "failed"]
    message: str
    remains: str


def verdict(surveys: Sequence[Facts], plan: Facts, finished: Mapping[str, Components]) -> Verdict:
    """surveys: as at the run's beginning; plan: of patch_plan; finished: {inventory name: components after its update}."""
    unfinished = [name for name in plan["order"] if name not in finished]
    names = {survey["inventory_name"]: survey["server"] for survey in surveys if "server" in survey}
    left = [names.get(name, name) for name in unfinished] + list(plan["left_out"])
    if left:
        remains = f"Left for another run: {', '.join(left)}. The databases follow the last server of the pool."
        if unfinished:
            return Verdict("window ended", f"Not patched in this window: {', '.join(left)}.", remains)
        return Verdict("limited", f"Left out by --limit: {', '.join(left)}.", remains)
    tables = {survey["server"]: survey["components"] for survey in surveys if survey.get("components")}
    tables |= {names[name]: components for name, components in finished.items()}
    differences = "; ".join(str(difference) for difference in differing(tables))
    if differences:
        return Verdict(
            "failed",
            f"Every server has the update and is in service, but their components are not alike: {differences}.",
            "Install the update again on the servers that are behind, and leave the databases as they are until then.",
        )
    return Verdict("done", "", "")
