# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is accepted can be deployed: generated inventories, through the templates of their hosts and the tools that read them."""

from __future__ import annotations

import os
import subprocess

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.mistakes import InventoryMistakes
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.cluster.conftest import hostvars_and_groups
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.cluster.generated import inventory
from ansible_collections.lvs.cluster.tests.unit.roles.test_keepalived_conf import check, needs_keepalived
from ansible_collections.lvs.cluster.tests.unit.roles.test_lvs_vip_namespace import UNSHARE, able
from ansible_collections.lvs.cluster.tests.unit.roles.test_templates import templates_of

SEEDS = range(int(os.environ.get("LVS_GENERATED", "600")))


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


def test_nft_takes_every_rule(vip, render, accepted, tmp_path):
    able("nft", "add", "table", "inet", "lvs_test")
    rulesets = {
        vip.nft_ruleset(vip.read_list(render(cluster, host, "lvs-vip.conf.j2"))): seed
        for seed, cluster in accepted.items()
        for host in cluster["hosts"]
    }
    assert len(rulesets) > 20
    for ruleset, seed in rulesets.items():
        (tmp_path / f"{seed}").write_text(ruleset, encoding="utf-8")
    checks = 'cd "$0"; for seed in *; do nft --check --file "$seed" || echo "refused: $seed"; done'
    done = subprocess.run([*UNSHARE, "sh", "-euc", checks, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == "", done.stderr
