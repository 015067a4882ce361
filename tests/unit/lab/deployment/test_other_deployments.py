# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deployments that a run must recognise and leave alone, and larger ones."""

from __future__ import annotations

from .conftest import Play


def test_a_server_without_the_product_has_windows_only(play: Play) -> None:
    lab = play(servers={"fe02": {"product": "none"}})
    outcomes = lab.ask("fe02", {"cmdlet": "Get-CsPool"}, {"cmdlet": "Get-Date"})
    assert [outcome["missing"] for outcome in outcomes] == [True, False]
    assert "RTCSRV" not in lab.services("fe02")
    assert lab.state("fe01") == "InsufficientActiveFrontEnds"


def test_the_topology_names_computers_that_nobody_patches(play: Play) -> None:
    edge = {"fqdn": "edge01.example.com", "pool": "edgepool.example.com", "replication_up_to_date": False}
    lab = play({"other_computers": [edge]})
    rows = lab.cmdlet("fe01", "Get-CsPool", ["Fqdn", "Computers", "Services"])["output"]
    assert [row["Fqdn"] for row in rows] == ["pool01.example.com", "sql01.example.com", "edgepool.example.com"]
    assert rows[2]["Computers"] == ["edge01.example.com"]
    replicas = lab.cmdlet("fe01", "Get-CsManagementStoreReplicationStatus", ["ReplicaFqdn", "UpToDate"])["output"]
    assert [row["ReplicaFqdn"] for row in replicas if not row["UpToDate"]] == ["edge01.example.com"]


def test_a_mirrored_back_end_shows_where_its_principal_is(play: Play) -> None:
    sql = {"server": "sql01.example.com", "mirror": "sql02.example.com", "principal": "mirror"}
    pool = {"fqdn": "pool01.example.com", "servers": ["fe01.example.com"], "sql": sql}
    lab = play({"product": "sfb2015", "pools": [pool]})
    rows = lab.cmdlet("fe01", "Get-CsDatabaseMirrorState", ["StateOnPrimary", "StateOnMirror"], PoolFqdn=pool["fqdn"])
    assert {"StateOnPrimary": "Mirror", "StateOnMirror": "Principal"} in rows["output"]


def test_back_end_databases_follow_the_update_of_the_server_that_asks(play: Play) -> None:
    lab = play()
    versions = ["DatabaseName", "ExpectedVersion", "InstalledVersion"]
    ask = {"ConfiguredDatabases": True, "SqlServerFqdn": "sql01.example.com"}

    def behind(server: str) -> list[str]:
        rows = lab.cmdlet(server, "Test-CsDatabase", versions, **ask)["output"]
        return [row["DatabaseName"] for row in rows if row["ExpectedVersion"] != row["InstalledVersion"]]

    assert behind("fe01") == []
    lab.fail_over("fe01")
    lab.install("fe01")
    assert behind("fe01") == ["rtcxds", "rgsconfig"]
    assert behind("fe02") == []
    lab.cmdlet("fe01", "Install-CsDatabase", Update=True, Confirm=False, **ask)
    assert behind("fe01") == []


def test_what_is_not_in_the_topology_is_an_error_and_names_what_was_asked(play: Play) -> None:
    lab = play()
    name = "pool'1; $(1+1).example.com"
    outcomes = [
        lab.cmdlet("fe01", "Get-CsPoolFabricState", PoolFqdn=name),
        lab.cmdlet("fe01", "Get-CsPool", Identity=name),
        lab.cmdlet("fe01", "Get-CsComputer", Pool=name),
        lab.cmdlet("fe01", "Get-CsService", Identity=name),
        lab.cmdlet("fe01", "Reset-CsPoolRegistrarState", PoolFqdn=name, Confirm=False),
        lab.cmdlet("fe01", "Test-CsDatabase", ConfiguredDatabases=True, SqlServerFqdn=name),
        lab.cmdlet("fe01", "Get-CsWindowsService", Name=name),
        lab.cmdlet("fe01", "Invoke-CsComputerFailOver", ComputerName=name, Confirm=False),
    ]
    for outcome in outcomes:
        assert outcome["errors"][0]["category"] == "ObjectNotFound"
        assert name in outcome["errors"][0]["message"]
    assert not any(line["changes"] for line in lab.journal("cmdlet"))
