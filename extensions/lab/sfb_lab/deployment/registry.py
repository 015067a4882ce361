# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry of a simulated server, as far as anybody reads it."""

from __future__ import annotations

from typing import Any

from .products import PRODUCTS
from .server import Server
from .values import guid

SESSION_MANAGER = "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\Session Manager"
WINDOWS = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion"
POLICIES = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate"
PRODUCT = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Real-Time Communications\\{A593FD00-64F1-4288-A6F4-E699ED9DCA35}"


def key_path(path: str) -> str | None:
    """A registry path in one spelling, or None when it is no registry path."""
    text = path.replace("/", "\\").rstrip("\\")
    for prefix in ("Microsoft.PowerShell.Core\\Registry::", "Registry::"):
        if text.lower().startswith(prefix.lower()):
            text = text[len(prefix) :]
    for short in ("HKLM:", "HKEY_LOCAL_MACHINE"):
        if text.lower() == short.lower() or text.lower().startswith(short.lower() + "\\"):
            return "HKEY_LOCAL_MACHINE" + text[len(short) :]
    return None


def keys(server: Server) -> dict[str, dict[str, Any]]:
    """Path of every key -> its values; the parents of each key are there too."""
    found: dict[str, dict[str, Any]] = {
        SESSION_MANAGER: {"ProcessorControl": 2},
        f"{WINDOWS}\\Component Based Servicing": {"Version": "10.0"},
        f"{WINDOWS}\\WindowsUpdate\\Auto Update": {},
        f"{POLICIES}\\AU": (
            {"NoAutoUpdate": 0, "AUOptions": 4, "ScheduledInstallDay": 0, "ScheduledInstallTime": 3}
            if server.settings["automatic_updates"]
            else {"NoAutoUpdate": 1, "AUOptions": 2}
        ),
        f"{WINDOWS}\\Uninstall\\{{{guid('Microsoft Visual C++')}}}": {
            "DisplayName": "Microsoft Visual C++ 2015 Redistributable (x64)",
            "DisplayVersion": "14.0.24215.1",
            "Publisher": "Microsoft Corporation",
        },
        f"{WINDOWS.replace('SOFTWARE', 'SOFTWARE' + chr(92) + 'WOW6432Node')}\\Uninstall": {},
    }
    if server.pending_reboot:
        found[SESSION_MANAGER]["PendingFileRenameOperations"] = ["\\??\\C:\\Windows\\Temp\\rtc1A2B.tmp", ""]
    if server.product != "none":
        found[PRODUCT] = {"Type": "VL", "Version": PRODUCTS[server.product]["base"]}
        for name, version in server.component_rows():
            found[f"{WINDOWS}\\Uninstall\\{{{guid(name).upper()}}}"] = {
                "DisplayName": name,
                "DisplayVersion": version,
                "Publisher": "Microsoft Corporation",
            }
    for path in list(found):
        while "\\" in path:
            path = path.rpartition("\\")[0]
            found.setdefault(path, {})
    return found
