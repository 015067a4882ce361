# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deployment and faults files: short ones are complete, wrong ones are refused with key and line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sfb_lab.deployment import FileError, load
from sfb_lab.deployment.description import DEPLOYMENT, read_deployment
from sfb_lab.deployment.faults import FAULTS, TRIGGER
from sfb_lab.deployment.products import data
from sfb_lab.deployment.schema import Either, Listing, Named, Table
from sfb_lab.deployment.switches import SWITCHES

LAB = Path(__file__).resolve().parents[4] / "extensions" / "lab"
EXAMPLES = sorted((LAB / "deployments").glob("*.yml"))
SHORT = "product: sfb2019\npools:\n  - fqdn: pool01.example.com\n    servers: [fe01.example.com]\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_four_lines_are_a_deployment(tmp_path: Path) -> None:
    deployment = load(write(tmp_path, SHORT))
    assert dict(deployment.addresses) == {"fe01.example.com": "127.0.1.11"}
    assert deployment.become in deployment.accounts
    assert deployment.media[0]["version"] == "7.0.2046.521"
    assert deployment.model.pools[0].sql["server"] == "sql01.example.com"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SHORT + "swiches: {}\n", "mine.yml line 5: swiches: no such key"),
        (
            SHORT + "switches:\n  fabric_text: c\n",
            "mine.yml line 6: switches.fabric_text: 'c' is not one of a, b, unknown",
        ),
        (SHORT + "product: sfb2019\n", "line 5: product: stands here twice"),
        (SHORT.replace("fqdn: pool01", "fdqn: pool01"), "line 3: pools[0].fdqn: no such key"),
        (SHORT.replace("sfb2019", "sfb2024"), "line 1: product: 'sfb2024' is not one of"),
        (SHORT + "version: 7.10\n", 'line 5: version: text expected; write it in quotes: "7.10"'),
        (SHORT.replace("[fe01.example.com]", "[]"), "line 4: pools[0].servers: 1 to 16 items expected"),
        (
            SHORT.replace("[fe01.example.com]", "[{powered: false}]"),
            "line 4: pools[0].servers[0]: the key fqdn is missing",
        ),
        (SHORT.replace("[fe01", "[fe01.example.com, fe01"), "fe01.example.com stands here twice"),
        (SHORT + "central_management: pool09.example.com\n", "pool09.example.com is none of the pools"),
        (SHORT + "aliases: {a: fe09.example.com}\n", "aliases: a: fe09.example.com is none of the servers"),
        (SHORT + "times: {boot_minutes: soon}\n", "line 5: times.boot_minutes: a number expected"),
        (SHORT + "pools: [\n", "mine.yml line 6"),
        ("", "the file is empty"),
    ],
)
def test_a_wrong_file_is_refused_with_key_and_line(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(FileError, match=re.escape(expected)):
        read_deployment(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- {fault: earthquake, host: fe01.example.com}\n", "'earthquake' is not one of connection_dropped"),
        ("- fault: drain_never_ends\n", "mine.yml line 1: [0]: the key host is missing"),
        ("- fault: drain_never_ends\n  host: fe09.example.com\n", "fe09.example.com is none of the servers"),
        (
            "- fault: fail_back_throws\n  host: fe01.example.com\n  minutes: 3\n",
            "mine.yml line 3: [0].minutes: no such key",
        ),
        (
            "- {fault: installer_exit, host: fe01.example.com, exit_code: 5}\n",
            "[0].exit_code: 5 is not one of 1603, 1618, 1641",
        ),
        ("fault: drain_never_ends\n", "a list expected"),
    ],
)
def test_a_wrong_faults_file_is_refused_too(tmp_path: Path, text: str, expected: str) -> None:
    deployment = tmp_path / "deployment.yml"
    deployment.write_text(SHORT, encoding="utf-8")
    with pytest.raises(FileError, match=re.escape(expected)):
        load(deployment, write(tmp_path, text))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_can_be_played(path: Path) -> None:
    deployment = load(path)
    assert len(set(deployment.addresses.values())) == len(deployment.addresses)
    for pool in deployment.model.pools:
        assert pool.state() == "Ready"


def keys_of(spec: Any) -> set[str]:
    if isinstance(spec, Table):
        return set(spec.keys) | {name for key in spec.keys.values() for name in keys_of(key.spec)}
    if isinstance(spec, (Listing, Named)):
        return keys_of(spec.of)
    return keys_of(spec.table) if isinstance(spec, Either) else set()


def test_the_readme_names_every_key_switch_position_and_fault() -> None:
    text = (LAB / "README.md").read_text(encoding="utf-8")
    words = set(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)))
    assert keys_of(DEPLOYMENT) - words == set()
    assert set(FAULTS) | set(TRIGGER) | {key for table in FAULTS.values() for key in table.keys} - {"fault"} <= words
    positions = {str(position).lower() for values, _about in SWITCHES.values() for position in values}
    assert positions <= words
    assert all(len(values) >= 2 for values, _about in SWITCHES.values())


def test_every_text_of_the_product_says_where_it_comes_from() -> None:
    assert {entry["source"] for entry in data("texts.yml").values()} <= {"real", "documented", "invented"}
