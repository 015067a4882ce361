# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that speak what the seeds are written in: no decision hangs on a word, and every word arrives."""

from __future__ import annotations

import pytest
from deployments import STANDARD, pool, standard_edition
from lab_runs import NEW
from sfb_lab.deployment.texts import LANGUAGES, say, speak

FE02 = "fe02.example.com"
OTHERS = [language for language in LANGUAGES if language != "en"]
ENGLISH, LOCALISED = {"component_names": "english"}, {"component_names": "localised"}


def patched(run):
    assert run.code == 0, run.output
    assert [(s["state"], s["version_after"]) for s in run.report["servers"]] == [("patched", NEW["sfb2019"])]


@pytest.mark.sampled(1)
@pytest.mark.parametrize("language", OTHERS)
def test_a_front_end_is_patched_and_why_its_way_back_was_refused_is_shown_in_its_own_words(lab, language):
    throws = {"fault": "fail_back_throws", "host": FE02}
    running = lab(pool(language=language, switches=LOCALISED), faults=[throws])

    run = running.play("patch_frontend_pool.yml", "--limit", FE02)

    patched(run)
    # What stands in the middle of a sentence of ours loses its full stop.
    assert speak(say("failback_not_ready", computer=FE02), language).rstrip(".") in run.output


@pytest.mark.sampled(1)
@pytest.mark.parametrize("language", OTHERS[::-1])
def test_a_standard_edition_server_is_patched_and_what_its_databases_warn_of_is_shown_in_its_own_words(lab, language):
    # Component names in English on a server that is not: nobody has seen a real one.
    warns = {"fault": "install_database", "host": STANDARD, "kind": "warns"}
    running = lab(standard_edition(language=language, switches=ENGLISH), faults=[warns])

    run = running.play("patch_standard_edition_server.yml")

    patched(run)
    assert f"warning: {speak(say('database_odd_warning'), language)}\n" in run.output
