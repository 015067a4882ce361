# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules share that work on a server, over the connection of their task (plugin_utils/action.py)."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
requirements:
  - The collection C(ansible.windows) on the controller.
  - Windows PowerShell 5.1 on the server. A PowerShell 7 endpoint is refused.
attributes:
  action:
    support: full
  action_group:
    support: full
    membership:
      - sfb.server.sfb
  async:
    support: none
    details:
      - A task with C(async) is refused. Long work runs in a process of its own on the server in any case, and is found
        again by the next task that looks for it.
  become:
    support: full
  bypass_host_loop:
    support: none
  connection:
    support: full
  delegation:
    support: full
  diff_mode:
    support: none
  platform:
    support: full
    platforms: windows
notes:
  - No real server has run this collection yet. It was tested on the simulated deployment that comes with it.
  - The module works over the connection of its task (C(winrm), C(psrp) or C(ssh)) by M(ansible.windows.win_powershell).
    It has no connection options of its own, and C(become) and C(delegate_to) hold for everything that it does.
  - A connection that breaks is a failure of the task and never C(unreachable), because that would skip C(rescue).
    What only reads is tried again. What changes something is looked up first, and is sent again only where it is seen
    that it never arrived.
  - An account that the server refuses is never tried a second time, because each try counts towards locking it.
  - The host variable C(sfb_call_timeout_seconds) says how many seconds one answer of the server may take. It is 1800
    when it is not set.
"""

    #: For modules whose cmdlets go on to the topology, to Active Directory, to SQL Server or to another server.
    SECOND_HOP = r"""
options: {}
notes:
  - The module asks the topology, SQL Server or other servers, so the account needs its rights there too (the second
    hop). Connect with CredSSP or Kerberos delegation, or use C(become) with C(runas). See
    R(the guide on connections,ansible_collections.sfb.server.docsite.guide_connection).
"""
