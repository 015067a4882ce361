# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
from sfb_lab.service.clock_service import ClockService
from stub_simulation import StubSimulation


@pytest.fixture
def clock(simulation: StubSimulation) -> Iterator[ClockService]:
    service = ClockService(simulation)
    yield service
    service.stop()


def ask(clock: ClockService, method: str, path: str, body: str | None = None) -> tuple[int, Any]:
    client = http.client.HTTPConnection(clock.url.removeprefix("http://"), timeout=10)
    client.request(method, path, body)
    reply = client.getresponse()
    return reply.status, json.loads(reply.read())


def test_the_clock_tells_the_time_of_the_lab(clock: ClockService, simulation: StubSimulation) -> None:
    assert ask(clock, "GET", "/now") == (200, {"now": simulation.clock})


def test_a_wait_is_lived_through_and_answers_with_the_time_after_it(
    clock: ClockService, simulation: StubSimulation
) -> None:
    before = simulation.clock
    assert ask(clock, "POST", "/sleep", '{"seconds": 90.5}') == (200, {"now": before + 90.5})


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"seconds": -1}', '{"seconds": "60"}', '{"seconds": true}'])
def test_a_wait_without_a_usable_number_is_refused(clock: ClockService, simulation: StubSimulation, body: str) -> None:
    before = simulation.clock
    status, answer = ask(clock, "POST", "/sleep", body)
    assert (status, simulation.clock) == (400, before)
    assert "seconds" in answer["error"]


def test_other_addresses_are_not_there(clock: ClockService) -> None:
    assert ask(clock, "GET", "/sleep")[0] == 404
    assert ask(clock, "POST", "/now", "{}")[0] == 404
