# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pool is asked about, and what its readiness cmdlet adds."""

from __future__ import annotations

from ansible_collections.sfb.server.plugins.plugin_utils.evidence import pool_state
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import MEMBERS, POOL, FakeServer, answers


def test_pool_and_members_come_from_the_topology_where_they_are_not_given() -> None:
    question = pool_state.asked(FakeServer().shell(), None)
    assert (question.pool, question.members) == (POOL, tuple(MEMBERS))
    assert pool_state.asked(FakeServer().shell(), "edge.example.com").members == ("edge.example.com",)


def test_the_upgrade_domains_come_with_the_health_of_the_pool() -> None:
    server = FakeServer(product="lync2013")
    domain = {"Name": "UD1", "ReadyforUpgrade": True, "Frontends": [MEMBERS[0]]}
    server.answers["Get-CsPoolUpgradeReadinessState"] = answers(
        {"PoolUpgradeState": "Ready", "UpgradeDomains": [domain]}
    )
    found = pool_state.read(server.shell(), pool_state.asked(server.shell(), POOL))
    assert (found["product"], found["readiness"]) == ("lync2013", "ready")
    assert found["upgrade_domains"] == [{"name": "UD1", "ready": True, "front_ends": (MEMBERS[0],)}]
