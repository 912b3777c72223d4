# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory that is deployed, and adopted again, describes the same cluster.

LOST has all that cannot be the same, each with its reason. Nothing else may differ, and each entry is needed by some inventory.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt.combine import combine
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.adopt.deployed import told
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.cluster.conftest import (
    apply,
    hostvars_and_groups,
    network_facts,
)

CLUSTERS = Path(__file__).parents[1] / "cluster"
RIGHT = sorted(CLUSTERS.glob("right/*.yml"))
# The published configurations of other roles and modules
PUBLISHED = sorted((Path(__file__).parents[3] / "roles/moving_in").glob("*.yml"))
ALL = [*RIGHT, *PUBLISHED]
# By the path of a value in the resolved cluster
LOST = {
    r"\.(services|keepalived\.virtual_servers)\[\d+\]\.name": "keepalived.conf has no names of services",
    r"\.keepalived\.virtual_servers\[\d+\]\.(at|group\.name)": "a group of addresses is named after its service",
    r"\.test_page|\.hosts\.\w+\.(listen|record\.listen|record\.test_page_root)": "a test page is no part of a cluster configured by hand",
    r"\.metrics": "lvs-metrics is of this collection",
    r"\.hosts\.\w+\.scripts\.installed": "src is on the controller: the script is a command on the directors from then on",
    r".*\.(command|quorum_up\.command)": "{port} and {vip_port} are numbers: which of the numbers of a command they were is not known",
    r"\.services\[\d+\]\.helper": "no configuration says that a service at port 21 is not FTP",
    r"\.hosts\.\w+\.return_rules": "they follow from the helper",
    r"\.services\[\d+\]\.health": "if each real server has checks of its own, those of the first become the service's",
    r"\.services\[\d+\]\.health\[\d+\]\.port": "a port that is the real server's own is not written",
    r"\.keepalived\.virtual_servers\[\d+\]\.(checks\[\d+\]\.port)": "as above",
    r".*instances\[\d+\]\.track\.interfaces.*": "the interfaces that the roles add stand in the file like those of the inventory",
    r"\.keepalived\.options": "they are in the settings of the unit, which stay",
    r"\.keepalived\.includes": "what an included file says becomes keys",
    r"\.hosts\.\w+\.firewalld_zone": "zones are not read: set lvs_firewalld_zone if it is not the default one",
    r"\.hosts\.\w+\.(address|interface|prefix|address6)": "of several addresses the one is lvs_address that services send to",
    r".*\.raw.*": "a line of raw for which there is a key becomes the key",
    r".*\.(alpha|omega|warmup)": "as above",
    r"\.(services\[\d+\]\.real_servers\[\d+\]\.health|keepalived\.virtual_servers\[\d+\]\.real_servers\[\d+\]\.checks)": "as above",
}
# These say something that no host could tell
SKIPPED = {
    "no_services": "the file has neither an instance nor a virtual server",
    "peers_only": "lvs_peers_only is of this collection, and which address of an interface is lvs_vrrp_address is not written",
    "masquerade_of_marks": "other software marks the packets, so their VIP is not known",
    "static_own_address": "of the director's two addresses the one that is no VIP is lvs_address",
    "weights": "the group has the directors in the order of their priorities",
}


def differences(one: Any, two: Any, path: str = "") -> Iterator[str]:
    """The paths at which two resolved clusters differ."""
    if isinstance(one, dict) and isinstance(two, dict):
        for key in dict.fromkeys([*one, *two]):
            if key not in one or key not in two:
                yield f"{path}.{key}"
            else:
                yield from differences(one[key], two[key], f"{path}.{key}")
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        for index, (mine, its) in enumerate(zip(one, two)):
            yield from differences(mine, its, f"{path}[{index}]")
    elif one != two:
        yield path


@pytest.fixture(scope="module")
def adopted_again(render):
    """What every inventory becomes: its cluster and that of the adopted one, by name."""
    return {path.stem: again(path, render) for path in ALL if path.stem not in SKIPPED}


def again(path: Path, render: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The cluster of an inventory, and that of the adopted one. None with ldirectord, or without facts of the directors."""
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    base = yaml.safe_load((CLUSTERS / "base.yml").read_text(encoding="utf-8"))
    hostvars, groups = hostvars_and_groups(case if path in PUBLISHED else apply(base, case))
    for own in hostvars.values():
        own["inventory_dir"] = path.parent
        if not own.get("ansible_facts") and own.get("lvs_address"):
            six = [f"{own['lvs_address6']}/64"] if own.get("lvs_address6") else []
            own["ansible_facts"] = network_facts({"eth0": [f"{own['lvs_address']}/24", *six]})
    cluster = resolve(copy.deepcopy(hostvars), groups, lambda _text: None)
    if cluster["stack"] == "ldirectord" or any(
        cluster["hosts"][name]["interface"] is None for name in cluster["directors"]
    ):
        return None
    found = combine(told(cluster, hostvars, render), groups, {})
    adopted = {
        name: {
            **found.variables,
            **found.hosts.get(name, {}),
            **({"ansible_facts": facts} if (facts := own.get("ansible_facts")) else {}),
        }
        for name, own in hostvars.items()
    }
    for name in groups.get("clients", ()):
        adopted[name] = hostvars[name] | dict(found.variables)
    return cluster, resolve(adopted, {**groups, **found.groups}, lambda _text: None)


@pytest.mark.parametrize("name", [path.stem for path in ALL])
def test_adopted_again_it_is_the_same_cluster(adopted_again, name):
    if name in SKIPPED:
        pytest.skip(SKIPPED[name])
    if adopted_again[name] is None:
        pytest.skip("with ldirectord, which has a test of its own, or without facts")
    found = differences(*adopted_again[name])
    assert [one for one in found if not any(re.fullmatch(known, one) for known in LOST)] == []


def test_all_that_is_lost_is_lost_somewhere(adopted_again):
    found = [one for both in adopted_again.values() if both for one in differences(*both)]
    assert [known for known in LOST if not any(re.fullmatch(known, one) for one in found)] == []
