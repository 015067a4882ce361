# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every builder of cmdlets.py against Microsoft's signatures: the lab's cmdlets.json, out of the cmdlet reference."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.shell import cmdlets
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.cmdlet_uses import (
    EVERYWHERE,
    REPORT,
    ROOT,
    SIGNATURES,
    SQL,
    USES,
    Use,
)

CALLS = [
    pytest.param(builder(**example), product, about, id=f"{builder.__name__}-{product}-{number}")
    for builder, about in USES.items()
    for product in about.products
    for number, example in enumerate(about.examples)
]
EXAMPLES = [
    pytest.param(builder(**example), about, id=f"{builder.__name__}-{number}")
    for builder, about in USES.items()
    for number, example in enumerate(about.examples)
]


def builders() -> set[Callable[..., Call]]:
    """Whatever cmdlets.py itself defines and does not hide."""
    functions = inspect.getmembers(cmdlets, inspect.isfunction)
    return {found for name, found in functions if found.__module__ == cmdlets.__name__ and not name.startswith("_")}


def test_every_builder_has_a_line_in_the_table() -> None:
    assert {builder.__name__ for builder in builders() ^ set(USES)} == set()


def test_every_way_to_call_a_builder_has_an_example() -> None:
    """Each parameter of a builder with a default is left to it in one example and given in another."""
    for builder, about in USES.items():
        for name, parameter in inspect.signature(builder).parameters.items():
            given = {name in example for example in about.examples}
            assert given == ({True} if parameter.default is inspect.Parameter.empty else {True, False}), (builder, name)


# ---- against the reference ---------------------------------------------------------------------------------------------


def parameters_of(cmdlet: str, product: str) -> dict[str, Any]:
    return {name: p for name, p in SIGNATURES[cmdlet]["parameters"].items() if product in p["products"]}


@pytest.mark.parametrize(("call", "product", "about"), CALLS)
def test_the_cmdlet_exists_in_each_product_that_the_builder_is_for(call: Call, product: str, about: Use) -> None:
    assert product in SIGNATURES[str(call.cmdlet)]["products"]


@pytest.mark.parametrize(("call", "product", "about"), CALLS)
def test_every_parameter_exists_there_under_its_full_name(call: Call, product: str, about: Use) -> None:
    assert set(call.parameters) <= set(parameters_of(str(call.cmdlet), product))


ENUMERATIONS = {"PoolResetType": {"ServiceReset", "QuorumLossRecovery", "FullReset", "MachineStateRemoved"}}
TIME_SPAN = re.compile(r"\d+\.([01]\d|2[0-3]):[0-5]\d:[0-5]\d")


def is_of(kind: str, value: Any) -> bool:
    """Whether a value that travels as JSON arrives as what the parameter wants, and not as something else."""
    if kind == "SwitchParameter":
        return isinstance(value, bool)
    if kind in ("Int32", "UInt32"):
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "TimeSpan":
        return isinstance(value, str) and TIME_SPAN.fullmatch(value) is not None
    if kind in ENUMERATIONS:
        return value in ENUMERATIONS[kind]
    if kind in ("String", "Fqdn"):
        return isinstance(value, str) and bool(value.strip())
    raise AssertionError(f"No builder passed a {kind} yet: say here what it is made of.")


@pytest.mark.parametrize(("call", "product", "about"), CALLS)
def test_every_value_is_of_the_type_that_the_reference_says(call: Call, product: str, about: Use) -> None:
    known = parameters_of(str(call.cmdlet), product)
    wrong = {n: v for n, v in call.parameters.items() if not is_of(known[n]["type"].split(".")[-1], v)}
    assert wrong == {}


@pytest.mark.parametrize(("call", "product", "about"), CALLS)
def test_one_parameter_set_takes_them_all_and_has_all_that_it_needs(call: Call, product: str, about: Use) -> None:
    known = parameters_of(str(call.cmdlet), product)
    sets = {title: part["parameters"] for title, part in SIGNATURES[str(call.cmdlet)]["syntax"].items()}
    fitting = [
        title
        for title, parameters in sets.items()
        if set(call.parameters) <= set(parameters)
        and all(name in call.parameters for name, p in parameters.items() if p["mandatory"] and name in known)
    ]
    assert fitting


MANUAL = [
    (
        cmdlets.install_configured_databases(SQL, REPORT),
        "Install-CsDatabase -Update -ConfiguredDatabases -SqlServerFqdn sql01.example.com",
    ),
    (
        cmdlets.install_configured_databases(SQL, REPORT, exclude_collocated_stores=True),
        "Install-CsDatabase -Update -ConfiguredDatabases -SqlServerFqdn sql01.example.com -ExcludeCollocatedStores",
    ),
    (cmdlets.install_local_databases(REPORT), "Install-CsDatabase -Update -LocalDatabases"),
]


@pytest.mark.parametrize(("call", "line"), MANUAL)
def test_the_databases_are_updated_with_the_manual_s_own_words_in_its_order(call: Call, line: str) -> None:
    assert call.powershell() == f"{line} -Report {REPORT} -Confirm:$false"


def test_the_kinds_of_readiness_are_asked_where_they_exist_and_every_product_has_one() -> None:
    told = {p for builder in (cmdlets.upgrade_readiness, cmdlets.upgrade_domains) for p in USES[builder].products}
    assert told == set(EVERYWHERE)


# ---- our own rules -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("call", "about"), EXAMPLES)
def test_what_is_mandatory_for_us_is_always_said(call: Call, about: Use) -> None:
    assert about.always <= set(call.parameters)


#: Parameters that say where a call acts. Leaving one out would most likely mean "here" or "everywhere".
WHERE = ("ComputerName", "PoolFqdn", "SqlServerFqdn", "ReplicaFqdn", "Pool")
#: Reads that are about the whole topology on purpose.
OF_THE_WHOLE_TOPOLOGY = {
    cmdlets.own_computer,
    cmdlets.computers,
    cmdlets.user_servers,
    cmdlets.services,
    cmdlets.replication,
    cmdlets.central_management,
}


#: A switch of theirs says that they mean the computer that they run on.
OF_THIS_COMPUTER = {cmdlets.local_service_databases, cmdlets.install_local_databases}


@pytest.mark.parametrize("builder", USES, ids=lambda builder: builder.__name__)
def test_a_builder_whose_cmdlet_takes_a_place_always_says_it(builder: Callable[..., Call]) -> None:
    for example in USES[builder].examples:
        call = builder(**example)
        takes = [name for name in WHERE if name in SIGNATURES[str(call.cmdlet)]["parameters"]]
        if takes and builder not in OF_THE_WHOLE_TOPOLOGY | OF_THIS_COMPUTER:
            assert set(takes) & set(call.parameters)


CHANGING = re.compile(r"(Invoke|Start|Stop|Reset|Install|Set|New|Remove|Enable|Disable|Move|Sync|Update|Clear)-")


@pytest.mark.parametrize(("call", "about"), EXAMPLES)
def test_a_call_says_of_itself_whether_it_changes_anything(call: Call, about: Use) -> None:
    assert call.changes is bool(CHANGING.match(str(call.cmdlet)))


@pytest.mark.parametrize(("call", "about"), [case for case in EXAMPLES if case.values[0].changes])
def test_a_change_never_asks_and_leaves_its_report_where_there_is_one(call: Call, about: Use) -> None:
    assert call.parameters["Confirm"] is False
    has_report = "Report" in SIGNATURES[str(call.cmdlet)]["parameters"]
    assert call.parameters.get("Report") == (REPORT if has_report else None)


@pytest.mark.parametrize(("call", "about"), EXAMPLES)
def test_a_read_asks_for_nothing_that_acts(call: Call, about: Use) -> None:
    if not call.changes:
        assert {"Confirm", "Force", "WhatIf"} & set(call.parameters) == set()


# ---- what must never be sent (design: cmdlets) -------------------------------------------------------------------------

DENIED: dict[str, set[str]] = {
    "Invoke-CsComputerFailOver": {"Force", "NoStop", "SkipFabricHealthCheck"},
    "Invoke-CsComputerFailBack": {"SkipFabricHealthCheck"},
    "Install-CsDatabase": {"Clean", "Force", "DatabasePaths", "DatabasePathMap", "UseDefaultSqlPaths"},
    "Reset-CsPoolRegistrarState": {"ResetLocalDatabases"},
    "Start-CsPool": {"Force"},
}
DENIED_VALUES = {"FullReset", "MachineStateRemoved"}
#: Those of the names above that mean nothing harmless anywhere.
DENIED_WORDS = re.compile(r"\b(SkipFabricHealthCheck|ResetLocalDatabases|NoStop|FullReset|MachineStateRemoved)\b")


@pytest.mark.parametrize(("call", "about"), EXAMPLES)
def test_no_builder_uses_what_is_denied(call: Call, about: Use) -> None:
    assert DENIED.get(str(call.cmdlet), set()) & set(call.parameters) == set()
    assert "SkipFabricHealthCheck" not in call.parameters
    assert DENIED_VALUES & {value for value in call.parameters.values() if isinstance(value, str)} == set()


def test_what_is_denied_exists_so_that_a_name_was_not_misspelt() -> None:
    for cmdlet, parameters in DENIED.items():
        assert parameters <= set(SIGNATURES[cmdlet]["parameters"])


def sources(*folders: str) -> Iterable[Path]:
    for folder in folders:
        yield from (
            path for path in sorted((ROOT / folder).rglob("*")) if path.suffix in (".py", ".ps1", ".yml", ".j2")
        )


def code_strings(path: Path) -> Iterable[tuple[int, str]]:
    """The texts in a Python file that are values, with their lines: no docstring, no comment."""
    tree = ast.parse(path.read_text("utf-8"))
    alone = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in alone:
            yield node.lineno, node.value


def test_no_word_of_the_deny_list_stands_in_code() -> None:
    """The documentation of a module may name what it never does; what is run may not."""
    found = []
    for path in sources("plugins", "roles", "playbooks"):
        if path.suffix != ".py":
            texts: Iterable[tuple[int, str]] = enumerate(path.read_text("utf-8").splitlines(), 1)
        else:
            texts = code_strings(path) if path.parent.name != "modules" else ()
        found += [f"{path.relative_to(ROOT)}:{n}: {text}" for n, text in texts if DENIED_WORDS.search(text)]
    assert found == []


def test_no_cmdlet_of_the_product_is_named_in_code_but_in_cmdlets() -> None:
    """A text that is a cmdlet's name and nothing else could be called; a sentence may name one."""
    found = []
    for path in sources("plugins"):
        if path.suffix == ".py" and path.name != "cmdlets.py":
            texts = code_strings(path)
            found += [f"{path.relative_to(ROOT)}:{n}: {t}" for n, t in texts if re.fullmatch(r"\s*\w+-Cs\w+\s*", t)]
    assert found == []


def test_the_script_names_no_cmdlet_of_the_product() -> None:
    assert "-Cs" not in (ROOT / "plugins/plugin_utils/shell/management_shell.ps1").read_text("utf-8")


def test_no_role_and_no_playbook_runs_powershell_of_its_own() -> None:
    own = re.compile(r"\b(win_powershell|win_shell|win_command|raw|script|win_service)\s*:")
    found = []
    for path in sources("roles", "playbooks"):
        lines = enumerate(path.read_text("utf-8").splitlines(), 1)
        found += [f"{path.relative_to(ROOT)}:{n}: {line}" for n, line in lines if own.search(line.partition("#")[0])]
    assert found == []
