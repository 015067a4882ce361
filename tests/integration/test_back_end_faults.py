# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong around back ends, Standard Edition servers and databases: whoever watches reads where it is, and what next."""

from __future__ import annotations

import pytest
from back_end_labs import (
    BACK_END,
    DATABASES,
    INSTALL,
    NEW_DATABASES,
    OLD_DATABASES,
    SE01,
    SQL01,
    SQL02,
    STANDARD,
    START,
    STOP,
    back_end,
    bare_back_end,
    standard,
    start,
)
from deployments import quick
from lab_runs import OLD, pool_of

FE01, FE02, FE03 = "fe01.example.com", "fe02.example.com", "fe03.example.com"
GROUP = "ag01.example.com"
PATCHED = {STANDARD: (standard, SE01), BACK_END: (back_end, SQL01)}
EACH = pytest.mark.parametrize("playbook", PATCHED)
pytestmark = pytest.mark.sampled(1)
#: The waits of the gate have tests of their own.
QUICK = {"sfb_health_reads": 1, "sfb_settle_minutes": 0}


def account(**rights):
    return {"LAB\\admin": {"password": "Rehearsal-1", "second_hop": True, **rights}}


def begins(host, text):
    """The text as it stands in a finding or in a failure, that server first."""
    return f"{host}: {text}"


def is_told(run, *words):
    """In what is shown last, and in the report."""
    for text in words:
        assert text in run.text, run.output[-4000:]
        assert text in run.report["message"], run.report["message"]


def nothing_was_changed(running):
    assert running.changes() == []


def databases(run):
    return {
        row["name"]: (row["before"], row["after"], row["state"]) for row in run.report["databases"] if "before" in row
    }


# ---- what speaks against the update of databases -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deployment", "variables", "words"),
    [
        pytest.param(
            bare_back_end(accounts=account(sql_administrator=False, sql_login=True)),
            {},
            [
                f"LAB\\admin is not sysadmin on SQL Server {SQL01}\\rtc",
                f"Give LAB\\admin the role sysadmin on {SQL01}\\rtc",
            ],
            id="the account is not sysadmin",
        ),
        pytest.param(
            bare_back_end(accounts=account(sql_administrator=False)),
            {},
            [
                f"SQL Server {SQL01}\\rtc does not answer LAB\\admin",
                "Login failed",
                "Does it know LAB\\admin, as sysadmin?",
            ],
            id="SQL Server does not know the account",
        ),
        pytest.param(
            bare_back_end(sql={"owner": "LAB\\RTCUniversalServerAdmins"}),
            {},
            [
                f"on {SQL01}\\rtc belong to LAB\\RTCUniversalServerAdmins, a group that the call may delete then",
                "ALTER AUTHORIZATION ON DATABASE::[rtcxds] TO [sa]",
            ],
            id="RTCUniversalServerAdmins owns databases",
        ),
        pytest.param(
            bare_back_end("sfb2015", sql={"mirror": SQL02}),
            {},
            [
                f"databases are mirrored ({SQL01} with {SQL02})",
                "the reference of Install-CsDatabase says that -Update cannot be used against mirrored databases",
                "administrators have done it since Lync Server 2013 CU2 (microsoftreloaded.blogspot.com, July 2013)",
                "sfb_update_mirrored_databases",
            ],
            id="mirrored, and nobody said that it shall be done",
        ),
        pytest.param(
            bare_back_end("sfb2015", sql={"mirror": SQL02, "principal": "mirror"}),
            {"sfb_update_mirrored_databases": True},
            ["rtcxds", "Principal on the mirror", "Invoke-CsDatabaseFailover -NewPrincipal Primary"],
            id="the mirror is principal",
        ),
        pytest.param(
            bare_back_end("sfb2015", sql={"mirror": SQL02, "synchronised": False}),
            {"sfb_update_mirrored_databases": True},
            ["rtcxds", "not synchronised", "let both sides synchronise"],
            id="the mirror is behind",
        ),
        pytest.param(
            bare_back_end(sql={"availability_group": GROUP}),
            {},
            [f"the databases on {GROUP} are highly available (AlwaysOn)", "sfb_sql_availability_group"],
            id="in an availability group that nobody has named",
        ),
        pytest.param(
            bare_back_end(sql={"states": {"rtcxds": "SINGLE_USER"}}),
            {},
            [f"database rtcxds on {SQL01}\\rtc is ONLINE, SINGLE_USER", "Bring it to ONLINE and MULTI_USER first"],
            id="a database was left in SINGLE_USER",
        ),
    ],
)
def test_databases_that_can_t_be_updated_stop_the_run_before_anything_is_sent(lab, deployment, variables, words):
    running = start(lab, deployment)

    run = running.play(DATABASES, **variables)

    assert run.code != 0
    is_told(run, "are not updated; nothing was sent.", *words)
    nothing_was_changed(running)


def test_an_account_without_a_second_hop_is_told_so_before_anything_is_sent(lab):
    running = start(lab, bare_back_end(accounts=account(second_hop=False)))

    run = running.play(DATABASES)

    assert run.code != 0
    assert FE01 in run.text
    is_told(run, "CredSSP")
    nothing_was_changed(running)


@pytest.mark.parametrize(
    ("playbook", "deployment"), [(BACK_END, back_end), (STANDARD, standard)], ids=["back end", "Standard Edition"]
)
def test_without_a_second_hop_the_look_says_so_and_nothing_stops(lab, playbook, deployment):
    running = start(lab, deployment(accounts=account(second_hop=False)))

    run = running.play(playbook)

    assert run.code != 0
    is_told(run, "topology could not be read: ")
    assert "(the second hop): CredSSP, Kerberos delegation or become." in run.text
    assert "edition" not in {finding["id"] for finding in run.report["findings"]}
    nothing_was_changed(running)


def test_a_sql_server_among_the_front_ends_is_not_a_matter_of_rights(lab):
    running = start(lab, bare_back_end(), sfb_front_end_servers=[FE01, FE02, FE03, SQL01])

    run = running.play(DATABASES)

    assert run.code != 0
    is_told(run, f"{SQL01} (it has nothing of the product)", "Name only Front Ends in sfb_front_end_servers.")
    assert "CredSSP" not in run.report["message"]
    nothing_was_changed(running)


def test_mirrored_databases_are_updated_when_the_user_says_so_and_the_primary_is_principal(lab):
    running = start(lab, bare_back_end("sfb2015", sql={"mirror": SQL02}))

    run = running.play(DATABASES, sfb_update_mirrored_databases=True)

    assert run.code == 0, run.output
    assert databases(run)["rtcxds"] == (OLD_DATABASES["rtcxds"], NEW_DATABASES["rtcxds"], "current")


def test_an_availability_group_is_updated_under_its_name_and_the_topology_is_still_to_be_published(lab):
    running = start(lab, bare_back_end(sql={"availability_group": GROUP}))

    run = running.play(DATABASES, sfb_sql_availability_group=GROUP.upper())

    assert run.code == 0, run.output
    assert [line["parameters"]["SqlServerFqdn"] for line in running.changes(INSTALL)] == [GROUP]
    is_told(run, "Publish the topology again (Enable-CsTopology")
    assert run.report["outcome"] == "limited"


def test_databases_wait_for_a_front_end_that_lacks_the_update_and_it_is_named(lab):
    front_ends = [FE01, {"fqdn": FE02, "version": OLD["sfb2019"]}, FE03]
    running = start(lab, bare_back_end(front_ends=front_ends))

    run = running.play(DATABASES)

    assert run.code == 0, run.output
    waits = f"The databases of {SQL01} still wait: {FE02} ({OLD['sfb2019']}) has not got the update yet"
    is_told(run, waits)
    assert run.report["outcome"] == "limited"
    nothing_was_changed(running)


# ---- Test-CsDatabase and Install-CsDatabase ------------------------------------------------------------------------------


def test_no_answer_of_test_csdatabase_is_not_taken_for_current(lab):
    running = start(lab, bare_back_end(), [{"fault": "test_database_no_answer"}])

    run = running.play(DATABASES)

    assert run.code != 0
    is_told(run, f"Test-CsDatabase -ConfiguredDatabases -SqlServerFqdn {SQL01} gave no answer", "nothing was sent")
    nothing_was_changed(running)


def test_a_version_that_is_not_shown_is_unknown_and_not_current(lab):
    running = start(lab, bare_back_end(), [{"fault": "installed_version_empty", "database": "rtcshared"}])

    run = running.play(DATABASES)

    assert run.code != 0
    is_told(run, f"rtcshared on {SQL01}\\rtc is unknown (installed nothing shown, expected 5.0.1)")
    assert len(running.changes(INSTALL)) == 1, "the others were behind"


def test_a_warning_of_install_csdatabase_is_shown_and_is_no_failure(lab):
    running = start(lab, bare_back_end(), [{"fault": "install_database", "kind": "warns"}])

    run = running.play(DATABASES)

    assert run.code == 0, run.output
    assert f"{SQL01}: warning: " in run.text
    assert databases(run)["rtcxds"][2] == "current"


@EACH
@pytest.mark.parametrize(
    ("trouble", "left"),
    [
        pytest.param({"fault": "database_locked", "times": 1}, ["rtcxds", "rgsconfig"], id="a database is in use"),
        pytest.param(
            {"fault": "install_database", "kind": "prompts"}, ["rtcxds", "rgsconfig"], id="it asks, nobody answers"
        ),
        pytest.param({"fault": "install_database", "kind": "fails_half_way"}, ["rgsconfig"], id="it fails half way"),
    ],
)
def test_the_services_run_after_databases_that_failed_and_the_next_run_finishes(lab, playbook, trouble, left):
    deployment, host = PATCHED[playbook]
    running = start(lab, deployment(), [trouble])

    run = running.play(playbook)

    assert run.code != 0
    is_told(
        run,
        f"Install-CsDatabase on {host} failed: ",
        *(f"{name} on {host}\\rtc is behind (installed {OLD_DATABASES[name]}" for name in left),
        f"database.html on {host}",
        "Its services run again.",
    )
    assert "stays out of service" not in run.text
    assert "users are out" not in run.report["message"]
    assert run.report["servers"][0]["state"] == "failed"
    assert not any(f"{name} on " in run.report["message"] for name in set(OLD_DATABASES) - set(left))

    again = running.play(playbook)

    assert again.code == 0, again.output
    assert databases(again)["rgsconfig"][1:] == (NEW_DATABASES["rgsconfig"], "current")
    assert len(running.changes(STOP)) == 2, "nothing was stopped for databases alone"
    assert len(running.changes("installer")) == 0
    assert [line["kind"] for line in running.journal()].count("installer") == 2, "begun and ended, once"


def test_databases_that_fail_after_the_last_front_end_fail_the_run_of_the_whole_pool(lab):
    running = start(lab, bare_back_end(), [{"fault": "install_database", "kind": "fails_half_way"}])

    run = running.play("patch_frontend_pool.yml")

    assert run.code != 0
    is_told(run, "Install-CsDatabase on ", " failed: ", f"rgsconfig on {SQL01}\\rtc is behind")
    assert run.report["outcome"] == "failed"
    assert run.output.count("FAILED!") == 2, (
        "the database step, and the end of the run: no server repeats what another said"
    )
    assert running.play("patch_frontend_pool.yml").report["outcome"] == "done"


def test_databases_follow_in_the_run_that_repairs_a_half_applied_update(lab):
    fault = {"fault": "installer_exit", "host": "fe02.example.com", "exit_code": 1603}
    running = start(lab, quick(pool_of(3)), [fault])
    assert running.play("patch_frontend_pool.yml", **QUICK).code != 0

    again = running.play("patch_frontend_pool.yml", **QUICK)

    assert again.code == 0, again.output
    assert again.report["outcome"] == "done"
    assert databases(again)["rtcxds"][2] == "current"
    assert len(running.changes(INSTALL)) == 1


def test_what_remains_after_the_eleven_steps_is_said_and_the_run_is_not_called_done(lab):
    running = start(lab, back_end(sql={"availability_group": "ag01.example.com"}))

    run = running.play(BACK_END, sfb_sql_availability_group="ag01.example.com")

    assert run.code == 0, run.output
    assert run.report["outcome"] == "limited"
    assert "Publish the topology again" in run.text
    assert "Publish the topology again" in run.report["message"]


def test_the_central_management_store_is_left_alone_where_that_is_written_as_text(lab):
    deployment = back_end(sql={"databases": {**OLD_DATABASES, "xds": "10.16.6"}})
    deployment["switches"] = {"configured_covers_central_management": False}
    running = start(lab, deployment)

    run = running.play(BACK_END, sfb_update_central_management="false")

    assert run.code == 0, run.output
    assert not any(line["parameters"].get("CentralManagementDatabase") for line in running.changes(INSTALL))


@pytest.mark.parametrize("variable", ["sfb_max_minutes_away", "sfb_stop_after_minutes"])
def test_a_limit_of_no_minutes_is_not_taken_for_no_limit(lab, variable):
    running = start(lab, back_end())

    run = running.play(BACK_END, **{variable: 0})

    assert run.code != 0
    assert f"{variable} is 0" in run.text
    assert running.changes() == []


def test_a_file_of_tasks_that_is_not_there_stops_the_run_in_words(lab):
    running = start(lab, standard())

    run = running.play(STANDARD, sfb_after_server="/nowhere/after.yml")

    assert run.code != 0
    assert "is undefined" not in run.text
    is_told(run, "Its services run again.")


# ---- the server itself: found before anything stops ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("server", "words"),
    [
        pytest.param(
            {"services": {"MSSQL$RTCLOCAL": "stopped"}},
            ["the local SQL Server RTCLOCAL is Stopped", "the update alters the local databases and rolls back"],
            id="RTCLOCAL does not run",
        ),
        pytest.param(
            {"databases": {"rtc": "SINGLE_USER"}},
            ["database rtc of RTCLOCAL is ONLINE, SINGLE_USER", "Repair it first"],
            id="rtc was left in SINGLE_USER",
        ),
        pytest.param(
            {"processes": [{"name": "powershell.exe", "user": "LAB\\mary", "holds_module": True}]},
            ["LAB\\mary has powershell open (process ", "sfb_close_shells: true"],
            id="a Management Shell is open",
        ),
    ],
)
def test_what_is_wrong_on_the_server_is_found_before_anything_stops(lab, server, words):
    running = start(lab, standard(server=server))

    run = running.play(STANDARD)

    assert run.code != 0
    for text in (*words, "Nothing was changed."):
        assert text in run.text, run.output
    assert SE01 in run.report["message"]
    assert run.report["outcome"] == "stopped by findings"
    nothing_was_changed(running)


@EACH
def test_shells_are_ended_where_the_run_may_do_that(lab, playbook):
    deployment, _host = PATCHED[playbook]
    shell = {"name": "powershell.exe", "user": "LAB\\mary", "holds_module": True}
    running = start(lab, deployment(server={"processes": [shell]}))

    run = running.play(playbook, sfb_close_shells=True)

    assert run.code == 0, run.output
    assert "It will be ended before the install (sfb_close_shells)" in run.text
    assert "of LAB\\mary, session 2 is ended" in run.text
    lines = [line.get("cmdlet") for line in running.changes()]
    assert lines.index("Stop-Process") < lines.index(STOP)


@EACH
def test_a_restart_that_is_forbidden_and_pending_stops_the_run_before_anything(lab, playbook):
    deployment, _host = PATCHED[playbook]
    running = start(lab, deployment(server={"pending_reboot": True}))

    run = running.play(playbook, sfb_reboot="never")

    assert run.code != 0
    assert "a restart is pending" in run.text
    assert "sfb_reboot is never: restart it by hand before the run, or allow the restart" in run.text
    nothing_was_changed(running)


@pytest.mark.parametrize(
    ("playbook", "deployment", "groups", "words"),
    [
        (
            BACK_END,
            back_end(),
            {"sfb_back_end_servers": [FE01]},
            [FE01, "it has RTCSRV", "Use patch_frontend_pool.yml"],
        ),
        (BACK_END, standard(), {"sfb_back_end_servers": [SE01]}, [SE01, "Use patch_standard_edition_server.yml"]),
        (
            STANDARD,
            back_end(),
            {"sfb_standard_edition_servers": [FE01]},
            [FE01, "it is no Standard Edition server", "patch_frontend_pool.yml"],
        ),
        (STANDARD, bare_back_end(), {"sfb_standard_edition_servers": [SQL01]}, [SQL01, "patch_backend_server.yml"]),
    ],
    ids=["a Front End", "a Standard Edition server", "a Front End of a pool", "a SQL Server"],
)
def test_a_server_of_the_wrong_kind_is_told_which_playbook_it_belongs_to(lab, playbook, deployment, groups, words):
    running = start(lab, deployment, **groups)

    run = running.play(playbook)

    assert run.code != 0
    for text in (*words, "Nothing was changed."):
        assert text in run.text, run.output
    nothing_was_changed(running)


def test_a_server_that_the_inventory_has_twice_is_not_patched_twice(lab):
    names = ["one", "two"]
    running = start(lab, standard(aliases=dict.fromkeys(names, SE01)), sfb_standard_edition_servers=names)

    run = running.play(STANDARD)

    assert run.code != 0
    assert f"{SE01}: one and two of the inventory lead to the same server" in run.text
    nothing_was_changed(running)


# ---- the install ---------------------------------------------------------------------------------------------------------


@EACH
def test_an_install_that_changed_nothing_is_followed_by_the_services(lab, playbook):
    deployment, host = PATCHED[playbook]
    running = start(
        lab, deployment(), [{"fault": "installer_exit", "host": host, "exit_code": 1603, "applies": "none"}]
    )

    run = running.play(playbook)

    assert run.code != 0
    is_told(run, f"The update of {host} failed: ", "1603", "Its services run again.")
    assert [line["kind"] for line in running.journal()].count("installer") == 2, "it was begun and ended, once"
    assert running.changes(INSTALL) == []
    assert running.play(playbook).code == 0


@EACH
def test_an_install_that_fails_half_way_leaves_the_server_stopped_and_says_what_is_on_it(lab, playbook):
    deployment, host = PATCHED[playbook]
    running = start(lab, deployment(), [{"fault": "installer_exit", "host": host, "exit_code": 1603}])

    run = running.play(playbook)

    assert run.code != 0
    is_told(
        run,
        f"The failed installation left {host} changed: ",
        "Core Components: 7.0.2046.396 -> 7.0.2046.521",
        "Error 29024",
    )
    is_told(run, "start the playbook again")
    assert ("Its users are out until then." in run.report["message"]) == (playbook == STANDARD)
    assert run.report["servers"][0]["state"] == "out of service"
    assert running.changes(START) == []
    assert running.changes(INSTALL) == []

    again = running.play(playbook)

    assert again.code == 0, again.output
    assert again.report["servers"][0]["version_after"] == "7.0.2046.521"


@pytest.mark.exhaustive
def test_a_local_sql_server_that_stops_later_is_what_1603_means(lab):
    stops = {"fault": "local_sql_stopped", "host": SE01, "when": {"cmdlet": STOP}}
    running = start(lab, standard(), [stops])

    run = running.play(STANDARD)

    assert run.code != 0
    is_told(run, "1603", "no database of RTCLOCAL was read: is its SQL Server service running?")
    is_told(run, "Its users are out until then.")


@pytest.mark.exhaustive
@EACH
@pytest.mark.parametrize(
    "trouble",
    [{"exit_code": 1618, "minutes": 5}, {"exit_code": 1641}],
    ids=["another installs", "it restarts by itself"],
)
def test_exit_codes_that_are_no_failure(lab, playbook, trouble):
    deployment, host = PATCHED[playbook]
    running = start(lab, deployment(), [{"fault": "installer_exit", "host": host, **trouble}])

    run = running.play(playbook)

    assert run.code == 0, run.output
    assert run.report["servers"][0]["state"] == "patched"
    assert run.report["minutes"] < 60, "nobody waited for what had ended"
    assert len([line for line in running.journal() if line["kind"] == "reboot"]) == 1


@pytest.mark.exhaustive
@EACH
def test_a_restart_that_never_returns_names_the_server_and_what_next(lab, playbook):
    deployment, host = PATCHED[playbook]
    running = start(lab, deployment(), [{"fault": "restart_never_returns", "host": host}])

    run = running.play(playbook)

    assert run.code != 0
    is_told(
        run,
        f"{host} did not come back from its restart within 30 minutes",
        "Look at its console",
        f"{host} stays out of service",
    )
    assert ("Its users are out until then." in run.report["message"]) == (playbook == STANDARD)
    if playbook == BACK_END:
        is_told(
            run,
            f"The back end {SQL01} has been away for ",
            "users of pool01.example.com are in resiliency mode, until it does",
        )
        assert run.report["back_end"]["past_limit"] is True


@pytest.mark.exhaustive
@EACH
def test_a_restart_that_is_needed_and_forbidden_stops_there(lab, playbook):
    deployment, host = PATCHED[playbook]
    running = start(lab, deployment())

    run = running.play(playbook, sfb_reboot="never")

    assert run.code != 0
    is_told(run, f"{host} needs a restart", "sfb_reboot is never", f"{host} stays out of service and carries our mark")
    assert running.changes(INSTALL) == []
    assert running.play(playbook).code == 0, "a restart is allowed now"


# ---- how long the back end is away ---------------------------------------------------------------------------------------


def test_a_back_end_that_is_away_for_too_long_is_said_and_the_run_goes_on(lab):
    running = start(lab, back_end(server={"boot_minutes": 33}))

    run = running.play(BACK_END, sfb_reboot_timeout_minutes=60)

    assert run.code == 0, run.output
    assert f"back end {SQL01} away 29 of 30 min (seen from {FE01})" in run.text
    assert "may be in resiliency mode now" in run.text
    assert run.report["back_end"]["past_limit"] is True
    assert "resiliency_mode" in [line.get("what") for line in running.journal()]


@pytest.mark.exhaustive
def test_a_back_end_that_is_back_in_time_is_felt_by_nobody(lab):
    running = start(lab, back_end(server={"boot_minutes": 20}))

    run = running.play(BACK_END)

    assert run.code == 0, run.output
    assert "resiliency mode now" not in run.text
    assert run.report["back_end"]["past_limit"] is False
    assert 19 <= run.report["back_end"]["away_minutes"] <= 22
    assert [line for line in running.journal() if line["kind"] == "felt"] == []


def test_minutes_that_are_not_enough_for_a_restart_refuse_before_anything(lab):
    running = start(lab, back_end())

    run = running.play(BACK_END, sfb_max_minutes_away=10)

    assert run.code != 0
    assert f"{SQL01}: its restart takes about 15 min, and sfb_max_minutes_away is 10" in run.text
    nothing_was_changed(running)


@pytest.mark.exhaustive
def test_the_front_end_that_watches_may_restart_itself(lab):
    restarts = {"fault": "third_party_restart", "host": FE01, "when": {"cmdlet": "SkypeServerUpdateInstaller.exe"}}
    running = start(lab, back_end(), [restarts])

    run = running.play(BACK_END)

    assert run.code == 0, run.output
    assert f"{FE01} does not answer, so that {SQL01} can't be seen from there" in run.text


@pytest.mark.exhaustive
def test_a_sql_server_without_users_databases_is_watched_by_nobody(lab):
    deployment = back_end(sql={"server": "sql09.example.com"})
    deployment["pools"][0] |= {"archiving_sql": SQL01, "monitoring_sql": SQL01}
    running = start(lab, deployment)

    run = running.play(BACK_END)

    assert run.code == 0, run.output
    assert "Watch |" not in run.text
    assert [line["parameters"]["SqlServerFqdn"] for line in running.changes(INSTALL)] in ([], [SQL01])


def test_a_front_end_that_lacks_the_update_comes_before_the_back_end(lab):
    running = start(lab, back_end(front_ends=[FE01, {"fqdn": FE02, "version": OLD["sfb2019"]}, FE03]))

    run = running.play(BACK_END)

    assert run.code != 0
    assert f"{FE02}: this Front End has {OLD['sfb2019']}" in run.text
    assert "Patch the Front Ends first: patch_frontend_pool.yml" in run.text
    nothing_was_changed(running)


@pytest.mark.exhaustive
@pytest.mark.parametrize("count", [1, 2])
def test_the_back_end_of_a_small_pool_can_be_patched(lab, count):
    running = start(lab, back_end(front_ends=[f"fe{number:02}.example.com" for number in range(1, count + 1)]))

    run = running.play(BACK_END)

    assert run.code == 0, run.output
    assert run.report["servers"][0]["state"] == "patched"


# ---- who else is there ---------------------------------------------------------------------------------------------------


def test_a_sql_server_alone_has_nothing_to_stop_and_its_databases_are_updated_from_a_front_end(lab):
    running = start(lab, bare_back_end())

    run = running.play(BACK_END)

    assert run.code == 0, run.output
    assert "SQL Server alone: there is nothing to install on it" in run.text
    assert [line["host"] for line in running.changes(INSTALL)] == [FE01]
    assert running.changes(STOP) == []
    assert databases(run)["rtcxds"][2] == "current"


def test_the_runner_of_the_databases_can_be_chosen(lab):
    running = start(lab, bare_back_end())

    run = running.play(BACK_END, sfb_database_runner=FE03)

    assert run.code == 0, run.output
    assert [line["host"] for line in running.changes(INSTALL)] == [FE03]


@pytest.mark.exhaustive
def test_a_limited_run_names_the_server_that_it_leaves_out(lab):
    deployment = standard()
    deployment["pools"].append({**deployment["pools"][0], "fqdn": "se02.example.com", "servers": ["se02.example.com"]})
    running = start(lab, deployment)

    run = running.play(STANDARD, "--limit", SE01)

    assert run.code == 0, run.output
    assert run.report["outcome"] == "limited"
    is_told(run, "Left out by --limit: se02.example.com.")
    assert {line["host"] for line in running.changes(STOP)} == {SE01}


@pytest.mark.exhaustive
@EACH
def test_somebody_else_s_restart_in_the_middle_of_the_stop_is_survived(lab, playbook):
    """Its services are Automatic and come up with Windows: the second stop stops them again."""
    deployment, host = PATCHED[playbook]
    restart = {"fault": "third_party_restart", "host": host, "when": {"cmdlet": STOP}, "after_minutes": 1}
    running = start(lab, deployment(), [restart])

    run = running.play(playbook)
    for _start in range(2):
        if run.code == 0:
            break
        assert host in run.report["message"]
        assert "tart the playbook again" in run.text or "Nothing was changed." in run.text
        run = running.play(playbook)

    assert run.code == 0, run.output
    assert databases(run)["rtcxds"][2] == "current"


@pytest.mark.exhaustive
@EACH
@pytest.mark.parametrize(("was", "said"), [("disabled", "W3SVC is disabled"), ("manual", "W3SVC did not run before")])
def test_a_web_server_that_did_not_run_before_does_not_run_after(lab, playbook, was, said):
    deployment, _host = PATCHED[playbook]
    running = start(lab, deployment(server={"services": {"W3SVC": was}}))

    run = running.play(playbook)

    assert run.code == 0, run.output
    assert said in run.text
    assert running.changes("Start-Service") == []


@EACH
def test_check_mode_shows_the_plan_of_a_server_that_a_run_left_half_done_and_changes_nothing(lab, playbook):
    deployment, host = PATCHED[playbook]
    running = start(lab, deployment(), [{"fault": "installer_exit", "host": host, "exit_code": 1603}])
    running.play(playbook)
    seen = len(running.journal())

    run = running.play(playbook, "--check", keep_promises=False)

    assert run.code == 0, run.output
    assert f"1. {host}" in run.text
    assert "first, because an earlier run stopped it" in run.text
    assert (
        f"Install-CsDatabase -Update -{'LocalDatabases' if playbook == STANDARD else 'ConfiguredDatabases'}" in run.text
    )
    assert [line for line in running.journal()[seen:] if line.get("changes")] == []
