# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text that an administrator saved while the pool was known to be healthy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.product.baseline import (
    Baseline,
    BaselineError,
    baseline_text,
    difference,
    new_baseline,
    normalise,
    read_baseline,
)

SAVED = new_baseline(
    ["fe01 hosts 12 groups", "fe02 hosts 11 groups"], "pool01.example.com", "sfb2015", "2026-01-31T22:30:00Z"
)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("  a \t b  \r\n\r\n c ", "a b\nc"),
        ("{10613DBE-C944-5463-BFA3-7C1EA28D0EB9} x", "<id> x"),
        ("id=10613dbe-c944-5463-bfa3-7c1ea28d0eb9", "id=<id>"),
        ("at 2026-01-31T22:30:00.123Z", "at <time>"),
        ("at 1/31/2026 10:30:05 PM", "at <time>"),
        ("at 31.01.2026 22:30", "at <time>"),
        ("at 2026-01-31 22:30:00+01:00 ok", "at <time> ok"),
        ("up 1.02:03:04", "up <time>"),
        ("up 22:30, since", "up <time>, since"),
        ("12 groups, 7 users (5)", "<number> groups, <number> users (<number>)"),
        ("Groups=1,234; load 3.5% in 12ms", "Groups=<number>; load <number> in <number>"),
        ("code 0x80FF -5", "code <number> <number>"),
        ("3 of 3", "<all>"),
        ("23/24 placed", "<part> placed"),
        ("fe01.example.com fe02 Server2019", "fe01.example.com fe02 Server2019"),
        ("id 130812345678901234", "id <number>"),
    ],
)
def test_what_changes_while_nothing_happens_is_taken_out(text: str, normal: str) -> None:
    assert normalise([text]) == normal


def test_lines_keep_their_order_and_servers_their_names() -> None:
    assert difference(SAVED, ["fe01 hosts 3 groups\nfe02  hosts 20 groups"]) is None
    assert difference(SAVED, ["fe02 hosts 11 groups", "fe01 hosts 12 groups"]) is not None


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (["fe01 hosts 1 groups"], 'line 2 was "fe02 hosts <number> groups" and is nothing more'),
        (["fe01 hosts 1 groups", "fe02 hosts 1 groups", "fe03"], 'line 3 was nothing more and is "fe03"'),
        ([], 'line 1 was "fe01 hosts <number> groups" and is nothing more'),
    ],
)
def test_the_first_difference_is_said_in_words(now: list[str], text: str) -> None:
    assert difference(SAVED, now) == text


def test_a_baseline_comes_back_as_it_was_saved() -> None:
    assert read_baseline(baseline_text(SAVED), "b.json") == SAVED


def test_a_text_of_nothing_is_not_saved() -> None:
    with pytest.raises(BaselineError, match=r"wrote nothing for pool01\.example\.com"):
        new_baseline(["", " \n"], "pool01.example.com", "sfb2015", "2026-01-31T22:30:00Z")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"pool": ""}, "must be texts"),
        ({"saved": "yesterday"}, "no ISO 8601"),
        ({"lines": []}, "lines a list of texts"),
        ({"lines": ["a", 3]}, "lines a list of texts"),
        ({"product": None}, "must be texts"),
    ],
)
def test_a_baseline_with_something_wrong_is_refused_and_says_what(change: dict[str, Any], why: str) -> None:
    with pytest.raises(BaselineError) as refusal:
        read_baseline(json.dumps({**json.loads(baseline_text(SAVED)), **change}), "b.json")
    assert why in str(refusal.value)


@pytest.mark.parametrize("text", ["", "[]", "3", '{"pool": "p"}', "null"])
def test_a_file_that_is_no_baseline_is_refused_with_its_name_and_the_cure(text: str) -> None:
    with pytest.raises(BaselineError, match=r"The fabric baseline b\.json can't be read.*pool_status\.yml"):
        read_baseline(text, "b.json")


def test_a_baseline_that_was_saved_on_windows_is_read() -> None:
    found: Baseline = read_baseline("\ufeff" + baseline_text(SAVED), "b.json")
    assert found.pool == "pool01.example.com"
