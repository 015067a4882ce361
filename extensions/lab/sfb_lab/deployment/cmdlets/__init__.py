# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated cmdlets, by area. Importing this package fills the table in call.py; a new area is a new file here."""

from __future__ import annotations

from . import (  # noqa: F401
    back_ends,
    certificates,
    computer_failover,
    databases,
    event_log,
    fabric,
    files,
    items,
    network,
    pairs,
    processes,
    registrar_reset,
    services,
    topology,
    versions,
    windows,
    windows_services,
)
