# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder on a server: made where it is missing, refused where it is somebody else's."""

from __future__ import annotations

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.shell import state_folder
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import CallFailed, NotUsable
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import FakeServer, refuses

OURS = "(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"


@pytest.mark.parametrize(
    "sddl",
    [
        f"O:BAG:SYD:PAI{OURS}",
        f"O:SYG:SYD:PAI{OURS}",
        f"O:BAD:P{OURS}",
        f"O:BAG:S-1-5-21-111-222-333-513D:PAI{OURS}",
        f"O:BAG:DUD:PARAI{OURS}",
        "O:BAG:SYD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)",
        "O:BAG:SYD:PAI(A;OICI;FA;;;BA)",
        f"O:BAG:SYD:PAI{OURS}S:AINO_ACCESS_CONTROL",
    ],
)
def test_a_folder_of_administrators_alone_is_ours(sddl: str) -> None:
    assert state_folder.is_protected(sddl)


@pytest.mark.parametrize(
    "sddl",
    [
        pytest.param("", id="nothing was read"),
        pytest.param(f"O:S-1-5-21-1-2-3-1105G:SYD:PAI{OURS}", id="a user owns it"),
        pytest.param(f"O:BUG:SYD:PAI{OURS}", id="the group Users owns it"),
        pytest.param(f"O:BAG:SYD:AI{OURS}", id="rights are inherited"),
        pytest.param(f"O:BAG:SYD:{OURS}", id="not protected from inheritance"),
        pytest.param("O:BAG:SYD:PAI", id="no entry at all"),
        pytest.param("O:BAG:SYD:NO_ACCESS_CONTROL", id="no list of rights: everybody may do everything"),
        pytest.param(f"O:BAG:SYD:PAI{OURS}(A;OICI;0x1200a9;;;BU)", id="users may read"),
        pytest.param(f"O:BAG:SYD:PAI{OURS}(A;;FA;;;S-1-5-21-1-2-3-1105)", id="somebody may write"),
        pytest.param(f"O:BAG:SYD:PAI(A;OICI;FA;;;WD){OURS}", id="everyone first"),
        pytest.param(f"O:BAG:SYD:PAI{OURS}(XA;;FA;;;WD;(1==1))", id="a conditional entry"),
        pytest.param("O:BAG:SYD:PAI(A;OICIIO;FA;;;CO)(A;OICI;FA;;;BA)", id="whoever creates something owns it"),
        pytest.param("O:BAG:SYD:PAI(D;OICI;FA;;;SY)(A;OICI;FA;;;BA)", id="a refusal"),
        pytest.param(f"O:BAG:SYD:PAI{OURS}\nO:BU", id="two lines"),
        pytest.param(f"x O:BAG:SYD:PAI{OURS}", id="something before it"),
    ],
)
def test_a_folder_that_others_own_or_reach_may_be_a_trap(sddl: str) -> None:
    assert not state_folder.is_protected(sddl)
    with pytest.raises(NotUsable, match=r"sfb\.server on fe02\.example\.com belongs to somebody else") as refusal:
        state_folder.require_protected("fe02.example.com", sddl)
    assert "remove the folder" in str(refusal.value.remedy)


def test_a_folder_that_is_there_and_ours_is_left_alone() -> None:
    server = FakeServer()
    state_folder.ensure(server.shell())
    assert server.changes == []


def test_a_missing_folder_is_made_and_closed_before_anything_is_put_into_it() -> None:
    server = FakeServer()
    server.sddl = None
    state_folder.ensure(server.shell())
    root = state_folder.ROOT
    assert server.changes == [
        f"New-Item -Path {root} -ItemType Directory",
        f'& icacls.exe --% "{root}" /setowner *S-1-5-32-544',
        f'& icacls.exe --% "{root}" /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F /grant:r *S-1-5-32-544:(OI)(CI)F',
        "New-Item -Path reports -ItemType Directory -Force",
        "New-Item -Path media -ItemType Directory -Force",
    ]


def test_a_folder_that_appears_while_we_make_it_is_not_taken_over() -> None:
    server = FakeServer()
    server.sddl = None
    server.answers["New-Item"] = refuses("An item with the specified name already exists.")
    with pytest.raises(CallFailed, match="already exists"):
        state_folder.ensure(server.shell())
    assert len(server.changes) == 5, "all five are sent at once"
    assert server.sddl is None, "none after the first was run"


def test_a_folder_that_could_not_be_closed_is_not_used() -> None:
    server = FakeServer()
    server.sddl = None
    server.answers["icacls.exe"] = lambda s, p: [{"ExitCode": 5, "Id": 1, "Output": "Access is denied."}]
    with pytest.raises(CallFailed, match="ExitCode is '5' and should be '0'"):
        state_folder.ensure(server.shell())


def test_somebody_elses_folder_is_refused_and_nothing_is_changed() -> None:
    server = FakeServer()
    server.sddl = "O:S-1-5-21-1-2-3-1105G:DUD:AI(A;OICIID;FA;;;BU)"
    with pytest.raises(NotUsable):
        state_folder.ensure(server.shell())
    assert server.changes == []


def test_each_kind_of_long_work_has_a_claim_and_each_version_a_folder() -> None:
    assert state_folder.claim("fail_over") == "C:\\ProgramData\\sfb.server\\fail_over.json"
    assert state_folder.media("6.0.9319.628") == "C:\\ProgramData\\sfb.server\\media\\6.0.9319.628"
    assert state_folder.report("reset") == "C:\\ProgramData\\sfb.server\\reports\\reset.html"
