# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The health of a pool from all its evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.product.fabric import FabricReading
from ansible_collections.sfb.server.plugins.plugin_utils.product.pool_health import (
    Event,
    Evidence,
    PoolFacts,
    Services,
    pool_health,
)
from ansible_collections.sfb.server.plugins.plugin_utils.product.quorum import BackEnd
from ansible_collections.sfb.server.plugins.plugin_utils.product.readiness import Readiness
from ansible_collections.sfb.server.plugins.plugin_utils.product.services import ServerState

FE01, FE02, FE03 = MEMBERS = ("fe01.example.com", "fe02.example.com", "fe03.example.com")
IN_SERVICE = Services(ServerState("in_service", ("RTCSRV is Running",)))
CHANGED = 1000.0
HEALTHY = PoolFacts(
    members=MEMBERS,
    product="sfb2015",
    fabric=FabricReading("healthy", False, ("every Front End is OK and Up",)),
    readiness=Readiness("ready", ("The pool is ready for an upgrade.",)),
    services=dict.fromkeys(MEMBERS, IN_SERVICE),
    ports=dict.fromkeys(MEMBERS, True),
    events={FE01: []},
    last_change=CHANGED,
    replicated=dict.fromkeys(MEMBERS, True),
)
FOUR = (*MEMBERS, "fe04.example.com")


def state(name: Any, *not_running: str) -> Services:
    return Services(ServerState(name, ("RTCSRV is Stopped",)), not_running)


def with_one(kind: str, server: str, value: Any) -> PoolFacts:
    changed: Any = {kind: {**getattr(HEALTHY, kind), server: value}}
    return replace(HEALTHY, **changed)


def bad(facts: PoolFacts) -> list[Evidence]:
    return [piece for piece in pool_health(facts).evidence if piece.verdict != "healthy"]


def test_a_pool_is_healthy_when_all_its_evidence_is() -> None:
    found = pool_health(HEALTHY)
    assert found.health == "healthy"
    assert [piece.what for piece in found.evidence] == [
        "fabric",
        "readiness",
        "services",
        "port",
        "events",
        "replication",
        "quorum",
        "back end",
    ]


def test_names_of_servers_ignore_case() -> None:
    upper = {name.upper(): True for name in MEMBERS}
    assert pool_health(replace(HEALTHY, ports=upper, replicated=upper)).health == "healthy"


@pytest.mark.parametrize(
    ("facts", "what", "server", "text"),
    [
        (replace(HEALTHY, fabric=FabricReading("degraded", False, ("a warning",))), "fabric", None, "a warning"),
        (replace(HEALTHY, readiness=Readiness("busy", ("busy",))), "readiness", None, "busy"),
        (replace(HEALTHY, readiness=Readiness("insufficient", ("2 of 3",))), "readiness", None, "2 of 3"),
        (with_one("services", FE02, state("out_by_us")), "services", FE02, "fe02.example.com is out by us"),
        (with_one("services", FE02, state("out_by_others")), "services", FE02, "is out by others"),
        (with_one("services", FE02, state("partly_stopped")), "services", FE02, "is partly stopped"),
        (with_one("services", FE02, state("starting")), "services", FE02, "is starting"),
        (with_one("services", FE02, state("draining")), "services", FE02, "is draining"),
        (with_one("services", FE02, state("coming_back")), "services", FE02, "is coming back"),
        (with_one("services", FE02, state("in_service", "FTA is Stopped")), "services", FE02, "FTA is Stopped"),
        (with_one("ports", FE03, False), "port", FE03, "Port 5090 of fe03.example.com does not answer"),
        (with_one("replicated", FE03, False), "replication", FE03, "is not up to date"),
        (with_one("events", FE01, [Event(32163, 1001.0)]), "events", FE01, "Event 32163 on fe01.example.com (1 since"),
        (
            with_one("events", FE02, [Event(32170, 1001.0)] * 2),
            "events",
            FE02,
            "Event 32170 on fe02.example.com (2 since",
        ),
        (with_one("events", FE02, [Event(32173, 1001.0)]), "events", FE02, "Event 32173"),
        (with_one("events", FE02, [Event(32174, 1001.0), Event(32174, 1060.0)]), "events", FE02, "still being placed"),
        (
            replace(HEALTHY, members=FOUR, back_end=BackEnd("sql01", False, True)),
            "back end",
            None,
            "sql01 is a vote in this pool's quorum and can't be reached",
        ),
    ],
)
def test_one_bad_piece_makes_the_pool_degraded_and_says_where_and_what_to_do(
    facts: PoolFacts, what: str, server: str | None, text: str
) -> None:
    found = pool_health(facts)
    assert found.health == "degraded"
    piece = next(piece for piece in found.evidence if (piece.what, piece.server) == (what, server))
    assert piece.verdict == "degraded"
    assert text in piece.fact
    assert piece.remedy


@pytest.mark.parametrize(
    ("facts", "what", "server"),
    [
        (replace(HEALTHY, fabric=None), "fabric", None),
        (replace(HEALTHY, fabric=FabricReading("unknown", False, ("no baseline",))), "fabric", None),
        (replace(HEALTHY, readiness=None), "readiness", None),
        (replace(HEALTHY, services=None), "services", FE01),
        (with_one("services", FE02, None), "services", FE02),
        (replace(HEALTHY, ports={FE01: True, FE02: True}), "port", FE03),
        (with_one("ports", FE01, None), "port", FE01),
        (replace(HEALTHY, events=None), "events", None),
        (replace(HEALTHY, events={}), "events", None),
        (with_one("events", FE02, None), "events", FE02),
        (replace(HEALTHY, replicated={}), "replication", FE01),
        (with_one("replicated", FE02, None), "replication", FE02),
        (replace(HEALTHY, product="unknown"), "quorum", None),
    ],
)
def test_one_unread_piece_makes_the_pool_unknown(facts: PoolFacts, what: str, server: str | None) -> None:
    found = pool_health(facts)
    assert found.health == "unknown"
    piece = next(piece for piece in found.evidence if piece.verdict == "unknown")
    assert (piece.what, piece.server) == (what, server)
    assert piece.remedy


def test_in_an_even_pool_an_unread_back_end_is_unknown() -> None:
    even = replace(
        HEALTHY,
        members=FOUR,
        services=dict.fromkeys(FOUR, IN_SERVICE),
        ports=dict.fromkeys(FOUR, True),
        replicated=dict.fromkeys(FOUR, True),
    )
    assert [piece.what for piece in bad(even)] == ["back end"]
    assert pool_health(replace(even, back_end=BackEnd("sql01", True, True))).health == "healthy"


def test_a_pool_whose_members_were_not_read_is_unknown_in_everything_that_hangs_on_them() -> None:
    assert {piece.what for piece in bad(replace(HEALTHY, members=()))} >= {"services", "port", "replication", "quorum"}


def test_events_from_before_the_last_change_and_a_single_placement_do_not_count() -> None:
    old = [Event(32163, CHANGED), Event(32170, 10.0), Event(32174, 10.0), Event(32174, 1001.0), Event(4711, 1001.0)]
    assert pool_health(with_one("events", FE01, old)).health == "healthy"


def test_while_one_is_out_the_quorum_refuses_another_and_bad_evidence_comes_first() -> None:
    found = pool_health(with_one("services", FE02, state("out_by_us")))
    assert [(piece.what, piece.verdict) for piece in found.evidence[:3]] == [
        ("services", "degraded"),
        ("quorum", "degraded"),
        ("fabric", "healthy"),
    ]
    assert "never two of one pool" in found.evidence[1].fact


def test_degraded_outweighs_unknown() -> None:
    assert pool_health(replace(with_one("ports", FE01, False), fabric=None)).health == "degraded"


def test_missing_replicas_are_to_be_waited_for_first() -> None:
    reading = FabricReading("degraded", True, ("Missing replicas: 3",))
    remedy = pool_health(replace(HEALTHY, fabric=reading)).evidence[0].remedy
    assert "Wait 30 minutes" in remedy
    assert "recover_pool.yml" in remedy
