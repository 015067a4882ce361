# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run over a whole deployment is killed in each of its stages: the next runs finish it, nothing twice."""

from __future__ import annotations

import signal
from collections import Counter

import promises
import pytest
from back_end_labs import INSTALL, SQL01, start
from deployments import quick
from killed_runs import FAIL_OVER, finish, is_call, is_kind, kill_at
from lab_runs import OLD, POOL

PLAYBOOK = "patch_deployment.yml"
SE01, SE02 = "se01.example.com", "se02.example.com"
FRONT_ENDS = ["fe01.example.com", "fe02.example.com", "fe03.example.com"]


def deployment(central):
    """A pair of Standard Edition servers, a pool of Front Ends, and its back end server."""
    pools = [
        {"fqdn": SE01, "edition": "standard", "servers": [SE01], "users": 400, "paired_with": SE02},
        {"fqdn": SE02, "edition": "standard", "servers": [SE02], "users": 400, "paired_with": SE01},
        {"fqdn": POOL, "servers": FRONT_ENDS, "sql": SQL01},
    ]
    behind = [{"fqdn": SQL01, "version": OLD["sfb2019"]}]
    return quick({"product": "sfb2019", "pools": pools, "central_management": central, "back_end_servers": behind})


MOMENTS = {
    "SE01 installs": is_kind("installer", host=SE01, phase="begun"),
    "SE02 installs": is_kind("installer", host=SE02, phase="begun"),
    "a Front End drains": is_call(FAIL_OVER, phase="begun"),
    "databases are updated": is_call(INSTALL, phase="begun", SqlServerFqdn=SQL01),
    "SQL01 installs": is_kind("installer", host=SQL01, phase="begun"),
}
#: Where the Central Management store is, and the moments in the order in which they come then.
RUNS = {
    POOL: ["SE01 installs", "SE02 installs", "a Front End drains", "databases are updated", "SQL01 installs"],
    SE01: ["SE02 installs", "a Front End drains", "databases are updated", "SE01 installs", "SQL01 installs"],
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("central", RUNS)
def test_a_deployment_whose_run_is_killed_in_every_stage_is_finished_by_the_next_ones(lab, tmp_path, central):
    running = start(lab, deployment(central))
    for name in RUNS[central]:
        killed = kill_at(running, MOMENTS[name], playbook=PLAYBOOK, starts=4)
        assert killed.code == -signal.SIGKILL, name

    (tmp_path / "elsewhere").mkdir()
    outputs = finish(running, playbook=PLAYBOOK, cwd=tmp_path / "elsewhere")

    journal = running.journal()
    promises.check(journal)
    installed = Counter(line["host"] for line in journal if line["kind"] == "installer" and line["changes"])
    assert installed == dict.fromkeys([SE01, SE02, *FRONT_ENDS, SQL01], 1)
    assert f"{SQL01}: done." in outputs[-1]
    before = len(journal)
    finish(running, playbook=PLAYBOOK)
    assert promises.changes(running.journal()[before:]) == [], "nothing is left to do"
