# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation and code say the same: modules and specs, filters, roles and defaults, variables, findings."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from ansible_collections.sfb.server.plugins.filter.pool import FilterModule
from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.product import pool_health
from ansible_collections.sfb.server.plugins.plugin_utils.run import findings, server_findings
from jinja2.nativetypes import NativeEnvironment

ROOT = Path(__file__).resolve().parents[3]
PLUGINS = "ansible_collections.sfb.server.plugins"
GUIDES = ROOT / "docs" / "docsite" / "rst"

ACTIONS = sorted(file.stem for file in (ROOT / "plugins" / "action").glob("[a-z]*.py"))
ROLES = sorted(folder.name for folder in (ROOT / "roles").iterdir() if folder.is_dir())
#: What of an option has to be the same in the spec and in its documentation.
HELD_TOGETHER = ("type", "elements", "required", "default", "choices")

Tree = dict[str, Any]


def documentation(name: str) -> Tree:
    """A module's DOCUMENTATION, with the options of the collection's own fragments in it."""
    module = importlib.import_module(f"{PLUGINS}.modules.{name}")
    documented: Tree = yaml.safe_load(module.DOCUMENTATION)
    options: Tree = {}
    for fragment in documented["extends_documentation_fragment"]:
        if fragment.startswith("sfb.server."):
            file, _dot, part = fragment.removeprefix("sfb.server.").partition(".")
            found = importlib.import_module(f"{PLUGINS}.doc_fragments.{file}").ModuleDocFragment
            options |= yaml.safe_load(getattr(found, part.upper() or "DOCUMENTATION")).get("options") or {}
    for option, words in (documented.get("options") or {}).items():
        options[option] = {**options.get(option, {}), **words}
    return {**documented, "options": options}


def returned(name: str) -> Tree:
    tree: Tree = yaml.safe_load(importlib.import_module(f"{PLUGINS}.modules.{name}").RETURN)
    return tree


def spec_of(name: str) -> Tree:
    action: type[SfbAction] = importlib.import_module(f"{PLUGINS}.action.{name}").ActionModule
    return action.SPEC


def plain_spec(spec: Tree) -> Tree:
    """Options as {option: what is held together}; the options of an option under the documentation's name for them."""
    plain = {}
    for option, entry in spec.items():
        kept = {key: entry[key] for key in HELD_TOGETHER if key in entry}
        nested = entry.get("options") or entry.get("suboptions")
        plain[option] = {"required": False, **kept} | ({"suboptions": plain_spec(nested)} if nested else {})
    return plain


@pytest.mark.parametrize("name", ACTIONS)
def test_a_module_is_documented_with_exactly_the_options_that_its_action_takes(name: str) -> None:
    assert plain_spec(documentation(name)["options"]) == plain_spec(spec_of(name))


@pytest.mark.parametrize("name", ACTIONS)
def test_every_option_and_every_suboption_says_what_it_is_for(name: str) -> None:
    def silent(options: Tree, above: str = "") -> list[str]:
        found = []
        for option, words in options.items():
            found += [] if words.get("description") else [above + option]
            found += silent(words.get("suboptions", {}), f"{above}{option}.")
        return found

    assert silent(documentation(name)["options"]) == []


@pytest.mark.parametrize("name", ACTIONS)
def test_a_module_says_what_an_administrator_has_to_know_before_using_it(name: str) -> None:
    documented = documentation(name)
    assert documented["module"] == name
    assert documented["version_added"]
    assert {"check_mode"} <= documented["attributes"].keys()
    text = " ".join(documented["description"])
    assert re.search(r"\bIt fails when|task fails", text), "when does it fail?"
    assert re.search(r"changes nothing|never", text), "what does it never do?"
    fragments = documented["extends_documentation_fragment"]
    works_on_a_server = "sfb.server.on_server" in fragments
    assert works_on_a_server != ("sfb.server.on_controller" in fragments)
    if works_on_a_server:
        assert "It needs an account" in text, "which rights?"


@pytest.mark.parametrize("name", ACTIONS)
def test_every_return_value_has_a_type_a_sample_and_the_condition_under_which_it_is_there(name: str) -> None:
    def incomplete(values: Tree, above: str = "") -> list[str]:
        found = []
        for value, words in values.items():
            complete = {"description", "returned", "type"} <= words.keys() and (
                "sample" in words or "contains" in words
            )
            found += [] if complete else [above + value]
            found += incomplete(words.get("contains", {}), f"{above}{value}.")
        return found

    values = returned(name)
    assert incomplete(values) == []
    assert {"begun", "ended"} <= values.keys()


@pytest.mark.parametrize("name", ACTIONS)
def test_the_examples_call_the_module_by_its_full_name_on_hosts_of_example_com_and_hold_no_password(name: str) -> None:
    text = importlib.import_module(f"{PLUGINS}.modules.{name}").EXAMPLES
    tasks = yaml.safe_load(text)
    assert any(f"sfb.server.{name}" in task for task in tasks)
    assert all("." in key for task in tasks for key in task if key not in task_keywords())
    assert "password" not in text.lower()
    assert [
        host for host in re.findall(r"\b[\w.-]+\.(?:com|org|net)\b", text) if not host.endswith("example.com")
    ] == []


def task_keywords() -> set[str]:
    return {"name", "register", "when", "run_once", "delegate_to", "check_mode", "vars"}


def test_every_filter_is_documented_under_its_own_name() -> None:
    documented = {file.stem for file in (ROOT / "plugins" / "filter").glob("*.yml")}
    assert documented == set(FilterModule().filters())
    for name in documented:
        words = yaml.safe_load((ROOT / "plugins" / "filter" / f"{name}.yml").read_text("utf-8"))
        assert words["DOCUMENTATION"]["name"] == name


def test_the_action_group_lists_exactly_the_modules() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text("utf-8"))
    assert runtime["action_groups"]["sfb"] == ACTIONS


# ---- roles -----------------------------------------------------------------------------------------------------------


def role_defaults(role: str) -> Tree:
    tree: Tree = yaml.safe_load((ROOT / "roles" / role / "defaults" / "main.yml").read_text("utf-8"))
    return tree


def entry_points(role: str) -> Tree:
    path = ROOT / "roles" / role / "meta" / "argument_specs.yml"
    tree: Tree = yaml.safe_load(path.read_text("utf-8"))["argument_specs"]
    return tree


NO_FIXED_DEFAULT = object()


def value_by_default(raw: Any) -> Any:
    """What a role's variable is while the user has set nothing; NO_FIXED_DEFAULT where it follows another variable."""
    if not isinstance(raw, str):
        return raw
    try:
        value = NativeEnvironment(undefined=jinja2.StrictUndefined).from_string(raw).render()
        return NO_FIXED_DEFAULT if isinstance(value, jinja2.Undefined) else value
    except (jinja2.UndefinedError, jinja2.TemplateAssertionError):
        # A filter that Ansible brings works on another variable.
        return NO_FIXED_DEFAULT


def facts_set_by(role: str) -> set[str]:
    """What one entry point of a role leaves for another one to read."""
    facts: set[str] = set()
    for file in (ROOT / "roles" / role / "tasks").glob("*.yml"):
        for task in yaml.safe_load(file.read_text("utf-8")):
            facts |= set(task.get("ansible.builtin.set_fact", {}))
    return facts


@pytest.mark.parametrize("role", ROLES)
def test_a_role_describes_every_variable_of_its_defaults_and_no_other(role: str) -> None:
    described = {name for entry in entry_points(role).values() for name in entry.get("options", {})}
    assert described - facts_set_by(role) == set(role_defaults(role))


@pytest.mark.parametrize("role", ROLES)
def test_a_role_s_entry_points_are_its_public_task_files(role: str) -> None:
    tasks = {file.stem for file in (ROOT / "roles" / role / "tasks").glob("*.yml")}
    assert set(entry_points(role)) <= tasks
    assert "main" in entry_points(role)


@pytest.mark.parametrize("role", ROLES)
def test_the_defaults_that_a_role_documents_are_the_ones_that_it_has(role: str) -> None:
    """An empty text stands for "not given" and is no default that anybody has to know."""
    differing = []
    for entry, words in entry_points(role).items():
        for name, option in words.get("options", {}).items():
            has = value_by_default(role_defaults(role)[name]) if name in role_defaults(role) else NO_FIXED_DEFAULT
            expected = None if has is NO_FIXED_DEFAULT or has == "" else has
            if option.get("default") != expected:
                differing.append(f"{entry}: {name} is {has!r} and documented as {option.get('default')!r}")
            if option.get("required") and expected is not None:
                differing.append(f"{entry}: {name} is required and has the default {has!r}")
    assert differing == []


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_of_a_role_is_described_and_typed(role: str) -> None:
    options = {
        f"{entry}.{name}": option
        for entry, words in entry_points(role).items()
        for name, option in words["options"].items()
    }
    assert [name for name, option in options.items() if not option.get("description") or not option.get("type")] == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_allows_what_its_modules_allow(role: str) -> None:
    """A choice that a module knows and a role refuses, or the other way round, would only show at night."""
    known = {option: entry["choices"] for option, entry in all_specs().items() if entry.get("choices")}
    for words in entry_points(role).values():
        for name, option in words["options"].items():
            short = name.removeprefix(f"{role}_")
            if short in known:
                assert option.get("choices") == known[short], name


def all_specs() -> Tree:
    specs: Tree = {}
    for name in ACTIONS:
        specs |= spec_of(name)
    settings: Tree = specs["settings"]["options"]
    return specs | settings


@pytest.mark.parametrize("role", ROLES)
def test_every_role_says_whose_it_is_and_what_it_does(role: str) -> None:
    meta = yaml.safe_load((ROOT / "roles" / role / "meta" / "main.yml").read_text("utf-8"))
    assert meta["galaxy_info"]["license"] == "GPL-3.0-or-later"
    readme = (ROOT / "roles" / role / "README.md").read_text("utf-8")
    for word in ("Check mode", "Idempotent", "Roll back", *role_defaults(role)):
        assert word in readme


# ---- guides ----------------------------------------------------------------------------------------------------------


def guide(name: str) -> str:
    return (GUIDES / f"guide_{name}.rst").read_text("utf-8")


def variables_in_use() -> set[str]:
    """Every sfb_ variable that a user may set: what roles and playbooks read and none of them sets."""
    files = [*(ROOT / "roles").rglob("*.yml"), *(ROOT / "playbooks").glob("*.yml")]
    text = "\n".join(file.read_text("utf-8") for file in files if file.name != "argument_specs.yml")
    read = set(re.findall(r"\bsfb_\w+\b(?=\s*(?:\||\}\}|is\b|,|\)))", text))
    made = set(re.findall(r"^\s+(sfb_\w+):", text, re.MULTILINE)) | {"sfb_servers_to_patch"}
    return {name for name in read if name not in made}


def test_the_reference_describes_every_variable_that_roles_and_playbooks_read() -> None:
    text = guide("variables")
    assert [name for name in sorted(variables_in_use()) if f"``{name}``" not in text] == []


def findings_in_code() -> set[str]:
    """Every id that any file of the room "run" gives to a finding, a new file's too."""
    source = "".join(
        file.read_text("utf-8") for file in sorted((ROOT / "plugins" / "plugin_utils" / "run").glob("*.py"))
    )
    identifiers = set(re.findall(r'\b(?:add|Finding)\(\s*"(\w+)"', source)) | findings.NEVER_ACCEPTED
    identifiers |= {f"unread_{part}" for part in server_findings._NEEDED_PARTS}
    evidence = set(re.findall(r'Evidence\(\s*"([\w ]+)"', Path(str(pool_health.__file__)).read_text("utf-8")))
    evidence |= {"services", "port", "replication", "quorum", "back end"}
    return identifiers | {f"pool_{what.replace(' ', '_')}" for what in evidence}


def rows_of_findings() -> list[tuple[str, str, str]]:
    """(id, level, can it be accepted) of each row of a table of findings, in whichever guide it stands."""
    text = "\n".join(file.read_text("utf-8") for file in sorted(GUIDES.glob("*.rst")))
    return re.findall(r"^   \* - ``(\w+)``\n     - (.*(?:error|warning).*)\n     - (.+)$", text, re.MULTILINE)


def test_the_code_is_read_for_findings_of_servers_pools_back_ends_and_what_surrounds_them() -> None:
    """Without these the next test would prove nothing."""
    assert {"rights", "membership", "front_ends_first", "users_out", "backup", "pool_fabric", "settings"} <= (
        findings_in_code()
    )


def test_a_guide_has_a_row_for_every_finding_that_a_run_can_have() -> None:
    documented = [name for name, _level, _accepted in rows_of_findings()]
    assert sorted(findings_in_code() - set(documented)) == []
    assert sorted(documented) == sorted(set(documented)), "one row for each"


def test_the_guides_say_of_each_finding_whether_it_can_be_accepted() -> None:
    wrong = [
        name
        for name, level, accepted in rows_of_findings()
        if (name in findings.NEVER_ACCEPTED) != (accepted == "no") or (level == "warning") != (accepted == "not needed")
    ]
    assert wrong == []


def test_the_variables_reference_names_the_defaults_that_the_roles_have() -> None:
    """Each row is "``name``", then the default as ``value`` or "none"; roles say the same."""
    rows = dict(re.findall(r"^   \* - ``(sfb_\w+)``\n     - (.+)$", guide("variables"), re.MULTILINE))
    wrong = []
    for role in ROLES:
        for raw in role_defaults(role).values():
            found = re.fullmatch(r"\{\{ (sfb_\w+) \| default\((.*)\) \}\}", str(raw))
            if found and found[1] in variables_in_use():
                value = value_by_default(raw)
                shown = (
                    "none" if value in ("", []) else f"``{str(value).lower() if isinstance(value, bool) else value}``"
                )
                if rows.get(found[1]) != shown:
                    wrong.append(f"{role}: {found[1]} is {shown}, and the reference has {rows.get(found[1])}")
    assert sorted(set(wrong)) == []
