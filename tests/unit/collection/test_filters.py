# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
FILTERS = sorted(path.stem for path in (ROOT / "plugins/filter").glob("*.py"))


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_is_known_by_the_name_of_its_file(name):
    plugin = importlib.import_module(f"ansible_collections.lvs.cluster.plugins.filter.{name}")
    assert list(plugin.FilterModule().filters()) == [name]
    assert yaml.safe_load(plugin.DOCUMENTATION)["name"] == name
    assert f"| lvs.cluster.{name}" in plugin.EXAMPLES


def test_playbooks_and_roles_use_no_other_filters():
    texts = [
        path.read_text(encoding="utf-8")
        for folder in ("playbooks", "roles")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".yml", ".j2")
    ]
    used = {name for text in texts for name in re.findall(r"\|\s*lvs\.cluster\.(\w+)", text)}
    assert used <= set(FILTERS)
