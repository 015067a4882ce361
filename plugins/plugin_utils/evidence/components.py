# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which components of the product a server has, and their versions: the calls, and the table that their outcomes make.

Get-CsServerPatchVersion says so from the November 2015 update on (DOC). Before that, and on Lync Server 2013, the list
of programs does (CODE: DUMP). Both name the components in the server's own language. The version that decides is that
of Core Components, so where none is called that, it is read from a file of theirs (CODE: a scanner takes that file for
the server's version; that it belongs to Core Components: inferred).
"""

from __future__ import annotations

import re

from ansible_collections.sfb.server.plugins.plugin_utils.product.versions import CORE_COMPONENTS, PRODUCTS, is_core
from ansible_collections.sfb.server.plugins.plugin_utils.shell import cmdlets, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.call import Call
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import Answer, Outcome

_FILE = "Deployment\\Microsoft.Rtc.Management.Deployment.Bootstrapper.dll"
# "Microsoft Lync Server 2013, Core Components"; the commas of Chinese are others.
_OF_PRODUCT = re.compile(r"(?:Microsoft )?(?:Lync|Skype for Business) Server\b[^,\uff0c\u3001]*[,\uff0c\u3001]\s*\S")
_VERSION = re.compile(r"\d+\.\d+\.\d+\.\d+", re.ASCII)


def calls() -> dict[str, Call]:
    """The file of each product is asked for: which of them a server has is not known before."""
    return {
        "components": cmdlets.patch_versions(),
        "programs": windows.installed_programs(),
        **{f"core:{p.title}": windows.file_version(f"C:\\Program Files\\{p.title}\\{_FILE}") for p in PRODUCTS},
    }


def read(answer: Answer) -> dict[str, str]:
    """{component name: version text} of `calls`. Raises CallFailed where it could not be read."""
    listed = answer["components"]
    if listed.missing:
        table = _of_programs(answer["programs"].checked())
    else:
        table = {str(row["ComponentName"]): str(row["Version"]) for row in listed.checked().rows}
    return table if any(is_core(name) for name in table) else {**table, **_of_files(answer)}


def _of_programs(programs: Outcome) -> dict[str, str]:
    rows = {str(row.get("DisplayName") or "").strip(): row.get("DisplayVersion") for row in programs.rows}
    return {name: str(version).strip() for name, version in rows.items() if version and _OF_PRODUCT.match(name)}


def _of_files(answer: Answer) -> dict[str, str]:
    found = {}
    for product in PRODUCTS:
        details = answer[f"core:{product.title}"].row.get("VersionInfo") or [{}]
        version = _VERSION.match(str(details[0].get("FileVersion") or "").strip())
        if version:
            found[f"{product.title}, {CORE_COMPONENTS}"] = version[0]
    return found
