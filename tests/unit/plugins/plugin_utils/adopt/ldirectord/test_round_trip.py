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
from typing import Any

import jinja2
import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt import heartbeat, ldirectord, readers
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt.marks import Mark
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
KEPT = (
    "lvs_cluster_name",
    "lvs_arp",
    "lvs_timeouts",
    "lvs_address",
    "lvs_address6",
    "lvs_weight",
    "lvs_filter",
    "lvs_firewalld_zone",
)
SEEDS = range(int(os.environ.get("LVS_GENERATED", "200")))


def same(cluster: dict[str, Any]) -> dict[str, Any]:
    """What two clusters must have in common. What cannot come back is left out here, each for its reason."""
    ldirectord, heartbeat = copy.deepcopy(cluster["ldirectord"]), copy.deepcopy(cluster["heartbeat"])
    # A comment says nothing to a daemon
    heartbeat["raw"] = without_comments(heartbeat["raw"])
    common = without_comments(ldirectord.pop("raw"))
    if ldirectord["mail"] and ldirectord["mail_frequency"]:
        common.append(f"emailalertfreq={ldirectord['mail_frequency']}")
        ldirectord["mail_frequency"] = 0
    for virtual in ldirectord["virtuals"]:
        # A setting that all services have may stand in either place. These two are what the roles write anyway, or is overridden
        raw = [*common, *without_comments(virtual.pop("raw"))]
        virtual["raw"] = sorted({*raw} - {"negotiatetimeout=7", "httpmethod=GET"})
        # Services of one name may come back as several, whose names then differ
        virtual["name"] = virtual["name"].partition("-")[0]
    # The prefix lengths of the VIPs say the same
    heartbeat["vip_prefix"] = None
    mail = ldirectord["mail"]
    if mail is None:
        # Without mail about real servers nothing of mail is in the file
        ldirectord["mail_frequency"], ldirectord["mail_status"] = 0, []
    else:
        # Of keepalived alone
        mail["timeout"] = mail["instances"] = None
    return {"table": cluster["table"], "heartbeat": heartbeat, "ldirectord": ldirectord}


def without_comments(lines: list[str]) -> list[str]:
    """Lines without those that are comments."""
    return [line for line in lines if not line.startswith("#")]


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
    marks = [
        Mark(service["fwmark"], vip, protocol, tuple(service["ports"] or ()))
        for service in cluster["services"]
        if service["fwmark"] is not None
        for vip in service["vips"]
        for protocol in service["protocols"]
    ]
    daemons = (
        [{"syncid": sync["id"], **{name: sync[name] for name in ("group", "port", "ttl", "maxlen")}}] if sync else []
    )
    return {
        "hostname": host,
        "files": rendered(cluster, host),
        "ipvs": {"daemons": daemons},
        "addresses": addresses,
        "routes": [{"dst": "default", "dev": facts["default_ipv4"]["interface"]}] if "default_ipv4" in facts else [],
        "processes": [],
        "enabled": ["heartbeat.service"],
        "filters": marks,
    }


def adopted(cluster: dict[str, Any], hostvars: dict[str, Any], groups: dict[str, Any]) -> dict[str, Any]:
    """The variables that the readers find on the first director."""
    host = told(cluster, hostvars, groups["directors"][0])
    found = readers.read(host, "ldirectord")
    assert list(found["hosts"]) == [node["name"] for node in cluster["heartbeat"]["nodes"]]
    return found["variables"]


def again(hostvars: dict[str, Any], groups: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
    """Resolve the hosts with other variables of the cluster."""
    hosts = {
        name: {
            **{key: value for key, value in own.items() if not key.startswith("lvs_") or key in KEPT},
            **variables,
        }
        for name, own in hostvars.items()
    }
    return resolve(copy.deepcopy(hosts), groups)


@pytest.fixture(autouse=True)
def _marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The marking rules of a host are those of its cluster."""
    monkeypatch.setattr(ldirectord, "marked", lambda rules: rules)


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_a_right_inventory_comes_back(path: Path) -> None:
    hostvars, groups = right(path)
    cluster = resolve(hostvars, groups)
    second = again(hostvars, groups, adopted(cluster, hostvars, groups))
    assert same(second) == same(cluster)


def speaks_elsewhere(cluster: dict[str, Any], hostvars: dict[str, Any], groups: dict[str, Any]) -> bool:
    """Whether a director has its lvs_address where nobody who looks at the host would expect it.

    Not in the network of the VIPs, nor at the default route if they are in none. combine.py chooses lvs_address by these, and the
    reader keeps ways for the nodes to speak elsewhere in heartbeat's own words.
    """
    services = [{"vip": service["vips"]} for service in cluster["services"]]
    return any(
        heartbeat.main_interface(told(cluster, hostvars, name), services) != cluster["hosts"][name]["interface"]
        for name in groups["directors"]
    )


def test_generated_inventories_come_back() -> None:
    seen = 0
    for seed in SEEDS:
        found = generated.accepted(seed)
        if found is None or found[1]["stack"] != "ldirectord" or not found[1]["services"]:
            continue
        (hostvars, groups), cluster = found
        if speaks_elsewhere(cluster, hostvars, groups):
            continue
        seen += 1
        second = again(hostvars, groups, adopted(cluster, hostvars, groups))
        assert same(second) == same(cluster), seed
    assert seen > len(SEEDS) * 0.1
