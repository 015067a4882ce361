# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real PowerShell binds each parameter of every builder, for each product that it is meant for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.tests.powershell.fake_module import csharp
from ansible_collections.sfb.server.tests.powershell.real_powershell import MODULE_NAMES, PowerShell
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.cmdlet_uses import EVERYWHERE, SIGNATURES, USES


def calls_of(product: str) -> dict[str, Call]:
    return {
        f"{builder.__name__}-{number}": builder(**example)
        for builder, use in USES.items()
        for number, example in enumerate(use.examples)
        if product in use.products
    }


def as_dotnet_writes(value: Any) -> str:
    """A time span loses its days where there are none: "0.01:00:00" is written "01:00:00"."""
    text = str(value)
    return text.removeprefix("0.") if text.startswith("0.") and text.count(":") == 2 else text


@pytest.mark.parametrize("product", EVERYWHERE)
def test_every_builder_binds_what_it_sends_and_nothing_else(
    product: str, of_product: Callable[[str], PowerShell]
) -> None:
    calls = calls_of(product)
    bare = [
        replace(call, select=["Cmdlet", "ParameterSet", "Bound"], expect=None, go_on=True) for call in calls.values()
    ]
    answer = of_product(product).ask(bare)
    assert answer["module"] == MODULE_NAMES[product]
    for (name, call), outcome in zip(calls.items(), answer["outcomes"], strict=True):
        assert (name, outcome["missing"], outcome["errors"]) == (name, False, [])
        row = outcome["output"][0]
        sent = sorted(f"{parameter} = {as_dotnet_writes(value)}" for parameter, value in call.parameters.items())
        assert (name, row["Cmdlet"], row["Bound"]) == (name, call.cmdlet, sent)


@pytest.mark.parametrize("product", EVERYWHERE)
def test_a_builder_of_another_product_is_missing_or_refused_and_never_misunderstood(
    product: str, of_product: Callable[[str], PowerShell]
) -> None:
    foreign = [b(**example) for b, use in USES.items() if product not in use.products for example in use.examples]
    for outcome in of_product(product).ask([replace(call, go_on=True) for call in foreign])["outcomes"]:
        assert outcome["missing"] or outcome["errors"], outcome["cmdlet"]


@pytest.mark.parametrize(
    ("cmdlet", "parameters", "identifier"),
    [
        ("Get-CsPoolFabricState", {}, "MissingMandatoryParameter"),
        ("Get-CsDatabaseMirrorState", {}, "MissingMandatoryParameter"),
        ("Invoke-CsComputerFailBack", {"DrainingTimeout": "0.01:00:00"}, "NamedParameterNotFound"),
        ("Invoke-CsComputerFailOver", {"WaitTime": "soon"}, "CannotConvertArgumentNoMessage"),
        ("Reset-CsPoolRegistrarState", {"PoolFqdn": "p", "ResetType": "Nonsense"}, "CannotConvertArgumentNoMessage"),
        ("Install-CsDatabase", {"LocalDatabases": True, "SqlServerFqdn": "s"}, "AmbiguousParameterSet"),
    ],
)
def test_what_the_documented_product_would_refuse_is_refused_here(
    cmdlet: str, parameters: dict[str, Any], identifier: str, shell: PowerShell
) -> None:
    outcome = shell.one(Call(cmdlet, parameters))
    assert outcome["output"] == []
    assert outcome["errors"][0]["id"].partition(",")[0] == identifier


@pytest.mark.parametrize(
    ("given", "bound"),
    [
        (60, "00:00:00.0000060"),
        ("60", "60.00:00:00"),
        ("01:00:00", "01:00:00"),
        ("1.01:00:00", "1.01:00:00"),
        ("0.01:00:00", "01:00:00"),
    ],
)
def test_a_time_span_is_only_understood_with_its_days(given: Any, bound: str, shell: PowerShell) -> None:
    call = Call("Invoke-CsComputerFailOver", {"WaitTime": given}, select=["Bound"])
    assert shell.one(call)["output"] == [{"Bound": [f"WaitTime = {bound}"]}]


@pytest.mark.parametrize("product", EVERYWHERE)
def test_the_fake_of_each_product_has_its_cmdlets_and_balanced_braces(product: str) -> None:
    """The one test here that needs no PowerShell."""
    text = csharp(SIGNATURES, product)
    assert text.isascii() and text.count("{") == text.count("}")
    for name, entry in SIGNATURES.items():
        assert (f'[Cmdlet("{name.replace("-", chr(34) + ", " + chr(34))}"' in text) is (product in entry["products"])
