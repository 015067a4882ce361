# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab of the integration tests, and their marker of what takes too long for every commit."""

from __future__ import annotations

import sys
from pathlib import Path

from conftest import lab, pytest_collection_modifyitems  # that of tests/integration, which is on pytest's path

__all__ = ["lab", "pytest_collection_modifyitems"]

HERE = str(Path(__file__).resolve().parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)
