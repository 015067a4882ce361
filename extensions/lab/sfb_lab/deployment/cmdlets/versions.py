# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions: Get-CsServerPatchVersion, Get-CsServerVersion (DOC, CODE OPD), and uninstall entries."""

from __future__ import annotations

from ..call import Call, cmdlet
from ..products import PRODUCTS
from ..server import Server
from ..texts import say
from ..values import PsObject, numbers


def _since_the_november_2015_update(server: Server) -> bool:
    """DOC: 6.0.9319.102 brought the cmdlet."""
    least = PRODUCTS[server.product].get("patch_version_from", "0")
    return numbers(server.components["Core Components"]) >= numbers(least)


@cmdlet("Get-CsServerPatchVersion", 4.0, exists=_since_the_november_2015_update)
def get_patch_version(call: Call) -> None:
    if not call.identity.administrator:
        raise call.fail(
            say("not_administrator", user=call.identity.user, server=call.server.fqdn),
            "AccessDenied",
            "PermissionDenied",
        )
    for name, version in call.server.component_rows():
        call.output.append(
            PsObject("Microsoft.Rtc.Management.Deployment.PatchVersion", {"ComponentName": name, "Version": version})
        )


@cmdlet("Get-CsServerVersion", 1.0)
def get_server_version(call: Call) -> None:
    product = PRODUCTS[call.server.product]
    call.write(f"{product['title']} ({product['base']}): Volume license key installed.")
