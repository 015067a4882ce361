# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ansible-test where only a package index can be reached.

    python tools/run_ansible_test.py HOME COLLECTION sanity [arguments of ansible-test]

ansible-test makes its virtual environments without pip and wants to download a bootstrap script for it. A
script of that name in its cache is taken instead; ours runs pip out of its wheel. ansible-test also passes
neither pip's environment variables nor another home folder on, so it gets a home of its own (HOME) that holds
the script, its virtual environments and the pip settings that are in force here.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

# What ansible-test runs instead of the script that it would download. The two options belong to that script.
GET_PIP = '''\
"""Install what ansible-test asks for with the pip in the wheel beside this file."""

import runpy
import sys
from pathlib import Path

here = Path(__file__).parent
wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.path.insert(0, str(here / "pip-{version}-py3-none-any.whl"))
sys.argv[1:] = ["install", "--find-links", str(here), *wanted]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
'''


def pip_versions() -> set[str]:
    """The versions of pip that the installed ansible-test may ask for; it names its bootstrap scripts after them."""
    package = importlib.util.find_spec("ansible_test")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("ansible-test is not installed here")
    source = Path(package.submodule_search_locations[0], "_internal", "python_requirements.py").read_text(
        encoding="utf-8"
    )
    versions = set(re.findall(r"""\bpip=['"]([0-9.]+)['"]""", source))
    if not versions:
        raise SystemExit("this ansible-test does not say which pip it wants: tools/run_ansible_test.py has to learn it")
    return versions


def pip_settings() -> str:
    """What `pip config list` reports, from files and variables alike, as one pip.conf; variables win, as with pip."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    report = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    settings: dict[str, str] = {}
    for line in report.splitlines():
        match = re.fullmatch(r"(global|install|:env:)\.([\w-]+)=(.*)", line)
        if match:
            settings[match[2]] = str(ast.literal_eval(match[3]))
    settings["quiet"] = "2"
    lines = [f"{name} = " + value.replace("\n", "\n    ") for name, value in settings.items()]
    return "\n".join(["[global]", *lines, ""])


def prepare(home: Path) -> None:
    """Write what ansible-test needs below its home."""
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in pip_versions():
        if not (cache / f"pip-{version}-py3-none-any.whl").exists():
            command = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", f"pip=={version}"]
            subprocess.run([*command, "--dest", str(cache)], check=True)
        script = GET_PIP.replace("{version}", version)
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(script, encoding="utf-8")
    settings = home / ".config" / "pip" / "pip.conf"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.touch(mode=0o600)
    settings.write_text(pip_settings(), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Run ansible-test where only a package index can be reached.")
    parser.add_argument("home", type=Path)
    parser.add_argument("collection", type=Path)
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()

    prepare(options.home)
    os.chdir(options.collection)
    os.environ["HOME"] = str(options.home)
    # It finds the collection by the folder it is in; a collection path of ours would only make it warn.
    for name in [name for name in os.environ if name.startswith("ANSIBLE_")]:
        del os.environ[name]
    program = str(Path(sys.executable).with_name("ansible-test"))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    sys.stdout.flush()
    os.execv(program, [program, *options.arguments, "--python", version])


if __name__ == "__main__":
    main()
