# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated deployment: everything that a server of it knows, does and suffers, and not a word of HTTP."""

from __future__ import annotations

from . import cmdlets
from .schema import FileError
from .simulation import Deployment, ServerWentDown, load

# Importing `cmdlets` fills the table of what a server knows.
__all__ = ["Deployment", "FileError", "ServerWentDown", "cmdlets", "load"]
