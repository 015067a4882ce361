# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lab that listens: everything between a loaded deployment and the clients that call it."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from ..border import Simulation
from . import connection, inventory
from .accounts import Accounts
from .clock_service import ClockService
from .connection import Site
from .execution import Execution
from .inventory import Account, Entrance
from .listener import Listener, listen
from .shells import Boot, Shells
from .tls import Authority

_NTLM_FILE = "NTLM_USER_FILE"


class RunningLab:
    """Listens from construction until ``stop``; a context manager.

    Raises ValueError for accounts that can't be served, and listener.PortTaken. pyspnego's acceptor finds its accounts
    by an environment variable of this process, so there is one running lab per process at a time.
    """

    def __init__(self, simulation: Simulation, port: int | None = None) -> None:
        if not simulation.addresses or not simulation.accounts:
            raise ValueError("the deployment has no server or no account")
        domains = dict.fromkeys(fqdn.partition(".")[2] for fqdn in simulation.addresses if "." in fqdn)
        accounts = Accounts(simulation.accounts, domains)
        become: str | None = getattr(simulation, "become", None)

        sockets = listen(simulation.addresses.values(), port)
        self.port = int(sockets[0].getsockname()[1])
        self._folder = Path(tempfile.mkdtemp(prefix="sfb-lab-"))
        self.inventory = self._folder / "inventory"
        self._clock = ClockService(simulation)
        self._listeners: list[Listener] = []
        self._ntlm_file_before = os.environ.get(_NTLM_FILE)
        try:
            accounts.write_ntlm_file(self._folder / "accounts")
            os.environ[_NTLM_FILE] = str(self._folder / "accounts")
            authority = Authority(self._folder)
            self._write_inventory(simulation, become, authority)
            boot = _boot(simulation)
            shells = Shells(boot, Execution(simulation, accounts).run)
            for (host, address), listening in zip(simulation.addresses.items(), sockets, strict=True):
                site = Site(host, simulation, accounts, authority.server_context(host, address), shells, boot)
                self._listeners.append(Listener(listening, _serve(site)))
        except BaseException:
            for listening in sockets:
                listening.close()
            self.stop()
            raise

    def stop(self) -> None:
        """Closes every socket and removes the folder."""
        for listener in self._listeners:
            listener.stop()
        self._clock.stop()
        if self._ntlm_file_before is None:
            os.environ.pop(_NTLM_FILE, None)
        else:
            os.environ[_NTLM_FILE] = self._ntlm_file_before
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> RunningLab:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    @property
    def ca_file(self) -> Path:
        return self._folder / "ca.pem"

    @property
    def clock_url(self) -> str:
        return self._clock.url

    def _write_inventory(self, simulation: Simulation, become: str | None, authority: Authority) -> None:
        name, password = next(iter(simulation.accounts.items()))
        account = Account(name, password)
        entrance = Entrance(
            port=self.port,
            account=account,
            become=Account(become, simulation.accounts[become]) if become else None,
            ca_file=authority.ca_file,
            clock=self._clock.url,
        )
        aliases: Mapping[str, str] = getattr(simulation, "aliases", {})
        inventory.write(self.inventory, entrance, simulation.addresses, aliases)


def _boot(simulation: Simulation) -> Boot:
    """When a server was started, asked without moving the clock; always the same where the simulation does not tell."""
    tells: Boot | None = getattr(simulation, "boot", None)
    if tells is None:
        return lambda _host: 0.0

    def boot(host: str) -> float:
        with simulation.lock:
            return tells(host)

    return boot


def _serve(site: Site) -> Callable[[socket.socket, Callable[[socket.socket], None]], None]:
    def serve(accepted: socket.socket, hold: Callable[[socket.socket], None]) -> None:
        connection.serve(site, accepted, hold)

    return serve
