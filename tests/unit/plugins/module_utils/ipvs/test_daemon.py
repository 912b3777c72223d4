# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of a connection synchronisation daemon's settings."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.daemon import read_daemon, start_arguments
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.types import Daemon

PARAMS = {
    "role": "backup",
    "interface": "eth0",
    "syncid": 51,
    "maxlen": None,
    "group": "224.0.0.81",
    "port": 8848,
    "ttl": 1,
}


@pytest.mark.parametrize(
    "change",
    [
        {"interface": "i"},
        {"interface": "i" * 15},
        {"syncid": 0},
        {"syncid": 255},
        {"maxlen": 1024},
        {"maxlen": 65507},
        {"maxlen": 65487, "group": "ff02::81"},
        {"role": "master", "maxlen": 1},
        {"port": 65535},
        {"ttl": 255},
    ],
    ids=str,
)
def test_what_the_kernel_takes(change):
    daemon = read_daemon({**PARAMS, **change})
    assert {name: getattr(daemon, name) for name in change} == change


@pytest.mark.parametrize(
    "change",
    [
        {"interface": ""},
        {"interface": "i" * 16},
        {"syncid": 256},
        {"maxlen": 1023},
        {"maxlen": 65508},
        {"maxlen": 65488, "group": "ff02::81"},
        {"role": "master", "maxlen": 0},
        {"port": 0},
        {"ttl": 0},
        {"ttl": 256},
        {"group": "192.0.2.1"},
    ],
    ids=str,
)
def test_what_it_would_change_or_refuse(change):
    with pytest.raises(ValueError):
        read_daemon({**PARAMS, **change})


def test_what_is_not_known_of_a_daemon_is_not_stated():
    assert start_arguments(Daemon("master", "eth0", 51)) == [
        *("--start-daemon", "master", "--mcast-interface", "eth0", "--syncid", "51")
    ]
