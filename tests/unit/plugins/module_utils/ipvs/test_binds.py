# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which schedulers refuse the clients of a real server without weight."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.types import SCHEDULERS, binds


def test_the_hashes_do_unless_they_have_a_fallback():
    assert [scheduler for scheduler in SCHEDULERS if binds(scheduler, ())] == ["dh", "sh", "mh"]


@pytest.mark.parametrize(
    ("scheduler", "flags", "expected"),
    [
        ("mh", ["mh-port"], True),
        ("mh", ["mh-port", "mh-fallback"], False),
        ("sh", ["sh-fallback"], False),
        ("sh", ["mh-fallback"], True),
    ],
)
def test_by_flags(scheduler, flags, expected):
    assert binds(scheduler, flags) is expected
