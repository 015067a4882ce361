# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import stat
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

pytest.importorskip("winrm")

from sfb_lab.service.running_lab import RunningLab
from stub_simulation import FRONT_END, WITNESS, StubSimulation


@pytest.fixture
def lab(simulation: StubSimulation) -> Iterator[RunningLab]:
    with RunningLab(simulation) as running:
        yield running


def read(lab: RunningLab, name: str) -> Any:
    return yaml.safe_load((lab.inventory / name).read_text("utf-8"))


def test_hosts_are_listed_under_all_and_by_alias_where_there_is_one(lab: RunningLab) -> None:
    assert read(lab, "hosts.yml") == {"all": {"hosts": {"front-end-two": None, FRONT_END: None}}}


def test_alias_and_fqdn_lead_to_the_same_server(lab: RunningLab, simulation: StubSimulation) -> None:
    alias = read(lab, "host_vars/front-end-two.yml")
    assert alias == read(lab, f"host_vars/{WITNESS}.yml")
    assert alias["ansible_host"] == alias["ansible_winrm_host"] == simulation.addresses[WITNESS]


def test_every_variable_that_could_carry_a_secret_of_the_user_is_set(
    lab: RunningLab, simulation: StubSimulation
) -> None:
    variables = read(lab, f"host_vars/{FRONT_END}.yml")
    password = simulation.accounts["LAB\\admin"]
    names = ("ansible_password", "ansible_winrm_pass", "ansible_winrm_password")
    assert {variables[name] for name in names} == {password}
    names = ("ansible_become_password", "ansible_become_pass", "ansible_runas_pass")
    assert {variables[name] for name in names} == {"b3come"}
    assert stat.S_IMODE((lab.inventory / f"host_vars/{FRONT_END}.yml").stat().st_mode) == 0o600


def test_without_a_become_account_the_account_of_the_connection_is_used(simulation: StubSimulation) -> None:
    simulation.become = None
    with RunningLab(simulation) as lab:
        variables = read(lab, f"host_vars/{FRONT_END}.yml")
    assert variables["ansible_become_user"] == "LAB\\admin"
    assert variables["ansible_become_password"] == simulation.accounts["LAB\\admin"]


def test_the_connection_is_verified_bypasses_proxies_and_gives_up_reading_after_the_operation(lab: RunningLab) -> None:
    variables = read(lab, f"host_vars/{FRONT_END}.yml")
    assert variables["ansible_winrm_server_cert_validation"] == "validate"
    assert variables["ansible_winrm_ca_trust_path"] == str(lab.ca_file)
    assert "ansible_winrm_proxy" in variables
    assert variables["ansible_winrm_proxy"] is None
    assert variables["ansible_winrm_read_timeout_sec"] > variables["ansible_winrm_operation_timeout_sec"]
    assert (variables["sfb_lab"], variables["sfb_clock"]) == (True, lab.clock_url)
