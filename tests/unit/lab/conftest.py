# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab is a package of its own beside the scenarios, not part of the collection."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "molecule"))

from lab.paths import Paths
from lab.topology import Topology, from_inventory

LISTING = {
    "_meta": {
        "hostvars": {
            "lvs1": {"ansible_host": "10.99.0.11", "lvs_address": "172.28.0.11"},
            "web1": {"ansible_host": "10.99.0.21", "lvs_address": "172.28.0.21"},
        }
    },
    "all": {"children": ["directors", "real_servers"]},
    "directors": {"hosts": ["lvs1"]},
    "real_servers": {"hosts": ["web1"]},
}


@pytest.fixture
def topology() -> Topology:
    """A director and a real server on the default segment."""
    return from_inventory(LISTING)


@pytest.fixture
def place(tmp_path: Path) -> Paths:
    """A lab's folders, empty."""
    found = Paths(tmp_path)
    found.run.mkdir()
    return found
