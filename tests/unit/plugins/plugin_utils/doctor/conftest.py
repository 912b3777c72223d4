# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What doctor.yml registers on the hosts of a healthy cluster, as site.yml deploys it from an inventory of the model's tests."""

from __future__ import annotations

import copy
import importlib.util
import ipaddress
import shutil
import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.module_utils.doctor.configurations import without_secrets
from ansible_collections.lvs.cluster.plugins.module_utils.doctor.filters import nft_objects
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.plugins.plugin_utils.doctor import diagnosis

UNIT = Path(__file__).parents[3]
CASES = UNIT / "plugins/plugin_utils/cluster"
NOW, UPTIME = 1_800_000_000.0, 5000.0
MODULES = ("ip_vs", "ip_vs_wrr", "ip_vs_rr", "ip_vs_wlc", "ip_vs_lblc", "ip_vs_sh", "ip_vs_mh")
TUNNELS = {
    "tunl0": "ipip",
    "sit0": "sit",
    "ip6tnl0": "ip6tnl",
    "gre0": "gre",
    "ip6gre0": "ip6gre",
}
ANY_CLIENT = "203.0.113.7"


def load(path: Path, name: str) -> Any:
    specification = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


MODEL = load(CASES / "conftest.py", "conftest_of_the_model")
LVS_VIP = load(UNIT.parents[1] / "roles/_host/files/lvs_vip.py", "lvs_vip_of_the_role")


class Deployed:
    """The hosts of a cluster, with what doctor.yml has registered. `seen` of a host may be changed to break something."""

    def __init__(self, case: dict[str, Any], render: Callable[..., str]) -> None:
        base = yaml.safe_load((CASES / "base.yml").read_text(encoding="utf-8"))
        variables, self.groups = MODEL.hostvars_and_groups(MODEL.apply(base, case))
        for own in variables.values():
            if own.get("lvs_address") and "ansible_facts" not in own:
                own["ansible_facts"] = MODEL.network_facts(
                    {"eth1": [f"{own['lvs_address']}/{64 if ':' in own['lvs_address'] else 24}"]}
                )
        self.cluster = resolve(variables, self.groups)
        self.render = render
        self._leave_nat_alone()
        self.names = list(dict.fromkeys(name for members in self.groups.values() for name in members))
        self.interfaces = {name: self._interfaces(name, variables) for name in self.names}
        self.hostvars: dict[str, dict[str, Any]] = {name: {"doctor_seen": self._seen(name)} for name in self.names}
        self._ask()

    def _leave_nat_alone(self) -> None:
        """Without lvs_nat the real servers' way back is the user's own affair, and clients on their segment cannot be served."""
        translated = [
            one for service in self.cluster["services"] for one in service["real_servers"] if one["forward"] == "nat"
        ]
        self.routed = bool(translated) and not any(
            part["return_routes"] or part["masquerades"] for part in self.cluster["hosts"].values()
        )
        if translated and not any(part["masquerades"] for part in self.cluster["hosts"].values()):
            self.groups = {name: members for name, members in self.groups.items() if name != "clients"}

    @property
    def vips(self) -> list[str]:
        return [vip["address"] for vip in self.cluster["vips"]]

    def seen(self, name: str) -> dict[str, Any]:
        return self.hostvars[name]["doctor_seen"]

    def _interfaces(self, name: str, variables: dict[str, Any]) -> dict[str, list[str]]:
        facts = variables.get(name, {}).get("ansible_facts")
        if not facts:
            part = self.cluster["hosts"].get(name, {})
            return {"eth1": [f"{part.get('address') or variables[name].get('lvs_address', '192.0.2.99')}/24"]}
        found = {}
        for interface in facts["interfaces"]:
            fact = facts[interface.replace("-", "_")]
            four = [fact["ipv4"], *fact["ipv4_secondaries"]] if "ipv4_secondaries" in fact else []
            found[interface] = [f"{one['address']}/{one['prefix']}" for one in [*four, *fact.get("ipv6", [])]]
        found.pop("lo", None)
        # Facts of a later run have the VIPs, too. A lone director's own address may be one.
        moving = {vip["address"] for vip in self.cluster["vips"] if not vip["gateway"]}
        moving -= {self.cluster["hosts"].get(name, {}).get("address")}
        own = {key: [one for one in given if one.partition("/")[0] not in moving] for key, given in found.items()}
        return {key: addresses for key, addresses in own.items() if addresses}

    def _seen(self, name: str) -> dict[str, Any]:
        part = self.cluster["hosts"].get(name)
        director = name in self.cluster["directors"]
        seen = bare(self.interfaces[name])
        if part is None:
            return seen
        for key, value in part["sysctls"].items():
            words = key.split(".")
            if key.startswith("net.ipv4.conf."):
                device = words[3].replace("/", ".")
                seen["interface_sysctls"].setdefault(device, dict(DEFAULTS))[words[4]] = int(value)
            else:
                seen["sysctls"][key] = value
        for vip in part["vips"]:
            add(seen, vip["address"], vip["prefix"], vip["device"] or "eth1")
        seen["filters"] = filters(self.render(self.cluster, name, "lvs-vip.conf.j2"))
        route_back(seen, part)
        if self.routed and not director:
            seen["routes"] = [route for route in seen["routes"] if route["dst"] != "default"]
            seen["routes"] += [
                {"family": "ipv4", "type": "unicast", "dst": "default", "gateway": self._gateway(name), "dev": "eth1"},
                {"family": "ipv6", "type": "unicast", "dst": "default", "gateway": "fe80::1", "dev": "eth1"},
            ]
        seen["listeners"] = [
            {"protocol": protocol, "address": "*", "port": port}
            for service in self.cluster["services"]
            for server in service["real_servers"]
            if server["host"] == name or server["address"] == part["address"]
            for protocol in service["protocols"]
            for port in [server["port"] if server["forward"] == "nat" else service["port"]]
            if port
        ]
        if director:
            self._director(name, part, seen)
        return seen

    def _gateway(self, name: str) -> str:
        """The first director's address in a network of a real server."""
        own = [one for addresses in self.interfaces[name].values() for one in addresses[:1]]
        others = [
            one.partition("/")[0]
            for addresses in self.interfaces[self.cluster["directors"][0]].values()
            for one in addresses
        ]
        return next((other for one in reversed(own) for other in others if inside(one, other)), "10.99.0.1")

    def _director(self, name: str, part: dict[str, Any], seen: dict[str, Any]) -> None:
        stack, is_master = self.cluster["stack"], name == self.cluster["directors"][0]
        table = copy.deepcopy([*self.cluster["table"], *(part["localnode"] or {"table": []})["table"]])
        seen["ipvs"] = {
            "services": table if is_master or stack != "ldirectord" else [],
            "counts": [],
            "stats": [],
            "daemons": [],
        }
        if part["sync"]:
            seen["ipvs"]["daemons"] = daemons(part["sync"], is_master)
        if stack == "keepalived":
            self._keepalived(name, part, seen)
        elif stack == "ldirectord":
            self._heartbeat(name, seen, is_master)

    def _keepalived(self, name: str, part: dict[str, Any], seen: dict[str, Any]) -> None:
        secrets = self.render(self.cluster, name, "keepalived-secrets.conf.j2")
        text = self.render(self.cluster, name).replace("include /etc/keepalived/lvs-secrets.conf", secrets)
        files = [{"path": "/etc/keepalived/keepalived.conf", "mtime": NOW - 1000}]
        seen["configurations"]["keepalived"] = {
            "path": files[0]["path"],
            "text": without_secrets(text, "salt"),
            "files": files,
            "missing": [],
        }
        run(seen, "keepalived")
        for instance in part["instances"]:
            is_master = self.master(instance) == name
            seen["vrrp"][instance["name"]] = {
                "state": "master" if is_master else "backup",
                "interface": instance["interface"],
                "virtual_router_id": instance["virtual_router_id"],
                "base_priority": instance["priority"],
                "priority": instance["priority"],
            }
            for address in instance["addresses"] if is_master else ():
                device = address["device"] or "eth1"
                if address["address"] in instance["vmac_addresses"] or instance["vmac"]:
                    device = vmac(seen, instance, device)
                add(seen, address["address"], address["prefix"], device)

    def _heartbeat(self, name: str, seen: dict[str, Any], is_master: bool) -> None:
        files = {"ldirectord": "ldirectord.cf", "ha.cf": "ha.cf", "haresources": "haresources", "authkeys": "authkeys"}
        for key, file in files.items():
            path = f"/etc/ha.d/{file}"
            text = without_secrets(self.render(self.cluster, name, f"{file}.j2"), "salt", keys=key == "authkeys")
            seen["configurations"][key] = {"path": path, "text": text, "files": [{"path": path, "mtime": NOW - 1000}]}
        run(seen, "heartbeat")
        if is_master:
            run(seen, "ldirectord")
            for vip in self.cluster["vips"]:
                near = [
                    device
                    for device, own in self.interfaces[name].items()
                    if any(inside(one, vip["address"]) for one in own)
                ]
                add(seen, vip["address"], vip["prefix"], (near or ["eth1"])[0])

    def _ask(self) -> None:
        """What is heard and answered on the wire, as questions of doctor.yml and the hosts' addresses have it."""
        for name in (*self.cluster["directors"], *self.groups.get("clients", [])):
            answers = {}
            for vip in self.vips:
                near = any(inside(one, vip) for own in self.interfaces[name].values() for one in own)
                holder = self.holder(vip)
                if near and holder and holder != name:
                    answers[vip] = {self.mac(holder, vip): 2}
            self.hostvars[name]["doctor_arp"] = {"answers": answers}
        for name in self.cluster["directors"] if self.cluster["vrrp"] else ():
            adverts = [
                {
                    "interface": instance["interface"],
                    "family": instance["family"],
                    "source": self.source(self.master(instance), instance),
                    "version": instance["version"],
                    "virtual_router_id": instance["virtual_router_id"],
                    "priority": 200,
                }
                for instance in self.cluster["hosts"][name]["instances"]
                if self.master(instance) != name
            ]
            self.hostvars[name]["doctor_heard"] = {"adverts": adverts, "frames": copy.deepcopy(adverts)}
        for name in self.groups.get("clients", []):
            requests = diagnosis_questions(self)["requests"]
            self.hostvars[name]["doctor_asked"] = {
                "results": [
                    {"item": one, "requests": 4, "answered": 4, "errors": {}, "answers": {"web1": 4}}
                    for one in requests
                ]
            }

    def master(self, instance: dict[str, Any]) -> str:
        directors = next(
            one["directors"] for one in self.cluster["vrrp"]["instances"] if one["name"] == instance["name"]
        )
        return max(directors, key=lambda director: director["priority"])["host"]

    def source(self, name: str, instance: dict[str, Any]) -> str:
        device = next(
            one["interface"] for one in self.cluster["hosts"][name]["instances"] if one["name"] == instance["name"]
        )
        own = [
            entry
            for entry in self.seen(name)["addresses"]
            if entry["interface"] == device and entry["family"] == instance["family"]
        ]
        return own[0]["address"]

    def holder(self, vip: str) -> str | None:
        for name in self.cluster["directors"]:
            if any(entry["address"] == vip and entry["interface"] != "lo" for entry in self.seen(name)["addresses"]):
                return name
        return None

    def mac(self, name: str, vip: str) -> str:
        device = next(
            e["interface"] for e in self.seen(name)["addresses"] if e["address"] == vip and e["interface"] != "lo"
        )
        return self.seen(name)["links"][device]["mac"]

    def diagnosis(self) -> dict[str, Any]:
        return diagnosis.diagnose(diagnosis.sight_of(self.hostvars, self.groups, self.names))

    def causes(self) -> list[str]:
        """The findings in their order."""
        return [finding["key"] for finding in self.diagnosis()["findings"]]


DEFAULTS = {
    "accept_local": 0,
    "arp_announce": 0,
    "arp_filter": 0,
    "arp_ignore": 0,
    "forwarding": 0,
    "log_martians": 0,
    "proxy_arp": 0,
    "rp_filter": 0,
    "send_redirects": 1,
}


def diagnosis_questions(deployed: Deployed) -> dict[str, Any]:
    from ansible_collections.lvs.cluster.plugins.plugin_utils.doctor.questions import questions  # noqa: PLC0415

    return questions(diagnosis.sight_of(deployed.hostvars, deployed.groups, deployed.names))


def inside(interface: str, address: str) -> bool:
    network = ipaddress.ip_interface(interface).network
    other = ipaddress.ip_address(address)
    return network.version == other.version and other in network


def bare(interfaces: dict[str, list[str]]) -> dict[str, Any]:
    """A host with these interfaces and nothing else."""
    seen: dict[str, Any] = {
        "links": {"lo": link(None, 65536)},
        "addresses": [],
        "routes": [],
        "rules": [
            {"family": family, "priority": priority, "src": "all", "table": table}
            for family in ("ipv4", "ipv6")
            for priority, table in ((0, "255"), (32766, "254"), (32767, "253"))
        ],
        "sysctls": {
            "net.ipv4.ip_forward": "0",
            "net.ipv6.conf.all.forwarding": "0",
            "net.ipv4.vs.conn_reuse_mode": "1",
            "net.ipv4.vs.conntrack": "0",
            "net.netfilter.nf_conntrack_count": "12",
            "net.netfilter.nf_conntrack_max": "65536",
            "net.netfilter.nf_conntrack_tcp_loose": "1",
        },
        "interface_sysctls": {name: dict(DEFAULTS) for name in ("all", "lo", *interfaces)},
        "listeners": [{"protocol": "tcp", "address": "0.0.0.0", "port": 22}],
        "filters": {"nft": [], "iptables": [], "ip6tables": [], "arptables": [], "too_many": False},
        "ipvs": None,
        "clients": [],
        "modules": {name: {"loaded": True, "available": True} for name in MODULES},
        "kernel": "6.1.0",
        "hostname": "host",
        "processes": [],
        "last_reads": {},
        "configurations": dict.fromkeys(("keepalived", "ldirectord", "ha.cf", "haresources", "authkeys", "rules")),
        "vrrp": {},
        "clock": {
            "now": NOW,
            "monotonic": UPTIME,
            "uptime": UPTIME,
            "synchronized": True,
            "starts": [{"unit": "ssh.service", "clock": NOW - UPTIME + 9, "monotonic": 9.5}],
        },
        "selinux": None,
        "denials": [],
        "kernel_log": [],
        "drained": [],
        "unread": {},
    }
    add(seen, "127.0.0.1", 8, "lo")
    add(seen, "::1", 128, "lo")
    for name, addresses in interfaces.items():
        first = ipaddress.ip_interface(addresses[0])
        mac = ":".join(f"{byte:02x}" for byte in (0x52, 0x54, *first.packed[-4:]))
        seen["links"][name] = link(mac)
        for address in addresses:
            parsed = ipaddress.ip_interface(address)
            add(seen, str(parsed.ip), parsed.network.prefixlen, name)
    seen["routes"].append(
        {"family": "ipv4", "type": "unicast", "dst": "default", "gateway": "10.99.0.1", "dev": next(iter(interfaces))}
    )
    return seen


def link(mac: str | None, mtu: int = 1500, kind: str | None = None) -> dict[str, Any]:
    return {"mac": mac, "up": True, "mtu": mtu, "kind": kind, "parent": None, "arp": mac is not None}


def add(seen: dict[str, Any], address: str, prefix: int, device: str) -> None:
    """Put an address on an interface, with the routes that the kernel makes."""
    family = "ipv6" if ":" in address else "ipv4"
    if device in TUNNELS:
        seen["links"].setdefault(device, link(None, 1480, TUNNELS[device]))
    seen["addresses"].append(
        {"address": address, "prefix": prefix, "interface": device, "family": family, "scope": "global", "usable": True}
    )
    seen["routes"].append({"family": family, "type": "local", "dst": address, "dev": device, "table": "255"})
    network = ipaddress.ip_interface(f"{address}/{prefix}").network
    if network.num_addresses > 1:
        kind, table = ("local", "255") if device == "lo" and family == "ipv4" else ("unicast", "254")
        seen["routes"].append({"family": family, "type": kind, "dst": str(network), "dev": device, "table": table})


def take(seen: dict[str, Any], address: str) -> None:
    """Remove an address, with its routes."""
    seen["addresses"] = [entry for entry in seen["addresses"] if entry["address"] != address]
    seen["routes"] = [route for route in seen["routes"] if route["dst"] != address]


def run(seen: dict[str, Any], name: str) -> None:
    seen["processes"].append({"name": name, "pid": 500, "started": 20.0, "arguments": [f"/usr/sbin/{name}"]})
    seen["last_reads"][name] = NOW - 900


def vmac(seen: dict[str, Any], instance: dict[str, Any], device: str) -> str:
    name = f"vrrp.{device}.{instance['virtual_router_id']}"
    mac = f"00:00:5e:00:0{'1' if instance['family'] == 'ipv4' else '2'}:{instance['virtual_router_id']:02x}"
    seen["links"][name] = {**link(mac, kind="macvlan"), "parent": device}
    return name


def route_back(seen: dict[str, Any], part: dict[str, Any]) -> None:
    """The rules and routes of lvs-vip for NAT, in table 112."""
    for one in part["return_routes"]:
        family = "ipv6" if ":" in one["gateway"] else "ipv4"
        seen["routes"].append(
            {
                "family": family,
                "type": "unicast",
                "dst": "default",
                "gateway": one["gateway"],
                "dev": one["device"],
                "table": "112",
            }
        )
    for rule in part["return_rules"]:
        entry = {
            "family": "ipv6" if ":" in rule["source"] else "ipv4",
            "priority": 11200,
            "table": "112",
            "src": rule["source"],
        }
        low, _dash, high = str(rule["port"]).partition("-")
        if int(low):
            entry.update(
                {
                    "ipproto": rule["protocol"],
                    **({"sport": int(low)} if not high else {"sport_start": int(low), "sport_end": int(high)}),
                }
            )
        seen["rules"].append(entry)
    for rule in part["default_rules"]:
        family = "ipv6" if ":" in rule["source"] else "ipv4"
        seen["rules"] += [
            {"family": family, "priority": 11202, "table": "254", "src": "all", "suppress_prefixlen": 0},
            {"family": family, "priority": 11203, "table": "112", "src": rule["source"] if family == "ipv4" else "all"},
        ]


def daemons(sync: dict[str, Any], is_master: bool) -> list[dict[str, Any]]:
    roles = ["master", "backup"] if sync["both"] else ["master" if is_master else "backup"]
    return [
        {
            "role": role,
            "interface": sync["interface"],
            "syncid": sync["id"],
            "maxlen": sync["maxlen"],
            "group": sync["group"],
            "port": sync["port"],
            "ttl": sync["ttl"],
        }
        for role in roles
    ]


def filters(lines: str) -> dict[str, Any]:
    """The packet filters that lvs-vip makes of its list; rules of iptables are nft's here, which mean the same."""
    rules = [
        line.replace("iptables ", "nft ", 1) for line in lines.splitlines() if line.startswith(("nft ", "iptables "))
    ]
    silent = [line.split() for line in lines.splitlines() if line.startswith("arptables ")]
    arptables = [
        line
        for _tool, vip, address in silent
        for line in (f"-A INPUT -j DROP -d {vip}", f"-A OUTPUT -j mangle -s {vip} --mangle-ip-s {address}")
    ]
    return {
        "nft": nft("\n".join(LVS_VIP.nft_ruleset(rules).splitlines()) if rules else ""),
        "iptables": [],
        "ip6tables": [],
        "arptables": arptables,
        "too_many": False,
    }


def nft(ruleset: str) -> list[dict[str, Any]]:
    """What `nft -j list ruleset` prints of a ruleset, in a network namespace made for it."""
    if not ruleset:
        return []
    if not shutil.which("nft") or not shutil.which("unshare"):
        pytest.skip("nft is not installed: make deps")
    command = ["unshare", "--map-root-user", "--net", "sh", "-c", "nft -f - && exec nft -j list ruleset"]
    ran = subprocess.run(command, input=ruleset.replace(" }", "\n}"), capture_output=True, text=True, check=False)
    if "unshare" in ran.stderr or "not permitted" in ran.stderr:
        pytest.skip(f"nft does not run in a network namespace: {ran.stderr}")
    assert ran.returncode == 0, ran.stderr
    return nft_objects(ran.stdout)


@pytest.fixture
def deployed(render) -> Callable[..., Deployed]:
    """A function that deploys a right inventory by its name, with changes."""

    def deploy(name: str, **change: Any) -> Deployed:
        case = yaml.safe_load((CASES / "right" / f"{name}.yml").read_text(encoding="utf-8"))
        return Deployed(MODEL.apply(case, change), render)

    return deploy
