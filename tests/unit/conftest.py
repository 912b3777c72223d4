# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def collection_root() -> Path:
    """The collection's root folder, where galaxy.yml is."""
    return ROOT


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `role_path` or `module_path` once for every role or module there is."""
    for fixture, pattern in (("role_path", "roles/*/"), ("module_path", "plugins/modules/*.py")):
        if fixture in metafunc.fixturenames:
            found = sorted(ROOT.glob(pattern))
            metafunc.parametrize(fixture, found, ids=[path.stem for path in found])
