# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of the registrar: those closest to the pool hold."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.product import registrar

POOL, SITE = "pool01.example.com", "Site:Site1"
GLOBAL = {"Identity": "Global", "BackupStoreUnavailableThreshold": 1800.0, "PoolState": "Active"}


def settings(identity: str, threshold: Any = None, **more: Any) -> dict[str, Any]:
    return {"Identity": identity, "BackupStoreUnavailableThreshold": threshold, **more}


@pytest.mark.parametrize(
    ("rows", "minutes", "source"),
    [
        ([], 30.0, "default"),
        ([GLOBAL], 30.0, "global"),
        ([settings("Global", 600)], 10.0, "global"),
        ([GLOBAL, settings("Site:Site1", 3600)], 60.0, "site"),
        ([GLOBAL, settings("site:site1", 3600), settings(f"Registrar:{POOL}", 7200)], 120.0, "pool"),
        ([settings(f"Service:Registrar:{POOL.upper()}", "00:45:00")], 45.0, "pool"),
        ([GLOBAL, settings("Site:Site2", 60), settings("Registrar:pool02.example.com", 60)], 30.0, "global"),
        ([GLOBAL, settings(f"Registrar:{POOL}")], 30.0, "global"),
        ([settings("Global", "1.00:00:30.5")], 1440.5, "global"),
    ],
)
def test_the_limit_is_the_pool_s_else_the_site_s_else_the_global_one(
    rows: list[dict[str, Any]], minutes: float, source: str
) -> None:
    found = registrar.read_settings(rows, POOL, SITE)
    assert (found.unavailable_minutes, found.source) == (minutes, source)


def test_a_pool_without_settings_of_its_own_has_no_state_of_its_own() -> None:
    assert registrar.read_settings([GLOBAL], POOL, None).pool_state is None
    own = settings(f"Registrar:{POOL}", PoolState="FailedOver")
    assert registrar.read_settings([GLOBAL, own], POOL, SITE).pool_state == "FailedOver"


def test_a_limit_that_is_no_length_of_time_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="no length of time"):
        registrar.read_settings([settings("Global", "half an hour")], POOL, SITE)
