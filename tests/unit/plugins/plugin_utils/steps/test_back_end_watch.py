# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A back end is watched from a Front End: what is said meanwhile, and what ends the watch; replayed without a host."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import SfbError, TimedOut
from ansible_collections.sfb.server.plugins.plugin_utils.steps import back_end_watch
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import (
    SERVER,
    FakeServer,
    Fault,
    answers,
    not_there,
    refuses,
)

SQL, POOL = "sql01.example.com", "pool01.example.com"
CLAIM = f"\\\\{SQL}\\C$\\ProgramData\\sfb.server\\install.json"


class BackEnd:
    """What a Front End sees of it."""

    def __init__(self) -> None:
        self.front_end = FakeServer()
        self.front_end.answers["Get-CsUserDatabaseState"] = self._state
        self.front_end.answers["Get-Content"] = self._claim
        self.up = True
        self.only_sql_server_stops = False
        self.installs: bool | None = None
        """None: there is no claim, or it can't be read."""

    def _state(self, server: FakeServer, parameters: dict[str, Any]) -> Any:
        assert parameters["Identity"] == f"UserDatabase:{SQL}"
        return [{"Identity": f"UserDatabase:{SQL}", "Online": self.up}]

    def _claim(self, server: FakeServer, parameters: dict[str, Any]) -> Any:
        assert parameters["LiteralPath"] == CLAIM
        if not (self.up or self.only_sql_server_stops) or self.installs is None:
            raise not_there(CLAIM)
        return [json.dumps({"process": 1, "finished": None if self.installs else "2026-01-31T23:00:00Z"})]

    def away(self, begins: float, ends: float) -> None:
        """In minutes from now."""
        self.front_end.at(begins, lambda: setattr(self, "up", False))
        self.front_end.at(ends, lambda: setattr(self, "up", True))

    def watched(self, until: str = "answers", said: list[str] | None = None, **more: Any) -> dict[str, Any]:
        options = {
            "sql_server": SQL, "pool_fqdn": POOL, "back_end": None, "until": until, "limit_minutes": 30.0,
            "away_since": None, "timeout_minutes": 90, **more,
        }  # fmt: skip
        check_mode = bool(options.pop("check_mode", False))
        say = (said if said is not None else []).append
        return back_end_watch.watch(
            self.front_end.shell(check_mode=check_mode), back_end_watch.watch_from(options), say
        )


def test_a_back_end_that_answers_is_not_waited_for() -> None:
    back_end, said = BackEnd(), list[str]()
    result = back_end.watched(said=said)
    assert (result["answers"], result["away_minutes"], result["away_since"], said) == (True, 0, None, [])
    assert (back_end.front_end.clock.minutes, result["changed"]) == (0, False)


def test_a_restart_is_watched_with_one_line_a_minute_until_it_answers_again() -> None:
    back_end, said = BackEnd(), list[str]()
    back_end.away(0.5, 13.5)
    result = back_end.watched("restart_ended", said)
    assert said[0] == f"back end {SQL} away 0 of 30 min (seen from {SERVER})"
    assert f"back end {SQL} away 12 of 30 min (seen from {SERVER})" in said
    assert said[-1] == f"back end {SQL} answers again after 13 min"
    assert len(said) == 14
    assert (result["answers"], result["finished"], result["past_limit"]) == (True, True, False)
    assert 12.9 <= result["away_minutes"] <= 13.4
    assert result["away_since"] is None


def test_a_restart_that_nobody_saw_ends_after_three_minutes_and_claims_nothing() -> None:
    back_end = BackEnd()
    result = back_end.watched("restart_ended")
    assert (result["away_minutes"], result["answers"]) == (0, True)
    assert 3 <= back_end.front_end.clock.minutes < 4


@pytest.mark.parametrize(("minutes", "past"), [(29, False), (31, True)])
def test_past_the_limit_it_says_once_what_users_see_and_goes_on(minutes: float, past: bool) -> None:
    back_end, said = BackEnd(), list[str]()
    back_end.up = False
    back_end.away(0, minutes)
    result = back_end.watched("restart_ended", said)
    told = [line for line in said if "resiliency mode" in line]
    assert (result["past_limit"], len(told)) == (past, int(past))
    assert result["answers"], "and it goes on until the back end answers"
    if past:
        assert POOL in told[0] and "The run goes on" in told[0]


def test_a_second_outage_is_told_like_the_first_and_the_longest_one_counts() -> None:
    back_end, said = BackEnd(), list[str]()
    back_end.installs = back_end.only_sql_server_stops = True
    back_end.away(1, 3)
    back_end.away(5, 10)
    back_end.front_end.at(12, lambda: setattr(back_end, "installs", False))
    result = back_end.watched("install_ended", said)
    assert sum(line.startswith(f"back end {SQL} away 0 of") for line in said) == 2
    assert sum("answers again" in line for line in said) == 2
    assert 4.6 <= result["away_minutes"] <= 5.4


def test_an_outage_that_an_earlier_task_saw_begin_keeps_its_clock() -> None:
    back_end, said = BackEnd(), list[str]()
    back_end.up = False
    back_end.away(0, 5)
    result = back_end.watched(said=said, away_since="2026-01-31T22:20:00Z")
    assert said[0] == f"back end {SQL} away 10 of 30 min (seen from {SERVER})"
    assert said[-1] == f"back end {SQL} answers again after 15 min"
    assert 15 <= result["away_minutes"] <= 15.4


def test_an_outage_that_was_over_before_the_first_look_is_over() -> None:
    result = BackEnd().watched(away_since="2026-01-31T22:20:00Z")
    assert (result["away_since"], result["away_minutes"]) == (None, 10)


def test_a_task_that_ends_while_the_back_end_is_away_hands_its_clock_on() -> None:
    back_end = BackEnd()
    back_end.away(1, 100)
    result = back_end.watched("restart_ended", timeout_minutes=10)
    assert (result["answers"], result["finished"], result["away_since"]) == (False, False, "2026-01-31T22:31:00Z")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        BackEnd().watched(away_since="2026-01-31T22:20:00")


def test_a_back_end_that_does_not_come_back_is_a_failure_where_it_is_itself_waited_for() -> None:
    back_end = BackEnd()
    back_end.up = False
    with pytest.raises(TimedOut, match=f"{SQL} did not answer {SERVER} within 45 minutes") as late:
        back_end.watched(timeout_minutes=45)
    assert (late.value.facts["past_limit"], late.value.facts["answers"]) == (True, False)
    assert 44 <= back_end.front_end.clock.minutes <= 45


# ---- the installation --------------------------------------------------------------------------------------------------


def test_an_installation_is_watched_until_its_file_says_that_it_has_ended() -> None:
    back_end, said = BackEnd(), list[str]()
    back_end.installs = True
    back_end.front_end.at(12, lambda: setattr(back_end, "installs", False))
    result = back_end.watched("install_ended", said)
    assert len(said) == 12, "one line a minute"
    assert said[5] == f"{SQL}: the installer runs, 5 of 90 min; the back end answers"
    assert (result["finished"], result["away_minutes"]) == (True, 0)
    assert 12 <= back_end.front_end.clock.minutes <= 12.5


def test_a_server_that_restarts_meanwhile_is_watched_until_it_is_back_since_its_installer_may_have_ended_so() -> None:
    """Its file would say "running" for ever; the server itself is asked next."""
    back_end = BackEnd()
    back_end.installs = True
    back_end.away(5, 9)
    result = back_end.watched("install_ended")
    assert (result["finished"], result["answers"]) == (True, True)
    assert 3.9 <= result["away_minutes"] <= 4.4
    assert 9 <= back_end.front_end.clock.minutes <= 9.5


def test_an_installation_whose_process_is_gone_is_watched_until_the_deadline_and_is_no_failure() -> None:
    """The file would say "running" for ever; the server itself is asked next."""
    back_end = BackEnd()
    back_end.installs = True
    result = back_end.watched("install_ended", timeout_minutes=20)
    assert (result["finished"], result["answers"]) == (False, True)
    assert 19 <= back_end.front_end.clock.minutes <= 20


def test_a_share_that_is_closed_ends_the_watch_after_three_minutes_and_says_so() -> None:
    back_end, said = BackEnd(), list[str]()
    result = back_end.watched("install_ended", said)
    assert (result["finished"], back_end.front_end.clock.minutes) == (False, 3)
    assert said == [f"the installation on {SQL} can't be seen from {SERVER}; it is asked there"]


def test_the_file_lies_on_the_server_that_is_worked_on_where_that_has_another_name() -> None:
    back_end = BackEnd()
    node = "node1.example.com"
    back_end.front_end.answers["Get-Content"] = answers(json.dumps({"finished": "2026-01-31T23:00:00Z"}))
    assert back_end.watched("install_ended", back_end=node)["finished"] is True
    read = [call.parameters["LiteralPath"] for _t, call, _on in back_end.front_end.sent if call.cmdlet == "Get-Content"]
    assert read == [CLAIM.replace(SQL, node)]


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_file_that_is_just_being_written_is_read_again(text: str) -> None:
    back_end = BackEnd()
    back_end.front_end.answers["Get-Content"] = [
        answers(text),
        answers(json.dumps({"finished": "2026-01-31T23:00:00Z"})),
    ]
    assert back_end.watched("install_ended")["finished"] is True


# ---- what the Front End says ---------------------------------------------------------------------------------------------


def test_a_front_end_that_does_not_answer_says_nothing_of_the_back_end() -> None:
    back_end, said = BackEnd(), list[str]()
    back_end.front_end.at(1, lambda: setattr(back_end.front_end, "down_until", back_end.front_end.clock.now() + 300))
    back_end.installs = True
    back_end.front_end.at(8, lambda: setattr(back_end, "installs", False))
    result = back_end.watched("install_ended", said)
    assert (result["finished"], result["away_minutes"]) == (True, 0)
    assert f"{SERVER} does not answer, so that {SQL} can't be seen from there" in said
    assert not any("away" in line for line in said)
    assert not any("installer runs, 3 of" in line for line in said), "what is not seen is not said"


def test_a_look_that_fails_counts_as_away() -> None:
    back_end = BackEnd()
    back_end.front_end.answers["Get-CsUserDatabaseState"] = [
        *[refuses("A network-related error occurred")] * 9,
        back_end._state,
    ]
    assert back_end.watched()["away_minutes"] == 3.0


def test_a_sql_server_that_the_topology_does_not_know_is_a_failure_at_once() -> None:
    back_end = BackEnd()

    def unknown(server: FakeServer, parameters: dict[str, Any]) -> Any:
        raise Fault("Introuvable", "ObjectNotFound", "ManagementObjectNotFound")

    back_end.front_end.answers["Get-CsUserDatabaseState"] = unknown
    with pytest.raises(SfbError, match=f"no user database on {SQL}: Introuvable") as no:
        back_end.watched()
    assert "topology_info" in str(no.value.remedy)
    assert back_end.front_end.clock.minutes == 0


def test_check_mode_looks_once_and_waits_for_nothing() -> None:
    back_end = BackEnd()
    back_end.up = False
    result = back_end.watched(check_mode=True)
    assert (result["answers"], result["finished"], back_end.front_end.clock.minutes) == (False, False, 0)
