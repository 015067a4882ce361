# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nobody outside Microsoft knows: the playbook has to patch a server in every position of every switch."""

from __future__ import annotations

import pytest
from lab_runs import pool_of
from sfb_lab.deployment.switches import SWITCHES

# A pool of two, and the fabric's text, have tests of their own; the databases are not part of this playbook.
_ELSEWHERE = {"fail_over_two_servers", "configured_covers_central_management"}
POSITIONS = [
    pytest.param(name, position, id=f"{name}={position}")
    for name, (positions, _about) in SWITCHES.items()
    for position in positions[1:]
    if name not in _ELSEWHERE and (name, position) != ("fabric_text", "unknown")
]


@pytest.mark.parametrize(("name", "position"), POSITIONS)
def test_a_server_is_patched_whatever_the_truth_is(lab, tmp_path, name, position):
    product = "sfb2015" if name == "readiness_property_names" else "sfb2019"
    running = lab(pool_of(product=product, switches={name: position}))
    more = {}
    if name == "fabric_text":
        more = {"sfb_fabric_baseline": str(tmp_path / "baseline.json")}
        saved = running.play("pool_status.yml", sfb_save_fabric_baseline=more["sfb_fabric_baseline"])
        assert saved.code == 0, saved.output

    run = running.play("patch_frontend_pool.yml", "--limit", "fe02.example.com", **more)

    assert run.code == 0, run.output
    assert [s["state"] for s in run.report["servers"]] == ["patched"]
