# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Quorum, replicas, users: what a pool lives through when servers come and go."""

from __future__ import annotations

import pytest
from sfb_lab.deployment.pool import QUORUM

from .conftest import Play

#: DOC, high-availability.md: servers -> (must run, must run to start).
DOCUMENTED = {
    2: (1, 1),
    3: (2, 3),
    4: (2, 3),
    5: (3, 4),
    6: (3, 5),
    7: (4, 5),
    8: (4, 6),
    9: (4, 7),
    10: (5, 8),
    11: (5, 9),
    12: (5, 10),
}


def pool_of(count: int) -> dict[str, object]:
    return {"fqdn": "pool01.example.com", "servers": [f"fe{number:02d}.example.com" for number in range(1, count + 1)]}


def test_the_quorum_table_is_the_documented_one() -> None:
    assert {count: numbers[1:] for count, numbers in QUORUM.items() if count > 1} == DOCUMENTED


def test_twelve_servers_of_2019_need_seven(play: Play) -> None:
    lab = play({"pools": [pool_of(12)]})
    voters, needed, to_start = lab.model.pools[0].quorum()
    assert (len(voters), needed, to_start) == (12, 7, 12)


@pytest.mark.parametrize("lost", ["available", "principal"])
def test_an_even_pool_without_its_sql_witness_needs_one_more(play: Play, lost: str) -> None:
    sql = {
        "server": "sql01.example.com",
        "mirror": "sql02.example.com",
        **({"available": False} if lost == "available" else {"principal": "mirror"}),
    }
    with_witness = play({"pools": [pool_of(4)]}).model.pools[0]
    without = play({"pools": [{**pool_of(4), "sql": sql}]}).model.pools[0]
    assert (with_witness.quorum()[1], without.quorum()[1]) == (2, 3)


def test_restarting_a_server_that_serves_cuts_its_sessions(play: Play) -> None:
    lab = play()
    lab.restart("fe02")
    felt = lab.journal("felt")
    assert [(line["what"], line["host"]) for line in felt] == [("sessions_cut", "fe02.example.com")]
    assert felt[0]["count"] == 334
    assert lab.services("fe02")["RTCSRV"] == ("Start Pending", "Auto")
    lab.sleep(6)
    assert lab.services("fe02")["RTCSRV"] == ("Running", "Auto")


def test_replicas_come_back_in_15_to_30_minutes(play: Play) -> None:
    lab = play()
    lab.restart("fe02")
    lab.sleep(10)
    assert len(lab.model.pools[0].missing()) == 6
    lab.sleep(8)
    assert 6 >= len(lab.model.pools[0].missing()) > 0
    lab.sleep(20)
    assert lab.model.pools[0].missing() == []


def test_readiness_waits_for_replicas_that_are_being_built(play: Play) -> None:
    lab = play({"times": {"readiness_waits_minutes": 60}})
    lab.restart("fe02")
    lab.sleep(10)
    outcome = lab.cmdlet("fe01", "Get-CsUpgradeDomainInfo", ["PoolUpgradeState"])
    assert outcome["output"] == [{"PoolUpgradeState": "Ready"}]
    assert outcome["seconds"] > 600


def test_two_of_three_servers_away_put_users_into_limited_mode(play: Play) -> None:
    lab = play()
    lab.fail_over("fe01")
    lab.deployment.restart(lab.caller("fe02"), 0)
    lab.sleep(1)
    assert lab.felt().count("limited_mode") == 6
    assert "quorum_lost" not in lab.felt()


def test_below_quorum_all_services_stop_after_five_minutes(play: Play) -> None:
    lab = play({"switches": {"fail_over_disables": "all"}, "times": {"boot_minutes": 20}})
    lab.fail_over("fe01")
    lab.deployment.restart(lab.caller("fe02"), 0)
    lab.sleep(4)
    assert "quorum_lost" not in lab.felt()
    lab.sleep(2)
    assert lab.felt().count("quorum_lost") == 1
    assert lab.services("fe03")["RTCSRV"] == ("Stopped", "Auto")
    ids = {row["Id"] for row in lab.cmdlet("fe03", "Get-WinEvent", ["Id"], LogName="Lync Server")["output"]}
    assert {32163, 32173} <= ids


def test_a_pool_that_went_down_starts_only_with_enough_servers(play: Play) -> None:
    lab = play(
        servers={"fe01": {"powered": False}, "fe02": {"winrm": True}},
        more={"times": {"boot_minutes": 20, "cold_start_minutes": 20}},
    )
    lab.deployment.restart(lab.caller("fe02"), 0)
    lab.sleep(30)
    assert "quorum_lost" in lab.felt()
    lab.cmdlet("fe03", "Start-CsWindowsService", ComputerName="fe03.example.com", NoWait=True)
    lab.sleep(60)
    assert lab.services("fe03")["RTCSRV"] == ("Start Pending", "Auto")
    rows = lab.cmdlet("fe03", "Get-WinEvent", ["Id"], LogName="Lync Server", FilterXPath="*[System[(EventID=32174)]]")[
        "output"
    ]
    assert len(rows) > 5


def test_a_replica_that_stays_missing_is_repaired_by_the_reset_alone(play: Play) -> None:
    lab = play(servers={"fe03": {"replicas_missing": True, "replicas_rebuild": False}})
    assert lab.state("fe01") == "Busy"
    lab.sleep(60)
    assert lab.state("fe01") == "Busy"
    outcome = lab.cmdlet(
        "fe01",
        "Reset-CsPoolRegistrarState",
        PoolFqdn="pool01.example.com",
        ResetType="QuorumLossRecovery",
        Confirm=False,
    )
    assert outcome["errors"] == []
    lab.sleep(5)
    assert lab.state("fe01") == "Ready"
    assert lab.felt() == ["sessions_cut"] * 3


def test_the_central_management_master_moves_away_from_a_server_that_goes(play: Play) -> None:
    lab = play({"switches": {"fail_over_disables": "all"}})

    def master() -> str:
        rows = lab.cmdlet(
            "fe03", "Get-CsManagementStoreReplicationStatus", ["ActiveMasterFQDN"], CentralManagementStoreStatus=True
        )
        return str(rows["output"][0]["ActiveMasterFQDN"])

    assert master() == "fe01.example.com"
    lab.fail_over("fe01")
    assert master() == "fe02.example.com"


def test_replication_is_behind_for_some_minutes_after_a_restart(play: Play) -> None:
    lab = play()
    lab.fail_over("fe01")
    lab.restart("fe01")

    def behind() -> list[str]:
        rows = lab.cmdlet("fe02", "Get-CsManagementStoreReplicationStatus", ["ReplicaFqdn", "UpToDate"])["output"]
        return [row["ReplicaFqdn"] for row in rows if not row["UpToDate"]]

    assert behind() == ["fe01.example.com"]
    lab.sleep(4)
    assert behind() == []


def test_a_pool_can_be_reset_while_one_of_its_servers_does_not_serve(play: Play) -> None:
    lab = play(servers={"fe03": {"services": {"RTCSRV": "stopped"}}})
    reset = {"PoolFqdn": "pool01.example.com", "ResetType": "QuorumLossRecovery", "Confirm": False}
    assert lab.cmdlet("fe01", "Reset-CsPoolRegistrarState", **reset)["errors"] == []
    lab.sleep(10)
    assert lab.state("fe01") == "Ready"
    assert lab.services("fe03")["RTCSRV"] == ("Running", "Auto")
