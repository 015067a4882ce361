# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pool stands in for this one: found by values, since nobody has described what the cmdlets return."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.evidence import pairs
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import CallFailed
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import Answer, outcome_of
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import outcome

OWN, OTHER = "pool01.example.com", "pool02.example.com"
POOLS = outcome([{"Fqdn": OWN}, {"Fqdn": OTHER}, {"Fqdn": "edge.example.com"}])
PAIRED = outcome([{"PoolFqdn": OWN, "BackupPoolFqdn": OTHER}])
NOT_PAIRED = outcome(errors=[{"message": "kein Objekt", "category": "ObjectNotFound", "id": "x"}])


def status(state: str) -> dict[str, Any]:
    module = {"Identity": "UserServices.PresenceFocus", "ExportStatus": "SteadyState", "ImportStatus": state}
    return outcome([{"OverallExportStatus": "SteadyState", "BackupModules": [module]}])


def read(relationship: dict[str, Any], found: dict[str, Any]) -> pairs.Backup:
    calls = pairs.calls(OWN).items()
    outcomes = {
        name: outcome_of(call, told) for (name, call), told in zip(calls, (POOLS, relationship, found), strict=True)
    }
    return pairs.read(Answer(outcomes, "SkypeForBusiness", "LAB\\admin", True, {}, 1, None, None), OWN)


def test_the_partner_is_the_other_pool_that_is_named_and_every_state_counts() -> None:
    found = read(PAIRED, status("NormalState"))
    assert (found.partner, found.healthy) == (OTHER, True)
    assert found.states["ImportStatus of UserServices.PresenceFocus"] == "NormalState"


def test_one_state_that_is_not_a_good_one_makes_the_backup_unhealthy() -> None:
    assert read(PAIRED, status("ErrorState")).healthy is False


@pytest.mark.parametrize("relationship", [[{"Partner": f"Registrar:{OTHER}"}], [{"A": {"B": [OTHER.upper()]}}]])
def test_whatever_the_property_is_called_the_partner_is_found(relationship: Any) -> None:
    assert read(outcome(relationship), status("NormalState")).partner == OTHER


def test_a_pool_without_a_partner_is_no_failure() -> None:
    assert read(NOT_PAIRED, NOT_PAIRED) == pairs.Backup(None, None, {})


def test_a_status_that_can_t_be_read_is_not_known_and_not_healthy() -> None:
    assert read(PAIRED, outcome(errors=[{"message": "no", "category": "NotSpecified"}])).healthy is None


def test_a_relationship_that_is_refused_is_a_failure() -> None:
    with pytest.raises(CallFailed):
        read(outcome(errors=[{"message": "Zugriff verweigert", "category": "PermissionDenied"}]), NOT_PAIRED)
