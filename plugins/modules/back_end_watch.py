# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: back_end_watch
version_added: 0.1.0
short_description: Watch a back end from a Front End while it is worked on
description:
  - Asks a Front End again and again whether it reaches the user database on a SQL server
    (C(Get-CsUserDatabaseState)), until the work on that server has ended, and says each minute how long the back end
    has been away.
  - The task runs on a Front End of the pool. Use C(delegate_to).
  - The back end is away from the first look that failed to the first one that did not. It is looked at every 20
    seconds, so an outage may have begun that much earlier. Outages are not added up, because the product's limit is
    about a single one.
  - Past O(limit_minutes) it says so, once, and goes on. To stop half way would keep the back end away for longer.
  - A Front End that does not answer itself says nothing of the back end, which then counts as what it was before.
  - It only reads and changes nothing.
  - It needs an account that is a member of RTCUniversalServerAdmins, and for O(until=install_ended) an administrator of
    O(back_end), because a file there is read over its administrative share.
  - The task fails when the topology knows no user database on O(sql_server). With O(until=answers) it fails too when
    the back end does not answer in time. Otherwise a watch in vain is no failure, and RV(finished) is V(false).
author:
  - sfb.server authors (!UNKNOWN)
options:
  sql_server:
    description:
      - The FQDN of the SQL server, as the topology has it.
    type: str
    required: true
  pool_fqdn:
    description:
      - The pool whose users notice when the back end is away. It only stands in the texts.
    type: str
    required: true
  back_end:
    description:
      - The FQDN of the server on which the update is being installed. When it is not given, O(sql_server).
    type: str
  until:
    description:
      - With V(answers), until the back end answers.
      - With V(install_ended), until the installation that M(sfb.server.server_update) began on O(back_end) has ended,
        as its file there says. While the file can't be read the server is taken to restart. When it could never be
        read for three minutes although the back end answers, the watch ends too.
      - With V(restart_ended), until the back end answers after it was away, or after three minutes in which it was
        never seen away. The boot time of another server can't be read from a Front End, so the restart itself has to
        be verified with M(sfb.server.server_restart).
    type: str
    default: answers
    choices:
      - answers
      - install_ended
      - restart_ended
  limit_minutes:
    description:
      - How long the back end may be away before users notice, in minutes (C(BackupStoreUnavailableThreshold)).
    type: float
    default: 30
  away_since:
    description:
      - Since when the back end has been away, in UTC. This is RV(away_since) of an earlier task, so that its clock goes on.
    type: str
  timeout_minutes:
    description:
      - When to stop watching, in minutes.
    type: int
    default: 90
attributes:
  check_mode:
    support: full
    details:
      - The back end is looked at once and not waited for.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - sfb.server.on_server
  - sfb.server.on_server.second_hop
seealso:
  - module: sfb.server.server_update
  - module: sfb.server.server_restart
  - module: sfb.server.registrar_info
"""

EXAMPLES = r"""
---
- name: Begin the restart
  sfb.server.server_restart:
    wait: false
  register: restart

- name: Watch from a Front End how long the back end is away
  sfb.server.back_end_watch:
    sql_server: sql01.example.com
    pool_fqdn: pool01.example.com
    until: restart_ended
    limit_minutes: 30
  delegate_to: fe01
  register: away

- name: Wait until the server itself answers
  sfb.server.server_restart:
    since: "{{ restart.last_boot }}"
"""

RETURN = r"""
---
begun:
  description: When the task began, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
away_since:
  description: Since when the back end has been away, in UTC. Null while it answers.
  returned: success, and when it did not answer in time
  type: str
  sample: "2026-01-31T22:34:20Z"
away_minutes:
  description: How long the longest outage was, the one that still goes on included. 0 if there was none.
  returned: success, and when it did not answer in time
  type: float
  sample: 4.7
limit_minutes:
  description: As given.
  returned: success, and when it did not answer in time
  type: float
  sample: 30.0
past_limit:
  description: Whether an outage reached the limit.
  returned: success, and when it did not answer in time
  type: bool
  sample: false
answers:
  description: Whether the back end answered at the last look.
  returned: success, and when it did not answer in time
  type: bool
  sample: true
finished:
  description: Whether what was waited for was seen to end. In check mode, at the one look.
  returned: success, and when it did not answer in time
  type: bool
  sample: true
executions:
  description: How many times a script was run on the Front End for this task.
  returned: when the server was asked
  type: int
  sample: 30
ended:
  description: When the task ended, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:41:30Z"
msg:
  description: What went wrong, on which server, and what to do.
  returned: failure
  type: str
  sample: The back end sql01.example.com did not answer fe01 within 30 minutes.
remedy:
  description: What to do about the failure. It stands in RV(msg) too. Null where the failure has no remedy of
    its own.
  returned: failure
  type: str
  sample: "Look at sql01.example.com: does Windows run there, and SQL Server?"
"""
