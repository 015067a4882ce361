# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The WinRM service of the lab: everything between a TCP connection and the simulated deployment.

From the outside in: ``listener`` (sockets), ``connection`` (HTTP, log on, encryption), ``wsman`` and ``shells``
(WS-Man), ``payload`` (what a client wants to have run), ``execution`` (who answers it), ``modules``, ``raw_scripts``
and ``programs`` (the answers, out of the simulation).
"""
