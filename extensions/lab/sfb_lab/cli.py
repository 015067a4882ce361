# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``serve``: play a deployment until SIGTERM or SIGINT.

Prints one line of JSON once it listens: ``{"port": ..., "hosts": {fqdn: address}, "inventory": FOLDER}``, where
``ansible-playbook -i own-inventory -i FOLDER`` points an inventory with those host names at the lab. WinRM clients that
don't use that folder must bypass proxies for 127.0.0.0/8 themselves.

Exit codes: 0 after SIGTERM or SIGINT, 2 when it can't start (with a message on stderr).
"""

from __future__ import annotations

import argparse
import json
import math
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import closing

from . import deployment
from .deployment.schema import FileError
from .service.listener import PortTaken
from .service.running_lab import RunningLab


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    options = _parser().parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        simulation = deployment.load(options.deployment, options.faults, options.journal, options.speed)
        lab = RunningLab(simulation, options.port)
    except (OSError, ValueError, FileError, PortTaken) as error:
        print(f"sfb-lab: {error}", file=sys.stderr)
        return 2
    with closing(simulation), lab:
        started = {"port": lab.port, "hosts": dict(simulation.addresses), "inventory": str(lab.inventory)}
        print(json.dumps(started), flush=True)
        stopped.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description="A simulated Skype for Business deployment behind WinRM.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="play a deployment until SIGTERM")
    serve.add_argument("--deployment", required=True, metavar="FILE", help="the deployment to play (YAML)")
    serve.add_argument("--journal", required=True, metavar="FILE", help="what happens, a JSON object a line")
    serve.add_argument("--faults", metavar="FILE", help="what goes wrong (YAML)")
    serve.add_argument(
        "--speed",
        type=_positive,
        metavar="N",
        help="let the lab's clock follow the wall clock N times faster; without it time passes only by what is done",
    )
    serve.add_argument(
        "--port", type=_port, metavar="PORT", help="the WinRM port of all servers; a free one if not given"
    )
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or value <= 0:
        raise argparse.ArgumentTypeError("must be greater than 0")
    return value


def _port(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 65535:
        raise argparse.ArgumentTypeError("must be between 1 and 65535")
    return value
