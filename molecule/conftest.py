# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of every scenario's tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cluster import ROOT, Cluster, Fingerprints


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The cluster of the scenario whose tests run."""
    inventory = os.environ.get("LVS_TEST_INVENTORY") or str(ROOT / "inventories" / "lab")
    return Cluster(Path(inventory))


@pytest.fixture(scope="session")
def fingerprints(cluster: Cluster) -> Fingerprints:
    """How the scenario's hosts differ from what they were when they were bare."""
    return Fingerprints(cluster)
