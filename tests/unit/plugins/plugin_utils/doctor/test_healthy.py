# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A healthy cluster of every kind has no finding."""

from __future__ import annotations

from pathlib import Path

import pytest

RIGHT = sorted((Path(__file__).parents[1] / "cluster" / "right").glob("*.yml"))


@pytest.mark.parametrize("case", [path.stem for path in RIGHT])
def test_a_healthy_cluster_has_no_finding(deployed, case):
    diagnosis = deployed(case).diagnosis()
    assert [(one["key"], one["title"], one["evidence"]) for one in diagnosis["findings"]] == []
