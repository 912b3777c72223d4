# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FILTERS = Path(__file__).parents[4] / "plugins/filter"

LOAD = """
import sys
from ansible.plugins.loader import action_loader, init_plugin_loader
init_plugin_loader()
assert action_loader.get("lvs.cluster.deployed_facts", class_only=True) is not None
print(*(name for name in sys.modules if name.startswith("ansible_collections.lvs.cluster.plugins.filter.")))
"""


def test_ansible_imports_all_filters_before_it_forks_a_worker():
    """The class is all that Ansible's main process asks for."""
    imported = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True).stdout.split()
    assert {name.rpartition(".")[2] for name in imported} == {file.stem for file in FILTERS.glob("*.py")}
