# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is accepted can be deployed: generated inventories, through the templates of their hosts and keepalived's own check."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.mistakes import InventoryMistakes
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.cluster.conftest import hostvars_and_groups
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.cluster.generated import inventory
from ansible_collections.lvs.cluster.tests.unit.roles.test_keepalived_conf import check, needs_keepalived
from ansible_collections.lvs.cluster.tests.unit.roles.test_templates import templates_of

SEEDS = range(600)


@pytest.fixture(scope="module")
def accepted():
    found = {}
    for seed in SEEDS:
        try:
            found[seed] = resolve(*hostvars_and_groups(inventory(seed)))
        except InventoryMistakes:
            continue
    return found


def test_every_template_has_what_it_needs(render, accepted):
    for seed, cluster in accepted.items():
        for host in cluster["hosts"]:
            for template in templates_of(cluster, host):
                assert "None" not in render(cluster, host, template), (seed, host, template)


@needs_keepalived
def test_keepalived_takes_every_configuration(render, accepted, tmp_path):
    refused = {}
    for seed, cluster in accepted.items():
        if cluster["stack"] == "keepalived":
            checked = check(tmp_path, render(cluster, "lvs1"), render(cluster, "lvs1", "keepalived-secrets.conf.j2"))
            if checked.returncode or checked.stderr:
                refused[seed] = checked.stderr
    assert refused == {}
