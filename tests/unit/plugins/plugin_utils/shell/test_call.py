# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A call as data for the server, and as the line that an administrator would type."""

from __future__ import annotations

import random
from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call

#: PowerShell takes each of these for the straight single quote.
SINGLE_QUOTES = "'\u2018\u2019\u201a\u201b"
NASTY = SINGLE_QUOTES + '"\u201c\u201d\u201e`$(){}[];&|<>,#@%!? \t\r\n\\/-:.*aZ9\u00fc\u4e2d\U0001f600\x00'


def one_word(line: str) -> str:
    """A tiny tokenizer: the text that PowerShell would take a single argument for. Fails where it would see more."""
    if line[0] not in SINGLE_QUOTES:
        safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.\\:/-"
        assert set(line) <= set(safe), f"{line!r} must be quoted"
        assert line[0] != "-", f"{line!r} would be taken for the name of a parameter"
        return line
    text, rest = "", line[1:]
    while True:
        assert rest, "the quotes are never closed"
        if rest[0] not in SINGLE_QUOTES:
            text, rest = text + rest[0], rest[1:]
        elif len(rest) > 1 and rest[1] in SINGLE_QUOTES:
            text, rest = text + rest[0], rest[2:]
        else:
            assert rest[1:] == "", f"{rest[1:]!r} stands outside the quotes"
            return text


def argument(value: str) -> str:
    return Call("Get-Thing", {"Name": value}).powershell().removeprefix("Get-Thing -Name ")


@pytest.mark.parametrize(
    ("parameters", "line"),
    [
        ({}, "Get-Thing"),
        ({"ComputerName": "fe01.example.com"}, "Get-Thing -ComputerName fe01.example.com"),
        ({"Local": True, "Confirm": False}, "Get-Thing -Local -Confirm:$false"),
        ({"WaitTime": "0.01:00:00"}, "Get-Thing -WaitTime 0.01:00:00"),
        ({"QueryTimeout": 10}, "Get-Thing -QueryTimeout 10"),
        ({"LiteralPath": "C:\\ProgramData\\sfb.server"}, "Get-Thing -LiteralPath C:\\ProgramData\\sfb.server"),
        ({"LiteralPath": "C:\\Program Files\\x"}, "Get-Thing -LiteralPath 'C:\\Program Files\\x'"),
        ({"Name": ["powershell", "it's"]}, "Get-Thing -Name powershell, 'it''s'"),
        ({"Name": ("a", "b")}, "Get-Thing -Name a, b"),
        ({"Name": ""}, "Get-Thing -Name ''"),
        ({"Name": "-Force"}, "Get-Thing -Name '-Force'"),
        ({"Name": "O\u2019Brien"}, "Get-Thing -Name 'O\u2019\u2019Brien'"),
        ({"Name": "$(Remove-Item x)"}, "Get-Thing -Name '$(Remove-Item x)'"),
    ],
)
def test_a_cmdlet_reads_as_an_administrator_would_type_it(parameters: dict[str, Any], line: str) -> None:
    assert Call("Get-Thing", parameters).powershell() == line


def test_a_program_is_called_with_its_arguments_as_they_are() -> None:
    assert Call(program="shutdown.exe", arguments="/r /t 5").powershell() == "& shutdown.exe /r /t 5"
    assert Call(program="C:\\new media\\it's.exe").powershell() == "& 'C:\\new media\\it''s.exe'"


@pytest.mark.parametrize(
    "arguments",
    ['"C:\\new media" /setowner x', "/grant:r x:(OI)(CI)F", "a;b", "$x", "{x}", "a|b", "a > b", "`", "'x'", "@x", "&x"],
)
def test_what_powershell_would_read_in_a_programs_arguments_is_handed_over_unread(arguments: str) -> None:
    call = Call(program="icacls.exe", arguments=arguments)
    assert call.powershell() == f"& icacls.exe --% {arguments}"
    assert call.request()["arguments"] == arguments, "the server starts the program without a shell"


@pytest.mark.parametrize("quote", SINGLE_QUOTES)
def test_no_kind_of_single_quote_ends_the_text(quote: str) -> None:
    for value in (quote, f"a{quote}; Stop-Computer #", f"{quote}{quote}", f"x{quote}'"):
        assert one_word(argument(value)) == value


def test_no_value_at_all_breaks_out_of_its_quotes() -> None:
    dice = random.Random(7)
    for _try in range(5000):
        value = "".join(dice.choices(NASTY, k=dice.randrange(8)))
        assert one_word(argument(value)) == value


def test_no_value_that_can_be_thought_of_breaks_out_of_its_quotes() -> None:
    hypothesis = pytest.importorskip("hypothesis", reason="needs hypothesis")
    text = hypothesis.strategies.text()

    @hypothesis.settings(deadline=None, database=None, derandomize=True)
    @hypothesis.given(text | hypothesis.strategies.text(alphabet=NASTY))
    def check(value: str) -> None:
        assert one_word(argument(value)) == value

    check()


def test_the_request_has_every_key_always_since_a_missing_one_is_an_error_under_strict_mode() -> None:
    keys = {"cmdlet", "program", "parameters", "arguments", "folder", "select", "expect", "go_on"}
    full = Call("Get-Thing", {"A": 1}, select=("B",), expect={"B": "x"}, changes=True).request()
    assert set(full) == set(Call(program="x.exe").request()) == keys
    assert full["select"] == ["B"]
    assert "changes" not in full


def test_a_call_that_must_succeed_ends_the_list_and_is_the_same_call_otherwise() -> None:
    call = Call("Set-Thing", {"A": 1}, changes=True)
    assert call.go_on and not call.must().go_on
    assert call.must().powershell() == call.powershell()
    assert call.must().changes


@pytest.mark.parametrize(
    ("call", "of_product"),
    [
        (Call("Get-CsPool"), True),
        (Call("Get-Content"), False),
        (Call(program="C:\\Get-CsPool.exe"), False),
    ],
)
def test_only_the_products_own_cmdlets_need_its_module(call: Call, of_product: bool) -> None:
    assert call.of_product is of_product
