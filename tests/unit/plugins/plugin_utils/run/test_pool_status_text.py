# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one screen about a pool: who is out and why, what differs, and the evidence with its cures."""

from __future__ import annotations

from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.run import pool_status_text

Facts = dict[str, Any]


def survey(number: int, version: str = "7.0.2046.396", **more: Any) -> Facts:
    return {
        "inventory_name": f"fe{number:02}",
        "server": f"fe{number:02}.example.com",
        "reachable": True,
        "pool": "pool01.example.com",
        "state": "in_service",
        "state_reasons": ["RTCSRV is Running"],
        "components": {"Core Components": version, "Web Components": version, "Runtime": "7.0.0.0"},
        "pending_restart": [],
        **more,
    }


def piece(what: str, verdict: str, fact: str, remedy: str = "") -> Facts:
    return {"what": what, "server": None, "verdict": verdict, "fact": fact, "remedy": remedy}


def health(verdict: str, *evidence: Facts) -> Facts:
    return {
        "health": verdict,
        "evidence": list(evidence),
        "fabric_text": ["line one\nline two"],
        "fabric_warnings": ["w"],
    }


def shown(surveys: list[Facts], found: Facts | None) -> list[str]:
    return list(pool_status_text.lines(surveys, found, 0.0))


def test_a_healthy_pool_is_said_in_a_line_for_each_server_and_piece_of_evidence() -> None:
    assert shown([survey(1), survey(2)], health("healthy", piece("fabric", "healthy", "All is well."))) == [
        "Pool pool01.example.com at 1970-01-01T00:00:00Z: healthy",
        "  fe01.example.com: in service, 7.0.2046.396",
        "  fe02.example.com: in service, 7.0.2046.396",
        "Evidence:",
        "  [healthy] fabric: All is well.",
    ]


def test_a_pool_with_a_server_out_says_who_and_why_and_that_it_was_not_asked_therefore() -> None:
    out = survey(2, state="out_by_others", state_reasons=["RTCSRV is Stopped"], pending_restart=["Windows Update"])
    lines = shown([survey(1), out], None)
    assert lines[0].endswith(": not asked, because fe02.example.com is not in service")
    assert lines[2:] == [
        "  fe02.example.com: out by others, 7.0.2046.396, restart pending (Windows Update)",
        "      RTCSRV is Stopped",
    ]


def test_a_server_that_could_not_be_read_is_not_called_unreachable_and_is_named_once() -> None:
    unread = {"inventory_name": "fe02", "reachable": False, "trouble": "fe02: it refused the account"}
    lines = shown([unread], None)
    assert lines == [
        "Pool (not known) at 1970-01-01T00:00:00Z: not asked, because no server of it could be asked",
        "  fe02: not known: it refused the account",
    ]


def test_components_that_differ_in_the_same_way_stand_in_one_line() -> None:
    lines = shown([survey(1), survey(2, "7.0.2046.521")], None)
    assert lines[-1] == (
        "  differs: fe01.example.com 7.0.2046.396, fe02.example.com 7.0.2046.521: Core Components; Web Components"
    )


def test_facts_with_one_cure_show_it_once_and_what_the_fabric_wrote_stands_below() -> None:
    found = health(
        "degraded",
        piece("fabric", "degraded", "one", "Wait."),
        piece("fabric", "degraded", "two", "Wait."),
        piece("port", "degraded", "three", "Look."),
    )
    assert shown([survey(1)], found)[2:] == [
        "Evidence:",
        "  [degraded] fabric: one.",
        "  [degraded] fabric: two.",
        "      Wait.",
        "  [degraded] port: three.",
        "      Look.",
        "What Get-CsPoolFabricState wrote:",
        "  | line one",
        "  | line two",
        "  | WARNING: w",
    ]
