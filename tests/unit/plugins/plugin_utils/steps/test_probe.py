# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work in the background is proven before a server is drained by such work."""

from __future__ import annotations

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.shell import cmdlets
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.steps import probe
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import SERVER, FakeServer, refuses


def detached(server: FakeServer) -> list[str | None]:
    return [call.cmdlet for _time, call, on in server.sent if on]


def test_a_process_in_the_background_reads_the_topology_and_changes_nothing() -> None:
    server = FakeServer()
    assert probe.probe(server.shell()) == {"changed": False, "server": SERVER}
    assert detached(server) == ["Get-CsPool"]
    assert server.changes == []


def test_an_earlier_proof_is_no_proof_for_today() -> None:
    server = FakeServer()
    probe.probe(server.shell())
    probe.probe(server.shell())
    assert detached(server) == ["Get-CsPool"] * 2


def test_a_proof_that_is_under_way_is_waited_for() -> None:
    server = FakeServer()
    server.begin_work("probe", cmdlets.pools())
    probe.probe(server.shell())
    assert detached(server) == []


@pytest.mark.parametrize("why", ["not started", "cut off", "no second hop"])
def test_a_process_that_does_not_reach_the_pool_is_told_before_anything_was_taken_out(why: str) -> None:
    server = FakeServer(starts_fail=why == "not started")
    if why == "cut off":
        server.minutes["Get-CsPool"] = 5
        server.at(1, server.vanish)
    if why == "no second hop":
        server.answers["Get-CsPool"] = refuses("Login failed for user 'NT AUTHORITY\\ANONYMOUS LOGON'")
    with pytest.raises(SfbError, match="does not reach the pool") as failure:
        probe.probe(server.shell())
    assert str(failure.value.remedy).endswith("Nothing was taken out of service.")
