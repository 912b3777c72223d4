# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has told, as Ansible's network facts: so that the inventory can be resolved before anything is deployed."""

from __future__ import annotations

import ipaddress
from typing import Any

from .types import HostFacts


def as_facts(host: HostFacts) -> dict[str, Any]:
    """The facts of which resolve() makes use."""
    names = dict.fromkeys([*host["links"], *(str(one["interface"]) for one in host["addresses"])])
    facts: dict[str, Any] = {"interfaces": list(names), "nodename": host["hostname"]}
    for name in names:
        fact: dict[str, Any] = {"device": name}
        link = host["links"].get(name, {})
        fact.update({key: link[own] for key, own in (("macaddress", "mac"), ("mtu", "mtu")) if link.get(own)})
        for one in host["addresses"]:
            if one["interface"] != name:
                continue
            entry = {"address": str(one["address"]), "prefix": str(one["prefix"])}
            if one["family"] == "ipv6":
                fact.setdefault("ipv6", []).append({**entry, "scope": one["scope"]})
                continue
            entry["netmask"] = str(ipaddress.ip_interface(f"{one['address']}/{one['prefix']}").netmask)
            if "ipv4" in fact:
                fact.setdefault("ipv4_secondaries", []).append(entry)
            else:
                fact["ipv4"] = entry
        facts[name.replace("-", "_")] = fact
    for route in host["routes"]:
        if route.get("dst") == "default" and int(route.get("table", 254)) == 254 and route.get("dev"):
            _add_default(facts, host, route)
    return facts


def _add_default(facts: dict[str, Any], host: HostFacts, route: dict[str, Any]) -> None:
    family = str(route.get("family", "ipv4"))
    own = next((one for one in host["addresses"] if one["interface"] == route["dev"] and one["family"] == family), None)
    facts.setdefault(
        f"default_{family}",
        {
            "interface": route["dev"],
            **({"address": str(own["address"])} if own else {}),
            **({"gateway": route["gateway"]} if route.get("gateway") else {}),
        },
    )
