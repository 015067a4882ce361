# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which components a server has, whatever it calls them and wherever they are listed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sfb.server.plugins.plugin_utils.evidence import components
from ansible_collections.sfb.server.plugins.plugin_utils.product import versions
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import CallFailed
from ansible_collections.sfb.server.tests.unit.plugins.plugin_utils.fakes import TITLES, FakeServer, answers, refuses

LYNC = TITLES["lync2013"]


def read(server: FakeServer) -> dict[str, str]:
    return components.read(server.shell().read(components.calls()))


def file_of(title: str) -> str:
    return f"C:\\Program Files\\{title}\\Deployment\\Microsoft.Rtc.Management.Deployment.Bootstrapper.dll"


def program(name: str, version: str | None = "5.0.8308.291") -> dict[str, Any]:
    return {"DisplayName": name, "DisplayVersion": version, "Publisher": "Microsoft Corporation"}


def test_where_the_cmdlet_exists_it_is_believed_and_not_the_list_of_programs() -> None:
    server = FakeServer()
    server.programs = [program("Skype for Business Server 2015, Core Components", "6.0.9319.0")]
    assert read(server) == {"Core Components": "6.0.9319.534", "Front End Server": "6.0.9319.534"}


def test_without_the_cmdlet_the_products_entries_in_the_list_of_programs_tell() -> None:
    server = FakeServer(product="lync2013")
    server.components = {"Core Components": "5.0.8308.965", "Front End Server": "5.0.8308.577"}
    server.programs = [
        program("Microsoft Lync Web App Plug-in"),
        program("Skype for Business 2016 - de-de"),
        program(f"{LYNC}, Mediation Server", None),
    ]
    assert read(server) == {f"{LYNC}, Core Components": "5.0.8308.965", f"{LYNC}, Front End Server": "5.0.8308.577"}


def test_the_first_skype_for_business_server_2015_had_no_such_cmdlet_either() -> None:
    server = FakeServer()
    server.answers["Get-CsServerPatchVersion"] = None  # type: ignore[assignment]
    assert read(server)["Skype for Business Server 2015, Core Components"] == "6.0.9319.534"


@pytest.mark.parametrize(
    "localised",
    ["Microsoft Lync Server 2013, Kernkomponenten", "Microsoft Lync Server 2013\uff0c\u6838\u5fc3\u7ec4\u4ef6"],
)
def test_core_components_of_another_language_have_the_version_of_their_file(localised: str) -> None:
    server = FakeServer(product="lync2013")
    server.components = {}
    server.programs = [program(localised, "5.0.8308.291")]
    server.file_versions[file_of(LYNC)] = "5.0.8308.577 (rtm)"
    table = read(server)
    assert table == {localised: "5.0.8308.291", f"{LYNC}, Core Components": "5.0.8308.577"}
    assert versions.core_version(table) == "5.0.8308.577"


def test_also_the_cmdlet_may_speak_another_language() -> None:
    server = FakeServer(product="sfb2019")
    server.components = {"Skype for Business Server 2019, Composants de base": "7.0.2046.396"}
    server.file_versions[file_of(TITLES["sfb2019"])] = "7.0.2046.396"
    assert versions.core_version(read(server)) == "7.0.2046.396"


def test_files_of_two_products_leave_the_version_unclear() -> None:
    server = FakeServer(product="lync2013")
    server.components = {}
    server.file_versions = {file_of(title): "6.0.9319.0" for title in TITLES.values()}
    with pytest.raises(versions.VersionError, match="More than one Core Components"):
        versions.core_version(read(server))


@pytest.mark.parametrize(
    ("product", "cmdlet"), [("sfb2015", "Get-CsServerPatchVersion"), ("lync2013", "Get-ItemProperty")]
)
def test_what_cannot_be_read_is_said_and_never_guessed_from_files(product: str, cmdlet: str) -> None:
    server = FakeServer(product=product)
    server.answers[cmdlet] = refuses("Access is denied")
    server.file_versions[file_of(TITLES[product])] = "5.0.8308.577"
    with pytest.raises(CallFailed, match="Access is denied"):
        read(server)


def test_an_empty_list_is_no_version() -> None:
    server = FakeServer(product="lync2013")
    server.answers["Get-ItemProperty"] = answers()
    assert read(server) == {}
