# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Brings the update's installer onto a server, into the protected folder, and checks its hash and signature."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from ansible_collections.sfb.server.plugins.plugin_utils.action import SfbAction
from ansible_collections.sfb.server.plugins.plugin_utils.shell import background, state_folder
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import ConnectionLost, SfbError
from ansible_collections.sfb.server.plugins.plugin_utils.shell.management_shell import ManagementShell
from ansible_collections.sfb.server.plugins.plugin_utils.shell.transport import one_kind_of_loss, refuse_unreachable
from ansible_collections.sfb.server.plugins.plugin_utils.specs import UPDATE_MEDIA
from ansible_collections.sfb.server.plugins.plugin_utils.steps import media, update

#: How long the file itself may take on the real clock: some hundred megabytes, through WinRM in the worst case.
MEDIA_SECONDS = 4 * 3600


class ActionModule(SfbAction):
    SPEC = UPDATE_MEDIA
    STEP = "update_media"

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        shell = self.shell()
        source, target = options["source"], options["installer"]
        kind = media.kind(source)
        local = Path(self._find_needle("files", source)) if kind == "file" else None
        sha256 = options["sha256"] or (hashlib.sha256(local.read_bytes()).hexdigest() if local else None)
        wanted = update.Update(target, "", sha256, options["signer"])
        result = {"server": self.server, "installer": target, "source": source}
        problems = update.file_problems(shell.read(update.file_calls(wanted)).outcomes, wanted)
        if not problems:
            return {**result, "changed": False}
        if self._task.check_mode:
            return {**result, "changed": True, "found_before": problems}
        for remaining in reversed(range(background.STARTS)):
            lost = None
            try:
                self._bring(shell, local, source, wanted)
            except ConnectionLost as error:
                shell.transport.reset()
                lost = error
            # Whatever has arrived says what it is; only what has not is fetched again.
            problems = update.file_problems(shell.read(update.file_calls(wanted)).outcomes, wanted)
            if not problems:
                return {**result, "changed": True}
            if lost is None or not remaining:
                break
        raise SfbError(
            f"{target} on {self.server}: {'; '.join(problems)}." + (f" {lost.message}." if lost else ""),
            remedy="Nothing was installed. Check sfb_update_source, sfb_update_sha256 and where the file came from.",
        )

    def _bring(self, shell: ManagementShell, local: Path | None, source: str, wanted: update.Update) -> None:
        state_folder.ensure(shell)
        media.prepare(shell, wanted)
        self.say(f"{self.server}: fetching {source}")
        if media.kind(source) == "unc":
            media.copy(shell, source, wanted.path)
            return
        shell.refuse_orphans()
        with one_kind_of_loss(MEDIA_SECONDS):
            if local:
                fetched = self._copy(str(local), wanted.path)
            else:
                arguments = {"url": source, "dest": wanted.path}
                fetched = self._execute_module("ansible.windows.win_get_url", arguments, task_vars=self.vars)
        refuse_unreachable(fetched)
        if fetched.get("failed"):
            raise SfbError(f"The update could not be brought to {self.server}: {fetched.get('msg')}")

    def _copy(self, source: str, target: str) -> dict[str, Any]:
        """A file of the controller: the slow way, through ansible.windows.win_copy."""
        task = self._task.copy()
        task.args = {"src": source, "dest": target}
        action = self._shared_loader_obj.action_loader.get(
            "ansible.windows.win_copy",
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        return dict(action.run(task_vars=self.vars))
