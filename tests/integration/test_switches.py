# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nobody outside Microsoft knows: the playbook has to patch a server in every position of every switch."""

from __future__ import annotations

import pytest
from deployments import SQL, pool, quick, server, standard_edition
from lab_runs import NEW, POOL
from sfb_lab.deployment.products import PRODUCTS
from sfb_lab.deployment.switches import SWITCHES

# A pool of two, and the fabric's text, have tests of their own; names of components are localised where servers are
# (test_languages.py); the night of one Front End touches no database.
_ELSEWHERE = {
    "fail_over_two_servers",
    "component_names",
    "configured_covers_central_management",
    "mirrored_update",
    "excluded_stores",
}
POSITIONS = [
    pytest.param(name, position, id=f"{name}={position}")
    for name, (positions, _about) in SWITCHES.items()
    for position in positions[1:]
    if name not in _ELSEWHERE and (name, position) != ("fabric_text", "unknown")
]
pytestmark = pytest.mark.sampled(1)
DATABASES, INSTALL = "update_databases.yml", "Install-CsDatabase"


def positions_of(*names):
    """Every position of these switches but the default, which every other test plays."""
    return [
        pytest.param(name, position, id=f"{name}={position}") for name in names for position in SWITCHES[name][0][1:]
    ]


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("name", "position"), POSITIONS)
def test_a_server_is_patched_whatever_the_truth_is(lab, tmp_path, name, position):
    product = "sfb2015" if name == "readiness_property_names" else "sfb2019"
    running = lab(pool(product=product, switches={name: position}))
    more = {}
    if name == "fabric_text":
        more = {"sfb_fabric_baseline": str(tmp_path / "baseline.json")}
        saved = running.play("pool_status.yml", sfb_save_fabric_baseline=more["sfb_fabric_baseline"])
        assert saved.code == 0, saved.output

    run = running.play("patch_frontend_pool.yml", "--limit", "fe02.example.com", **more)

    assert run.code == 0, run.output
    assert [s["state"] for s in run.report["servers"]] == ["patched"]


@pytest.mark.parametrize(
    ("name", "position"),
    positions_of("installer_resets_start_types", "installer_starts_services", "installer_returns"),
)
def test_a_standard_edition_server_is_patched_whatever_its_installer_does(lab, name, position):
    running = lab(standard_edition(switches={name: position}))

    run = running.play("patch_standard_edition_server.yml")

    assert run.code == 0, run.output
    assert [s["state"] for s in run.report["servers"]] == ["patched"]
    stops = [entry["parameters"] for entry in running.changes("Stop-CsWindowsService")]
    assert len(stops) == 2, "the services were not stopped again before the databases"
    assert set(states(run).values()) == {"current"}


# ---- databases -------------------------------------------------------------------------------------------------------


def patched_pool(product="sfb2019", databases=None, sql=SQL, beside=None, **more):
    """Every server has the update, its databases have not; `databases` that it brings besides, stores `beside` them."""
    brings = {**PRODUCTS[product]["next_databases"], **(databases or {})}
    medium = {"version": NEW[product], "databases": brings}
    front_ends = {"fqdn": POOL, "servers": [server(number) for number in (1, 2, 3)], "sql": sql, **(beside or {})}
    deployment = {"product": product, "version": NEW[product], "pools": [front_ends], "media": [medium], **more}
    return quick(deployment)


def states(run):
    """Database -> its state at the end, as the report has it."""
    return {database["name"]: database["state"] for database in run.report["databases"]}


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("covers", SWITCHES["configured_covers_central_management"][0])
def test_the_central_management_store_is_updated_where_that_was_asked_for_and_shown_where_it_was_not(
    lab, covers, asked
):
    running = lab(patched_pool(databases={"lis": "3.1.2"}, switches={"configured_covers_central_management": covers}))

    run = running.play(DATABASES, sfb_update_central_management=asked)

    assert run.code == 0, run.output
    own = [e for e in running.changes(INSTALL) if e["parameters"].get("CentralManagementDatabase")]
    # Where -ConfiguredDatabases covers it, nothing is left to do for it.
    assert len(own) == (asked and not covers)
    found = states(run)
    assert found.pop("lis") == ("current" if asked or covers else "behind")
    assert set(found.values()) == {"current"}


@pytest.mark.parametrize("position", SWITCHES["excluded_stores"][0])
def test_stores_that_are_left_out_are_verified_all_the_same_and_named_where_they_stay_behind(lab, position):
    running = lab(
        patched_pool(beside={"archiving_sql": SQL, "monitoring_sql": SQL}, switches={"excluded_stores": position})
    )

    run = running.play(DATABASES)

    assert run.code == 0, run.output
    assert [e["parameters"]["ExcludeCollocatedStores"] for e in running.changes(INSTALL)] == [True]
    found = states(run)
    left = {name for name, state in found.items() if state != "current"}
    assert left == (set() if position == "updated" else {"LcsLog", "LcsCDR"})
    assert all(name in run.report["message"] for name in left), run.report["message"]


@pytest.mark.parametrize("position", SWITCHES["mirrored_update"][0])
@pytest.mark.parametrize("allowed", [True, False])
def test_mirrored_databases_are_updated_where_that_is_allowed_and_a_refusal_is_told(lab, position, allowed):
    sql = {"server": SQL, "mirror": "sql02.example.com"}
    running = lab(patched_pool("sfb2015", sql=sql, switches={"mirrored_update": position}))

    run = running.play(DATABASES, sfb_update_mirrored_databases=allowed)

    works = allowed and position == "works"
    assert (run.code == 0) is works, run.output
    sent = [e for e in running.journal() if e.get("cmdlet") == INSTALL and e.get("phase") != "ended"]
    assert len(sent) == allowed
    if works:
        assert set(states(run).values()) == {"current"}
    elif allowed:
        assert "rtcxds" in run.report["message"], "what is not current is not named"
    else:
        assert "sfb_update_mirrored_databases" in run.text
