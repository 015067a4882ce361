# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python3 extensions/lab serve ...``: a simulated deployment to rehearse on."""

from __future__ import annotations

import sys

from sfb_lab.cli import main

sys.exit(main())
