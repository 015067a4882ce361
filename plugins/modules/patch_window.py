# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: patch_window
version_added: 0.1.0
short_description: Tell whether one more server may be started in this maintenance window
description:
  - Compares the time with the end of the window, and what is left with the time that the last server took.
  - It asks no server and changes nothing. A window that has ended is a result and no failure.
  - It fails when one of its times can't be understood.
author:
  - sfb.server authors (!UNKNOWN)
options:
  started:
    description:
      - When the run started, an ISO 8601 date and time with its offset. When it is not given, now.
    type: str
  stop_at:
    description:
      - After this moment no further server is started. A time of day such as V("22:30"), the next one after
        O(started), or an ISO 8601 date and time. Write it in quotes. YAML makes a number of C(22:30), and a
        number is refused.
    type: raw
  time_zone:
    description:
      - The time zone of O(stop_at), an IANA name such as V(Europe/Berlin) or an offset such as V(+01:00).
    type: str
    default: UTC
  stop_after_minutes:
    description:
      - So long after O(started) no further server is started, in minutes. With O(stop_at) too, the earlier of
        both counts.
    type: float
  warn_after_minutes:
    description:
      - So long after O(started) a warning is printed, in minutes.
    type: float
  last_server_minutes:
    description:
      - How long the last server took, in minutes. No further one is started when less than that is left.
    type: float
attributes:
  check_mode:
    support: full
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - sfb.server.on_controller
seealso:
  - module: sfb.server.patch_plan
"""

EXAMPLES = r"""
---
- name: Ask whether one more server may be started
  sfb.server.patch_window:
    started: "2026-01-31T22:30:00Z"
    stop_at: "04:00"
    time_zone: Europe/Berlin
    last_server_minutes: 48
  register: window

- name: Start no further server
  ansible.builtin.meta: end_play
  when: not window.allowed
"""

RETURN = r"""
---
begun:
  description: When the task began, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:30:00Z"
allowed:
  description: Whether one more server may be started.
  returned: success
  type: bool
  sample: false
reason:
  description: Why, or why not.
  returned: success
  type: str
  sample: >-
    25 min are left until sfb_stop_at (2026-02-01 04:00 Europe/Berlin), and the last server took 48 min. No
    further server is started.
ended:
  description: When the task ended, in UTC.
  returned: always
  type: str
  sample: "2026-01-31T22:41:30Z"
msg:
  description: What went wrong, on which server, and what to do.
  returned: failure
  type: str
  sample: >-
    sfb_stop_at is 1350, which is not a time of day.
remedy:
  description: What to do about the failure. It stands in RV(msg) too. Null where the failure has no remedy of
    its own.
  returned: failure
  type: str
  sample: Write it in quotes.
"""
