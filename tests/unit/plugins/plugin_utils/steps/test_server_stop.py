# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The services of a server that nobody stands in for are stopped, and what ran before is started; without a host."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.product.mark import Mark, ServiceBefore, mark_text
from ansible_collections.sfb.server.plugins.plugin_utils.shell import cmdlets, state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.background import Interrupted
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import (
    CallFailed,
    ChangeRefused,
    ConnectionLost,
    SfbError,
    TimedOut,
)
from ansible_collections.sfb.server.plugins.plugin_utils.steps import server_stop
from ansible_collections.sfb.server.plugins.plugin_utils.steps.front_end import Run
from ansible_collections.sfb.server.plugins.plugin_utils.steps.ownership import TakenOver
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import (
    SERVER,
    START,
    FakeServer,
    Fault,
    refuses,
)

MARKED = ["Set-Content -LiteralPath mark.json.new", "Move-Item -LiteralPath mark.json.new -Destination mark.json"]
STOP, WEB_STOP = "Stop-CsWindowsService -ComputerName fe02", "Stop-Service -Name W3SVC"
WEB_START, UNMARKED = "Start-Service -Name W3SVC", "Remove-Item -LiteralPath mark.json"
RENAMED = "Set-Content -LiteralPath mark.json"
EXE = "SkypeServerUpdateInstaller.exe"
RUN = Run("run-8")


def starts(*names: str) -> list[str]:
    return [f"Start-CsWindowsService -Name {name} -ComputerName fe02" for name in names]


def set_service(server: FakeServer, name: str, status: str) -> None:
    server.services[name] = (status, server.services[name][1])


def _stop_all(server: FakeServer, parameters: dict[str, Any]) -> None:
    for name in server.services:
        if not name.startswith("MSSQL"):
            set_service(server, name, "Stopped")


def _stop(server: FakeServer, parameters: dict[str, Any]) -> None:
    set_service(server, parameters["Name"], "Stopped")


def _start(server: FakeServer, parameters: dict[str, Any]) -> None:
    set_service(server, parameters["Name"], "Running")


def standard() -> FakeServer:
    """A Standard Edition server in service: alone, with a Front End, and one service that its owner disabled."""
    server = FakeServer(members=[SERVER])
    server.answers |= {"Stop-CsWindowsService": _stop_all, "Stop-Service": _stop, "Start-Service": _start}
    return server


def back_end() -> FakeServer:
    """A Back End Server that has components of the product, and no Front End."""
    server = standard()
    server.services = {
        "REPLICA": ("Running", "Auto"),
        "RTCCLSAGT": ("Running", "Auto"),
        "W3SVC": ("Running", "Auto"),
        "RTCCHAT": ("Stopped", "Manual"),
        "MSSQLSERVER": ("Running", "Auto"),
    }
    return server


def sql_alone() -> FakeServer:
    server = standard()
    server.services = {"MSSQLSERVER": ("Running", "Auto"), "W3SVC": ("Running", "Auto")}
    return server


def stopped(server: FakeServer | None = None, run: str = "run-8") -> FakeServer:
    """As a run leaves it between the first stop and the start: marked, with what ran before."""
    server = server or standard()
    marked(server, run)
    _stop_all(server, {})
    return server


def marked(server: FakeServer, run: str = "run-8", how: str = "stop") -> None:
    kinds = {"Auto": "Automatic"}
    before = {
        name: ServiceBefore(status, kinds.get(mode, mode))
        for name, (status, mode) in server.services.items()
        if not name.startswith("MSSQL")
    }
    mark = Mark(run, "2026-01-31T21:00:00Z", "LAB\\admin", SERVER, before)
    server.files[state_folder.MARK] = mark_text(mark).replace('"how": "fail_over"', f'"how": "{how}"')


def stop(server: FakeServer, again: bool = False, said: list[str] | None = None, **more: Any) -> dict[str, Any]:
    run, minutes = more.pop("run", RUN), more.pop("minutes", 30)
    return server_stop.stop(server.shell(**more), run, again, minutes, (said if said is not None else []).append)


def start(server: FakeServer, said: list[str] | None = None, **more: Any) -> dict[str, Any]:
    run, minutes = more.pop("run", RUN), more.pop("minutes", 30)
    return server_stop.start(server.shell(**more), run, minutes, (said if said is not None else []).append)


def start_web(server: FakeServer, said: list[str] | None = None, **more: Any) -> dict[str, Any]:
    return server_stop.start_web_server(server.shell(**more), RUN, 30, (said if said is not None else []).append)


def runs(server: FakeServer) -> set[str]:
    return {name for name, (status, _mode) in server.services.items() if status == "Running" and "MSSQL" not in name}


# ---- stopped -----------------------------------------------------------------------------------------------------------


def test_a_server_is_marked_with_its_services_as_they_are_before_the_first_one_stops() -> None:
    server = standard()
    result = stop(server)
    assert server.changes == [*MARKED, STOP, WEB_STOP]
    assert (result["changed"], result["state"], runs(server)) == (True, "out_by_us", set())
    assert result["ran_before"] == ["REPLICA", "RTCAVMCU", "RTCSRV", "W3SVC"]
    mark = json.loads(server.files[state_folder.MARK])
    assert (mark["run"], mark["how"]) == ("run-8", "stop")
    assert mark["services"]["RTCSRV"] == {"status": "Running", "start_type": "Automatic"}
    assert mark["services"]["RTCCPS"] == {"status": "Stopped", "start_type": "Disabled"}


def test_a_back_end_without_a_front_end_is_stopped_the_same_way_and_the_topology_is_not_asked() -> None:
    server = back_end()
    result = stop(server)
    assert server.changes == [*MARKED, STOP, WEB_STOP]
    assert result["ran_before"] == ["REPLICA", "RTCCLSAGT", "W3SVC"]
    assert not any(call.cmdlet == "Get-CsComputer" for _time, call, _on in server.sent)


def test_no_process_of_ours_has_the_products_module_loaded_once_the_stop_has_been_seen_to_end() -> None:
    """The stop itself runs detached, so its claim says when the process that loaded the module is gone."""
    server = standard()
    stop(server)
    detached = [call.powershell() for _time, call, seconds in server.sent if seconds]
    assert detached[0].startswith(f"Select-String -LiteralPath {state_folder.MARK}"), "is it still our mark?"
    assert detached[1].startswith(f"Stop-CsWindowsService -ComputerName {SERVER} -Report ")
    assert detached[1].endswith("services.html -Confirm:$false")
    assert detached[2:] == [WEB_STOP]
    last = max(n for n, (_time, _call, seconds) in enumerate(server.sent) if seconds)
    assert not any(call.of_product for _time, call, _on in server.sent[last + 1 :])


def test_a_service_that_takes_its_time_is_named_while_it_is_waited_for() -> None:
    server, said = back_end(), list[str]()
    server.services["RTCCHAT"] = ("Running", "Auto")
    server.minutes["Stop-CsWindowsService"] = 6
    server.at(1, lambda: [set_service(server, name, "Stopped") for name in ("REPLICA", "RTCCLSAGT", "W3SVC")])
    server.at(1, lambda: set_service(server, "RTCCHAT", "Stop Pending"))
    result = stop(server, said=said)
    assert 6 <= result["minutes"] <= 7
    assert "fe02.example.com stops: 2 of 30 min; not stopped yet: RTCCHAT (Stopping)" in said


def test_a_service_that_never_stops_is_a_time_out_that_names_it_and_the_mark_stays() -> None:
    server = back_end()
    server.answers["Stop-CsWindowsService"] = lambda fake, parameters: [
        _stop_all(fake, {}),
        set_service(fake, "REPLICA", "Stop Pending"),
    ][2:]
    with pytest.raises(TimedOut, match=r"not every service is stopped after 30 minutes: REPLICA \(Stopping\)") as late:
        stop(server)
    assert late.value.facts["still_waited_for"] == "REPLICA (Stopping)"
    assert server.marked
    assert 30 <= server.clock.minutes <= 31


def test_a_line_that_comes_again_names_a_few_services_and_how_many_more() -> None:
    server, said = standard(), list[str]()
    server.services |= {f"RTC{number}": ("Running", "Auto") for number in range(5)}
    stop(server, said=said)
    assert said[0].endswith(
        "not stopped yet: RTCSRV (Running), RTCAVMCU (Running), REPLICA (Running), W3SVC (Running) and 5 more"
    )


def test_a_cmdlet_that_hangs_is_a_time_out_of_ours_and_is_left_alone() -> None:
    server = standard()
    server.minutes["Stop-CsWindowsService"] = 600
    with pytest.raises(TimedOut, match=r"RTCSRV \(Running\)"):
        stop(server)
    assert len(server.works()) == 1
    assert server.marked


def test_what_the_product_refuses_is_a_failure_in_its_own_words() -> None:
    server = standard()
    server.answers["Stop-CsWindowsService"] = refuses("Zugriff verweigert")
    with pytest.raises(CallFailed, match="Zugriff verweigert"):
        stop(server)
    assert server.marked
    assert WEB_STOP not in [call.powershell() for _time, call, on in server.sent if not on]


def test_a_web_server_that_the_product_left_running_is_stopped_too() -> None:
    server = standard()

    def leaves_it(fake: FakeServer, parameters: dict[str, Any]) -> None:
        _stop_all(fake, {})
        set_service(fake, "W3SVC", "Running")

    server.answers["Stop-CsWindowsService"] = leaves_it
    stop(server)
    assert runs(server) == set()


def test_what_is_stopped_by_us_is_not_stopped_once_more() -> None:
    server = stopped()
    result = stop(server)
    assert (result["changed"], result["state"], server.changes) == (False, "out_by_us", [])
    assert result["ran_before"] == ["REPLICA", "RTCAVMCU", "RTCSRV", "W3SVC"]


def test_services_that_came_up_with_a_restart_are_stopped_and_what_ran_before_is_not_forgotten() -> None:
    server = stopped()
    for name in ("RTCSRV", "W3SVC"):
        set_service(server, name, "Running")
    result = stop(server)
    assert server.changes == [STOP, WEB_STOP]
    assert result["ran_before"] == ["REPLICA", "RTCAVMCU", "RTCSRV", "W3SVC"]


def test_again_sends_the_manuals_step_9_and_nothing_else() -> None:
    server = stopped()
    result = stop(server, again=True)
    assert (result["changed"], server.changes) == (True, [STOP])


def test_again_stops_a_web_server_that_came_up_too() -> None:
    server = stopped()
    set_service(server, "W3SVC", "Running")
    stop(server, again=True)
    assert server.changes == [STOP, WEB_STOP]
    assert runs(server) == set()


def test_a_service_that_the_update_brought_has_to_be_stopped_too() -> None:
    server = stopped()
    server.services["RTCNEW"] = ("Running", "Auto")
    stop(server, again=True)
    assert server.services["RTCNEW"] == ("Stopped", "Auto")


# ---- what is refused ---------------------------------------------------------------------------------------------------


def test_a_front_end_with_companions_is_the_fail_overs_and_not_ours() -> None:
    server = FakeServer()
    with pytest.raises(SfbError, match=r"Front End of pool01.*fe01\.example\.com, fe03\.example\.com beside it") as no:
        stop(server)
    assert "computer_failover" in str(no.value.remedy)
    assert server.changes == []


def test_a_front_end_of_a_pool_that_was_stopped_to_be_patched_is_brought_back_by_what_stopped_it() -> None:
    server = stopped(FakeServer())
    for act in (stop, start):
        with pytest.raises(SfbError, match="it is drained, not stopped"):
            act(server)
    assert server.changes == []


def test_a_topology_that_cannot_be_read_does_not_keep_users_out() -> None:
    server = stopped()
    server.answers["Get-CsComputer"] = refuses("The database is not available")
    assert start(server)["state"] == "in_service"


def test_a_server_that_was_failed_over_is_never_started_or_stopped_here() -> None:
    for act in (stop, start, start_web):
        server = standard()
        server.take_out()
        marked(server, how="fail_over")
        with pytest.raises(SfbError, match="was taken out by Invoke-CsComputerFailOver"):
            act(server)
        assert server.changes == []


@pytest.mark.parametrize(("status", "mode"), [("Stopped", "Auto"), ("Stopped", "Disabled"), ("Start Pending", "Auto")])
def test_a_server_that_somebody_else_stopped_is_named_and_left(status: str, mode: str) -> None:
    """With a mark of ours it would stay stopped for ever: nobody knows any more what ran."""
    server = standard()
    server.services["RTCSRV"] = (status, mode)
    with pytest.raises(SfbError, match="not by us: it has no mark of ours"):
        stop(server)
    assert server.changes == []


def test_a_sql_server_alone_has_nothing_to_stop_and_says_so() -> None:
    server = sql_alone()
    execute = server.execute

    def without_module(script: str, request: str, detach_seconds: int | None) -> dict[str, Any]:
        result = execute(script, request, detach_seconds)
        answer = json.loads(result["output"][0])
        missing = [{**o, "missing": True, "output": []} for o in answer["outcomes"]]
        of_product = any("-Cs" in str(call["cmdlet"]) for call in json.loads(request)["calls"])
        more = {"module": None, "outcomes": missing} if of_product else {"module": None}
        return {"output": [json.dumps({**answer, **more})]}

    server.execute = without_module  # type: ignore[method-assign]
    result = stop(server)
    assert (result["changed"], result["state"]) == (False, "no_product")
    assert result["reason"] == f"{SERVER} has nothing of the product (a SQL Server alone), so nothing is there to stop"
    assert start(server)["changed"] is False
    assert server.changes == []
    assert runs(server) == {"W3SVC"}, "somebody else's"


def test_a_server_that_only_has_the_administrative_tools_has_nothing_to_stop_either() -> None:
    result = stop(sql_alone())
    assert (result["changed"], result["reason"]) == (
        False,
        f"{SERVER} has no service of the product, so nothing is there to stop",
    )


@pytest.mark.parametrize("act", [start, start_web, lambda server: stop(server, again=True)])
def test_while_an_update_is_being_installed_nothing_is_touched_and_the_products_module_not_loaded(act: Any) -> None:
    server = stopped()
    server.minutes[EXE] = 30
    server.begin_work("install", windows.install_update("C:\\x", EXE))
    with pytest.raises(SfbError, match="while its update is being installed"):
        act(server)
    assert server.changes == []
    assert not any(call.of_product for _time, call, _on in server.sent)


def test_a_killed_run_that_comes_back_while_the_installer_runs_stops_nothing_and_goes_on() -> None:
    server = stopped()
    set_service(server, "W3SVC", "Running")
    server.minutes[EXE] = 30
    server.begin_work("install", windows.install_update("C:\\x", EXE))
    result = stop(server)
    assert (result["changed"], server.changes) == (False, [])
    assert "is being installed" in result["reason"]


# ---- the web server ----------------------------------------------------------------------------------------------------


def test_the_web_server_is_started_alone() -> None:
    server = stopped()
    result = start_web(server)
    assert (result["changed"], server.changes, runs(server)) == (True, [WEB_START], {"W3SVC"})
    assert server.marked
    again = start_web(server)
    assert (again["changed"], server.changes) == (False, [WEB_START]), "no error where it runs"


@pytest.mark.parametrize(("service", "why"), [(("Stopped", "Disabled"), "is disabled"), (None, "does not exist")])
def test_a_web_server_that_is_disabled_or_not_there_is_left_so(service: Any, why: str) -> None:
    server = stopped()
    server.services.pop("W3SVC")
    if service:
        server.services["W3SVC"] = service
    result = start_web(server)
    assert (result["changed"], result["reason"], server.changes) == (False, f"W3SVC {why} there", [])


def test_a_web_server_that_did_not_run_before_is_left_so() -> None:
    server = standard()
    server.services["W3SVC"] = ("Stopped", "Manual")
    stop(server)
    sent = len(server.changes)
    result = start_web(server)
    assert (result["changed"], result["reason"], server.changes[sent:]) == (False, "W3SVC did not run before", [])


@pytest.mark.parametrize("after_work", [False, True])
def test_a_start_of_the_web_server_whose_answer_got_lost_is_looked_up(after_work: bool) -> None:
    server = stopped()
    server.loses(lambda names: "Start-Service" in names, after_work)
    start_web(server)
    assert (server.changes, runs(server)) == ([WEB_START], {"W3SVC"})


# ---- started -----------------------------------------------------------------------------------------------------------


def test_everything_that_ran_before_is_started_and_only_then_the_mark_goes() -> None:
    server = stopped()
    result = start(server)
    assert server.changes == [*starts("W3SVC", "REPLICA", "RTCAVMCU", "RTCSRV"), UNMARKED]
    assert runs(server) == {"REPLICA", "RTCAVMCU", "RTCSRV", "W3SVC"}
    assert (result["changed"], result["state"]) == (True, "in_service")
    assert result["ran_before"] == ["REPLICA", "RTCAVMCU", "RTCSRV", "W3SVC"]
    assert not server.marked


def test_a_service_that_was_stopped_or_disabled_before_stays_so() -> None:
    server = stopped(back_end())
    start(server)
    assert server.services["RTCCHAT"] == ("Stopped", "Manual")
    assert server.changes == [*starts("W3SVC", "REPLICA", "RTCCLSAGT"), UNMARKED]


def test_where_nothing_else_is_stopped_all_are_started_at_once_so_that_none_waits_for_another() -> None:
    server = standard()
    del server.services["RTCCPS"]
    stopped(server)
    server.answers["Start-CsWindowsService"] = lambda fake, parameters: [
        set_service(fake, name, "Running") for name in fake.services
    ][99:]
    start(server)
    assert server.changes == ["Start-CsWindowsService -ComputerName fe02", UNMARKED]
    assert runs(server) == {"REPLICA", "RTCAVMCU", "RTCSRV", "W3SVC"}


def test_what_runs_already_is_not_started_once_more() -> None:
    server = stopped()
    for name in ("REPLICA", "RTCAVMCU", "RTCSRV", "W3SVC"):
        set_service(server, name, "Running")
    assert start(server)["changed"] is True
    assert server.changes == [UNMARKED]


def test_a_second_start_changes_nothing() -> None:
    server = stopped()
    start(server)
    result = start(server)
    assert (result["changed"], result["ran_before"]) == (False, [])


def test_a_server_without_a_mark_whose_services_are_down_is_nobodys_work_of_ours() -> None:
    server = standard()
    set_service(server, "REPLICA", "Stopped")
    with pytest.raises(SfbError, match=r"no mark of ours.*do not run: REPLICA \(Stopped\)") as no:
        start(server)
    assert "windows_service" in str(no.value.remedy)
    assert server.changes == []


def test_a_service_that_fails_to_start_is_named_with_its_state_and_the_words_of_the_product() -> None:
    server = stopped()

    def one_fails(fake: FakeServer, parameters: dict[str, Any]) -> None:
        if parameters["Name"] == "RTCAVMCU":
            raise Fault("Le service ne peut pas demarrer", "OpenError")
        _start(fake, parameters)

    server.answers["Start-CsWindowsService"] = one_fails
    with pytest.raises(CallFailed, match=r"RTCAVMCU \(Stopped\)\. Le service ne peut pas demarrer"):
        start(server)
    assert server.marked
    assert runs(server) == {"REPLICA", "RTCSRV", "W3SVC"}, "the others are started all the same"
    server.answers["Start-CsWindowsService"] = _start
    server.sent.clear()
    start(server)
    assert server.changes == [*starts("RTCAVMCU"), UNMARKED]


def starting(server: FakeServer, minutes: float | None) -> None:
    """RTCSRV is Starting for so long; None: for ever."""

    def reply(fake: FakeServer, parameters: dict[str, Any]) -> None:
        if parameters["Name"] != "RTCSRV":
            return _start(fake, parameters)
        set_service(fake, "RTCSRV", "Start Pending")
        if minutes is not None:
            fake.at(minutes, lambda: set_service(fake, "RTCSRV", "Running"))
        return None

    server.answers["Start-CsWindowsService"] = reply


def test_rtcsrv_that_is_starting_makes_progress_beyond_the_deadline_of_the_others() -> None:
    server, said = stopped(), list[str]()
    starting(server, 45)
    result = start(server, said)
    assert 45 <= result["minutes"] <= 48
    assert not server.marked
    assert any("does not run yet: RTCSRV (Starting)" in line for line in said)


def test_rtcsrv_that_never_leaves_starting_is_a_time_out_with_the_mark_left() -> None:
    server = stopped()
    starting(server, None)
    with pytest.raises(TimedOut, match=r"runs again after 60 minutes: RTCSRV \(Starting\)"):
        start(server)
    assert server.marked
    assert 60 <= server.clock.minutes <= 62


def test_another_service_than_rtcsrv_has_only_its_own_time() -> None:
    server = stopped()

    def stays(fake: FakeServer, parameters: dict[str, Any]) -> None:
        status = "Start Pending" if parameters["Name"] == "REPLICA" else "Running"
        set_service(fake, parameters["Name"], status)

    server.answers["Start-CsWindowsService"] = stays
    with pytest.raises(TimedOut, match=r"after 30 minutes: REPLICA \(Starting\)"):
        start(server)
    assert server.clock.minutes <= 32


def test_a_service_that_reports_an_error_and_comes_up_all_the_same_is_no_failure() -> None:
    server = stopped()

    def slow(fake: FakeServer, parameters: dict[str, Any]) -> None:
        if parameters["Name"] != "RTCSRV":
            return _start(fake, parameters)
        set_service(fake, "RTCSRV", "Start Pending")
        fake.at(3, lambda: set_service(fake, "RTCSRV", "Running"))
        raise Fault("The service did not start in time", "OperationTimeout")

    server.answers["Start-CsWindowsService"] = slow
    assert start(server)["state"] == "in_service"


# ---- check mode --------------------------------------------------------------------------------------------------------


def test_check_mode_shows_the_lines_in_their_order_and_sends_none() -> None:
    server = standard()
    result = stop(server, check_mode=True)
    assert [line.partition(" ")[0] for line in result["commands"]] == [
        "Set-Content", "Move-Item", "Stop-CsWindowsService", "Stop-Service",
    ]  # fmt: skip
    assert (result["changed"], result["state"], server.changes) == (True, "out_by_us", [])
    assert result["diff"]["before"]["RTCSRV"] == "Running"
    assert result["diff"]["after"]["RTCSRV"] == "Stopped"
    server = stopped()
    result = start(server, check_mode=True)
    lines = [line.partition(" -Report")[0] for line in result["commands"]]
    assert lines[:-1] == [line.replace("fe02", SERVER) for line in starts("W3SVC", "REPLICA", "RTCAVMCU", "RTCSRV")]
    assert lines[-1] == f"Remove-Item -LiteralPath {state_folder.MARK}"
    assert start_web(server, check_mode=True)["commands"] == [WEB_START]
    assert server.changes == []


def test_check_mode_names_the_line_by_which_a_run_takes_over() -> None:
    result = stop(stopped(run="run-7"), again=True, check_mode=True)
    assert "name in front" in result["commands"][0]


def test_what_check_mode_shows_is_what_a_real_run_reports() -> None:
    assert stop(standard(), check_mode=True)["commands"] == stop(standard())["commands"]
    assert start(stopped(), check_mode=True)["commands"] == start(stopped())["commands"]


def test_a_change_that_would_slip_through_in_check_mode_is_refused_by_the_shell() -> None:
    with pytest.raises(ChangeRefused):
        standard().shell(check_mode=True).change({"web": windows.stop_web_server()})


# ---- lost answers, killed runs, other runs -------------------------------------------------------------------------------


@pytest.mark.parametrize("after_work", [False, True])
@pytest.mark.parametrize("where", ["Move-Item", "Stop-CsWindowsService"])
def test_a_stop_whose_answer_got_lost_is_looked_up_and_reaches_its_end_once(where: str, after_work: bool) -> None:
    server = standard()
    server.loses(lambda names: where in names, after_work)
    stop(server)
    assert runs(server) == set()
    assert sum(line == STOP for line in server.changes) == 1
    assert json.loads(server.files[state_folder.MARK])["run"] == "run-8"


@pytest.mark.parametrize("after_work", [False, True])
@pytest.mark.parametrize("where", ["Start-CsWindowsService", "Remove-Item"])
def test_a_start_whose_answer_got_lost_is_looked_up_and_reaches_its_end_once(where: str, after_work: bool) -> None:
    server = stopped()
    server.loses(lambda names: where in names, after_work)
    start(server)
    assert runs(server) == {"REPLICA", "RTCAVMCU", "RTCSRV", "W3SVC"}
    assert sum(line in starts("RTCSRV") for line in server.changes) == 1
    assert not server.marked


def test_a_server_that_goes_silent_while_it_stops_is_waited_for() -> None:
    server = standard()
    server.minutes["Stop-CsWindowsService"] = 8
    server.at(2, lambda: setattr(server, "down_until", server.clock.now() + 240))
    assert stop(server)["changed"] is True


class Killed(Exception):
    """The controller is gone."""


@pytest.mark.parametrize("begin", [standard, back_end])
@pytest.mark.parametrize("execution", range(1, 14))
def test_a_run_that_is_killed_anywhere_is_started_again_and_ends_with_what_ran_before(
    begin: Any, execution: int
) -> None:
    server = begin()
    before = runs(server)
    execute = server.execute
    count = 0

    def dies(script: str, request: str, detach_seconds: int | None) -> dict[str, Any]:
        nonlocal count
        count += 1
        result = execute(script, request, detach_seconds)
        if count == execution:
            raise Killed
        return dict(result)

    server.execute = dies  # type: ignore[method-assign]
    with pytest.raises(Killed):
        while True:
            stop(server)
            stop(server, again=True)
            start_web(server)
            start(server)
    server.execute = execute  # type: ignore[method-assign]
    assert server.marked or runs(server) == before, "nothing is down that is not marked"
    other = Run("run-9")
    stop(server, run=other)
    server_stop.start_web_server(server.shell(), other, 30, print)
    start(server, run=other)
    assert runs(server) == before
    assert not server.marked


def test_a_stop_that_a_killed_run_began_is_waited_for_and_not_sent_again() -> None:
    server, said = stopped(run="run-7"), list[str]()
    for name in ("RTCSRV", "REPLICA"):
        set_service(server, name, "Running")
    server.minutes["Stop-CsWindowsService"] = 5
    server.begin_work("services", cmdlets.stop_services(SERVER, "x"))
    result = stop(server, said=said)
    assert server.changes == [RENAMED]
    assert (result["changed"], runs(server)) == (False, set())
    assert "earlier run" in said[0]


def test_a_stop_that_was_cut_off_with_its_process_says_so_and_the_next_try_ends_it() -> None:
    server = standard()
    server.minutes["Stop-CsWindowsService"] = 5
    server.at(2, server.vanish)
    with pytest.raises(Interrupted, match="was cut off"):
        stop(server)
    assert server.marked
    assert stop(server)["changed"] is True
    assert runs(server) == set()


def test_a_run_that_takes_over_puts_its_name_in_front_and_keeps_what_ran_before() -> None:
    server = stopped(run="run-7")
    result = stop(server)
    mark = json.loads(server.files[state_folder.MARK])
    assert (mark["run"], mark["how"], server.changes) == ("run-8 < run-7", "stop", [RENAMED])
    assert result["ran_before"] == ["REPLICA", "RTCAVMCU", "RTCSRV", "W3SVC"]


def taken(server: FakeServer) -> None:
    text = server.files[state_folder.MARK]
    server.files[state_folder.MARK] = text.replace('"run": "run-8', '"run": "run-9 < run-8')


@pytest.mark.parametrize("act", [stop, start, start_web])
def test_a_run_from_which_another_has_taken_over_does_nothing_any_more(act: Any) -> None:
    server = stopped()
    taken(server)
    with pytest.raises(TakenOver, match="run run-9"):
        act(server)
    assert server.changes == []


def test_another_run_that_takes_over_while_the_services_stop_is_seen_at_once() -> None:
    server = standard()
    server.minutes["Stop-CsWindowsService"] = 10
    server.at(3, lambda: taken(server))
    with pytest.raises(TakenOver, match="run run-9"):
        stop(server)
    assert server.clock.minutes <= 4


@pytest.mark.parametrize(("act", "where"), [(stop, "Stop-CsW"), (start, "Start-CsW"), (start_web, "Start-Service")])
def test_another_run_that_takes_over_just_before_something_is_sent_makes_it_do_nothing(act: Any, where: str) -> None:
    server = stopped()
    if act is stop:
        set_service(server, "RTCSRV", "Running")
    running = runs(server)

    def meanwhile(names: str) -> bool:
        if where in names:
            taken(server)
        return False

    server.loses(meanwhile, after_work=False)
    with pytest.raises(TakenOver):
        act(server)
    assert runs(server) == running


def test_the_mark_of_a_run_that_took_over_at_the_very_end_is_not_removed() -> None:
    server = stopped()

    def meanwhile(names: str) -> bool:
        if "Remove-Item" in names:
            taken(server)
        return False

    server.loses(meanwhile, after_work=False)
    with pytest.raises(TakenOver):
        start(server)
    assert server.marked


def test_of_two_runs_that_mark_at_the_same_moment_the_second_stops() -> None:
    server = standard()

    def meanwhile(names: str) -> bool:
        if "Move-Item" in names:
            marked(server, "run-9")
        return False

    server.loses(meanwhile, after_work=False)
    with pytest.raises(TakenOver, match="run run-9"):
        stop(server)
    assert STOP not in server.changes


def test_a_server_that_never_answers_is_a_lost_connection_and_not_a_stopped_server() -> None:
    server = standard()
    server.down_until = START + 10**6
    with pytest.raises(ConnectionLost):
        stop(server)
