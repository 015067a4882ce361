# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Installers: their bytes and where they lie. One is recognised by its content, wherever it was copied to."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from .files import FileSystem, clean, parent

Json = dict[str, Any]
MAGIC = b"MZ sfb.server simulated installer\r\n"


@dataclass(frozen=True)
class Medium:
    """An installer as the deployment file describes it."""

    settings: Json
    product: str
    content: bytes

    @property
    def version(self) -> str:
        return str(self.settings["version"])

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def make_medium(product: str, settings: Json) -> Medium:
    """Its bytes are the same in every run of the same deployment file."""
    label = json.dumps({"product": product, **settings}, sort_keys=True).encode()
    noise = b"".join(hashlib.sha256(label + bytes([block])).digest() for block in range(250))
    return Medium(settings, product, MAGIC + label + b"\r\n" + noise)


class MediaShelf:
    """All installers, found by content, by address and by UNC path."""

    def __init__(self, media: list[Medium], now: float) -> None:
        self.media = media
        self.share = FileSystem(now)
        """The file servers' shares, read-only."""
        self.urls = {url: medium for medium in media for url in medium.settings["urls"]}
        for medium in media:
            for path in medium.settings["unc"]:
                self.share.put_folder(parent(path), now)
                self.share.put_file(path, medium.content, now)
        self._by_content = {medium.content: medium for medium in media}

    def recognise(self, content: bytes) -> Medium | None:
        return self._by_content.get(content)

    def looks_like_one(self, content: bytes) -> bool:
        return content.startswith(MAGIC)

    def megabytes(self, content: bytes) -> float:
        """How much the clock counts for a transfer of this content."""
        medium = self.recognise(content)
        return float(medium.settings["megabytes"]) if medium else len(content) / 1e6

    def shares_host(self, path: str) -> bool:
        host = clean(path).lower()[2:].partition("\\")[0]
        return any(
            clean(known).lower()[2:].startswith(host + "\\")
            for medium in self.media
            for known in medium.settings["unc"]
        )
