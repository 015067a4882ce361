# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong at night: the run goes on, or stops with the server put back, or names what it left out."""

from __future__ import annotations

import pytest
from deployments import pool
from lab_runs import pool_of

ONE = ("patch_frontend_pool.yml", "--limit", "fe02.example.com")
FE02 = "fe02.example.com"
FAIL_OVER, FAIL_BACK = "Invoke-CsComputerFailOver", "Invoke-CsComputerFailBack"


def fault(kind, **more):
    return {"fault": kind, "host": FE02, **more}


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(
            fault("never_answers", at_request=45),
            id="a server accepts and never answers",
            marks=pytest.mark.exhaustive,
        ),
        pytest.param(fault("winrm_away_after_restart", minutes=12), id="WinRM stays away after the restart"),
        pytest.param(fault("fail_back_throws", times=4), id="the fail back throws four times"),
        pytest.param(
            fault("service_stays_starting", minutes=25), id="RTCSRV takes long to start", marks=pytest.mark.exhaustive
        ),
        pytest.param(
            fault("installer_exit", exit_code=1618, minutes=9),
            id="another installation runs first",
            marks=pytest.mark.exhaustive,
        ),
        pytest.param(
            fault("installer_exit", exit_code=1641), id="the installer restarts by itself", marks=pytest.mark.exhaustive
        ),
        pytest.param(
            fault("connection_dropped", at_request=60), id="the connection drops", marks=pytest.mark.exhaustive
        ),
        pytest.param(
            fault("connection_dropped", at_request=60, after_work=True),
            id="an answer is lost",
            marks=pytest.mark.exhaustive,
        ),
    ],
)
def test_the_run_goes_on_to_its_end(lab, trouble):
    running = lab(pool(), faults=[trouble])

    run = running.play(*ONE)

    assert run.code == 0, run.output
    assert [entry["fault"] for entry in running.journal() if entry["kind"] == "fault"], "the fault never struck"
    assert [s["state"] for s in run.report["servers"]] == ["patched"]
    assert len(running.changes(FAIL_OVER)) == 1


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        pytest.param(fault("drain_never_ends"), "would not drain", id="a conference never ends"),
        pytest.param(
            fault("async_process_vanishes", when={"cmdlet": FAIL_OVER, "host": FE02}, after_minutes=2),
            "cut off",
            id="the process that drains vanishes",
        ),
        pytest.param(
            {"fault": "third_party_restart", "host": "fe03.example.com", "when": {"cmdlet": FAIL_OVER}, "after_minutes": 4},
            "another server of its pool went out of service",
            id="somebody restarts another server in mid-drain",
        ),
        pytest.param(fault("installer_changes_nothing"), "reported success", id="the installer changes nothing"),
        pytest.param(fault("installer_exit", exit_code=1603, applies="none"), "1603", id="the installer fails and changes nothing"),
    ],
)  # fmt: skip
def test_the_run_stops_with_the_server_put_back(lab, trouble, said):
    # At their usual pace: what happens in the middle of a drain has to find it going on.
    running = lab(pool_of(), faults=[trouble])

    run = running.play(*ONE)

    assert run.code != 0
    assert said in run.text
    assert "put back" in run.text
    assert run.report["outcome"] == "failed"
    status = running.play("pool_status.yml", keep_promises=False)
    assert f"{FE02}: in service" in status.text


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        pytest.param(fault("service_stays_starting"), "RTCSRV is Starting", id="RTCSRV never starts"),
        pytest.param(
            fault("restart_never_returns"), "did not come back from its restart", id="the restart never returns"
        ),
        pytest.param(fault("installer_exit", exit_code=1603), "Error 29024", id="the installer fails half way"),
        pytest.param(
            fault("fail_back_throws", times=1000),
            "could not be brought back",
            id="the fail back never succeeds",
            marks=pytest.mark.exhaustive,
        ),
        pytest.param(
            fault("credentials_refused", when={"cmdlet": FAIL_OVER}, at_request=30),
            "refused the account",
            id="the password changes in mid-run",
        ),
    ],
)
def test_the_run_stops_and_names_the_server_that_it_leaves_out(lab, trouble, said):
    running = lab(pool(), faults=[trouble])

    run = running.play()

    assert run.code != 0
    assert said in run.text
    assert FE02 in run.report["message"]
    assert len(running.changes(FAIL_OVER)) == 1, "another server was touched"


def test_a_drain_that_never_ends_is_cut_where_that_is_the_policy(lab):
    running = lab(pool(), faults=[fault("drain_never_ends")])

    run = running.play(*ONE, sfb_on_drain_timeout="cut", sfb_drain_timeout_minutes=20)

    assert run.code == 0, run.output
    felt = [entry for entry in running.journal() if entry["kind"] == "felt"]
    assert {entry["what"] for entry in felt} == {"sessions_cut"}


def test_replicas_that_stay_missing_stop_the_run_after_the_server_is_back(lab):
    running = lab(pool(), faults=[fault("replica_stays_missing")])

    run = running.play()

    assert run.code != 0
    assert "was not healthy within 60 minutes" in run.text
    assert "missing replica" in run.text
    assert len(running.changes(FAIL_OVER)) == 1


def test_fabric_text_that_nobody_knows_stops_the_run_before_anything_is_changed(lab):
    running = lab(pool(switches={"fabric_text": "unknown"}))

    run = running.play()

    assert run.code != 0
    assert running.changes() == []
    assert "[pool_fabric]" in run.text
    assert "baseline" in run.text
