# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of every module. Their documentation stands in plugins/modules; a unit test holds the two together."""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]

_COMPUTER: Spec = {"computer": {"type": "str"}}
_GATE: Spec = {
    "reads": {"type": "int", "default": 3},
    "interval_seconds": {"type": "int", "default": 60},
    "settle_minutes": {"type": "int", "default": 5},
    "timeout_minutes": {"type": "int", "default": 60},
}

SERVER_SURVEY: Spec = {
    "source": {"type": "str"},
    "retry_seconds": {"type": "int", "default": 60},
    "tolerate_failure": {"type": "bool", "default": False},
}

TOPOLOGY_INFO: Spec = {}

BACKGROUND_PROBE: Spec = {}

POOL_FABRIC_INFO: Spec = {
    "pool_fqdn": {"type": "str"},
    "computers": {"type": "list", "elements": "str"},
    "baseline": {"type": "path"},
    "events_since": {"type": "str"},
    "services_before": {"type": "dict", "default": {}},
    "wait_for_healthy": {"type": "bool", "default": False},
    **_GATE,
}

POOL_REGISTRAR_RESET: Spec = {
    "pool_fqdn": {"type": "str"},
    "rebuild_minutes": {"type": "int", "default": 30},
    "timeout_minutes": {"type": "int", "default": 60},
}

COMPUTER_FAILOVER: Spec = {
    "state": {"type": "str", "required": True, "choices": ["in_service", "out_of_service"]},
    **_COMPUTER,
    "drain_timeout_minutes": {"type": "int", "default": 60},
    "on_drain_timeout": {"type": "str", "default": "fail", "choices": ["fail", "cut"]},
    "start_timeout_minutes": {"type": "int", "default": 60},
    "put_back_after_failure": {"type": "bool", "default": True},
    "adopt_out_of_service": {"type": "bool", "default": False},
    "two_server_pool": {"type": "str", "default": "stop", "choices": ["stop", "graceful_stop"]},
    "run": {"type": "str"},
}

WINDOWS_SERVICE_INFO: Spec = {**_COMPUTER}

WINDOWS_SERVICE: Spec = {
    "state": {"type": "str", "required": True, "choices": ["started", "stopped"]},
    **_COMPUTER,
    "name": {"type": "str"},
    "graceful": {"type": "bool", "default": False},
    "timeout_minutes": {"type": "int", "default": 60},
}

SERVER_UPDATE: Spec = {
    "installer": {"type": "str", "required": True},
    "version": {"type": "str", "required": True},
    "sha256": {"type": "str"},
    "signer": {"type": "str", "default": "CN=Microsoft Corporation"},
    "timeout_minutes": {"type": "int", "default": 90},
    "restart_timeout_minutes": {"type": "int", "default": 30},
    "wait": {"type": "bool", "default": True},
    "begun": {"type": "dict"},
}

SERVER_UPDATE_INFO: Spec = {"version": {"type": "str"}}

SERVER_RESTART: Spec = {
    "timeout_minutes": {"type": "int", "default": 30},
    "wait": {"type": "bool", "default": True},
    "since": {"type": "str"},
}

SERVER_STOP: Spec = {
    "state": {"type": "str", "required": True, "choices": ["stopped", "web_server", "started"]},
    "again": {"type": "bool", "default": False},
    "run": {"type": "str"},
    "timeout_minutes": {"type": "int", "default": 30},
}

MANAGEMENT_SHELLS: Spec = {"end": {"type": "bool", "default": False}}

BACK_END_WATCH: Spec = {
    "sql_server": {"type": "str", "required": True},
    "pool_fqdn": {"type": "str", "required": True},
    "back_end": {"type": "str"},
    "until": {"type": "str", "default": "answers", "choices": ["answers", "install_ended", "restart_ended"]},
    "limit_minutes": {"type": "float", "default": 30},
    "away_since": {"type": "str"},
    "timeout_minutes": {"type": "int", "default": 90},
}

_SCOPE: Spec = {
    "scope": {"type": "str", "default": "configured", "choices": ["configured", "local", "central_management"]},
    "sql_server_fqdn": {"type": "str"},
}

DATABASE_INFO: Spec = {**_SCOPE}

DATABASE: Spec = {
    "state": {"type": "str", "default": "updated", "choices": ["updated", "present"]},
    **_SCOPE,
    "sql_instance": {"type": "str"},
    "exclude_collocated_stores": {"type": "str", "default": "auto", "choices": ["auto", "true", "false"]},
    "availability_group": {"type": "str"},
    "update_mirrored": {"type": "bool", "default": False},
    "timeout_minutes": {"type": "int", "default": 120},
}

DATABASE_MIRROR_INFO: Spec = {"pool_fqdn": {"type": "str"}}

REPLICATION_INFO: Spec = {}

POOL_BACKUP_INFO: Spec = {"pool_fqdn": {"type": "str", "required": True}}

REGISTRAR_INFO: Spec = {"pool_fqdn": {"type": "str"}}

UPDATE_MEDIA: Spec = {
    "source": {"type": "str", "required": True},
    "installer": {"type": "str", "required": True},
    "sha256": {"type": "str"},
    "signer": {"type": "str", "default": "CN=Microsoft Corporation"},
}

POOL_STATUS: Spec = {
    "surveys": {"type": "list", "elements": "dict", "required": True},
    "pool_health": {"type": "dict"},
    "save_baseline": {"type": "path"},
}

_WINDOW: Spec = {
    # Raw, because YAML makes a number of 22:30: the number is refused with the hint to quote it.
    "stop_at": {"type": "raw"},
    "time_zone": {"type": "str"},
    "stop_after_minutes": {"type": "float"},
    "warn_after_minutes": {"type": "float"},
}

_PLAN_SETTINGS: Spec = {
    "pool_fqdn": {"type": "str"},
    "play_hosts": {"type": "list", "elements": "str"},
    "update_source": {"type": "str", "required": True},
    "update_version": {"type": "str", "required": True},
    "update_sha256": {"type": "str"},
    "drain_timeout_minutes": {"type": "int", "default": 60},
    "on_drain_timeout": {"type": "str", "default": "fail", "choices": ["fail", "cut"]},
    "start_timeout_minutes": {"type": "int", "default": 60},
    "reboot": {"type": "str", "default": "if_needed", "choices": ["if_needed", "always", "never"]},
    **_WINDOW,
    "server_order": {"type": "list", "elements": "str", "default": []},
    "accepted_findings": {"type": "list", "elements": "str", "default": []},
    "adopt_out_of_service": {"type": "bool", "default": False},
    "two_server_pool": {"type": "str", "default": "stop", "choices": ["stop", "graceful_stop"]},
    "recover_quorum_loss": {"type": "bool", "default": False},
    "close_shells": {"type": "bool", "default": False},
    "update_mirrored_databases": {"type": "bool", "default": False},
    "backup_confirmed": {"type": "bool", "default": False},
}

PATCH_PLAN: Spec = {
    "surveys": {"type": "list", "elements": "dict", "required": True},
    "others": {"type": "list", "elements": "dict", "default": []},
    "pool_order": {"type": "list", "elements": "str", "default": []},
    "pool_health": {"type": "dict"},
    "settings": {"type": "dict", "required": True, "options": _PLAN_SETTINGS},
}

PATCH_WINDOW: Spec = {
    "started": {"type": "str"},
    "stop_at": {"type": "raw"},
    "time_zone": {"type": "str", "default": "UTC"},
    "stop_after_minutes": {"type": "float"},
    "warn_after_minutes": {"type": "float"},
    "last_server_minutes": {"type": "float"},
}

PATCH_VERDICT: Spec = {
    "surveys": {"type": "list", "elements": "dict", "required": True},
    "plan": {"type": "dict", "required": True},
    "finished": {"type": "dict", "default": {}},
}

PATCH_REPORT: Spec = {
    "state": {"type": "str", "required": True, "choices": ["begun", "ended"]},
    "folder": {"type": "path", "required": True},
    "facts": {"type": "dict", "default": {}},
}

DATABASE_PLAN: Spec = {
    "surveys": {"type": "list", "elements": "dict", "required": True},
    "finished": {"type": "dict", "default": {}},
    "update_version": {"type": "str"},
    "runner": {"type": "str"},
    "update_central_management": {"type": "bool", "default": False},
    "pool_fqdn": {"type": "str"},
    "pool_order": {"type": "list", "elements": "str", "default": []},
}

DEPLOYMENT_PLAN: Spec = {
    "surveys": {"type": "list", "elements": "dict", "required": True},
    "front_end_servers": {"type": "list", "elements": "str", "default": []},
    "standard_edition_servers": {"type": "list", "elements": "str", "default": []},
    "back_end_servers": {"type": "list", "elements": "str", "default": []},
    "backups": {"type": "list", "elements": "dict", "default": []},
    "play_hosts": {"type": "list", "elements": "str"},
    "pool_order": {"type": "list", "elements": "str", "default": []},
    "update_version": {"type": "str"},
    "accepted_findings": {"type": "list", "elements": "str", "default": []},
}

BACK_END_PLAN: Spec = {
    "kind": {"type": "str", "required": True, "choices": ["back_end", "standard_edition"]},
    "surveys": {"type": "list", "elements": "dict", "required": True},
    "front_ends": {"type": "list", "elements": "dict", "default": []},
    "pools": {"type": "list", "elements": "dict", "default": []},
    "settings": {
        "type": "dict",
        "required": True,
        "options": {
            "play_hosts": {"type": "list", "elements": "str"},
            "update_source": {"type": "str"},
            "update_version": {"type": "str", "required": True},
            "update_sha256": {"type": "str"},
            "database_runner": {"type": "str"},
            "sql_availability_group": {"type": "str"},
            "reboot": {"type": "str", "default": "if_needed", "choices": ["if_needed", "always", "never"]},
            "max_minutes_away": {"type": "float"},
            "close_shells": {"type": "bool", "default": False},
            **_WINDOW,
            "accepted_findings": {"type": "list", "elements": "str", "default": []},
            "update_mirrored_databases": {"type": "bool", "default": False},
            "backup_confirmed": {"type": "bool", "default": False},
            "patched_before": {"type": "list", "elements": "str", "default": []},
        },
    },
}
