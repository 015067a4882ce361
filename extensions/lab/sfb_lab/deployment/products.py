# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the products install: data/products.yml and data/services.yml, read once."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parent / "data"
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The texts are long: the fast one, where PyYAML has it."""


@cache
def data(name: str) -> Any:
    """One of the package's data files."""
    text = (DATA / name).read_text(encoding="utf-8")
    return json.loads(text) if name.endswith(".json") else yaml.load(text, LOADER)


PRODUCTS: dict[str, dict[str, Any]] = data("products.yml")
SERVICES: list[dict[str, Any]] = data("services.yml")
