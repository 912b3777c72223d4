# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def untouched() -> list[bool]:
    """The disk of the containers' host, which is large, is not worth keeping: no test goes back to it."""
    return [False]
