# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers in German, French and Chinese: people read their language; what programs decide by is the same everywhere."""

from __future__ import annotations

import re
from string import Formatter
from typing import Any

import pytest
from sfb_lab.border import RefusedByWindows
from sfb_lab.deployment.products import PRODUCTS, SERVICES, data
from sfb_lab.deployment.texts import LANGUAGES, say, speak, word

from .conftest import POOL, ROOT, Json, Lab, Play

OTHERS = [language for language in LANGUAGES if language != "en"]
MISSING = "C:\\ProgramData\\\u00dcbersicht \u6982\u89c8.txt"
#: Calls that go wrong, each in its way: Windows', PowerShell's, the product's.
WRONG: list[Json] = [
    {"cmdlet": "Get-CsPool", "parameters": {"Identity": "pool09.example.com"}},
    {"cmdlet": "Get-CsPoolFabricState", "parameters": {"PoolFqdn": "pool09.example.com"}},
    {"cmdlet": "Get-CsPoolFabricState", "parameters": {"Poll": 3}},
    {"cmdlet": "Invoke-CsComputerFailOver", "parameters": {"ComputerName": "fe09.example.com", "Confirm": False}},
    {"cmdlet": "Invoke-CsComputerFailOver", "parameters": {"ComputerName": "fe02.example.com", "WaitTime": "soon"}},
    {"cmdlet": "Get-CsWindowsService", "parameters": {"Name": "RTCNONE"}},
    {"cmdlet": "Reset-CsPoolRegistrarState", "parameters": {}},
    {"cmdlet": "Reset-CsPoolRegistrarState", "parameters": {"PoolFqdn": POOL, "ResetType": "Everything"}},
    {"cmdlet": "Get-Content", "parameters": {"LiteralPath": MISSING}},
    {"cmdlet": "Get-Acl", "parameters": {"LiteralPath": MISSING}},
    {"cmdlet": "New-Item", "parameters": {"Path": "C:\\Windows", "ItemType": "Directory"}},
    {"cmdlet": "Remove-Item", "parameters": {"LiteralPath": "C:\\Windows"}},
    {"cmdlet": "Start-Service", "parameters": {"Name": "RTCCPS"}},
    {"cmdlet": "Stop-Service", "parameters": {"Name": "RTCNONE"}},
    {"cmdlet": "Get-Process", "parameters": {"Name": "nobody"}},
    {"cmdlet": "Stop-Process", "parameters": {"Id": 1}},
    {"cmdlet": "Get-WinEvent", "parameters": {"LogName": "Lync Server", "FilterXPath": "*[System[(EventID=1)]]"}},
    {"cmdlet": "Get-WinEvent", "parameters": {"LogName": "Lync Servers"}},
    {"cmdlet": "Get-CimInstance", "parameters": {"ClassName": "Nothing"}},
    {"cmdlet": "Invoke-WebRequest", "parameters": {"Uri": "http://nowhere.example.com/a", "Method": "Head"}},
    {"program": "C:\\Temp\\nothing.exe", "arguments": ""},
]
DISABLED = {"fe01": {"services": {"RTCCPS": "disabled"}}}


def errors(lab: Lab) -> list[Json]:
    outcomes = lab.ask("fe01", *WRONG)
    assert [len(outcome["errors"]) for outcome in outcomes] == [1] * len(WRONG)
    return [outcome["errors"][0] for outcome in outcomes]


def words(text: str) -> set[str]:
    return {name for _literal, name, _format, _conversion in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_with_words_is_there_and_fills_the_same_places_or_fewer(language: str) -> None:
    for name, entry in data("texts.yml").items():
        if not re.search("[A-Za-z]", re.sub(r"\{[^}]*\}", "", entry["text"])):
            continue
        assert entry[language]["source"] in ("real", "documented", "invented"), name
        assert words(entry[language]["text"]) <= words(entry["text"]), name


def test_the_one_sentence_that_a_source_shows_is_marked_real() -> None:
    real = [
        (name, language)
        for name, entry in data("texts.yml").items()
        for language in OTHERS
        if entry.get(language, {}).get("source") == "real"
    ]
    assert real == [("not_found", "fr")]
    said = speak(say("not_found", kind="user", name="Ken Myer"), "fr")
    assert said == 'Objet de gestion introuvable pour l\'identit\u00e9 "Ken Myer".'


@pytest.mark.parametrize("language", OTHERS)
def test_every_service_and_component_has_a_name(language: str) -> None:
    names = {service["title"] for service in SERVICES if service["kind"] != "sql"}
    names |= {name for product in PRODUCTS.values() for name, _msp in product["components"]}
    assert {name for name in names if language not in data("words.yml")[name]} == set()
    assert word("Core Components", "en") == word("Core Components", "xx") == "Core Components"


@pytest.mark.parametrize("language", OTHERS)
def test_errors_are_in_the_language_and_their_ids_and_categories_are_not(play: Play, language: str) -> None:
    english = errors(play(servers=DISABLED))
    localised = errors(play({"language": language}, servers=DISABLED))
    for plain, other in zip(english, localised, strict=True):
        for key in ("id", "category", "type", "target"):
            assert plain[key] == other[key]
        assert plain["message"] != other["message"], plain["id"]
    found = next(error for error in localised if error["id"].startswith("PathNotFound"))
    assert MISSING in found["message"]


def test_a_french_pool_that_is_not_there_is_not_there_in_french(play: Play) -> None:
    lab = play({"language": "fr"})
    console = lab.line("fe01", "Get-CsPool -Identity pool09.example.com")
    assert 'Objet de gestion introuvable pour l\'identit\u00e9 "pool09.example.com".' in console
    assert "FullyQualifiedErrorId : ManagementObjectNotFound,Get-CsPool" in console


@pytest.mark.parametrize("language", OTHERS)
def test_states_stay_as_the_enumerations_have_them_and_display_names_do_not(play: Play, language: str) -> None:
    lab = play({"language": language})
    rows = lab.cmdlet("fe01", "Get-CsWindowsService", ["Name", "Status", "DisplayName"], ExcludeActivityLevel=True)
    services = {row["Name"]: row for row in rows["output"]}
    assert {row["Status"] for row in services.values()} == {"Running"}
    assert services["RTCCPS"]["DisplayName"] == f"Skype for Business Server {word('Call Park', language)}"
    assert services["W3SVC"]["DisplayName"] == word("World Wide Web Publishing Service", language) != "W3SVC"
    assert lab.state("fe01") == "Ready"
    assert lab.services("fe01")["RTCSRV"] == ("Running", "Auto")
    number = lab.cmdlet("fe01", "Get-CimInstance", ["OSLanguage"], ClassName="Win32_OperatingSystem")["output"]
    assert number == [{"OSLanguage": LANGUAGES[language]}]


@pytest.mark.parametrize("layout", ["a", "b"])
@pytest.mark.parametrize("language", OTHERS)
def test_the_fabric_speaks_the_language_and_names_servers_and_states(play: Play, language: str, layout: str) -> None:
    lab = play({"language": language, "switches": {"fabric_text": layout}})
    lab.fail_over("fe03")
    outcome = lab.cmdlet("fe01", "Get-CsPoolFabricState", PoolFqdn=POOL)
    text = "\n".join([*outcome["output"], *outcome["warnings"]])
    assert outcome["warnings"] and "fe03.example.com" in text
    assert not re.search("has a missing|Fabric state of|Routing groups|is not up|elapsed", text)
    assert layout == "b" or "OK" in text


@pytest.mark.parametrize("language", OTHERS)
def test_events_have_the_languages_words_and_levels(play: Play, language: str) -> None:
    lab = play({"language": language, "times": {"boot_minutes": 20}})
    lab.restart("fe01")
    lab.deployment.restart(lab.caller("fe02"), 0)
    lab.deployment.restart(lab.caller("fe03"), 0)
    lab.sleep(3)
    select = ["Id", "LevelDisplayName", "Level", "Message"]
    row = lab.cmdlet("fe01", "Get-WinEvent", select, LogName="Lync Server", MaxEvents=1)["output"][0]
    assert (row["Id"], row["Level"]) == (32163, 2)
    assert row["LevelDisplayName"] == word("Error", language)
    assert row["Message"] == speak(say("event_disconnected"), language)


@pytest.mark.parametrize("language", OTHERS)
def test_the_log_of_a_failed_part_is_in_the_language_with_the_same_codes(play: Play, language: str) -> None:
    fault = {"fault": "installer_exit", "host": "fe01.example.com", "exit_code": 1603}
    lab = play({"language": language, "switches": {"component_names": "localised"}}, faults=[fault])
    lab.fail_over("fe01")
    assert lab.install("fe01") == 1603
    folder = f"{ROOT}\\media\\update"
    names = [row["Name"] for row in lab.cmdlet("fe01", "Get-ChildItem", ["Name"], LiteralPath=folder)["output"]]
    log = f"{folder}\\" + next(name for name in names if name.startswith("Server.msp-FE01-["))
    text = "\n".join(lab.cmdlet("fe01", "Get-Content", LiteralPath=log)["output"])
    assert word("Front End Server", language) in text
    assert "1603" in text and "0x80004005" in text and "5011" in text
    assert "could not be installed" not in text
    found = lab.cmdlet("fe01", "Select-String", ["Line"], LiteralPath=log, Pattern="0x8[0-9A-F]{7}")["output"]
    assert len(found) == 1


@pytest.mark.parametrize("switch", ["english", "localised"])
def test_component_names_are_a_switch_and_the_products_name_stays(play: Play, switch: str) -> None:
    lab = play({"language": "de", "switches": {"component_names": switch}})
    rows = lab.cmdlet("fe01", "Get-CsServerPatchVersion", ["ComponentName"])["output"]
    names = {row["ComponentName"] for row in rows}
    core = "Core Components" if switch == "english" else "Kernkomponenten"
    assert f"Skype for Business Server 2019, {core}" in names
    key = "HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\*"
    found = lab.cmdlet("fe01", "Get-ItemProperty", ["DisplayName"], Path=key)["output"]
    assert names <= {row.get("DisplayName") for row in found}


def test_programs_print_in_the_language(play: Play) -> None:
    lab = play({"language": "de"}, servers={"fe01": {"services": {"MSSQL$RTCLOCAL": "stopped"}}})
    lab.make_root("fe01")

    def said(program: str, arguments: str) -> str:
        return str(lab.program("fe01", program, arguments)["output"][0]["Output"])

    assert said("icacls.exe", f"{ROOT} /setowner *S-1-5-32-544").startswith(f"Bearbeitete Datei: {ROOT}")
    assert said("net.exe", "stop w3svc") == "WWW-Publishingdienst wurde erfolgreich beendet."
    assert said("net.exe", "stop w3svc") == "WWW-Publishingdienst ist nicht gestartet."
    assert said("sqlcmd.exe", '-S .\\RTCLOCAL -E -Q "SELECT name FROM sys.databases"').startswith("Sqlcmd: Fehler")


def test_accounts_of_windows_have_german_names_and_the_same_sids(play: Play) -> None:
    lab = play({"language": "de"})
    lab.make_root("fe01")
    ask = {"LiteralPath": ROOT}
    assert lab.cmdlet("fe01", "Get-Acl", ["Owner"], **ask)["output"] == [{"Owner": "VORDEFINIERT\\Administratoren"}]
    assert lab.cmdlet("fe01", "Get-Acl", ["Sddl"], **ask)["output"][0]["Sddl"].startswith("O:BA")
    english = lab.program("fe01", "icacls.exe", f"{ROOT} /grant Administrators:(OI)(CI)F")["output"][0]
    assert english["ExitCode"] == 1332
    for who in ("Administratoren", "*S-1-5-32-544"):
        assert lab.program("fe01", "icacls.exe", f"{ROOT} /grant {who}:(OI)(CI)F")["output"][0]["ExitCode"] == 0
    rows = lab.cmdlet("fe01", "Get-Process", ["UserName"], Name="lsass", IncludeUserName=True)["output"]
    assert rows == [{"UserName": "NT-AUTORIT\u00c4T\\SYSTEM"}]


@pytest.mark.parametrize("language", OTHERS)
def test_what_windows_refuses_it_refuses_in_its_language(play: Play, language: str) -> None:
    lab = play({"language": language, "accounts": {"LAB\\guest": {"password": "x", "administrator": False}}})
    guest = lab.caller("fe01", "LAB\\guest", None)
    for refused in (
        lambda: lab.deployment.restart(guest, 0),
        lambda: lab.deployment.read_file(guest, MISSING),
        lambda: lab.deployment.write_file(guest, "C:\\Windows\\a.txt", b""),
        lambda: lab.deployment.stat(guest, "\\\\fe02.example.com\\C$\\Windows"),
    ):
        with pytest.raises(RefusedByWindows) as error:
            refused()
        assert not re.search("denied|Could not|path was", str(error.value))


@pytest.mark.parametrize(
    ("language", "text"), [("de", "\u00dcbung"), ("zh-CN", "\u7ba1\u7406"), ("zh-TW", "\u7ba1\u7406\u54e1")]
)
def test_a_file_without_a_mark_is_in_the_code_page_of_the_language(play: Play, language: str, text: str) -> None:
    lab = play({"language": language})
    path: Any = "C:\\Temp\\note.txt"
    lab.cmdlet("fe01", "Set-Content", LiteralPath=path, Value=text)
    assert lab.cmdlet("fe01", "Get-Content", LiteralPath=path)["output"] == [text]
    assert lab.cmdlet("fe01", "Get-Content", LiteralPath=path, Encoding="UTF8")["output"] != [text]
    lab.cmdlet("fe01", "Set-Content", LiteralPath=path, Value=text, Encoding="UTF8")
    assert lab.cmdlet("fe01", "Get-Content", LiteralPath=path)["output"] == [text]
