# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the update comes from, and its way into the folder of its version."""

from __future__ import annotations

import hashlib
import ntpath
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from ansible.errors import AnsibleError
from ansible_collections.sfb.server.plugins.plugin_utils.shell import state_folder, windows
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import ManagementShell
from ansible_collections.sfb.server.plugins.plugin_utils.steps.update import Update


def kind(source: str) -> Literal["web", "unc", "file"]:
    """An http(s) address, a UNC path that the servers read, or a file on the controller."""
    if source.lower().startswith(("http://", "https://")):
        return "web"
    return "unc" if source.startswith("\\\\") else "file"


def installer_path(source: str, version: str) -> str:
    """Where the installer lies on a server: under the name that its source gives it, which differs by product."""
    name = ntpath.basename(source.partition("?")[0] if kind(source) == "web" else source)
    return f"{state_folder.media(version)}\\{name}"


def source_troubles(settings: Mapping[str, Any], find: Callable[[str, str], str]) -> list[str]:
    """A file of the controller can be looked at here and now. `find`: where Ansible looks for files of a playbook."""
    source = settings.get("update_source")
    if not source or kind(source) != "file":
        return []
    try:
        path = Path(find("files", source))
    except AnsibleError:
        return [f"{source} is not on the controller"]
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    wanted = settings.get("update_sha256")
    if wanted and found != wanted.lower():
        return [f"the SHA-256 of {source} is {found} and should be {wanted.lower()}"]
    return []


def prepare(shell: ManagementShell, wanted: Update) -> None:
    """Makes the version's folder, and takes away a file that is not the wanted one."""
    calls = {"folder": windows.make_folder_if_missing(wanted.folder)}
    if shell.read({"there": windows.path_exists(wanted.path)})["there"].output[:1] == [True]:
        calls["remove"] = windows.remove(wanted.path)
    for outcome in shell.change(calls).outcomes.values():
        outcome.checked()


def copy(shell: ManagementShell, source: str, target: str) -> None:
    """From a share, by the server itself. Repeating it would do no harm, but it is a change: sent once."""
    shell.change({"copy": windows.copy(source, target)})["copy"].checked(
        "The account must be able to read the share from the server (the second hop)."
    )
