# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory, resolved, rendered, and read again: the readers give an inventory of the same cluster.

What cannot come back is said here, key by key.
"""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any, Callable, Iterator

import jinja2
import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt import heartbeat, ldirectord
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.cluster import generated
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.cluster.conftest import apply, hostvars_and_groups

ROOT = Path(__file__).parents[6]
CLUSTER = Path(__file__).parents[2] / "cluster"
ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader([ROOT / "roles" / role / "templates" for role in ("ldirectord", "heartbeat")]),
    trim_blocks=True,
    keep_trailing_newline=True,
    undefined=jinja2.StrictUndefined,
)
FILES = ("ldirectord.cf", "haresources", "ha.cf", "authkeys")
RIGHT = [
    path for path in sorted(CLUSTER.glob("right/*.yml")) if "lvs_stack: ldirectord" in path.read_text(encoding="utf-8")
]
SEEDS = range(int(os.environ.get("LVS_GENERATED", "150")))


def right(path: Path) -> tuple[dict[str, Any], dict[str, list[str]]]:
    base = yaml.safe_load((CLUSTER / "base.yml").read_text(encoding="utf-8"))
    return hostvars_and_groups(apply(base, yaml.safe_load(path.read_text(encoding="utf-8"))))


def rendered(cluster: dict[str, Any], host: str) -> dict[str, str]:
    """The files that the roles write on a director."""
    return {
        f"/etc/ha.d/{name}": ENVIRONMENT.get_template(f"{name}.j2").render(
            lvs_cluster=cluster, heartbeat_host=cluster["hosts"][host]
        )
        for name in FILES
    }


def told(cluster: dict[str, Any], hostvars: dict[str, Any], host: str) -> dict[str, Any]:
    """What a director would tell of itself."""
    facts = hostvars[host].get("ansible_facts", {})
    addresses = [
        {"address": one["address"], "prefix": int(one["prefix"]), "interface": fact["device"]}
        for name in facts.get("interfaces", ())
        for fact in [facts.get(name.replace("-", "_")) or {}]
        for one in [
            *([fact["ipv4"]] if "ipv4" in fact else []),
            *fact.get("ipv4_secondaries", []),
            *fact.get("ipv6", []),
        ]
    ]
    sync = cluster["hosts"][host]["sync"]
    daemons = (
        [{"syncid": sync["id"], **{name: sync[name] for name in ("group", "port", "ttl", "maxlen")}}] if sync else []
    )
    return {
        "hostname": host,
        "files": rendered(cluster, host),
        "ipvs": {"daemons": daemons},
        "addresses": addresses,
        "routes": [],
        "processes": [],
        "enabled": ["heartbeat.service"],
    }


def adopted(hostvars: dict[str, Any], groups: dict[str, Any], cluster: dict[str, Any]) -> dict[str, Any]:
    """The variables that the readers find on the first director."""
    host = told(cluster, hostvars, groups["directors"][0])
    found = [reader.read(host) for reader in (heartbeat, ldirectord)]
    assert list(found[0]["hosts"])[: len(groups["directors"])] == [
        cluster["hosts"][one]["node"] if "node" in cluster["hosts"][one] else one for one in groups["directors"]
    ]
    variables = {name: value for one in found for name, value in one["variables"].items()}
    for service in variables.get("lvs_services", ()):
        marked = [one for one in cluster["services"] if service.get("fwmark") and one["fwmark"] == service["fwmark"]]
        if marked:  # What combine.py finds in the marking rules
            service["vip"] = [vip for one in marked for vip in one["vips"]]
            service["ports"], service["protocol"] = marked[0]["ports"], marked[0]["protocols"]
    return variables


def again(hostvars: dict[str, Any], groups: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
    """Resolve the hosts with other variables of the cluster."""
    kept = {"lvs_cluster_name", "lvs_arp", "lvs_timeouts", "lvs_health"}
    hosts = {
        name: {
            **{
                key: value
                for key, value in own.items()
                if not key.startswith("lvs_") or key in kept or key.startswith("lvs_address")
            },
            **variables,
        }
        for name, own in hostvars.items()
    }
    return resolve(copy.deepcopy(hosts), groups)


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_x(path):
    hostvars, groups = right(path)
    cluster = resolve(hostvars, groups)
    variables = adopted(hostvars, groups, cluster)
    print(yaml.safe_dump(variables, sort_keys=False))
    second = again(hostvars, groups, variables)
    first_files, second_files = rendered(cluster, "lvs1"), rendered(second, "lvs1")
    for name in first_files:
        assert second_files[name].splitlines() == first_files[name].splitlines()
    assert second["table"] == cluster["table"]
