# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the installer did and what a failed one left behind."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.product.installer import (
    AfterFailure,
    after_failure,
    decide_after_failure,
    explain_msp_logs,
    installer_result,
)


@pytest.mark.parametrize(
    ("code", "result", "text"),
    [
        (0, "done", "finished"),
        (2, "restart_needed", "must be restarted"),
        (3010, "restart_needed", "must be restarted"),
        (1641, "restarts_by_itself", "restarts Windows by itself"),
        (1618, "busy", "Another installation is running"),
        (1603, "failed", "its msp log says why"),
        (1, "failed", "exit code 1 (0x00000001)"),
        (-2147023293, "failed", "0x80070643"),
        (None, "failed", "without an exit code"),
    ],
)
def test_each_exit_code_has_a_meaning_and_an_unknown_one_is_a_failure(code: int | None, result: str, text: str) -> None:
    found = installer_result(code)
    assert (found.code, found.result) == (code, result)
    assert text in found.text


# REAL: ucvnext.org 2016/05, between lines of the noise of any msp log.
LOG = r"""
MSI (s) (A4:10) [15:19:12:001]: Executing op: Header
DEBUG: Error 2826:  Control Line1 on dialog SetupError extends beyond the boundaries
Product: Microsoft Lync Server 2013, Front End Server - Update 'Lync Server 2013 (KB3120728)' could not be installed.
Error code 1603. Additional information is available in the log file
Error 29024. Error 0x80004005 (Unspecified error) occurred while executing command '...\110\Tools\Binn\osql.exe'.

Msg 5011, Level 13, State 9, Server computername\RTCLOCAL, Line 5

User does not have permission to alter database 'rtc', the database does not exist, or the database i...
Error code 1603. Additional information is available in the log file
MSI (s) (A4:10) [15:19:13:001]: Cleaning up
""".splitlines()


def test_the_telling_lines_of_a_real_log_are_picked_once_and_in_order() -> None:
    assert [line[:20] for line in explain_msp_logs(LOG)] == [
        "Product: Microsoft L",
        "Error code 1603. Add",
        "Error 29024. Error 0",
        "Msg 5011, Level 13, ",
        "User does not have p",
    ]


def test_a_long_log_is_cut_and_says_so() -> None:
    assert explain_msp_logs([f"Error 29{number:03}." for number in range(30)], limit=2) == [
        "Error 29000.",
        "Error 29001.",
        "... and 28 more such lines",
    ]
    assert explain_msp_logs(["nothing to see"]) == []


CORE, FRONT_END = "Core Components", "Front End Server"
BEFORE = {CORE: "6.0.9319.534", FRONT_END: "6.0.9319.534"}
FINE = {
    "RTCLOCAL": [{"name": "rtc", "state": "ONLINE", "access": "MULTI_USER"}],
    "LYNCLOCAL": [{"name": "lyss", "state": "online", "access": "multi_user"}],
}


def database(state: str, access: str) -> dict[str, Any]:
    return {**FINE, "RTCLOCAL": [{"name": "rtc", "state": state, "access": access}]}


def test_a_failure_that_left_everything_as_it_was_is_unchanged() -> None:
    assert after_failure(BEFORE, dict(BEFORE), FINE) == AfterFailure(True, ())


def test_a_server_without_local_databases_lacks_none() -> None:
    assert after_failure(BEFORE, dict(BEFORE), {}).unchanged


@pytest.mark.parametrize(
    ("before", "after", "databases", "text"),
    [
        (BEFORE, {**BEFORE, CORE: "6.0.9319.628"}, FINE, "Core Components: 6.0.9319.534 -> 6.0.9319.628"),
        (BEFORE, {CORE: "6.0.9319.534"}, FINE, "Front End Server: 6.0.9319.534 -> no longer listed"),
        (BEFORE, BEFORE, database("ONLINE", "SINGLE_USER"), "database rtc of RTCLOCAL is ONLINE, SINGLE_USER"),
        (BEFORE, BEFORE, database("RECOVERY_PENDING", "MULTI_USER"), "database rtc of RTCLOCAL is RECOVERY_PENDING"),
        (BEFORE, BEFORE, {"RTCLOCAL": [{"name": "rtc"}]}, "state not read"),
        (BEFORE, BEFORE, {**FINE, "LYNCLOCAL": []}, "no database of LYNCLOCAL was read"),
        (BEFORE, BEFORE, None, "the local databases were not read"),
        (BEFORE, None, FINE, "the component versions after the installation were not read"),
        ({}, BEFORE, FINE, "the component versions before the installation were not read"),
    ],
)
def test_whatever_changed_or_was_not_read_is_named(before: Any, after: Any, databases: Any, text: str) -> None:
    found = after_failure(before, after, databases)
    assert found.unchanged is False
    assert text in "; ".join(found.found)


@pytest.mark.parametrize(
    ("policy", "after", "put_back", "text"),
    [
        ("put_back_if_unchanged", AfterFailure(True, ()), True, "brought back into service"),
        ("leave_out", AfterFailure(True, ()), False, "as sfb_on_install_failure says"),
        ("put_back_if_unchanged", AfterFailure(False, ("database rtc",)), False, "left fe02 changed: database rtc"),
        ("leave_out", AfterFailure(False, ("database rtc",)), False, "left fe02 changed: database rtc"),
    ],
)
def test_only_an_unchanged_server_is_put_back(policy: str, after: AfterFailure, put_back: bool, text: str) -> None:
    decision = decide_after_failure(policy, after, "fe02")
    assert decision.put_back is put_back
    assert text in decision.text
    assert ("Touch no other server" in decision.text) is not put_back


def test_a_policy_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="put_back_if_unchanged or leave_out"):
        decide_after_failure("put_back", AfterFailure(True, ()), "fe02")
