# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The switches: what nobody outside Microsoft knows (no public source says it). Each has at least two positions;
the collection has to work in all of them."""

from __future__ import annotations

from .schema import Choice, Key, Table

SWITCHES: dict[str, tuple[tuple[object, ...], str]] = {
    "fail_over_disables": (
        ("roles", "all", "front_end_only"),
        "which services a finished fail over disables: the server's roles; every service of the product with W3SVC,"
        " FabricHostSvc, REPLICA and RTCCLSAGT; or RTCSRV alone (the other roles are stopped and come back with a"
        " restart)",
    ),
    "timed_out_drain_leaves_node_flagged": (
        (False, True),
        "after a fail over that ran into WaitTime the node stays marked as draining until a fail back",
    ),
    "fail_over_repeated": (("no_op", "error"), "a fail over of a server that is out already"),
    "fail_back_repeated": (("no_op", "error"), "a fail back of a server that is in service"),
    "fail_over_two_servers": (("refused", "allowed"), "a fail over in a pool of two servers"),
    "fail_over_health_check": (
        ("servers", "replicas"),
        "what makes a fail over refuse at once: too few servers; or missing replicas too",
    ),
    "installer_resets_start_types": (
        (False, True),
        "the installer sets disabled services of the product back to Automatic",
    ),
    "installer_starts_services": (
        (False, True),
        "the installer starts every service of the product that is not disabled, at its end",
    ),
    "installer_returns": (
        (0, 2, 3010),
        "exit code of a successful installation that needs a restart (Lync Server 2013: always 2)",
    ),
    "fabric_text": (
        ("a", "b", "unknown"),
        "layout of Get-CsPoolFabricState: lines per server with OK and Up as a blog tells; another that only a saved"
        " baseline can recognise; a text that is never the same",
    ),
    "fabric_output": (("lines", "one_text"), "whether that cmdlet writes one string per line or one string in all"),
    "readiness_property_names": (
        ("documented", "blog"),
        "PoolUpgradeState and ReadyforUpgrade as the reference has them; State and IsReadyForUpgrade as a blog shows",
    ),
    "module_path": (
        ("documented", "other"),
        "the module's folder: as known from 2013 to 2019, or another (found by name only)",
    ),
    "component_names": (
        ("english", "localised"),
        "names of components in Get-CsServerPatchVersion and in the uninstall keys, after the product's name: English"
        " everywhere, or in the language of the servers",
    ),
    "module_autoloads": ((True, False), "the module loads by its name; or only by its full path"),
    "address_book_time": (("moment", "text"), "RunTimeOfDay of Get-CsAddressBookConfiguration is a DateTime, or text"),
    "configured_covers_central_management": (
        (True, False),
        "Install-/Test-CsDatabase -ConfiguredDatabases (and Install-CsDatabase -LocalDatabases) include the Central"
        " Management store",
    ),
    "mirrored_update": (
        ("works", "fails"),
        "Install-CsDatabase -Update against mirrored databases: practice since 2013, or what the reference says",
    ),
    "excluded_stores": (
        ("updated", "skipped"),
        "whether Install-CsDatabase -ExcludeCollocatedStores only silences a warning, or leaves those stores as they are",
    ),
}
"""Name -> (positions, the first is the default; what it decides)."""

SWITCHES_TABLE = Table(
    {name: Key(Choice(positions), positions[0], about=about) for name, (positions, about) in SWITCHES.items()}
)
