# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters over what the modules return: who can be asked about the pool."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def witness(surveys: Sequence[Mapping[str, Any]], worked_on: str = "") -> str:
    """The inventory's name of a server that can be asked about the pool: in service, and never the one worked on."""
    others = [s for s in surveys if s.get("reachable") and worked_on not in (s["inventory_name"], s["server"])]
    in_service = [s for s in others if s["state"] == "in_service"]
    chosen = (in_service or ([] if not worked_on else others))[:1]
    return str(chosen[0]["inventory_name"]) if chosen else ""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"witness": witness}
