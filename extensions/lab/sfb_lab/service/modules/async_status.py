# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""async_status: where an asynchronous job is. CODE ansible.windows 3.3.0 ``async_status.ps1``."""

from __future__ import annotations

import ntpath

from ...border import Json
from ..answers import ModuleFailed, Session
from .arguments import Arguments


def answer(session: Session, args: Arguments) -> Json:
    job_id, folder = args.required("jid"), session.expand(args.required("_async_dir"))
    results_file = ntpath.join(folder, job_id)
    host = session.caller.host
    job = session.jobs.find(host, results_file)
    if job is None:
        raise ModuleFailed(f"could not find job at '{folder}'", ansible_job_id=job_id, started=1, finished=1)
    if args.text("mode", default="status") == "cleanup":
        session.jobs.erase(host, results_file)
        return {"changed": False, "ansible_job_id": job_id, "erased": results_file}
    finished = job.result()
    if finished is None:
        return {"changed": False, **job.answer}
    return {**job.answer, **finished, "finished": type(job.answer["finished"])(1)}
