# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's side of the management shell: the task's own connection, become and check mode."""

from __future__ import annotations

import contextlib
import re
import signal
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleAuthenticationFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.sfb.server.plugins.plugin_utils.shell.errors import (
    ConnectionLost,
    CredentialsRejected,
    NotUsable,
)

#: Packages whose errors mean that the connection, not the script, has failed: a shell of before a restart is one of
#: winrm's own, a broken socket is one of requests'.
_TRANSPORTS = ("requests", "urllib3", "winrm", "pypsrp", "psrpcore", "spnego", "requests_ntlm", "requests_credssp")

#: How the transports (pywinrm, pypsrp) word a refused password; their own English text, not the product's.
_REFUSED = re.compile(
    r"credentials were rejected|\b401\b|unauthorized|access is denied|permission denied", re.IGNORECASE
)


class AnsibleTransport:
    """Executes the script through ansible.windows.win_powershell, so that become, delegation and check mode hold."""

    def __init__(self, action: ActionBase, task_vars: dict[str, Any], seconds: int) -> None:
        """`seconds`: how long one execution may take on the real clock. pywinrm itself would wait for ever."""
        self._action = action
        self._task_vars = task_vars
        self._seconds = seconds

    def execute(self, script: str, request: str, detach_seconds: int | None) -> dict[str, Any]:
        task = self._action._task
        detached_before = task.async_val
        try:
            # wrap_async alone runs synchronously on winrm: only the task's own value counts.
            task.async_val = detach_seconds or 0
            with one_kind_of_loss(self._seconds):
                result = self._action._execute_module(
                    module_name="ansible.windows.win_powershell",
                    module_args={"script": script, "parameters": {"Request": request}},
                    task_vars=self._task_vars,
                    wrap_async=detach_seconds is not None,
                )
        finally:
            task.async_val = detached_before
        refuse_unreachable(result)
        if result.get("failed") and not result.get("output") and result.get("msg"):
            raise self._failed(str(result["msg"]))
        return dict(result)

    def reset(self) -> None:
        connection = self._action._connection
        for step in (connection.close, connection.reset):
            try:
                step()
            except Exception as error:
                if not isinstance(error, (AnsibleError, OSError)) and not _is_of_transport(error):
                    raise

    def _failed(self, text: str) -> Exception:
        if "become" in text.lower() or "logon" in text.lower():
            return CredentialsRejected(
                f"the account to become was refused: {text}",
                remedy="Check ansible_become_user and its password, and its right to log on; nothing was tried twice.",
            )
        return NotUsable(f"it could not run our script: {text}")


@contextlib.contextmanager
def one_kind_of_loss(seconds: int) -> Iterator[None]:
    """Whatever a connection may raise becomes ConnectionLost or CredentialsRejected; what hangs so long is ended."""
    try:
        with _at_most(seconds):
            yield
    except ConnectionLost:
        raise
    except AnsibleAuthenticationFailure as error:
        raise _rejected(error) from error
    except (AnsibleError, OSError, EOFError) as error:
        # AnsibleConnectionFailure, and "winrm send_input failed" and its kind, which have no class of their own.
        raise _lost_or_rejected(error) from error
    except Exception as error:
        if not _is_of_transport(error):
            raise
        raise _lost_or_rejected(error) from error


def refuse_unreachable(result: Mapping[str, Any]) -> None:
    """Of a module. `unreachable` as it is would skip `rescue` and `always`."""
    if result.get("unreachable"):
        raise ConnectionLost(f"it can't be reached ({result.get('msg')})")


def _lost_or_rejected(error: Exception) -> Exception:
    if _REFUSED.search(str(error)):
        return _rejected(error)
    return ConnectionLost(f"the connection broke ({_short(error)})")


def _rejected(error: Exception) -> CredentialsRejected:
    return CredentialsRejected(
        f"it refused the account: {error}",
        remedy="Check the user name and password of the connection; nothing was tried twice.",
    )


def _short(error: Exception) -> str:
    """The last, most telling part of a chain of messages, in one line."""
    text = " ".join(str(error).split())
    return text if len(text) <= 160 else f"{text[:60]} ... {text[-90:]}"


def _is_of_transport(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in _TRANSPORTS


@contextlib.contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    """Ends an execution that hangs. A `timeout:` of the task, which uses the same alarm, stays in force."""

    def ring(_signal: int, _frame: Any) -> None:
        raise ConnectionLost(f"no answer within {seconds} seconds")

    left = signal.alarm(0)
    if left and left <= seconds:
        signal.alarm(left)
        yield
        return
    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        if left:
            signal.alarm(max(1, left - seconds))
