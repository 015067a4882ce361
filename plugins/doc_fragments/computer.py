# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option of the modules that name a server to the product's cmdlets (specs._COMPUTER)."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  computer:
    description:
      - The FQDN, as the topology has it, of the server that the connection leads to. The task fails when it leads to
        another one.
      - When it is not given, whatever server the connection leads to.
      - It is no way to reach another server. Use C(delegate_to) for that.
    type: str
"""
