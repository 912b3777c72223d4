# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of every scenario's tests."""

from __future__ import annotations

import os

import pytest
from cluster import ROOT, Cluster, Fingerprints


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The cluster of the scenario whose tests run."""
    scenario = os.environ.get("MOLECULE_SCENARIO_NAME", "default")
    inventory = "inventories/lab" if scenario == "default" else f"molecule/{scenario}/inventory"
    return Cluster(ROOT / inventory)


@pytest.fixture(scope="session")
def fingerprints(cluster: Cluster) -> Fingerprints:
    """How the scenario's hosts differ from what they were when they were bare."""
    return Fingerprints(cluster)
