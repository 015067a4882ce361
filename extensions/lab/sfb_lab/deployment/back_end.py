# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A back end that is away: the witness vote is gone at once, and after a while its users are in resiliency mode.

How long that while is the product reads from BackupStoreUnavailableThreshold of the registrar configuration (DOC:
Set-CsRegistrarConfiguration), of the pool, else of the site, else Global. What was away before the lab started has put
its users there already, which is not journalled. A Standard Edition server is its own back end: when it is down its
users are out, which is another matter.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from .pool import Pool

if TYPE_CHECKING:
    from .model import Model


def threshold_minutes(model: Model, pool: Pool) -> float:
    """The registrar configuration that counts for a pool."""
    registrar = model.settings["registrar"]
    for minutes in (pool.settings["registrar_minutes"], registrar["site_minutes"]):
        if minutes is not None:
            return float(minutes)
    return float(registrar["unavailable_minutes"])


def begin(model: Model) -> None:
    for pool in model.pools:
        if not pool.user_store.online:
            pool.back_end_away_since, pool.resiliency_mode = model.clock.now(), True


def review(model: Model) -> None:
    """Draws the consequences of a SQL server that went away or came back."""
    now = model.clock.now()
    for pool in model.pools:
        online = pool.user_store.online
        if online == (pool.back_end_away_since is None):
            continue
        if online:
            pool.back_end_away_since = None
            if pool.resiliency_mode and pool.settings["edition"] == "enterprise":
                model.felt(pool, "resiliency_mode_ended", pool.settings["users"])
            pool.resiliency_mode = False
        else:
            pool.back_end_away_since = now
            model.clock.after(60 * threshold_minutes(model, pool), partial(_too_long, model, pool, now))
        pool.review(model)


def _too_long(model: Model, pool: Pool, since: float) -> None:
    if pool.back_end_away_since != since:
        return
    pool.resiliency_mode = True
    if pool.settings["edition"] == "enterprise":
        minutes = round(threshold_minutes(model, pool), 1)
        model.felt(pool, "resiliency_mode", pool.settings["users"], minutes=minutes)
