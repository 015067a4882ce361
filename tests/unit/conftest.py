# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let the unit tests import the lab's package `sfb_lab`, also under ansible-test, which ignores pyproject.toml."""

from __future__ import annotations

import sys
from pathlib import Path

LAB = str(Path(__file__).resolve().parents[2] / "extensions" / "lab")
if LAB not in sys.path:
    sys.path.insert(0, LAB)
