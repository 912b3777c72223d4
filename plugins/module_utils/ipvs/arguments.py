# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specs of a service and of a destination, for the modules that manage one of them.

validate.py checks limits that depend on each other. The doc fragment lvs.cluster.ipvs has the documentation.
"""

from __future__ import annotations

from .types import CHECKSUMS, ENGINES, FAMILIES, FORWARDS, PROTOCOLS, SCHEDULERS, TUNNELS

KEY = {
    "address": {"type": "str"},
    "port": {"type": "int"},
    "protocol": {"type": "str", "choices": list(PROTOCOLS)},
    "fwmark": {"type": "int"},
    "family": {"type": "str", "choices": list(FAMILIES)},
}
SERVICE = {
    "scheduler": {"type": "str", "choices": list(SCHEDULERS), "default": "wlc"},
    "scheduler_flags": {"type": "list", "elements": "str", "default": []},
    "persistence": {"type": "int"},
    "persistence_netmask": {"type": "str"},
    "persistence_engine": {"type": "str", "choices": list(ENGINES)},
    "one_packet": {"type": "bool", "default": False},
}
DESTINATION = {
    "forward": {"type": "str", "choices": list(FORWARDS), "default": "dr"},
    "weight": {"type": "int", "default": 1},
    "upper_threshold": {"type": "int", "default": 0},
    "lower_threshold": {"type": "int", "default": 0},
    "tunnel": {
        "type": "dict",
        "options": {
            "type": {"type": "str", "choices": list(TUNNELS), "default": "ipip"},
            "port": {"type": "int"},
            "checksum": {"type": "str", "choices": list(CHECKSUMS)},
        },
    },
}
