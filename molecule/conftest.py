# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of every scenario's tests."""

from __future__ import annotations

import os
from typing import Callable, Iterator

import pytest
from cluster import ROOT, Cluster, Fingerprints


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that are marked `wide`, and say how many, unless LVS_TESTS is all."""
    if os.environ.get("LVS_TESTS") == "all":
        return
    wide = [item for item in items if item.get_closest_marker("wide")]
    if wide:
        config.hook.pytest_deselected(items=wide)
        items[:] = [item for item in items if item not in wide]


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The cluster of the scenario whose tests run."""
    scenario = os.environ.get("MOLECULE_SCENARIO_NAME", "default")
    inventory = "inventories/lab" if scenario == "default" else f"molecule/{scenario}/inventory"
    return Cluster(ROOT / inventory)


@pytest.fixture(scope="session", autouse=True)
def untouched(cluster: Cluster) -> list[bool]:
    """Keep the cluster as the scenario converged it; whether it is still that, as the one item of a list."""
    return [cluster.keep()]


@pytest.fixture(scope="module", autouse=True)
def touches(untouched: list[bool], request: pytest.FixtureRequest) -> Iterator[None]:
    """After a module the cluster is not what it was, unless GIVES_BACK of the module says that its tests give it back."""
    yield
    untouched[0] = untouched[0] and getattr(request.module, "GIVES_BACK", False)


@pytest.fixture(scope="module")
def fresh(cluster: Cluster, untouched: list[bool], request: pytest.FixtureRequest) -> None:
    """The cluster as the scenario converged it, whatever the modules before did to it."""
    # A test that has failed may have left anything undone.
    if request.session.testsfailed:
        cluster.prints = None
        untouched[0] = False
    if not untouched[0]:
        cluster.give_back()
        untouched[0] = True


@pytest.fixture
def always_fresh(cluster: Cluster, fresh: None) -> None:
    """The same before each test of a module, not only before the first."""
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
