# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever goes wrong, and whenever: once it is over, a few runs bring every server of the pool to its end."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import promises
import pytest

pytest.importorskip("hypothesis", reason="needs hypothesis")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lab_runs import pool_of
from night import Night
from sfb_lab.deployment.switches import SWITCHES

SERVERS = ("fe01.example.com", "fe02.example.com", "fe03.example.com")
#: Runs that may be needed after the one that was struck; half an hour passes before each.
RUNS = 4

hosts = st.sampled_from(SERVERS)
minutes = st.integers(1, 240)


def fault(kind: str, **more: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"fault": st.just(kind), "host": hosts, **more})


#: All that pass by themselves. Replicas that stay missing and a text that nobody knows need an administrator.
faults = st.one_of(
    fault("winrm_away_after_restart", minutes=st.integers(1, 60)),
    fault("drain_never_ends", times=st.just(1)),
    fault("fail_back_throws", times=st.integers(1, 90)),
    fault("service_stays_starting", minutes=st.integers(1, 120)),
    fault("installer_exit", exit_code=st.just(1603), applies=st.sampled_from(["half", "none"])),
    fault("installer_exit", exit_code=st.just(1618), minutes=st.integers(1, 120)),
    fault("installer_exit", exit_code=st.just(1641)),
    fault("installer_changes_nothing"),
    fault("third_party_restart", at_minute=minutes),
    fault("async_process_vanishes", at_minute=minutes),
)
breaks = st.dictionaries(st.integers(1, 260), st.sampled_from(["lost", "answer_lost", "killed"]), max_size=3)
switches = st.fixed_dictionaries(
    {
        name: st.sampled_from(SWITCHES[name][0])
        for name in (
            "fail_over_disables",
            "timed_out_drain_leaves_node_flagged",
            "fail_over_repeated",
            "fail_back_repeated",
            "installer_resets_start_types",
            "installer_starts_services",
            "installer_returns",
        )
    }
)
nights = {"struck": st.lists(faults, max_size=2), "at": breaks, "truth": switches}


def is_survived(struck: list[dict[str, Any]], at: dict[int, Any], truth: dict[str, Any]) -> None:
    deployment = pool_of(switches=truth)
    deployment["pools"][0]["load"] = {"drain_minutes": 3}
    with tempfile.TemporaryDirectory() as folder:
        night = Night(Path(folder), deployment, struck)
        runs = [night.run(at=at)]
        while runs[-1].outcome != "done" and len(runs) <= RUNS:
            promises.check(night.journal, " ".join(SERVERS) if runs[-1].outcome == "killed" else runs[-1].text)
            night.deployment.sleep(30 * 60)
            runs.append(night.run())
    promises.check(night.journal)
    assert runs[-1].outcome == "done", [run.message for run in runs]
    night.is_well(*SERVERS)


ever = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))


@settings(ever, max_examples=25, derandomize=True)
@given(**nights)
def test_every_server_is_patched_and_in_service_in_the_end(struck, at, truth):
    is_survived(struck, at, truth)


@pytest.mark.exhaustive
@pytest.mark.parametrize("part", range(4))
def test_every_server_is_patched_and_in_service_in_the_end_of_many_nights(part):
    settings(ever, max_examples=500)(given(**nights)(is_survived))()
