# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one folder that we keep on a server: the mark, the claims of long work, the media and the cmdlets' reports."""

from __future__ import annotations

import re

from ansible_collections.sfb.server.plugins.plugin_utils.shell import windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import NotUsable
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import ManagementShell

ROOT = "C:\\ProgramData\\sfb.server"
MARK = f"{ROOT}\\mark.json"

_SYSTEM, _ADMINISTRATORS = "*S-1-5-18", "*S-1-5-32-544"
_FULL = "(OI)(CI)F"
#: Owner Administrators or SYSTEM, rights not inherited, full control for these two and nobody else.
_PROTECTED = re.compile(r"O:(?:BA|SY)(?:G:[^:]*?)?D:P[A-Z]*(?P<entries>(?:\(A;OICI;FA;;;(?:SY|BA)\))+)(?:S:.*)?")


def claim(what: str) -> str:
    """The file that says what long work of this kind does: fail_over, services, install, database and so on."""
    return f"{ROOT}\\{what}.json"


def media(version: str) -> str:
    """Each version has a folder of its own: the installer writes its logs beside itself (BLOG: tsoorad)."""
    return f"{ROOT}\\media\\{version}"


def report(what: str) -> str:
    """Where a cmdlet writes its HTML report; the same name each time, so that a plan can show it."""
    return f"{ROOT}\\reports\\{what}.html"


def creation() -> dict[str, Call]:
    """Makes the folder and closes it to everyone but administrators, in this order, before anything is put into it."""
    return {
        "make": windows.make_folder(ROOT),
        "owner": windows.icacls(f'"{ROOT}" /setowner {_ADMINISTRATORS}'),
        "rights": windows.icacls(
            f'"{ROOT}" /inheritance:r /grant:r {_SYSTEM}:{_FULL} /grant:r {_ADMINISTRATORS}:{_FULL}'
        ),
        "reports": windows.make_folder_if_missing(f"{ROOT}\\reports"),
        "media": windows.make_folder_if_missing(f"{ROOT}\\media"),
    }


def is_protected(sddl: str) -> bool:
    """Every user may create folders below ProgramData: one that others own or write to may be a trap."""
    found = _PROTECTED.fullmatch(sddl)
    return found is not None


def ensure(shell: ManagementShell) -> None:
    """Makes the folder where it is missing; NotUsable where it is somebody else's."""
    security = shell.read({"security": windows.security(ROOT)})["security"]
    if security.absent:
        made = shell.change(creation())
        security = shell.read({"security": windows.security(ROOT)})["security"]
        # Another run may have made it at the same moment.
        if not is_protected(str(security.row.get("Sddl") or "")):
            for outcome in made.outcomes.values():
                outcome.checked("Create the folder by hand as an administrator, or find out what forbids it.")
    require_protected(shell.server, str(security.checked().row.get("Sddl") or ""))


def require_protected(server: str, sddl: str) -> None:
    """Raises NotUsable for a folder whose owner or rights are not ours."""
    if not is_protected(sddl):
        raise NotUsable(
            f"{ROOT} on {server} belongs to somebody else or can be written by others ({sddl}).",
            remedy="Look at what is in it, remove the folder, and start again: it is then made with the right owner and rights.",
        )
