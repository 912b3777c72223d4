# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory that adopt.yml writes for a cluster that is configured by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest
from adopting import tiny
from cluster import Cluster


@pytest.fixture
def adopt(cluster: Cluster, tmp_path: Path) -> Callable[..., tuple[Cluster, str]]:
    """A function that runs adopt.yml for some directors, and gives the cluster by the new inventory, and what was printed."""

    def adopted(*directors: str) -> tuple[Cluster, str]:
        told = tiny(cluster, tmp_path, list(directors)).play("adopt", adopt_to=str(tmp_path / "adopted"))
        assert not any(secret in told for secret in ("1111", "foo", "somerandomstring")), told
        return Cluster(tmp_path / "adopted"), told

    return adopted
