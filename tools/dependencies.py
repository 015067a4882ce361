# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take the collections that sfb.server depends on out of the `ansible` wheel, without a Galaxy server.

    python tools/dependencies.py requirements/collections.txt FOLDER ansible.windows

pip downloads the wheel and checks its hash (both stand in the requirements file), so whatever index
the user's pip is configured for is the one that is asked. Only the named collections are unpacked,
below FOLDER/ansible_collections.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path


def download(requirements: Path, folder: Path) -> Path:
    """Let pip fetch the pinned wheel into `folder`; returns its path. Raises CalledProcessError when pip refuses."""
    command = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--require-hashes"]
    subprocess.run([*command, "--dest", str(folder), "--requirement", str(requirements)], check=True)
    return next(folder.glob("*.whl"))


def unpack(wheel: Path, collection: str, root: Path) -> None:
    """Unpack one collection to `root`/ansible_collections; a half unpacked one is never seen under its name."""
    prefix = f"ansible_collections/{collection.replace('.', '/')}/"
    target = root / prefix
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root) as scratch, zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.startswith(prefix)]
        if not names:
            raise SystemExit(f"{wheel.name} has no collection {collection}")
        archive.extractall(scratch, names)
        if target.exists():
            shutil.rmtree(target)
        (Path(scratch) / prefix).rename(target)


def main() -> None:
    parser = argparse.ArgumentParser(description="Take collections out of the ansible wheel.")
    parser.add_argument("requirements", type=Path)
    parser.add_argument("root", type=Path)
    parser.add_argument("collections", nargs="+")
    options = parser.parse_args()

    options.root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        wheel = download(options.requirements, Path(folder))
        for collection in options.collections:
            unpack(wheel, collection, options.root)


if __name__ == "__main__":
    main()
