# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module results against the shapes of ansible.windows 3.3.0, from arguments as a task gives them."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from typing import Any

import pytest
from sfb_lab.border import Caller, Json, UnknownToLab
from sfb_lab.service import modules
from sfb_lab.service.answers import Session
from sfb_lab.service.jobs import Jobs
from sfb_lab.service.payload import Async, Module
from stub_simulation import FRONT_END, PUBLISHED, StubSimulation

SHELL = "# sfb.server management shell\n[CmdletBinding(SupportsShouldProcess = $true)]\nparam([string]$Request)\n"


@pytest.fixture
def call(simulation: StubSimulation) -> Any:
    """Runs a module as LAB\\admin; check mode by keyword."""
    simulation.folders |= {"c:\\media", "c:\\media\\old"}
    simulation.files["c:\\media\\old\\a.msp"] = b"aaa"
    jobs = Jobs()

    def run(name: str, check_mode: bool = False, run_async: Async | None = None, **args: Any) -> Json:
        session = Session(simulation, Caller(FRONT_END, "LAB\\admin", check_mode=check_mode), jobs)
        args["_ansible_check_mode"] = check_mode
        with simulation.lock:
            result = modules.answer(session, Module(f"ansible.windows.{name}", args, run_async=run_async))
        return {key: value for key, value in result.items() if key != "invocation"}

    return run


def test_an_unknown_module_is_refused_also_under_a_known_name_of_another_collection(
    simulation: StubSimulation, call: Any
) -> None:
    session = Session(simulation, Caller(FRONT_END, "LAB\\admin"), Jobs())
    for name in ("ansible.windows.win_service", "community.windows.win_ping"):
        with pytest.raises(UnknownToLab, match=name):
            modules.answer(session, Module(name, {}))


def test_the_result_says_with_which_arguments_the_module_was_invoked(simulation: StubSimulation) -> None:
    session = Session(simulation, Caller(FRONT_END, "LAB\\admin"), Jobs())
    result = modules.answer(session, Module("ansible.windows.win_ping", {"data": "x", "_ansible_diff": True}))
    assert result == {"changed": False, "ping": "x", "invocation": {"module_args": {"data": "x"}}}


def test_check_mode_skips_a_script_that_does_not_support_it(simulation: StubSimulation, call: Any) -> None:
    script = SHELL.replace("[CmdletBinding(SupportsShouldProcess = $true)]\n", "")
    result = call("win_powershell", check_mode=True, script=script, parameters={"Request": "{}"})
    assert (result["changed"], result["msg"]) == (True, "skipped, running in check mode")
    assert simulation.calls == []


def test_the_management_shell_without_a_request_is_refused(call: Any) -> None:
    for parameters in (None, {}, {"Request": "not JSON"}, {"Request": "[]"}):
        with pytest.raises(UnknownToLab, match="JSON object as its parameter Request"):
            call("win_powershell", script=SHELL, parameters=parameters)


def test_a_one_line_script_gives_its_lines_as_output(call: Any) -> None:
    script = "# a comment\n$Ansible.Changed = $false\nGet-CsPoolFabricState -PoolFqdn pool01.example.com\n"
    result = call("win_powershell", script=script)
    assert result["output"] == ["Replica Instance: Primary", "Replica Instance: ActiveSecondary"]
    assert (result["changed"], result["failed"], result["error"]) == (False, False, [])


@pytest.mark.parametrize(("error_action", "failed"), [("continue", False), ("stop", True)])
def test_an_error_fails_the_module_only_if_errors_stop_it(call: Any, error_action: str, failed: bool) -> None:
    result = call("win_powershell", script="Get-CsPool nowhere", error_action=error_action)
    assert (len(result["error"]), result["failed"]) == (1, failed)


def test_a_job_is_finished_once_its_claim_says_so(simulation: StubSimulation, call: Any) -> None:
    start = Async("%USERPROFILE%\\.ansible_async", "j7", 60, flags_are_booleans=True)
    request = json.dumps({"claim": "C:\\Media\\claim.json"})
    started = call("win_powershell", run_async=start, script=SHELL, parameters={"Request": request})
    where = {"jid": started["ansible_job_id"], "_async_dir": "C:\\Users\\admin\\.ansible_async"}

    simulation.files["c:\\media\\claim.json"] = json.dumps({"finished": None}).encode()
    assert call("async_status", **where)["finished"] is False
    simulation.files["c:\\media\\claim.json"] = json.dumps({"finished": "2026-01-01T00:00:00Z"}).encode()
    result = call("async_status", **where)
    assert result["finished"] is True
    assert json.loads(result["output"][0]) == {"finished": "2026-01-01T00:00:00Z"}
    assert call("async_status", mode="cleanup", **where)["erased"] == started["results_file"]
    assert call("async_status", **where)["msg"] == "could not find job at 'C:\\Users\\admin\\.ansible_async'"


def test_another_module_run_asynchronously_is_finished_when_somebody_looks(call: Any) -> None:
    start = Async("C:\\Users\\admin\\.ansible_async", "j8", 60, flags_are_booleans=False)
    started = call("win_ping", run_async=start)
    assert (started["started"], started["finished"], "ping" in started) == (1, 0, False)
    status = call("async_status", jid=started["ansible_job_id"], _async_dir="C:\\Users\\admin\\.ansible_async")
    assert (status["started"], status["finished"], status["ping"]) == (1, 1, "pong")


def test_a_script_of_ones_own_is_not_run_asynchronously(call: Any) -> None:
    with pytest.raises(UnknownToLab, match="asynchronous"):
        call("win_powershell", run_async=Async("C:\\x", "j", 1, True), script="Get-CsPool")


def test_win_stat_of_file_folder_and_nothing(simulation: StubSimulation, call: Any) -> None:
    file = call("win_stat", path="C:\\Media\\old\\a.msp", checksum_algorithm="sha256")["stat"]
    assert (file["exists"], file["isreg"], file["isdir"], file["size"]) == (True, True, False, 3)
    assert (file["checksum"], file["extension"]) == (hashlib.sha256(b"aaa").hexdigest(), ".msp")
    assert call("win_stat", path="C:/Media/old/a.msp", checksum_algorithm="md5")["stat"]["checksum"] == (
        hashlib.md5(b"aaa").hexdigest()
    )
    folder = call("win_stat", path="C:\\Media\\")["stat"]
    assert (folder["isdir"], folder["size"], folder["filename"]) == (True, 3, "Media")
    assert call("win_stat", path="C:\\nowhere") == {"changed": False, "stat": {"exists": False}}


def test_win_file_makes_and_removes_folders_once_and_nothing_in_check_mode(
    simulation: StubSimulation, call: Any
) -> None:
    folder = "C:\\ProgramData\\sfb.server\\media"
    assert call("win_file", check_mode=True, path=folder, state="directory") == {"changed": True}
    assert "c:\\programdata" not in simulation.folders
    assert call("win_file", path=folder, state="directory") == {"changed": True}
    assert call("win_file", path=folder, state="directory") == {"changed": False}
    assert call("win_file", path=folder + "\\x", state="file")["failed"]
    assert call("win_file", check_mode=True, path="C:\\Media", state="absent") == {"changed": True}
    assert "c:\\media\\old\\a.msp" in simulation.files
    assert call("win_file", path="C:\\Media", state="absent") == {"changed": True}
    assert call("win_file", path="C:\\Media", state="absent") == {"changed": False}
    assert "c:\\media\\old\\a.msp" not in simulation.files


def test_win_copy_asks_only_for_what_is_missing_or_different(call: Any) -> None:
    same, other = ({"src": f"/src/{name}", "dest": name, "checksum": "0"} for name in ("a.msp", "b.msp"))
    same["checksum"] = hashlib.sha1(b"aaa").hexdigest()
    directories = [{"src": "/src/old", "dest": "old"}, {"src": "/src/new", "dest": "new"}]
    result = call("win_copy", _copy_mode="query", dest="C:\\Media\\old", files=[same, other], directories=[])
    assert (result["files"], result["changed"]) == ([other], False)
    result = call("win_copy", _copy_mode="query", dest="C:\\Media", files=[], directories=directories)
    assert result["directories"] == directories[1:]
    same["checksum"] = "changed"
    assert call("win_copy", _copy_mode="query", dest="C:\\Media\\old", files=[same])["files"] == [same]
    assert call("win_copy", _copy_mode="query", dest="C:\\Media\\old", files=[same], force=False)["files"] == []


def test_win_copy_puts_an_uploaded_file_into_a_folder_that_is_there_or_fails(
    simulation: StubSimulation, call: Any
) -> None:
    simulation.files["c:\\users\\source"] = b"new"
    upload = {"src": "C:\\Users\\source", "_original_basename": "cu.exe", "_copy_mode": "single"}
    assert call("win_copy", dest="C:\\Media", **upload)["changed"]
    assert simulation.files["c:\\media\\cu.exe"] == b"new"
    assert call("win_copy", dest="C:\\Media\\6.0\\", **upload)["changed"]
    assert simulation.files["c:\\media\\6.0\\cu.exe"] == b"new"
    result = call("win_copy", dest="C:\\nowhere\\cu.exe", **upload)
    assert (result["failed"], result["msg"]) == (True, "Destination directory 'C:\\nowhere' does not exist")


def test_win_copy_unpacks_an_uploaded_folder(simulation: StubSimulation, call: Any) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr(base64.b64encode(b"tree/").decode() + "/", "")
        zipped.writestr(base64.b64encode("tree/\u00fc.txt".encode()).decode(), b"text")
    simulation.files["c:\\users\\source.zip"] = archive.getvalue()
    call("win_copy", _copy_mode="explode", src="C:\\Users\\source.zip", dest="C:\\Media\\")
    assert simulation.files["c:\\media\\tree\\\u00fc.txt"] == b"text"


def test_win_copy_on_the_server_copies_files_and_folders_once(simulation: StubSimulation, call: Any) -> None:
    source = {"_copy_mode": "remote", "src": "C:\\Media\\old\\a.msp"}
    preview = call("win_copy", check_mode=True, dest="C:\\Media\\b.msp", **source)
    assert (preview["changed"], preview["size"], "c:\\media\\b.msp" in simulation.files) == (True, None, False)
    first = call("win_copy", dest="C:\\Media\\b.msp", **source)
    assert first == {
        "changed": True,
        "src": "C:\\Media\\old\\a.msp",
        "dest": "C:\\Media\\b.msp",
        "operation": "file_copy",
        "original_basename": "a.msp",
        "checksum": hashlib.sha1(b"aaa").hexdigest(),
        "size": 3,
    }
    assert not call("win_copy", dest="C:\\Media\\b.msp", **source)["changed"]
    folder = call("win_copy", _copy_mode="remote", src="C:\\Media\\old", dest="C:\\Users")
    assert (folder["dest"], folder["size"]) == ("C:\\Users\\old", 3)
    assert simulation.files["c:\\users\\old\\a.msp"] == b"aaa"
    assert call("win_copy", _copy_mode="remote", src="\\\\server\\none", dest="C:\\x")["failed"]


def test_win_get_url_downloads_compares_and_says_what_it_got(simulation: StubSimulation, call: Any) -> None:
    result = call("win_get_url", url=PUBLISHED, dest="C:\\Media")
    sha1 = hashlib.sha1(b"MZ installer").hexdigest()
    assert result == {
        "changed": True,
        "url": PUBLISHED,
        "dest": "C:\\Media\\SkypeServerUpdateInstaller.exe",
        "elapsed": 3,
        "checksum_src": sha1,
        "checksum_dest": sha1,
        "size": 12,
        "status_code": 200,
        "msg": "OK",
    }
    assert not call("win_get_url", url=PUBLISHED, dest="C:\\Media")["changed"]
    written = [line["path"] for line in simulation.lines if line["kind"] == "file"]
    assert set(written) == {"C:\\Media\\SkypeServerUpdateInstaller.exe"}, "no second file that costs time"


def test_win_get_url_in_check_mode_or_with_a_wrong_hash_leaves_no_file(simulation: StubSimulation, call: Any) -> None:
    assert call("win_get_url", check_mode=True, url=PUBLISHED, dest="C:\\Media\\x.exe")["changed"]
    wrong = call("win_get_url", url=PUBLISHED, dest="C:\\Media\\x.exe", checksum="ab", checksum_algorithm="sha256")
    assert wrong["failed"]
    assert f"it was '{hashlib.sha256(b'MZ installer').hexdigest()}'" in wrong["msg"]
    missing = call("win_get_url", url="http://updates.example.com/none", dest="C:\\Media\\x.exe")
    assert (missing["failed"], "(404) Not Found" in missing["msg"]) == (True, True)
    assert call("win_get_url", url=PUBLISHED, dest="C:\\none\\x.exe")["failed"]
    assert "c:\\media\\x.exe" not in simulation.files
    assert not any("temp\\" in path for path in simulation.files)
    spoilt = {"url": PUBLISHED, "dest": "C:\\Media\\old\\a.msp", "checksum": "ab"}
    assert call("win_get_url", **spoilt)["failed"]
    assert simulation.files["c:\\media\\old\\a.msp"] == b"aaa"


def test_win_get_url_asks_nobody_when_the_hash_is_right(simulation: StubSimulation, call: Any) -> None:
    sha1 = hashlib.sha1(b"aaa").hexdigest()
    before = simulation.clock
    result = call("win_get_url", url="http://gone", dest="C:\\Media\\old\\a.msp", checksum=sha1, force=False)
    assert (result["changed"], result["checksum_dest"], simulation.clock) == (False, sha1, before)
    with pytest.raises(UnknownToLab, match="last changed"):
        call("win_get_url", url="http://gone", dest="C:\\Media\\old\\a.msp", force=False)


def test_win_shell_and_win_command_run_one_line(call: Any) -> None:
    result = call("win_shell", _raw_params="Get-CsPoolFabricState -PoolFqdn pool01.example.com")
    assert (result["rc"], result["stdout"].splitlines()[0]) == (0, "Replica Instance: Primary")
    failed = call("win_shell", _raw_params="Get-CsPool nowhere")
    assert (failed["failed"], failed["rc"], failed["msg"]) == (True, 1, "non-zero return code")
    assert call("win_command", _raw_params="hostname")["stdout"] == "FE01\r\n"
    assert call("win_command", _raw_params="hostname", creates="C:\\Media")["skipped"]


def test_slurp_and_win_tempfile(simulation: StubSimulation, call: Any) -> None:
    assert base64.b64decode(call("slurp", src="C:\\Media\\old\\a.msp")["content"]) == b"aaa"
    assert call("slurp", src="C:\\none")["failed"]
    first = call("win_tempfile", path="C:\\Media", state="directory")
    second = call("win_tempfile", path="C:\\Media", state="directory")
    assert first["path"] != second["path"]
    assert {first["path"].lower(), second["path"].lower()} <= simulation.folders


def test_a_word_that_is_no_yes_or_no_fails_the_module(call: Any) -> None:
    assert call("win_copy", _copy_mode="query", dest="C:\\Media", force="perhaps")["failed"]
    assert call("win_copy", _copy_mode="query", dest="C:\\Media", force="no")["changed"] is False
