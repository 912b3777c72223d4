# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines a host restores its table from."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.lvs.cluster.plugins.filter.ipvs_rules import ipvs_rules

SERVICE = {
    "address": "192.0.2.100",
    "port": 80,
    "scheduler": "wrr",
    "destinations": [{"address": "192.0.2.11", "port": 80, "weight": 3, "upper_threshold": 100}],
}


def test_services_become_restore_lines_with_their_thresholds():
    assert ipvs_rules([SERVICE]) == [
        "-A -t 192.0.2.100:80 -s wrr",
        "-a -t 192.0.2.100:80 -r 192.0.2.11:80 -g -w 3 -x 100",
    ]


def test_an_empty_table_has_no_lines():
    assert ipvs_rules([]) == []


def test_a_wrong_service_is_named():
    with pytest.raises(AnsibleFilterError, match=r"services\[0\]"):
        ipvs_rules([{**SERVICE, "port": 70000}])
