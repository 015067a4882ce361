# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the repository as a whole and what no other checker looks at."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
HEADER = """\
# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""
TEXT = {".cfg", ".j2", ".json", ".md", ".ps1", ".psm1", ".py", ".rst", ".toml", ".txt", ".yaml", ".yml"}


def files_of_the_collection() -> list[Path]:
    """Every file but what tools left behind: those folders begin with a dot or are named in .gitignore."""
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name[0] != "." and name not in ("__pycache__", "build", "output")]
        found += [Path(folder, name) for name in files]
    return found


def plugins(folder: str) -> set[str]:
    return {file.stem for file in (ROOT / folder).glob("[a-z]*.py")}


def tasks_in(node: Any) -> Iterator[dict[str, Any]]:
    """Every task in a playbook or task file, also those inside blocks."""
    for task in node if isinstance(node, list) else []:
        if isinstance(task, dict):
            yield task
            for section in ("pre_tasks", "tasks", "post_tasks", "handlers", "block", "rescue", "always"):
                yield from tasks_in(task.get(section))


def documented_options(documentation: str) -> set[str]:
    """The options that a module's documentation names, its own and those of this collection's fragments."""
    words = yaml.safe_load(documentation)
    known = set(words.get("options", {}))
    for fragment in words.get("extends_documentation_fragment", []):
        if fragment.startswith("sfb.server."):
            name, _dot, section = fragment.removeprefix("sfb.server.").partition(".")
            module = import_module(f"ansible_collections.sfb.server.plugins.doc_fragments.{name}")
            known |= documented_options(getattr(module.ModuleDocFragment, (section or "documentation").upper()))
    return known


def undocumented(task: dict[str, Any]) -> list[str]:
    """The options of our modules that a task gives and the documentation does not know (ansible-lint cannot tell)."""
    found = []
    for name, options in task.items():
        if not name.startswith("sfb.server."):
            continue
        module = ROOT / "plugins" / "modules" / (name.removeprefix("sfb.server.") + ".py")
        if not module.exists():
            found.append(f"{name}: no such module")
        elif isinstance(options, dict):
            known = documented_options(module.read_text("utf-8").split('"""')[1])
            found += [f"{name}: {option}" for option in options if option not in known]
    return found


def test_every_python_file_says_whose_it_is_and_under_which_licence() -> None:
    python = [file for file in files_of_the_collection() if file.suffix == ".py"]
    silent = [str(file.relative_to(ROOT)) for file in python if not file.read_text("utf-8").startswith(HEADER)]
    assert silent == []


def test_every_text_file_is_plain_ascii_so_that_no_quote_or_dash_is_what_it_does_not_look_like() -> None:
    text = [file for file in files_of_the_collection() if file.suffix in TEXT]
    odd = [str(file.relative_to(ROOT)) for file in text if not file.read_bytes().isascii()]
    assert odd == []


def test_every_module_has_the_action_that_does_its_work_and_every_action_its_documentation() -> None:
    assert plugins("plugins/modules") == plugins("plugins/action")


def test_the_action_group_holds_every_module_so_that_module_defaults_reach_them_all() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text("utf-8"))
    assert set(runtime["action_groups"]["sfb"]) == plugins("plugins/modules")


def test_every_task_gives_our_modules_only_options_that_their_documentation_knows() -> None:
    folders = [ROOT / "playbooks", ROOT / "extensions" / "molecule", *(ROOT / "roles").glob("*/tasks")]
    wrong = [
        f"{file.relative_to(ROOT)}: {option}"
        for folder in folders
        for file in folder.rglob("*.yml")
        for task in tasks_in(yaml.safe_load(file.read_text("utf-8")))
        for option in undocumented(task)
    ]
    assert wrong == []


def test_every_supported_core_has_a_list_of_exceptions_from_sanity_and_it_is_empty() -> None:
    lists = {file.stem: file.read_text("utf-8") for file in (ROOT / "tests" / "sanity").glob("ignore-*.txt")}
    assert lists == {f"ignore-2.{minor}": "" for minor in range(16, 22)}


#: Lowest first; action.py and specs.py stand above them all.
ROOMS = ("shell", "product", "evidence", "steps", "run")


def test_a_room_of_the_logic_knows_only_the_rooms_below_it() -> None:
    logic = "ansible_collections.sfb.server.plugins.plugin_utils."
    looks_up = []
    for file in (ROOT / "plugins" / "plugin_utils").glob("*/*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(logic):
                room = str(node.module).removeprefix(logic).partition(".")[0]
                if room not in ROOMS[: ROOMS.index(file.parent.name) + 1]:
                    looks_up.append(f"{file.parent.name}/{file.name}: {node.module}")
    assert looks_up == []
