# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mark that a run leaves on a server before it takes it out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import (
    Mark,
    MarkError,
    ServiceBefore,
    mark_text,
    read_mark,
)

HOST = "fe02.example.com"
MARK = Mark("run-7", "2026-01-31T22:30:00Z", "LAB\\admin", HOST, {"RTCSRV": ServiceBefore("Running", "Automatic")})


def test_a_mark_comes_back_as_it_was_written_also_with_a_byte_order_mark() -> None:
    assert read_mark(mark_text(MARK), HOST) == MARK
    assert read_mark("\ufeff" + mark_text(MARK), HOST.upper()) == MARK


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"run": ""}, '"run" is missing'),
        ({"user": None}, '"user" is missing'),
        ({"time": "yesterday"}, '"time" can\'t be read'),
        ({"host": "fe03.example.com"}, "it was written for fe03.example.com"),
        ({"services": []}, '"services" is missing or no object'),
        ({"services": {"RTCSRV": "Running"}}, 'the service "RTCSRV" has no status and start_type'),
        ({"services": {"RTCSRV": {"status": "Running"}}}, 'the service "RTCSRV" has no status and start_type'),
    ],
)
def test_a_mark_with_something_wrong_is_refused_and_says_what(change: dict[str, Any], why: str) -> None:
    with pytest.raises(MarkError) as refusal:
        read_mark(json.dumps({**json.loads(mark_text(MARK)), **change}), HOST)
    assert why in str(refusal.value)


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '"text"', mark_text(MARK)[:40]])
def test_half_a_mark_still_stands_and_its_refusal_says_what_to_do(text: str) -> None:
    with pytest.raises(MarkError) as refusal:
        read_mark(text, HOST)
    message = str(refusal.value)
    assert HOST in message
    assert "it counts as out" in message
    assert f"Invoke-CsComputerFailBack -ComputerName {HOST}" in message
