# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the collection, install the result offline, and ask for everything in it by its full name.

    python tools/build_and_install.py COLLECTION DEPENDENCY FOLDER

FOLDER is emptied first. Afterwards FOLDER/dist holds the archive and FOLDER/collections what a user would
have; the questions are asked from an empty folder, so that nothing of the checkout can answer them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
from pathlib import Path


def run(*command: str, folder: Path) -> str:
    """Run a command in `folder`; its output is returned, and shown with its complaints when it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}\nfailed with exit code {done.returncode}")
    return done.stdout


def content(collection: Path) -> set[Path]:
    """The files that make the collection work, relative to it."""
    folders = (collection / name for name in ("docs", "extensions", "meta", "playbooks", "plugins", "roles"))
    files = (file for folder in folders for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc")
    return {file.relative_to(collection) for file in files}


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the collection and install the result offline.")
    parser.add_argument("collection", type=Path)
    parser.add_argument("dependency", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()

    shutil.rmtree(options.folder, ignore_errors=True)
    dist, elsewhere, root = (options.folder / name for name in ("dist", "elsewhere", "collections"))
    for folder in (dist, elsewhere, root / "ansible_collections" / "ansible"):
        folder.mkdir(parents=True)
    (root / "ansible_collections" / "ansible" / "windows").symlink_to(options.dependency)
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(root)

    run("ansible-galaxy", "collection", "build", "--output-path", str(dist), folder=options.collection)
    archive = next(dist.glob("*.tar.gz"))
    run("ansible-galaxy", "collection", "install", "--offline", "-p", str(root), str(archive), folder=elsewhere)

    installed = root / "ansible_collections" / "sfb" / "server"
    left_out = content(options.collection) - content(installed)
    if left_out:
        raise SystemExit("build_ignore in galaxy.yml leaves out " + ", ".join(sorted(map(str, left_out))))
    modules = sorted(file.stem for file in (installed / "plugins" / "modules").glob("[a-z]*.py"))
    if modules:
        answer = run("ansible-doc", "--json", *(f"sfb.server.{name}" for name in modules), folder=elsewhere)
        missing = {f"sfb.server.{name}" for name in modules} - set(json.loads(answer))
        if missing:
            raise SystemExit(f"ansible-doc does not know {', '.join(sorted(missing))}")
    roles = sorted(folder.name for folder in (installed / "roles").glob("[a-z]*"))
    if roles:
        answer = run(
            "ansible-doc", "--type", "role", "--json", *(f"sfb.server.{name}" for name in roles), folder=elsewhere
        )
        missing = {f"sfb.server.{name}" for name in roles} - set(json.loads(answer))
        if missing:
            raise SystemExit(f"roles without argument specs: {', '.join(sorted(missing))}")
    playbooks = sorted(file.stem for file in (installed / "playbooks").glob("*.yml"))
    for name in playbooks:
        run("ansible-playbook", "--syntax-check", "-i", "localhost,", f"sfb.server.{name}", folder=elsewhere)
    print(
        f"{archive.name}: {len(modules)} modules, {len(roles)} roles, {len(playbooks)} playbooks answer to their names"
    )


if __name__ == "__main__":
    main()
