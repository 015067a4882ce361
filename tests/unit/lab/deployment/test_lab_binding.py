# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parameters are bound as PowerShell binds them; the cases of shared experience with a real one."""

from __future__ import annotations

from typing import Any

import pytest
from sfb_lab.deployment.binding import bind, signature, time_span
from sfb_lab.deployment.values import Terminating


def bound(product: str, name: str, **given: Any) -> Any:
    sig = signature(name, product)
    assert sig is not None
    return bind(sig, given)


def error_id(product: str, name: str, **given: Any) -> str:
    with pytest.raises(Terminating) as caught:
        bound(product, name, **given)
    return caught.value.error.id


@pytest.mark.parametrize(
    ("product", "name", "exists"),
    [
        ("sfb2019", "Invoke-CsComputerFailOver", True),
        ("lync2013", "Invoke-CsComputerFailOver", False),
        ("sfb2015", "Get-CsPoolUpgradeReadinessState", True),
        ("sfb2019", "Get-CsPoolUpgradeReadinessState", False),
        ("sfb2019", "Get-CsUpgradeDomainInfo", True),
        ("none", "Get-CsPool", False),
        ("none", "Get-CimInstance", True),
    ],
)
def test_a_cmdlet_exists_for_its_products_only(product: str, name: str, exists: bool) -> None:
    assert (signature(name, product) is not None) == exists


def test_parameter_sets_are_told_apart() -> None:
    update = {"Update": True, "ConfiguredDatabases": True, "SqlServerFqdn": "s", "ExcludeCollocatedStores": True}
    assert bound("sfb2019", "Install-CsDatabase", **update).set_name == "ByConfigured"
    assert bound("sfb2019", "Install-CsDatabase", Update=True, LocalDatabases=True).set_name == "ByLocal"
    assert error_id("sfb2019", "Install-CsDatabase", LocalDatabases=True, SqlServerFqdn="s").startswith(
        "AmbiguousParameterSet,"
    )
    assert error_id(
        "sfb2019", "Install-CsDatabase", ConfiguredDatabases=True, SqlServerFqdn="s", SqlInstanceName="i"
    ).startswith("AmbiguousParameterSet,")


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("Reset-CsPoolRegistrarState", {"ResetType": "QuorumLossRecovery"}, "MissingMandatoryParameter"),
        ("Reset-CsPoolRegistrarState", {"PoolFqdn": None}, "ParameterArgumentValidationErrorNullNotAllowed"),
        ("Invoke-CsComputerFailBack", {"DrainingTimeout": "0.01:00:00"}, "NamedParameterNotFound"),
        ("Get-CsPoolFabricState", {}, "MissingMandatoryParameter"),
        ("Reset-CsPoolRegistrarState", {"PoolFqdn": "p", "ResetType": "Everything"}, "CannotConvertArgumentNoMessage"),
        ("Invoke-CsComputerFailOver", {"WaitTime": "an hour"}, "CannotConvertArgumentNoMessage"),
        ("Invoke-CsComputerFailOver", {"ComputerName": ["a", "b"]}, "CannotConvertArgumentNoMessage"),
        ("Invoke-CsComputerFailOver", {"Confirm": "no"}, "CannotConvertArgumentNoMessage"),
        ("Get-CsPool", {"E": 1}, "AmbiguousParameter"),
        ("Get-CsDatabaseMirrorState", {"PoolFqdn": "p"}, "NamedParameterNotFound"),
    ],
)
def test_what_powershell_refuses_is_refused_with_its_id(name: str, given: dict[str, Any], expected: str) -> None:
    if name == "Get-CsDatabaseMirrorState":
        assert signature(name, "sfb2019") is None or error_id("sfb2019", name, **given).startswith(expected)
    else:
        assert error_id("sfb2019", name, **given) == f"{expected},{name}"


def test_names_may_be_shortened_and_enumerations_too() -> None:
    values = bound("sfb2019", "Reset-CsPoolRegistrarState", Pool="p", ResetT="Quorum", cf=False).values
    assert values == {"PoolFqdn": "p", "ResetType": "QuorumLossRecovery", "Confirm": False}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(60, 6e-6), ("60", 60 * 86400), ("01:00:00", 3600), ("1.01:00:00", 90000), ("0.00:30:00", 1800), ("00:01", 60)],
)
def test_a_time_span_is_cast_as_powershell_casts_it(value: object, seconds: float) -> None:
    assert time_span(value).seconds == pytest.approx(seconds)


def test_a_name_full_of_quotes_arrives_unchanged() -> None:
    name = "pool'1; Remove-Item x $(1+1) `\"\u00e4\u4e2d.example.com"
    assert bound("sfb2019", "Get-CsPoolFabricState", PoolFqdn=name).values["PoolFqdn"] == name
