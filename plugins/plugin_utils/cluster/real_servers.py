# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real servers of a service, and its sorry server."""

from __future__ import annotations

from typing import Any, Mapping

from ...module_utils.ipvs.types import endpoint
from . import keys, schema
from .addresses import FAMILY_NAMES, LOOPBACK, family_of, known, parse
from .drafts import ServiceDraft
from .forwarding import UNTRANSLATED, Method, own_method
from .health import Checked, resolve_health
from .hosts import Host, Hosts
from .mistakes import InventoryPath, listed, near_hint, shape
from .scripts import ScriptFiles
from .service_notify import resolve_real_server_notify
from .types import Family, Forward, RealServer, SorryServer, health_of

SERVER = "a host name or a mapping"
_BARE: dict[str, Any] = {name: key.default for name, key in schema.REAL_SERVER.items()}


def resolve_real_servers(
    given: Any, service: ServiceDraft, checked: Checked, hosts: Hosts, files: ScriptFiles
) -> list[RealServer]:
    """The service's real servers in the inventory's order; the whole group if none are listed."""
    path = service.path
    if given is None:
        if not hosts.real_servers:
            path.report(
                "real_servers is left out, which means the group real_servers, but that group is empty or missing"
            )
        given = list(hosts.real_servers)
    elif not isinstance(given, list):
        path.report(f"real_servers is {shape(given)}, not a list")
        return []
    elif not given:
        path.report("real_servers is empty: leave it out for the whole group, or remove the service from lvs_services")
    result = []
    seen: dict[tuple[str, int], int] = {}
    for index, entry in enumerate(given):
        server = _real_server(entry, service, checked, hosts, files, path.at("real_servers", index))
        if server is None:
            continue
        first = seen.setdefault((server["address"], server["port"]), index)
        if first == index:
            result.append(server)
        else:
            path.report(
                f"real server {called(server)} is listed twice: real_servers[{first}] and real_servers[{index}]"
            )
    return result


def _real_server(
    entry: Any, service: ServiceDraft, checked: Checked, hosts: Hosts, files: ScriptFiles, path: InventoryPath
) -> RealServer | None:
    # A bare name is the usual case, and there may be a hundred thousand of them
    own = {**_BARE, "host": entry} if isinstance(entry, str) else keys.read(entry, schema.REAL_SERVER, path, SERVER)
    method = own_method(own["forward"], own["tunnel"], Method(service.forward, service.tunnel), path)
    health = None if own["health"] is None else resolve_health(own["health"], checked, path.at("health"), files)
    notify = resolve_real_server_notify(own["notify"], path, files)
    found = _locate(entry, own, service, method, hosts, path)
    if found is None:
        return None
    name, address = found
    weight, upper, lower = own["weight"], own["upper_threshold"], own["lower_threshold"]
    if weight is None:
        weight = hosts.real_servers[name].weight if name else 1
    server: RealServer = {
        "host": name,
        "address": address,
        "port": _port(own["port"], service, method.forward, name or address, path),
        "weight": weight,
        "inventory_weight": weight,
        "upper_threshold": upper,
        "lower_threshold": lower,
        "forward": method.forward,
        "tunnel": method.tunnel,
        "health": health,
        "notify": notify,
        "raw": list(own["raw"]),
    }
    if lower > upper:
        path.report(f"lower_threshold is {lower}, above upper_threshold, which is {upper or 'not set'}")
    if special := known(address).special:
        path.report(f"address is {address}, {special}")
    return server


def resolve_sorry_server(given: Any, service: ServiceDraft, hosts: Hosts) -> SorryServer | None:
    """The server that answers while no real server is available: `host`, `address`, `port`."""
    if given is None:
        return None
    path = service.path.at("sorry_server")
    own = keys.read({"host": given} if isinstance(given, str) else given, schema.SORRY_SERVER, path, SERVER)
    director = hosts.directors.get(own["host"]) if isinstance(own["host"], str) else None
    if director and director.name not in hosts.real_servers:
        address = _on_director(own["address"], director, service, hosts, path)
        if address is None:
            return None
        own = {**own, "host": None, "address": address}
    method = Method(service.forward, service.tunnel)
    found = _locate(given, own, service, method, hosts, path)
    if found is None:
        return None
    name, address = found
    # Packets for a page on the director itself are delivered locally, not forwarded: IPVS drops what NAT would send to a
    # loopback address (ip_vs_xmit.c, ip_vs_nat_xmit), but not what it sends to another address of the director
    loopback = known(address).special == LOOPBACK
    local = name is None and (loopback or (method.forward == "tun" and _is_directors(address, hosts)))
    sorry: SorryServer = {
        "host": name,
        "address": address,
        "port": _port(own["port"], service, method.forward, name or address, path),
        "forward": "dr" if local else method.forward,
        "tunnel": None if local else method.tunnel,
    }
    if any(server["address"] == address and server["port"] == sorry["port"] for server in service.real_servers):
        path.report(f"{called(sorry)} is also a real server of the service: it would be down when it is needed")
    if local and service.family and service.forward == "tun" and family_of(address) != service.family:
        path.report(
            f"address is {address}, but the VIP is {FAMILY_NAMES[service.family]}: a page on the directors themselves is"
            f" reached without a tunnel, at {'::1' if service.family == 'ipv6' else '127.0.0.1'}{service.way_out}"
        )
    if loopback and service.fwmark is None and service.ports and sorry["port"] != _shared(service):
        right = f"set port to {_shared(service)}, not {sorry['port']}" if _shared(service) else "leave port out"
        path.report(f"address is {address}, the directors themselves, where packets keep their port: {right}")
    if not all(health_of(server, service.health) for server in service.real_servers):
        path.report("is never used: health type is none, so nothing notices that the real servers are down")
    return sorry


def _on_director(
    address: str | None, director: Host, service: ServiceDraft, hosts: Hosts, path: InventoryPath
) -> str | None:
    """The address of a page on the only director; one of several would get connections that the others have taken."""
    if len(hosts.directors) > 1:
        path.report(
            f"{director.name} is a director: name a real server, or give address 127.0.0.1 for a page on the directors themselves"
        )
        return None
    if address is not None:
        _check_own(director, address, path)
        return address
    own = director.addresses.get(service.family) if service.family else None
    if service.family and own is None:
        _report_no_address(director, service.family, path)
    return own


def _is_directors(address: str, hosts: Hosts) -> bool:
    return any(address in director.own_addresses for director in hosts.directors.values())


def _report_no_address(host: Host, family: Family, path: InventoryPath) -> None:
    what, variable = FAMILY_NAMES[family], f"lvs_address{'6' if family == 'ipv6' else ''}"
    if host.facts:
        path.report(f"host {host.name} has no {what} address: set its {variable}")
    else:
        path.report(
            f"host {host.name} did not answer when asked for its {what} address: repair the host, or set its {variable}"
        )


def _locate(
    entry: Any, own: Mapping[str, Any], service: ServiceDraft, method: Method, hosts: Hosts, path: InventoryPath
) -> tuple[str | None, str] | None:
    """Host and address of an entry; the host is None if the address is not in the inventory."""
    name, address, family = own["host"], own["address"], service.family
    if name is not None:
        if not isinstance(name, str) or name not in hosts.real_servers:
            if isinstance(name, str) and parse(name):
                path.report(f"{name} is an address, not a host of the group real_servers: write {{address: {name}}}")
            else:
                near = near_hint(name, hosts.real_servers, "name there")
                path.report(f"host {name} is not in the group real_servers{near}")
            return None
        host = hosts.real_servers[name]
        if address is not None:
            _check_own(host, address, path)
            _check_family(address, service, method, path)
            return name, address
        # A tunnel can carry IPv6 over IPv4
        four = host.addresses.get("ipv4") if method.forward == "tun" else None
        address = (host.addresses.get(family) if family else None) or four
        if address is None:
            if host.address and family:
                _report_no_address(host, family, path)
            return None
        return name, address
    if address is None:
        if isinstance(entry, dict) and entry.get("address") is None:
            path.report("has neither host nor address")
        return None
    if address in service.vips:
        path.report(
            f"address is {address}, which is {'the VIP itself' if len(service.vips) == 1 else 'a VIP of the service'}"
        )
    _check_known(address, method, hosts, path)
    _check_family(address, service, method, path)
    return hosts.by_address.get(address), address


def _check_known(address: str, method: Method, hosts: Hosts, path: InventoryPath) -> None:
    """An address alone must not be one by which a host of the inventory is not known (with facts). NAT needs no VIP on the host."""
    for director in hosts.directors.values():
        # With one director IPVS delivers locally. Two directors would send connections to each other in a loop
        if address in director.own_addresses and address not in hosts.by_address and len(hosts.directors) > 1:
            way_out = (
                "List it by its name"
                if director.name in hosts.real_servers
                else f"Use a host that is not a director, or put {director.name} into the group real_servers, too"
            )
            path.report(
                f"address is {address}, which is director {director.name}: the directors would send its connections in a circle."
                f" {way_out}"
            )
    owners = hosts.by_other_address.get(address, ())
    if len(owners) == 1 and address not in hosts.by_address and method.forward != "nat":
        path.report(
            f"address is {address}, which is host {owners[0]}, but without its name nothing is set up there for the service: write"
            f" {{host: {owners[0]}, address: {address}}}"
        )


def _check_own(host: Host, address: str, path: InventoryPath) -> None:
    """A host that is listed with an address must have that address (with facts)."""
    if (
        address not in (own := [*host.addresses.values(), *(network.address for network in host.networks)])
        and host.networks
    ):
        path.report(f"address is {address}, which host {host.name} does not have (it has {listed(dict.fromkeys(own))})")


def _check_family(address: str, service: ServiceDraft, method: Method, path: InventoryPath) -> None:
    family = service.family
    if family and method.forward != "tun" and family_of(address) != family:
        path.report(
            f"address is {address}, but the VIP is {FAMILY_NAMES[family]}: only forward tun mixes families{service.way_out}"
        )
    # ip6tnl0 on the real server unpacks nothing else (net/ipv6/ip6_tunnel.c)
    wraps = method.tunnel["type"] if method.tunnel else None
    if family == "ipv4" and wraps not in (None, "gre") and family_of(address) == "ipv6":
        path.report(
            f"address is {address}: a tunnel of type {wraps} over IPv6 carries only IPv6, but the VIP is IPv4 (gre carries both)"
        )


def _port(own: int | None, service: ServiceDraft, forward: Forward, called_by: str, path: InventoryPath) -> int:
    """The port at which packets reach a server: the service's, unless the forwarding method can translate it."""
    if service.fwmark is not None:
        if own is not None:
            path.report(f"port is {own}, but a fwmark service keeps the port that was asked for: leave it out")
        return 0
    shared = _shared(service)
    if own is None or own == shared:
        return shared
    if forward in UNTRANSLATED and service.ports:
        what = "sorry server" if path.key == "sorry_server" else "real server"
        of = f"the service has {listed(service.ports)}" if service.ports[0] else "the service has all of them"
        service.path.report(
            f"forward is {forward}, which cannot translate ports: {what} {called_by} has port {own}, {of}"
        )
        return shared
    return own


def _shared(service: ServiceDraft) -> int:
    """The port of a service. 0 stands for all ports, for several, and for a missing one, which is reported elsewhere."""
    return int(service.ports[0]) if service.ports and len(service.ports) == 1 else 0


def called(server: RealServer | SorryServer) -> str:
    """The name of a server in a message."""
    at = endpoint(server["address"], server["port"]) if server["port"] else server["address"]
    return f"{server['host']} ({at})" if server["host"] else at
