# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading of the readiness cmdlets, whose property names differ by source."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.product.readiness import Domain, read_readiness


def domains(*flags: Any, name: str = "IsReadyForUpgrade") -> list[dict[str, Any]]:
    return [{"Name": f"UD{number}", name: flag} for number, flag in enumerate(flags)]


@pytest.mark.parametrize(
    "row",
    [
        {"PoolUpgradeState": "Ready"},
        {"State": "ready"},
        {"Readiness": True},
        {"Readiness": "True"},
        {"State": "Ready", "TotalFrontends": 3, "TotalActiveFrontends": 3, "UpgradeDomains": domains(True, True, True)},
        {"State": "Ready", "UpgradeDomains": domains("True", "true", name="ReadyforUpgrade")},
        {"State": "Ready", "UpgradeDomains": ["UD0", "UD1"]},
        {"State": "Ready", "UpgradeDomains": domains(True)[0]},
        {"State": "Ready", "UpgradeDomains": None},
        {"TotalFrontEnds": "3", "ActiveFrontEnds": "3", "UpgradeDomains": domains(True, True, True)},
    ],
)
def test_a_pool_that_says_so_is_ready(row: dict[str, Any]) -> None:
    assert read_readiness([row]).state == "ready"


@pytest.mark.parametrize(
    ("rows", "state", "text"),
    [
        ([{"State": "Busy"}], "busy", "The pool is busy"),
        ([{"State": False}], "busy", "The pool is busy"),
        ([{"State": "InsufficientActiveFrontEnds"}], "insufficient", "too few active Front Ends"),
        (
            [{"State": "Ready", "TotalFrontends": 3, "TotalActiveFrontends": 2}],
            "insufficient",
            "Not every Front End of the pool is active (2 of 3 active)",
        ),
        ([{"State": "Ready", "UpgradeDomains": domains(True, False)}], "busy", "Upgrade domain UD1 is not ready"),
        ([{"State": "Ready", "UpgradeDomains": domains(True, "False")}], "busy", "Upgrade domain UD1 is not ready"),
        ([{"State": "Ready", "UpgradeDomains": domains(True, None)}], "unknown", "Whether upgrade domain UD1 is ready"),
        ([{"State": "Ready", "UpgradeDomains": [{"Name": "UD0"}]}], "unknown", "Whether upgrade domain UD0 is ready"),
        ([{"State": "Ausgelastet"}], "unknown", "'Ausgelastet', which is not a known state"),
        ([{"State": 0}], "unknown", "'0', which is not a known state"),
        ([], "unknown", "returned nothing"),
        ([{}], "unknown", "found: nothing"),
        ([{"Fine": "yes"}], "unknown", "found: fine"),
        ([{"TotalFrontends": 3, "TotalActiveFrontends": 3}], "unknown", "was not told"),
        ([{"UpgradeDomains": domains(True, True)}], "unknown", "was not told"),
    ],
)
def test_what_is_not_plainly_ready_is_not_ready(rows: list[dict[str, Any]], state: str, text: str) -> None:
    found = read_readiness(rows)
    assert found.state == state
    assert text in found.reasons[0]


def test_one_row_per_upgrade_domain_is_read_as_well() -> None:
    found = read_readiness([{"State": "Ready"}, *domains(True, False)])
    assert found.state == "busy"
    assert found.domains == (Domain("UD0", True), Domain("UD1", False))


def test_the_front_ends_of_a_domain_are_told_as_the_cmdlet_names_them() -> None:
    rows = [{"Name": "UD0", "ReadyforUpgrade": True, "Frontends": ["FE01.example.com", "fe04"]}]
    rows.append({"Name": "UD1", "ReadyforUpgrade": True, "Frontends": "FE02.example.com"})
    found = read_readiness([{"PoolUpgradeState": "Ready", "UpgradeDomains": rows}])
    assert [domain.front_ends for domain in found.domains] == [("fe01.example.com", "fe04"), ("fe02.example.com",)]


def test_of_several_states_the_worst_counts() -> None:
    assert read_readiness([{"State": "Ready"}, {"State": "Busy"}]).state == "busy"
    assert read_readiness([{"State": "Ready"}, {"State": "?"}]).state == "unknown"


def test_the_numbers_are_kept() -> None:
    found = read_readiness([{"State": "Busy", "TotalFrontends": 3, "TotalActiveFrontends": 3, "InactiveFrontends": 0}])
    assert (found.active, found.total) == (3, 3)
