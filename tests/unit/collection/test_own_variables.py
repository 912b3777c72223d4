# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks and roles set themselves is no unknown variable of an inventory: site.yml and verify.yml may be one run."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster import schema
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.inventory import OWN

ROOT = Path(__file__).parents[3]


def test_every_variable_that_the_collection_sets_is_known_as_its_own():
    files = [*(ROOT / "playbooks").rglob("*.yml"), *(ROOT / "roles").glob("*/tasks/**/*.yml")]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    set_here = {one or other for one, other in re.findall(r"(?m)register: (lvs_\w+)|^\s+(lvs_\w+):", text)}
    inventory = {*schema.CLUSTER, *schema.HOST}
    assert set_here - inventory == OWN
