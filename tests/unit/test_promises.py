# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks of the integration tests can fail: each promise is broken here once, by a small journal."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest

# Under ansible-test the folder of the integration tests is not on the path.
promises = pytest.importorskip("promises")

FE01, FE02, FE03, FE11 = (f"fe{number:02d}.example.com" for number in (1, 2, 3, 11))
SQL, SE = "sql01.example.com", "se01.example.com"
POOL, OTHER = "pool01.example.com", "pool02.example.com"
BEGINNING = promises.Beginning(
    pools={POOL: [FE01, FE02], OTHER: [FE11], SE: [SE]},
    stores={SQL: [POOL, OTHER], SE: [SE]},
    apart={FE01: frozenset({FE01, FE02}), FE02: frozenset({FE01, FE02}), FE11: frozenset({FE11})},
    behind=frozenset({FE02}),
)
MARK = "C:\\ProgramData\\sfb.server\\mark.json"


def line(kind: str, host: str = FE01, **facts: Any) -> dict[str, Any]:
    return {"time": 60.0, "kind": kind, "host": host, "check_mode": False, "error": None, **facts}


def cmdlet(name: str, host: str = FE01, changes: bool = True, **facts: Any) -> dict[str, Any]:
    return line("cmdlet", host, cmdlet=name, changes=changes, **facts)


def fail_over(host: str) -> dict[str, Any]:
    return cmdlet("Invoke-CsComputerFailOver", host, parameters={"ComputerName": host}, phase="begun")


def fail_back(host: str, **facts: Any) -> dict[str, Any]:
    given = {"ComputerName": host}
    return cmdlet("Invoke-CsComputerFailBack", host, False, parameters=given, phase="ended", **facts)


def stop(host: str, **given: Any) -> dict[str, Any]:
    return cmdlet("Stop-CsWindowsService", host, parameters={"ComputerName": host, **given}, phase="begun")


def unmarked(host: str) -> dict[str, Any]:
    return cmdlet("Remove-Item", host, parameters={"LiteralPath": MARK})


def database(host: str = FE01, **given: Any) -> dict[str, Any]:
    return cmdlet("Install-CsDatabase", host, parameters={"Update": True, **given}, phase="begun")


def installed(host: str, exit_code: int = 0) -> dict[str, Any]:
    return line("installer", host, phase="ended", exit_code=exit_code, changes=False)


def felt(what: str) -> dict[str, Any]:
    return line("felt", what=what, count=3000, pool=POOL)


CONFIGURED = database(ConfiguredDatabases=True, SqlServerFqdn=SQL)
KEPT = {
    "one server after the other": [fail_over(FE01), fail_back(FE01), fail_over(FE02), fail_back(FE02)],
    "stopped, restarted, stopped again": [stop(FE01), line("reboot", FE01, changes=True), stop(FE01), unmarked(FE01)],
    "one stop after the other": [stop(FE01), unmarked(FE01), stop(FE02), unmarked(FE02)],
    "one service of two servers": [stop(FE01, Name="RTCCPS"), stop(FE02, Name="RTCCPS")],
    "two pools at once": [stop(FE01), fail_over(FE11), unmarked(FE01), fail_back(FE11)],
    "the databases last": [installed(FE02, 3010), CONFIGURED],
    "databases of a server itself": [database(SE, LocalDatabases=True)],
}
BROKEN = {
    "two fail overs": ([fail_over(FE01), fail_over(FE02)], "two servers out of service at once"),
    "a fail over beside a stop": ([stop(FE01), fail_over(FE02)], "two servers out of service at once"),
    "a stop beside a fail over that has not come back": (
        [fail_over(FE01), fail_back(FE01, error="it is not ready"), stop(FE02)],
        "two servers out of service at once",
    ),
    "two Front End services": ([stop(FE01, Name="RTCSRV"), stop(FE02)], "two servers out of service at once"),
    "a mark that is taken from a server that was failed over": (
        [fail_over(FE01), unmarked(FE01), fail_over(FE02)],
        "two servers out of service at once",
    ),
    "a second fail over": ([fail_over(FE01), fail_over(FE01)], f"a second fail over of {FE01}"),
    "a server is left stopped": ([stop(FE01)], f"{FE01} was left out of service and the run does not say so"),
    "a server is left failed over": ([fail_over(FE01)], f"{FE01} was left out of service and the run does not say so"),
    "quorum lost": ([felt("quorum_lost")], "quorum lost"),
    "a change in check mode": ([stop(FE01) | {"check_mode": True}, unmarked(FE01)], "changed in check mode"),
    "databases too early": ([CONFIGURED], f"databases of {SQL} were updated while .*{FE02}.* lack the update"),
    "databases after an install that failed": ([installed(FE02, 1603), CONFIGURED], "lack the update"),
    "databases after an install that changed nothing": (
        [installed(FE02) | {"raised": {}}, CONFIGURED],
        "lack the update",
    ),
    "databases after another server's install": ([installed(FE01), CONFIGURED], "lack the update"),
}


@pytest.mark.parametrize("journal", KEPT.values(), ids=KEPT)
def test_a_run_that_keeps_its_promises_passes(journal: list[dict[str, Any]]) -> None:
    promises.check(journal, beginning=BEGINNING)


@pytest.mark.parametrize(("journal", "told"), BROKEN.values(), ids=BROKEN)
def test_a_broken_promise_is_found_and_named(journal: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        promises.check(journal, beginning=BEGINNING)


def test_where_nobody_says_who_belongs_together_no_two_servers_may_be_out_at_once() -> None:
    with pytest.raises(AssertionError, match="at once"):
        promises.never_two([stop(FE01), fail_over(FE11)])


def test_a_server_that_is_left_out_is_named_or_the_promise_is_broken() -> None:
    promises.check([stop(FE01)], named_in_failure=f"{FE01} stays stopped", beginning=BEGINNING)


def test_a_mirror_is_updated_only_where_that_was_allowed() -> None:
    mirrored = promises.Beginning(mirrored=frozenset({SQL}))
    promises.check_run(promises.Run([CONFIGURED], {"sfb_update_mirrored_databases": True}), mirrored)
    promises.check_run(promises.Run([database(SE, LocalDatabases=True)]), mirrored)
    with pytest.raises(AssertionError, match="nobody had allowed it"):
        promises.check_run(promises.Run([CONFIGURED]), mirrored)


@pytest.mark.parametrize(
    ("away", "limit", "own", "broken"),
    [
        pytest.param(41, 30, None, False, id="the run says that it took too long"),
        pytest.param(12, 30, None, True, id="the run says that it was quick"),
        pytest.param(None, 30, None, True, id="the run does not know that it was away"),
        pytest.param(12, 10, 20, True, id="the limit that the user set was kept"),
        pytest.param(25, 10, 20, False, id="the limit that the user set was not kept"),
    ],
)
def test_users_in_resiliency_mode_are_owned_up_to(
    away: float | None, limit: int, own: int | None, broken: bool
) -> None:
    back_end = {"away_minutes": away, "limit_minutes": limit}
    run = promises.Run([felt("resiliency_mode")], {"sfb_max_minutes_away": own}, back_end)
    if not broken:
        promises.check_run(run, BEGINNING)
        return
    with pytest.raises(AssertionError, match="resiliency_mode"):
        promises.check_run(run, BEGINNING)


def test_a_run_that_reports_no_back_end_may_not_cause_resiliency_mode() -> None:
    with pytest.raises(AssertionError, match="resiliency_mode"):
        promises.check_run(promises.Run([felt("resiliency_mode")]), BEGINNING)


def test_services_that_ran_before_run_again_and_those_that_did_not_need_not() -> None:
    beginning = promises.Beginning(off={FE01: frozenset({"RTCCPS"}), FE02: None})
    running, stopped = {"RTCSRV": "Running", "RTCCPS": "Stopped"}, {"RTCSRV": "Stopped", "RTCCPS": "Stopped"}
    promises.services_run_again({FE01: running, FE02: stopped}, beginning)
    for status in ("Stopped", "Starting"):
        with pytest.raises(
            AssertionError, match=re.escape(f"{FE01} ran before and do not run now: {{'RTCSRV': '{status}'")
        ):
            promises.services_run_again({FE01: {"RTCSRV": status, "RTCCPS": "Stopped"}}, beginning)


def test_what_a_deployment_was_at_the_beginning_is_read_from_its_file() -> None:
    facts = {"powered": True, "winrm": True, "out_of_service": False, "flagged_draining": False, "services": {}}
    numbers = itertools.count(1)

    def pool(name: str, **more: Any) -> dict[str, Any]:
        server = {"fqdn": f"fe{next(numbers):02d}.example.com", "version": None, **facts}
        sql = {"server": SQL, "mirror": None, "availability_group": None}
        beside = {"archiving_sql": None, "monitoring_sql": None, "paired_with": None}
        return {"fqdn": name, "servers": [server], "sql": sql, **beside, **more}

    mirrored = {"server": "sql02.example.com", "mirror": "sql03.example.com", "availability_group": None}
    first = pool(POOL, monitoring_sql="sql02.example.com\\rtc", paired_with=OTHER)
    second = pool(OTHER, sql=mirrored, paired_with=POOL)
    first["servers"][0]["services"] = {"RtcCps": "disabled", "RTCCAA": "starting"}
    second["servers"][0] |= {"version": "7.0.2046.521", "out_of_service": True}
    back_end = {"fqdn": SQL, "version": "7.0.2046.100", **facts}

    beginning = promises.beginning_of(
        {"version": "7.0.2046.396", "pools": [first, second], "back_end_servers": [back_end]}, "7.0.2046.521"
    )

    assert beginning == promises.Beginning(
        pools={POOL: [FE01], OTHER: [FE02]},
        stores={SQL: [POOL], "sql02.example.com": [POOL, OTHER], "sql03.example.com": [OTHER]},
        mirrored=frozenset({"sql02.example.com", "sql03.example.com"}),
        behind=frozenset({FE01}),
        apart={FE01: frozenset({FE01, FE02}), FE02: frozenset({FE01, FE02}), SQL: frozenset({SQL})},
        off={FE01: frozenset({"RTCCPS"}), FE02: None, SQL: frozenset()},
    )
