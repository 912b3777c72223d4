# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which daemons of the connection synchronisation are wrong, and whether one is missing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.daemons import wrong_daemons

SYNC = {
    "id": 51,
    "instance": None,
    "both": True,
    "interface": "eth0",
    "group": "224.0.0.81",
    "port": 8848,
    "ttl": 1,
    "maxlen": None,
}
MASTER = {
    "role": "master",
    "syncid": 51,
    "interface": "eth0",
    "maxlen": 1472,
    "group": "224.0.0.81",
    "port": 8848,
    "ttl": 1,
}
BACKUP = {**MASTER, "role": "backup"}
OLD = {"role": "backup", "syncid": 51, "interface": "eth0", "maxlen": None, "group": None, "port": None, "ttl": None}
ONE = {**SYNC, "instance": "VI_1", "both": False}


@pytest.mark.parametrize(
    ("daemons", "sync", "stop", "missing"),
    [
        ([MASTER, BACKUP], SYNC, [], False),
        ([MASTER, OLD], SYNC, [], False),
        ([MASTER], SYNC, [], True),
        ([MASTER], ONE, [], False),
        ([], ONE, [], True),
        ([], None, [], False),
        (None, None, [], False),
        ([MASTER, BACKUP], None, ["master", "backup"], False),
        ([{**MASTER, "syncid": 52}, BACKUP], SYNC, ["master"], True),
        ([{**MASTER, "port": 8849}], ONE, ["master"], True),
        ([MASTER, BACKUP], {**SYNC, "maxlen": 1400}, ["master", "backup"], True),
    ],
)
def test_daemons_with_other_settings_are_stopped_and_missing_ones_are_known(
    daemons: Any, sync: Any, stop: list[str], missing: bool
) -> None:
    assert wrong_daemons(daemons, sync) == {"stop": stop, "missing": missing}
