# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep a copy of the checkout where ansible-test, ansible-lint and ansible-galaxy want to find a collection.

    python tools/layout.py CHECKOUT COPY

COPY ends in ansible_collections/sfb/server. It gets every file that git tracks or would offer to track,
and nothing else; only files whose size or time changed are copied. A link instead of a copy will not
do: ansible-test refuses it. The copy is a git repository of its own, because ansible-test would
otherwise ask the checkout's, which ignores everything below build/.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from pathlib import Path


def wanted_files(checkout: Path) -> set[Path]:
    """The files of the collection, relative to `checkout`; one that was deleted but is still tracked is left out."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=checkout, check=True, stdout=subprocess.PIPE).stdout
    files = {Path(os.fsdecode(name)) for name in names.split(b"\0") if name}
    return {file for file in files if os.path.lexists(checkout / file)}


def present_files(copy: Path) -> set[Path]:
    """The files of the copy, without its own git folder."""
    found: set[Path] = set()
    for folder, folders, files in os.walk(copy):
        here = Path(folder)
        if here == copy and ".git" in folders:
            folders.remove(".git")
        links = [name for name in folders if (here / name).is_symlink()]
        found.update((here / name).relative_to(copy) for name in [*files, *links])
    return found


def same(one: Path, other: Path) -> bool:
    """Whether a file looks unchanged: kind, size, time and permissions."""
    if not os.path.lexists(other):
        return False
    a, b = one.lstat(), other.lstat()
    return (a.st_mode, a.st_size, a.st_mtime_ns) == (b.st_mode, b.st_size, b.st_mtime_ns)


def synchronise(checkout: Path, copy: Path) -> tuple[int, int]:
    """Make `copy` hold what `checkout` holds; returns how many files were copied and how many removed."""
    copy.mkdir(parents=True, exist_ok=True)
    wanted = wanted_files(checkout)
    stale = present_files(copy) - wanted
    for file in stale:
        (copy / file).unlink()
    for folder, folders, files in os.walk(copy, topdown=False):
        if not folders and not files and Path(folder) != copy and ".git" not in Path(folder).parts:
            Path(folder).rmdir()

    changed = [file for file in wanted if not same(checkout / file, copy / file)]
    for file in changed:
        target = copy / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copy2(checkout / file, target, follow_symlinks=False)
    if not (copy / ".git").exists():
        subprocess.run(["git", "init", "--quiet", str(copy)], check=True)
    return len(changed), len(stale)


def main() -> None:
    parser = argparse.ArgumentParser(description="Copy the collection to where Ansible's tools want it.")
    parser.add_argument("checkout", type=Path)
    parser.add_argument("copy", type=Path)
    options = parser.parse_args()
    copied, removed = synchronise(options.checkout, options.copy)
    print(f"layout: {copied} copied, {removed} removed")


if __name__ == "__main__":
    main()
