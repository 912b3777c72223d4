# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of every scenario's tests."""

from __future__ import annotations

import os
from typing import Callable

import pytest
from cluster import ROOT, Cluster, Fingerprints


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The cluster of the scenario whose tests run."""
    scenario = os.environ.get("MOLECULE_SCENARIO_NAME", "default")
    inventory = "inventories/lab" if scenario == "default" else f"molecule/{scenario}/inventory"
    converged = Cluster(ROOT / inventory)
    converged.keep()
    return converged


@pytest.fixture(scope="module")
def fresh(cluster: Cluster, request: pytest.FixtureRequest) -> None:
    """The cluster as the scenario converged it, whatever the modules before did to it."""
    first = request.session.items[0].path == request.path
    if not first:
        cluster.give_back()


@pytest.fixture(scope="session")
def fingerprints(cluster: Cluster) -> Fingerprints:
    """How the scenario's hosts differ from what they were when they were bare."""
    return Fingerprints(cluster)


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Print a figure that a test measured, whether it passes or not."""

    def told(text: str) -> None:
        with capsys.disabled():
            print(f"\n{text}")

    return told
