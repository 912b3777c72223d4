# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories as data: a good base, and what a test changes in it."""

from __future__ import annotations

import copy
import ipaddress
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml

HERE = Path(__file__).parent
Inventory = "tuple[dict[str, Any], dict[str, list[str]]]"


@pytest.fixture
def inventory() -> Callable[..., Inventory]:
    """A function that gives hostvars and groups of the base with a change applied."""

    def build(change: dict[str, Any] | None = None) -> Inventory:
        base = yaml.safe_load((HERE / "base.yml").read_text(encoding="utf-8"))
        return hostvars_and_groups(apply(base, change or {}))

    return build


@pytest.fixture(scope="session")
def second_run() -> Callable[..., dict[str, Any]]:
    """A function that gives hostvars as they are after a first run: with the VIPs on the hosts that may have them.

    The kernel lists a new address of IPv4 behind the first one, and one of IPv6 before it. With `vmac` keepalived makes an
    interface, where the first VIP is the first address.
    """

    def put(hostvars: dict[str, Any], cluster: dict[str, Any]) -> dict[str, Any]:
        again = copy.deepcopy(hostvars)
        for name, host in cluster["hosts"].items():
            facts = again[name].get("ansible_facts", {})
            moved = [(instance, address) for instance in host["instances"] for address in instance["addresses"]]
            for instance, address in [*moved, *((None, vip) for vip in host["vips"])]:
                device = str(address["device"])
                if instance and instance["vmac"] and device in facts:
                    device = virtual_interface(facts, instance, device)
                fact = facts.get(device)
                entry = {"address": address["address"], "prefix": str(address["prefix"])}
                if fact is not None and ":" in address["address"]:
                    fact.setdefault("ipv6", []).insert(0, entry)
                elif fact is not None and fact.get("virtual") and "ipv4" not in fact:
                    fact["ipv4"] = entry
                elif fact is not None:
                    fact.setdefault("ipv4_secondaries", []).append(entry)
        return again

    def virtual_interface(facts: dict[str, Any], instance: dict[str, Any], device: str) -> str:
        name = f"vrrp.{device}.{instance['virtual_router_id']}"
        mac = f"00:00:5e:00:0{'1' if instance['family'] == 'ipv4' else '2'}:{instance['virtual_router_id']:02x}"
        if name not in facts:
            facts["interfaces"].append(name)
        facts.setdefault(name, {"device": name, "macaddress": mac, "virtual": True})
        return name

    return put


def apply(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """The base with a change merged in: mappings key by key, anything else replaced.

    `service` is short for a change of the first service, `without` takes hosts
    or variables away from a mapping.
    """
    change = dict(change)
    if service := change.pop("service", None):
        base["all"]["lvs_services"][0].update(service)
    return _merged(base, change)


def _merged(base: Any, change: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(change, dict):
        return change
    gone = change.get("without", [])
    kept = {key: value for key, value in base.items() if key not in gone}
    return {**kept, **{key: _merged(kept.get(key), value) for key, value in change.items() if key != "without"}}


def hostvars_and_groups(description: dict[str, Any]) -> Inventory:
    """What Ansible would give the filter for an inventory so described."""
    facts = {
        host: {"nodename": host, **network_facts(interfaces)}
        for host, interfaces in (description.get("facts") or {}).items()
    }
    hostvars = {
        host: {**description["all"], **(own or {}), **({"ansible_facts": facts[host]} if host in facts else {})}
        for host, own in description["hosts"].items()
    }
    return hostvars, description["groups"]


def network_facts(interfaces: dict[str, list[str]]) -> dict[str, Any]:
    """Ansible's network facts for addresses by interface, the first of which has the default route, by `gateway`."""
    interfaces = dict(interfaces)
    gateway = interfaces.pop("gateway", None)
    facts: dict[str, Any] = {"interfaces": ["lo", *interfaces]}
    facts["lo"] = {"device": "lo", "ipv4": {"address": "127.0.0.1", "netmask": "255.0.0.0", "prefix": "8"}}
    for name, addresses in interfaces.items():
        parsed = [ipaddress.ip_interface(address) for address in addresses]
        four = [
            {"address": str(i.ip), "netmask": str(i.netmask), "prefix": str(i.network.prefixlen)}
            for i in parsed
            if i.version == 4
        ]
        six = [
            {"address": str(i.ip), "prefix": str(i.network.prefixlen), "scope": "global"}
            for i in parsed
            if i.version == 6
        ]
        # Made of the first address, so that no two hosts have the same
        mac = ":".join(f"{byte:02x}" for byte in (0x52, 0x54, *parsed[0].packed[-4:])) if parsed else ""
        fact = {
            "device": name,
            "macaddress": mac,
            "ipv6": six,
            **({"ipv4": four[0], "ipv4_secondaries": four[1:]} if four else {}),
        }
        facts[name.replace("-", "_")] = fact
        if "default_ipv4" not in facts and four:
            facts["default_ipv4"] = {**four[0], "interface": name, **({"gateway": gateway} if gateway else {})}
    return facts
