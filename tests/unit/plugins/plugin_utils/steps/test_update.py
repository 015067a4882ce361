# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An update is installed: every end that the installer can come to; replayed without a host."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.product import installer
from ansible_collections.sfb.server.plugins.plugin_utils.shell import state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.background import Interrupted
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import CallFailed, SfbError, TimedOut
from ansible_collections.sfb.server.plugins.plugin_utils.steps import update
from ansible_collections.sfb.server.plugins.plugin_utils.steps.update import Update
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import (
    FOLDER,
    HEALTHY,
    INSTALLER,
    SHA256,
    FakeServer,
    answers,
    installs,
    program,
    refuses,
)

OLD, NEW = "6.0.9319.534", "6.0.9319.628"
EXE = "SkypeServerUpdateInstaller.exe"
RUN = [f"& {EXE} /silentmode"]
WANTED = Update(INSTALLER, NEW, SHA256)
#: In the place of the guard of work that another run began: it looked at the mark before it went on.
PASSED = windows.path_exists(state_folder.MARK)


def out() -> FakeServer:
    """A drained server; the installer takes ten minutes there."""
    server = FakeServer()
    server.take_out()
    server.mark()
    server.minutes[EXE] = 10
    return server


def install(server: FakeServer, wanted: Update = WANTED, said: list[str] | None = None) -> dict[str, Any]:
    return update.install(server.shell(), wanted, 90, 30, (said if said is not None else []).append)


def test_the_update_is_installed_and_verified_by_its_version() -> None:
    server, said = out(), list[str]()
    result = install(server, said=said)
    assert server.changes == RUN
    assert (result["changed"], result["version_before"], result["version_after"]) == (True, OLD, NEW)
    assert (result["exit_code"], result["restart_required"], result["restarted"]) == (0, False, False)
    assert result["minutes"] == 10.0
    assert len(said) == 11


def test_hash_and_signature_are_looked_at_again_in_the_process_that_starts_the_installer() -> None:
    server = out()
    install(server)
    detached = [call.powershell() for _time, call, detached in server.sent if detached]
    assert detached.pop(0).startswith(f"Select-String -LiteralPath {state_folder.MARK}"), "is it still our mark?"
    assert detached == [
        f"Get-AuthenticodeSignature -LiteralPath {INSTALLER}",
        f"Get-FileHash -LiteralPath {INSTALLER} -Algorithm SHA256",
        f"& {INSTALLER} /silentmode",
    ]
    assert [call.expect for _time, call, on in server.sent if on][1:] == [{"Status": "Valid"}, {"Hash": SHA256}, None]


def test_no_process_of_ours_loads_the_products_module_from_the_start_of_the_installer_to_its_end() -> None:
    server = out()
    install(server)
    began = next(n for n, (_time, _call, detached) in enumerate(server.sent) if detached)
    ended = max(n for n, (_time, call, _detached) in enumerate(server.sent) if call.cmdlet == "Get-Content")
    assert [call.cmdlet for _time, call, _detached in server.sent[began:ended] if call.of_product] == []


@pytest.mark.parametrize(
    ("code", "restart", "restarted"), [(0, False, False), (2, True, False), (3010, True, False), (1641, False, True)]
)
def test_each_success_says_whether_windows_has_to_restart(code: int, restart: bool, restarted: bool) -> None:
    server = out()
    server.answers[EXE] = installs(code)
    if code == 1641:
        server.at(10.2, lambda: server.goes_down(3))
    result = install(server)
    assert (result["changed"], result["exit_code"]) == (True, code)
    assert (result["restart_required"], result["restarted"]) == (restart, restarted)
    assert server.changes == RUN


def test_windows_own_wish_for_a_restart_counts_too() -> None:
    server = out()
    server.keys.add(windows.RESTART_KEYS["Windows Update"])
    result = install(server)
    assert (result["restart_required"], result["restart_reasons"]) == (True, ["Windows Update"])


def test_an_installer_that_restarts_windows_before_it_can_say_so_is_a_success_where_the_version_is_right() -> None:
    server = out()
    server.minutes[EXE] = 60

    def restarts() -> None:
        server.components = dict.fromkeys(server.components, NEW)
        server.goes_down(3)

    server.at(8, restarts)
    result = install(server)
    assert (result["changed"], result["restarted"], result["version_after"]) == (True, True, NEW)
    assert server.changes == RUN


def test_a_restart_that_cut_the_installer_off_is_no_success() -> None:
    server = out()
    server.minutes[EXE] = 60
    server.at(8, lambda: server.goes_down(3))
    with pytest.raises(SfbError, match=f"reported success .*, but Core Components is {OLD} and not {NEW}"):
        install(server)


def test_another_installation_is_waited_for_and_then_ours_begins() -> None:
    server, said = out(), list[str]()
    server.answers[EXE] = [installs(1618, None), installs(1618, None), installs(0)]
    assert install(server, said=said)["changed"] is True
    assert server.changes == RUN * 3
    assert sum("Another installation is running" in line for line in said) == 2


def test_an_installer_that_had_to_wait_for_another_one_still_has_all_its_time() -> None:
    server = out()
    server.minutes[EXE] = 1

    def ours_takes_long(fake: FakeServer, parameters: dict[str, Any]) -> Any:
        # What is begun after this busy answer takes 80 of its 90 minutes.
        fake.minutes[EXE] = 80
        return program(1618)

    server.answers[EXE] = [*[installs(1618, None)] * 20, ours_takes_long, installs(0)]
    result = install(server)
    assert result["changed"] is True
    assert result["minutes"] > 90
    limits = {seconds for _time, call, seconds in server.sent if call.program == INSTALLER}
    assert limits == {90 * 60 + 3600}


def test_another_installation_that_never_ends_is_a_failure_that_changed_nothing() -> None:
    server = out()
    server.answers[EXE] = installs(1618, None)
    server.minutes[EXE] = 0.5
    with pytest.raises(SfbError, match="It was still so after 90 minutes") as failure:
        install(server)
    assert failure.value.facts["unchanged"] is True
    assert 90 <= server.clock.minutes <= 95


# ---- failures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [1603, 1, -2147023293])
def test_a_failure_that_changed_nothing_says_so(code: int) -> None:
    server = out()
    server.answers[EXE] = installs(code, None)
    with pytest.raises(SfbError, match=r"The update of fe02.example.com failed") as failure:
        install(server)
    assert failure.value.facts["unchanged"] is True
    assert failure.value.facts["components_after"] == failure.value.facts["components_before"] == server.components
    assert server.changes == RUN, "and nothing is tried again"


def test_a_failure_with_half_of_its_parts_applied_names_each_of_them_and_forbids_to_go_on() -> None:
    server = out()
    server.answers[EXE] = installs(1603, NEW, only="Front End Server")
    with pytest.raises(SfbError) as failure:
        install(server)
    assert failure.value.facts["unchanged"] is False
    assert failure.value.facts["problems"] == [f"Front End Server: {OLD} -> {NEW}"]
    assert "Touch no other server" in str(failure.value.remedy)


def test_a_failure_that_left_a_local_database_behind_names_it() -> None:
    server = out()
    server.answers |= {
        EXE: installs(1603, None),
        "sqlcmd.exe": answers(*program(0, "rtc|ONLINE|SINGLE_USER\r\n")),
    }
    with pytest.raises(SfbError) as failure:
        install(server)
    assert failure.value.facts["unchanged"] is False
    assert "database rtc of RTCLOCAL is ONLINE, SINGLE_USER" in failure.value.facts["problems"][0]


@pytest.mark.parametrize("unread", ["sqlcmd.exe", "Get-CsServerPatchVersion"])
def test_a_server_that_cannot_be_read_after_a_failure_is_not_called_unchanged(unread: str) -> None:
    server = out()

    def fails(fake: FakeServer, parameters: dict[str, Any]) -> Any:
        fake.answers[unread] = refuses("Access is denied")
        return program(1603)

    server.answers[EXE] = fails
    with pytest.raises(SfbError, match=r"could not be read: .*Access is denied") as failure:
        install(server)
    assert failure.value.facts["unchanged"] is False


def test_the_telling_lines_of_the_newest_logs_are_part_of_the_failure() -> None:
    server = out()
    log = f"{FOLDER}\\Server.msp-fe02-[2026-01-31][22-30-10]_log.txt"
    files = [
        {"Name": log.rpartition("\\")[2], "FullName": log, "LastWriteTimeUtc": "2026-01-31T22:40:00Z"},
        {"Name": EXE, "FullName": INSTALLER, "LastWriteTimeUtc": "2026-01-30T00:00:00Z"},
    ]
    server.answers |= {
        EXE: installs(1603, None),
        "Get-ChildItem": answers(*files),
        "Select-String": answers({"Line": "Error 29024. Error 0x80004005"}),
    }
    with pytest.raises(SfbError, match="log says: Error 29024") as failure:
        install(server)
    assert failure.value.facts["log"] == ["Error 29024. Error 0x80004005"]
    read = [
        call.parameters["LiteralPath"] for _time, call, on in server.sent if call.cmdlet == "Select-String" and not on
    ]
    assert read == [log]


@pytest.mark.parametrize(
    "line",
    [
        "Error 29024. Error 0x80004005 (Unspecified error) occurred while executing a command.",
        "Product: Skype for Business Server 2015, Front End Server -- Error 29026.",
        "Installation success or error status: Error code 1603.",
        "Msg 5011, Level 14, State 7, Server FE02\\RTCLOCAL, Line 1",
        "Product: x - Update 'y' could not be installed. Error code 1603.",
        "CustomAction CA_DbSetup returned actual error code 0x80070643",
        "Action ended 22:40:12: INSTALL. Return value 3.",
    ],
)
def test_a_line_that_tells_why_is_both_found_on_the_server_and_kept_here(line: str) -> None:
    pattern = windows.telling_lines("x").parameters["Pattern"]
    assert re.search(pattern, line, re.IGNORECASE), "Select-String ignores case"
    assert installer.explain_msp_logs([line]) == [line]


@pytest.mark.parametrize("line", ["Error 7", "MSI (s): Property(S): ErrorDialog = x", "Return value 1.", "0 errors"])
def test_a_line_that_tells_nothing_does_not_travel(line: str) -> None:
    assert not re.search(windows.telling_lines("x").parameters["Pattern"], line, re.IGNORECASE)


def test_a_success_that_changed_nothing_is_a_failure() -> None:
    server = out()
    server.answers[EXE] = installs(0, None)
    with pytest.raises(SfbError, match=f"reported success .*but Core Components is {OLD} and not {NEW}") as failure:
        install(server)
    assert failure.value.facts["unchanged"] is True


def test_a_success_after_which_a_component_is_lower_or_gone_is_a_failure() -> None:
    for version in ("6.0.9319.500", None):
        server = out()

        def odd(fake: FakeServer, parameters: dict[str, Any], version: str | None = version) -> Any:
            fake.components = {"Core Components": NEW} | ({"Front End Server": version} if version else {})
            return program(0)

        server.answers[EXE] = odd
        with pytest.raises(SfbError, match="these components are lower than before: Front End Server") as failure:
            install(server)
        assert failure.value.facts["unchanged"] is False


def test_a_running_installer_is_never_killed_a_deadline_only_reports() -> None:
    server = out()
    server.minutes[EXE] = 600
    with pytest.raises(TimedOut, match=r"install on .* still runs after 90 minutes"):
        install(server)
    assert server.changes == RUN
    assert len(server.works()) == 1


def test_an_installer_whose_process_vanished_is_not_begun_again() -> None:
    server = out()
    server.at(5, server.vanish)
    with pytest.raises(Interrupted, match="was cut off"):
        install(server)
    assert server.changes == RUN


# ---- what is not installed -------------------------------------------------------------------------------------------


def test_what_is_installed_already_is_not_touched_nor_is_its_file_looked_at() -> None:
    server = FakeServer()
    server.components = dict.fromkeys(server.components, NEW)
    result = install(server)
    assert (result["changed"], result["version_after"], server.changes) == (False, NEW, [])
    assert not [call for _time, call, _on in server.sent if call.cmdlet == "Get-FileHash"]


def test_what_is_installed_already_may_still_wait_for_its_restart() -> None:
    server = out()
    server.components = dict.fromkeys(server.components, NEW)
    server.keys.add(windows.RESTART_KEYS["Windows components"])
    assert install(server)["restart_required"] is True


def after_install(code: int) -> FakeServer:
    """Core Components has the update, but the installer of an earlier run ended with this code; then it was killed."""
    server = out()
    server.answers[EXE] = installs(code, NEW, only="Core Components")
    server.begin_work("install", PASSED, *update.install_calls(WANTED).values())
    server.clock.sleep(11 * 60)
    return server


def test_core_components_alone_does_not_make_a_failed_install_a_done_one() -> None:
    server = after_install(1603)
    server.answers[EXE] = [installs(1603, NEW, only="Core Components"), installs(0)]
    result = install(server)
    assert server.changes == RUN, "the installer runs once more"
    assert (result["changed"], set(result["components_after"].values())) == (True, {NEW})


def test_an_install_that_was_cut_off_is_made_again_although_core_components_has_the_version() -> None:
    server = out()
    server.components["Core Components"] = NEW
    server.begin_work("install", PASSED, *update.install_calls(WANTED).values())
    server.vanish()
    result = install(server)
    assert server.changes == RUN
    assert (result["changed"], set(result["components_after"].values())) == (True, {NEW})


def test_an_old_failure_of_a_server_that_is_back_in_service_is_not_repaired_here() -> None:
    server = after_install(1603)
    del server.files[state_folder.MARK]
    assert (install(server)["changed"], server.changes) == (False, [])


@pytest.mark.parametrize("code", [2, 3010])
def test_a_restart_that_an_earlier_run_did_not_come_to_is_asked_for_again(code: int) -> None:
    server = after_install(code)
    result = install(server)
    assert (result["changed"], server.changes) == (False, [])
    assert (result["restart_required"], result["restart_reasons"]) == (True, ["the installer asked for it"])
    server.goes_down(4)
    server.clock.sleep(5 * 60)
    assert install(server)["restart_required"] is False


def test_a_step_back_is_refused() -> None:
    server = out()
    server.components["Core Components"] = "6.0.9319.700"
    with pytest.raises(SfbError, match="would be a step back"):
        install(server)
    assert server.changes == []


def test_a_server_in_service_gets_no_update() -> None:
    server = FakeServer()
    with pytest.raises(SfbError, match="is in service: RTCSRV runs"):
        install(server)
    assert server.changes == []


@pytest.mark.parametrize(
    ("cmdlet", "reply", "problem"),
    [
        ("Test-Path", answers(False), "the file is not there"),
        ("Get-FileHash", answers({"Hash": "CD" * 32}), f"its SHA-256 is {'cd' * 32} and should be {SHA256}"),
        ("Get-FileHash", refuses("in use"), "its SHA-256 is unreadable"),
        ("Get-AuthenticodeSignature", answers({"Status": "NotSigned", "SignerCertificate": []}), "NotSigned"),
        ("Get-AuthenticodeSignature", answers({"Status": "HashMismatch"}), "HashMismatch"),
        ("Get-AuthenticodeSignature", answers(), "its signature is unreadable"),
        (
            "Get-AuthenticodeSignature",
            answers({"Status": "Valid", "SignerCertificate": [{"Subject": "CN=Contoso"}]}),
            "it is signed by CN=Contoso and not by CN=Microsoft Corporation",
        ),
        ("Get-AuthenticodeSignature", answers({"Status": "Valid", "SignerCertificate": []}), "signed by nobody"),
    ],
)
def test_a_file_that_is_not_the_wanted_one_is_not_started(cmdlet: str, reply: Any, problem: str) -> None:
    server = out()
    server.answers[cmdlet] = reply
    with pytest.raises(SfbError) as refusal:
        install(server)
    assert problem in refusal.value.message
    assert server.changes == []


def test_without_a_wanted_hash_the_signature_alone_has_to_be_right() -> None:
    server = out()
    assert install(server, Update(INSTALLER, NEW))["changed"] is True


@pytest.mark.parametrize(
    ("cmdlet", "bad"),
    [("Get-FileHash", {"Hash": "CD" * 32}), ("Get-AuthenticodeSignature", {"Status": "HashMismatch"})],
)
def test_a_file_that_is_exchanged_between_the_check_and_the_start_is_not_started(cmdlet: str, bad: Any) -> None:
    server = out()
    server.answers[cmdlet] = [HEALTHY[cmdlet], answers(bad)]
    before = dict(server.components)
    with pytest.raises(CallFailed, match="should be"):
        install(server)
    assert server.components == before


# ---- lost connections and killed runs --------------------------------------------------------------------------------


def test_an_installer_whose_start_was_answered_by_nobody_is_found_and_not_begun_again() -> None:
    server = out()
    server.loses(lambda names: EXE in names, after_work=True)
    assert install(server)["changed"] is True
    assert server.changes == RUN


def test_an_installer_that_a_killed_run_began_is_waited_for_and_not_begun_again() -> None:
    server = out()
    server.minutes[EXE] = 25
    server.begin_work("install", PASSED, *update.install_calls(WANTED).values())
    result = install(server)
    assert (result["changed"], result["version_after"], server.changes) == (True, NEW, [])
    assert server.clock.minutes == 25


def test_check_mode_shows_the_calls_and_sends_none() -> None:
    server = FakeServer()
    result = update.predict(server.shell(check_mode=True), WANTED)
    assert (result["changed"], result["commands"][-1]) == (True, f"& {INSTALLER} /silentmode")
    assert server.changes == []
    server.components = dict.fromkeys(server.components, NEW)
    assert update.predict(server.shell(check_mode=True), WANTED)["commands"] == []


# ---- in two halves -----------------------------------------------------------------------------------------------------


def begin(server: FakeServer, **more: Any) -> dict[str, Any]:
    return update.install(server.shell(), WANTED, 90, 30, print, wait=False, **more)


def end(server: FakeServer, begun: dict[str, Any]) -> dict[str, Any]:
    return update.install(server.shell(), WANTED, 90, 30, print, begun=begun)


@pytest.mark.parametrize("meanwhile", [0, 5, 45])
def test_an_installation_that_is_begun_watched_and_ended_is_one_installation(meanwhile: float) -> None:
    server = out()
    begun = begin(server)
    assert (begun["changed"], begun["running"], server.clock.minutes) == (True, True, 0)
    server.clock.sleep(meanwhile * 60)
    result = end(server, begun)
    assert (result["changed"], result["version_before"], result["version_after"]) == (True, OLD, NEW)
    assert (result["exit_code"], server.changes) == (0, RUN)


def test_its_end_is_waited_for_without_the_products_module() -> None:
    server = out()
    begun = begin(server)
    sent = len(server.sent)
    end(server, begun)
    last_look = max(n for n, (_time, call, _on) in enumerate(server.sent) if call.cmdlet == "Get-Content")
    assert not any(call.of_product for _time, call, _on in server.sent[sent:last_look])


def test_a_failure_that_happened_meanwhile_is_a_failure_and_the_installer_is_not_run_again() -> None:
    server = out()
    server.answers[EXE] = installs(1603, None)
    begun = begin(server)
    server.clock.sleep(3600)
    with pytest.raises(SfbError, match="The update of fe02.example.com failed") as failure:
        end(server, begun)
    assert (failure.value.facts["unchanged"], server.changes) == (True, RUN), "what was there before is known"


def test_a_restart_that_it_asked_for_and_that_has_happened_meanwhile_is_not_asked_for_again() -> None:
    server = out()
    server.answers[EXE] = installs(3010)
    begun = begin(server)
    server.clock.sleep(1200)
    assert end(server, begun)["restart_required"] is True
    server.goes_down(3)
    server.clock.sleep(600)
    result = end(server, begun)
    assert (result["exit_code"], result["restart_required"], result["minutes"]) == (3010, False, 0)


def test_an_installer_that_restarts_windows_by_itself_between_the_halves_is_a_success_by_its_version() -> None:
    server = out()
    server.minutes[EXE] = 60
    begun = begin(server)
    server.clock.sleep(8 * 60)
    server.components = dict.fromkeys(server.components, NEW)
    server.goes_down(3)
    server.clock.sleep(20 * 60)
    result = end(server, begun)
    assert (result["changed"], result["restarted"], server.changes) == (True, True, RUN)


def test_another_installation_that_was_in_the_way_is_waited_for_by_the_second_half() -> None:
    server = out()
    server.answers[EXE] = [installs(1618, None), installs(0)]
    begun = begin(server)
    server.clock.sleep(1200)
    assert end(server, begun)["changed"] is True
    assert server.changes == RUN * 2


def test_a_server_that_has_the_update_begins_nothing_and_ends_nothing() -> None:
    server = out()
    install(server)
    begun = begin(server)
    assert (begun["changed"], begun["running"]) == (False, False)
    assert (end(server, begun)["changed"], server.changes) == (False, RUN)


def test_an_installer_that_a_killed_run_began_is_found_by_both_halves_and_never_said_to_have_changed_nothing() -> None:
    server = out()
    server.minutes[EXE] = 25
    server.answers[EXE] = installs(1603, None)
    server.begin_work("install", PASSED, *update.install_calls(WANTED).values())
    begun = begin(server)
    assert (begun["changed"], begun["running"], server.changes) == (False, True, [])
    with pytest.raises(SfbError) as failure:
        end(server, begun)
    assert failure.value.facts["unchanged"] is False
    assert server.changes == []


def test_a_beginning_whose_answer_got_lost_is_looked_up() -> None:
    server = out()
    server.loses(lambda names: EXE in names, after_work=True)
    assert end(server, begin(server))["changed"] is True
    assert server.changes == RUN


def test_what_another_task_began_is_not_taken_for_ours() -> None:
    server = out()
    begun = begin(server)
    server.clock.sleep(3600)
    result = end(server, {**begun, "work": "1/2"})
    assert (result["changed"], server.changes) == (False, RUN)
    assert end(server, {"skipped": True, "changed": False})["changed"] is False
