# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes an inventory of what all hosts of a cluster have told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Hashable, Iterable, Mapping, Sequence

from ...module_utils.deployed import HA_CF
from ...module_utils.ipvs.types import endpoint
from ..cluster.mistakes import InventoryMistakes
from ..cluster.resolve import resolve
from . import heartbeat, merging, sensitive, silence, static, vrrp_merge, ways_back
from .facts import as_facts
from .networks import holds, main_address, network_of, own_addresses
from .notes import Notes
from .readers import READERS, is_served, read
from .service_names import service_name
from .types import Adopted, HostFacts, Note

# What an inventory may say of the way to a host. Not the passwords
CONNECTION = (
    "ansible_host",
    "ansible_port",
    "ansible_user",
    "ansible_connection",
    "ansible_become",
    "ansible_become_method",
    "ansible_python_interpreter",
    "ansible_ssh_common_args",
    "ansible_ssh_private_key_file",
)
# Those of the stacks that have one
UNITS = {"keepalived": "keepalived.service", "ldirectord": "heartbeat.service"}


@dataclass(frozen=True)
class Inventory:
    """What becomes an inventory: its groups, the variables of the cluster with its secrets, those of the hosts, and the notes."""

    groups: Mapping[str, Sequence[str]]
    variables: Mapping[str, Any]
    hosts: Mapping[str, Mapping[str, Any]]
    notes: Sequence[Note]


def combine(
    facts: Mapping[str, HostFacts], groups: Mapping[str, Sequence[str]], given: Mapping[str, Mapping[str, Any]]
) -> Inventory:
    """The inventory of a cluster. `facts` are what the hosts have told, `given` are the variables of the user's own inventory."""
    notes = Notes()
    told: list[Note] = []
    directors = [name for name in groups.get("directors", ()) if name in facts]
    servers = [name for name in groups.get("real_servers", ()) if name in facts]
    adopted = {name: _adopted(facts[name]) for name in directors}
    stack = _stack(adopted, notes)
    found = {name: one for name, one in ((name, each.get(stack)) for name, each in adopted.items()) if one is not None}
    own = {name: _instances(one) for name, one in found.items()}
    directors = _preferred(directors, own, found, facts)
    told += [
        {"level": note["level"], "where": f"{name}:{note['where']}", "text": note["text"]}
        for name in directors
        if name in found
        for note in found[name]["notes"]
    ]
    for name in [*directors, *servers]:
        _unread(facts[name], name, notes)
    for name in dict.fromkeys(name for group in ("directors", "real_servers") for name in groups.get(group, ())):
        if name not in facts:
            notes.lost(name, "was not read, and is not in the inventory: run adopt.yml without --limit")
    variables = merging.merge({name: found[name]["variables"] for name in directors if name in found}, notes)
    _unique_names(variables.setdefault("lvs_services", []))
    sensitive.mark(variables, notes)
    hosts: dict[str, dict[str, Any]] = {name: {} for name in dict.fromkeys([*directors, *servers])}
    for name, own_variables in hosts.items():
        own_variables.update({key: given.get(name, {})[key] for key in CONNECTION if key in given.get(name, {})})
    vips = _vips(variables)
    _addresses(hosts, directors, servers, facts, own, variables, vips, notes)
    _vrrp(variables, hosts, directors, own, facts, vips, notes)
    _nat(variables, {name: facts[name] for name in directors}, {name: facts[name] for name in servers}, notes)
    _sync(variables, directors, hosts, facts)
    told += _silence(variables, directors, servers, facts, notes)
    _filters(hosts, facts)
    _at_boot(variables, stack, directors, facts, notes)
    _typed(variables, {name: facts[name] for name in directors}, notes)
    _named(variables, hosts, servers, facts, notes)
    if "lvs_vrrp" in variables:
        variables["lvs_vrrp"] = vrrp_merge.simplified(
            vrrp_merge.shared(variables["lvs_vrrp"]), _service_vips(variables)
        )
    wanted = {"directors": directors, "real_servers": servers}
    for level, text in _checked(variables, hosts, wanted, facts):
        notes.explained("inventory", text) if level else notes.lost("inventory", text)
    return Inventory(wanted, variables, hosts, [*told, *notes.all()])


def _adopted(host: HostFacts) -> dict[str, Adopted]:
    """What each stack's readers have found on a director."""
    found = {stack: read(host, stack) for stack in READERS}
    served = {stack: one for stack, one in found.items() if is_served(one)}
    if "static" not in served:
        return served
    moving = served.get("keepalived")
    if moving and not moving["variables"].get("lvs_services"):
        served["keepalived"] = _moved(host, moving, "keepalived moves the VIPs", "keepalived")
        del served["static"]
    elif not moving and "ldirectord" not in served and HA_CF in host["files"]:
        typed = served["static"]
        beating = heartbeat.read(host, typed["variables"]["lvs_services"])
        if beating["variables"]:
            served["ldirectord"] = _moved(host, beating, "heartbeat moves the VIPs", "ldirectord")
            del served["static"]
        else:
            served["static"] = {**typed, "notes": [*beating["notes"], *typed["notes"]]}
    return served


def _moved(host: HostFacts, moving: Adopted, what: str, daemon: str) -> Adopted:
    """A table that somebody has typed, with VIPs that a daemon moves. `daemon` has the table from now on."""
    typed = static.read(host, moving["variables"], daemon)
    services = [{**service, "health": {"type": "none"}} for service in typed["variables"]["lvs_services"]]
    note: Note = {
        "level": "explained",
        "where": "ipvsadm",
        "text": f"{what}, and somebody has typed the table: from now on {daemon} has it. Nothing checks the real servers, so health is"
        " none: choose a check",
    }
    return {
        "variables": {**typed["variables"], **moving["variables"], "lvs_services": services},
        "hosts": moving["hosts"],
        "notes": [*moving["notes"], note, *typed["notes"]],
    }


def _stack(adopted: Mapping[str, Mapping[str, Adopted]], notes: Notes) -> str:
    """The stack of the cluster: that of the first director that has one with services."""
    for name, each in adopted.items():
        serving = [stack for stack in READERS if stack in each and each[stack]["variables"].get("lvs_services")]
        for stack in serving or list(each):
            lost = [other for other in each if other not in (stack, "static")]
            if lost:
                notes.lost(
                    name, f"has the configuration of {' and '.join(lost)}, too. The inventory is that of {stack}"
                )
            return stack
    notes.lost("directors", "no director has a virtual server, neither in a configuration nor in its IPVS table")
    return "keepalived"


def _instances(one: Adopted) -> dict[str, Any]:
    """The VRRP instances of a director by name."""
    return {instance["name"]: instance for instance in one["hosts"].get("", {}).get("_vrrp", [])}


def _preferred(
    directors: Sequence[str],
    own: Mapping[str, Mapping[str, Any]],
    found: Mapping[str, Adopted],
    facts: Mapping[str, HostFacts],
) -> list[str]:
    """The directors in the order of preference: that of VRRP, or of heartbeat's nodes."""
    nodes = [node for one in found.values() for node in one["hosts"] if node]
    by_node = {facts[name]["hostname"]: name for name in directors}
    ordered = [by_node[node] for node in dict.fromkeys(nodes) if node in by_node]
    if ordered:
        return [*ordered, *(name for name in directors if name not in ordered)]
    return vrrp_merge.preferred(directors, own)


def _unread(host: HostFacts, name: str, notes: Notes) -> None:
    for what, why in host["unread"].items():
        notes.lost(name, f"{what} could not be read: {why}")
    if host["ours"]:
        notes.explained(
            name, f"{' '.join(host['ours'])} was written by lvs.cluster already: its own inventory says more"
        )


def _unique_names(services: list[dict[str, Any]]) -> None:
    """Names of services from several directors may be the same."""
    names: set[str] = set()
    for service in services:
        if service.get("name") in names:
            service["name"] = service_name(service, names)
        names.add(str(service.get("name")))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _service_vips(variables: Mapping[str, Any]) -> list[str]:
    return list(
        dict.fromkeys(str(vip) for service in variables.get("lvs_services", []) for vip in _listed(service.get("vip")))
    )


def _vips(variables: Mapping[str, Any]) -> list[str]:
    """The VIPs of services, and all else that VRRP moves."""
    moved = [vip for instance in variables.get("lvs_vrrp", {}).get("instances", []) for vip in instance["vips"]]
    return list(dict.fromkeys([*_service_vips(variables), *moved]))


def _addresses(
    hosts: dict[str, dict[str, Any]],
    directors: Sequence[str],
    servers: Sequence[str],
    facts: Mapping[str, HostFacts],
    own: Mapping[str, Mapping[str, Any]],
    variables: Mapping[str, Any],
    vips: Sequence[str],
    notes: Notes,
) -> None:
    """lvs_address and lvs_address6 of every host, and lvs_vrrp_address of a director that speaks elsewhere."""
    named = _server_addresses(variables)
    for name, host in hosts.items():
        fact = facts[name]
        here = own_addresses(fact, vips)
        first: Mapping[str, Any] | None = None
        if name in servers and name not in directors:
            first = next((one for address in named for one in here if one["address"] == address), None)
        devices = [str(one["interface"]) for one in own.get(name, {}).values() if one.get("interface")]
        routed = _routed(name, own.get(name, {}), here, notes)
        first = first or next((one for device in routed for one in here if one["interface"] == device), None)
        first = first or _first(fact, vips, devices[0] if devices else None)
        if first and first["family"] == "ipv6":
            same = (one for one in here if one["family"] == "ipv4" and one["interface"] == first["interface"])
            first = next(same, first)
        if first is None:
            notes.lost(name, "no address of its own was found: set lvs_address")
            continue
        host["lvs_address"] = str(first["address"])
        if first["family"] == "ipv4" and any(":" in address for address in [*vips, *named]):
            sixth = [one for one in here if one["family"] == "ipv6"]
            chosen = next((one for address in named for one in sixth if one["address"] == address), None)
            chosen = chosen or next((one for one in sixth if one["interface"] == first["interface"]), None)
            if chosen:
                host["lvs_address6"] = str(chosen["address"])
        if name in own and (vrrp := vrrp_merge.addresses(name, fact, own[name], first, vips, notes)):
            host["lvs_vrrp_address"] = vrrp


def _routed(name: str, own: Mapping[str, Any], here: Sequence[Mapping[str, Any]], notes: Notes) -> list[str]:
    """The devices of VIPs that are in no network of a director. Tells of a VIP that is on another device than its network."""
    found: dict[str, None] = {}
    for one in own.values():
        for vip, given in one["devices"].items():
            device = given or one["interface"]
            networks = [other["interface"] for other in here if holds(other, vip)]
            if not networks and device:
                found[str(device)] = None
            elif networks and device not in networks:
                notes.lost(
                    f"{name}:{one['where']}",
                    f"VIP {vip} is on {device}, and its network on {networks[0]}, where site.yml puts it: keepalived removes and adds"
                    " it, in a moment",
                )
    return list(found)


def _first(host: HostFacts, vips: Sequence[str], device: str | None) -> Mapping[str, Any] | None:
    """The address in the cluster, of the family of the VIPs."""
    four, six = (main_address(host, vips, family, device) for family in ("ipv4", "ipv6"))
    return six or four if vips and all(":" in vip for vip in vips) else four or six


def _server_addresses(variables: Mapping[str, Any]) -> list[str]:
    return list(
        dict.fromkeys(
            str(server["address"])
            for service in variables.get("lvs_services", [])
            for server in service.get("real_servers", [])
            if server.get("address")
        )
    )


def _vrrp(
    variables: dict[str, Any],
    hosts: dict[str, dict[str, Any]],
    directors: Sequence[str],
    own: Mapping[str, Mapping[str, Any]],
    facts: Mapping[str, HostFacts],
    vips: Sequence[str],
    notes: Notes,
) -> None:
    """Priorities and peers of the instances."""
    vrrp = variables.get("lvs_vrrp")
    if not vrrp or not vrrp.get("instances"):
        return
    holders = [
        name
        for name in directors
        if any(one["address"] in vips and one["interface"] != "lo" for one in facts[name]["addresses"])
    ]
    for name, found in vrrp_merge.merge(vrrp, directors, own, holders, notes).items():
        hosts[name].update(found)
    # keepalived can be given any address of a director
    speaking = {name: [str(one["address"]) for one in facts[name]["addresses"]] for name in directors}
    vrrp_merge.check_peers(own, speaking, notes)
    served = set(_service_vips(variables))
    missing = [vip for vip in served if not any(vip in instance["vips"] for instance in vrrp["instances"])]
    if missing:
        notes.lost(
            "lvs_vrrp",
            f"{' '.join(sorted(missing))} is moved by no instance: a director has it all the time, or a router sends its packets to"
            " one. Add it to the vips of an instance",
        )


def _nat(
    variables: dict[str, Any], directors: Mapping[str, HostFacts], servers: Mapping[str, HostFacts], notes: Notes
) -> None:
    """lvs_nat. The instance of the VIPs moves the gateway, too, without its name there."""
    if "lvs_nat" in variables:  # a reader knows it already
        return
    instances = variables.get("lvs_vrrp", {}).get("instances", [])
    served = _service_vips(variables)
    moved = [vip for instance in instances for vip in instance["vips"] if vip not in served]
    nat = ways_back.read(variables.get("lvs_services", []), directors, servers, moved, notes)
    if not nat:
        return
    variables["lvs_nat"] = nat
    ways = {nat.get("gateway"), nat.get("gateway6")}
    for instance in list(instances):
        instance["vips"] = [vip for vip in instance["vips"] if vip not in ways]
        if not instance["vips"]:
            instances.remove(instance)
            notes.lost(
                f"instance {instance['name']}",
                "has the gateway of lvs_nat alone. The instance of the VIPs moves it here: site.yml refuses that, unless an outage is"
                " accepted (-e lvs_accept_outage=true)",
            )


def _sync(
    variables: dict[str, Any],
    directors: Sequence[str],
    hosts: Mapping[str, Mapping[str, Any]],
    facts: Mapping[str, HostFacts],
) -> None:
    """The network of the sync daemons, if it is not that of lvs_address."""
    sync = variables.get("lvs_sync")
    device = sync.pop("_interface", None) if sync else None
    if not sync or not device or not directors:
        return
    first = facts[directors[0]]
    own = [one for one in own_addresses(first) if one["interface"] == device]
    main = hosts[directors[0]].get("lvs_address")
    if own and all(one["address"] != main for one in own):
        sync["network"] = network_of(own[0])


def _silence(
    variables: dict[str, Any],
    directors: Sequence[str],
    servers: Sequence[str],
    facts: Mapping[str, HostFacts],
    notes: Notes,
) -> list[Note]:
    """lvs_arp, by what the real servers of services with dr and tun do."""
    told: list[Note] = []
    methods: dict[str, str] = {}
    for name in servers:
        addresses = {str(one["address"]) for one in facts[name]["addresses"]}
        vips = [
            str(vip)
            for service in variables.get("lvs_services", [])
            if any(
                server.get("address") in addresses and server.get("forward", service.get("forward", "dr")) == "dr"
                for server in service.get("real_servers", [])
            )
            for vip in _listed(service.get("vip"))
        ]
        if not vips or name in directors:
            continue
        found = silence.read(facts[name], list(dict.fromkeys(vips)))
        methods[name] = found["variables"]["lvs_arp"]
        told += [
            {"level": note["level"], "where": f"{name}:{note['where']}", "text": note["text"]}
            for note in found["notes"]
        ]
    if methods:
        each = list(methods.values())
        usual = max(each, key=each.count)
        if usual != "sysctl":
            variables["lvs_arp"] = usual
        for name, method in methods.items():
            if method != usual:
                notes.lost(
                    name, f"lvs_arp is {method} there and {usual} on most: it is {usual} for all in the inventory"
                )
    return told


def _filters(hosts: dict[str, dict[str, Any]], facts: Mapping[str, HostFacts]) -> None:
    """The packet filter of hosts with firewalld, and of those with rules of iptables for IPVS."""
    for name, host in hosts.items():
        filters = facts[name]["filters"] or {}
        lines = [*filters.get("iptables", ()), *filters.get("ip6tables", ())]
        if any(one["name"] == "firewalld" for one in facts[name]["processes"]):
            host["lvs_filter"] = "firewalld"
        elif any(target in line.split() for line in lines for target in ("MARK", "REDIRECT", "MASQUERADE")):
            host["lvs_filter"] = "iptables"


def _at_boot(
    variables: dict[str, Any], stack: str, directors: Sequence[str], facts: Mapping[str, HostFacts], notes: Notes
) -> None:
    """Whether the directors begin by themselves after a boot. A table that somebody has typed does not, but should."""
    unit = UNITS.get(stack)
    told = [facts[name]["enabled"] for name in directors if "enabled" not in facts[name]["unread"]]
    # An ldirectord without heartbeat has a unit of its own
    starting = {unit, "ldirectord.service"} if stack == "ldirectord" else {unit}
    if unit and told and not any(starting & set(enabled) for enabled in told):
        variables["lvs_start_at_boot"] = False
        notes.explained("systemctl", f"{unit} does not start at boot on any director: lvs_start_at_boot is false")


def _typed(variables: Mapping[str, Any], directors: Mapping[str, HostFacts], notes: Notes) -> None:
    """Services of the IPVS tables that are in no configuration: somebody has typed them."""
    known = {key for service in variables.get("lvs_services", []) for key in _keys(service)}
    for name, host in directors.items():
        table = (host["ipvs"] or {}).get("services") or ()
        for entry in table if not host["ours"] else ():
            if not known.isdisjoint(_keys({**entry, "vip": entry["address"]})):
                continue
            what = f"fwmark {entry['fwmark']}" if entry["fwmark"] is not None else _endpoint(entry)
            notes.lost(
                f"{name}:ipvsadm",
                f"{what} is in the IPVS table, and in no configuration: somebody has typed it. The inventory does not have it. Write it"
                " there, or remove it from the table",
            )


def _keys(service: Mapping[str, Any]) -> set[Hashable]:
    """What identifies a service in the IPVS table."""
    if service.get("fwmark") is not None:
        return {int(service["fwmark"])}
    return {
        (str(vip), port, protocol)
        for vip in _listed(service.get("vip"))
        for port in _listed(service.get("port")) or [0]
        for protocol in _listed(service.get("protocol") or "tcp")
    }


def _endpoint(entry: Mapping[str, Any]) -> str:
    return f"{endpoint(entry['address'], entry['port'])}/{entry['protocol']}"


def _named(
    variables: dict[str, Any],
    hosts: Mapping[str, Mapping[str, Any]],
    servers: Sequence[str],
    facts: Mapping[str, HostFacts],
    notes: Notes,
) -> None:
    """Give real servers their names in place of their addresses."""
    by_address = {
        str(one["address"]): name
        for name in reversed(servers)
        for one in own_addresses(facts[name], _service_vips(variables))
    }
    used: set[str] = set()
    strangers: dict[str, None] = {}
    for service in variables.get("lvs_services", []):
        entries = []
        for server in service.get("real_servers", []):
            address = server.get("address")
            name = by_address.get(address)
            if name is None:
                strangers[str(address)] = None
                entries.append(server)
                continue
            used.add(name)
            entries.append(_entry(name, address, server, hosts[name], service))
        if "real_servers" in service:
            service["real_servers"] = entries
        sorry = service.get("sorry_server")
        if isinstance(sorry, dict) and (name := by_address.get(str(sorry.get("address")))):
            used.add(name)
            entry = _entry(name, sorry["address"], sorry, hosts[name], service)
            service["sorry_server"] = {"host": entry} if isinstance(entry, str) else entry
    for address in strangers:
        notes.explained(
            "lvs_services",
            f"real server {address} is no host of the group real_servers: site.yml configures nothing there. Add the host, and run"
            " adopt.yml again",
        )
    for name in servers:
        if name not in used:
            notes.explained(name, "is in the group real_servers, but no service sends anything there")


def _entry(
    name: str, address: str, server: Mapping[str, Any], host: Mapping[str, Any], service: Mapping[str, Any]
) -> Any:
    """A real server with its name; its address stays if it is not the one that the host has by default, in the family of the VIP."""
    rest = {key: value for key, value in server.items() if key != "address"}
    six = any(":" in str(vip) for vip in _listed(service.get("vip")))
    usual = next(
        (own for key in ("lvs_address6", "lvs_address") if (own := host.get(key)) and (":" in own) == six), None
    )
    entry = {"host": name, **({} if address == usual else {"address": address}), **rest}
    return name if set(entry) == {"host"} else entry


def _checked(
    variables: Mapping[str, Any],
    hosts: Mapping[str, Mapping[str, Any]],
    groups: Mapping[str, Sequence[str]],
    facts: Mapping[str, HostFacts],
) -> Iterable[tuple[bool, str]]:
    """What site.yml would say of the inventory: (False, a mistake), (True, a warning)."""
    warnings: list[str] = []
    hostvars = {name: {**variables, **own, "ansible_facts": as_facts(facts[name])} for name, own in hosts.items()}
    try:
        resolve(hostvars, groups, warnings.append)
    except InventoryMistakes as wrong:
        return [(False, f"site.yml would refuse this: {message}") for message in wrong.messages]
    return [(True, message) for message in warnings]
