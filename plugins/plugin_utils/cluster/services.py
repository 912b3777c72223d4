# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual services."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from ...module_utils.ipvs.address import canonical_netmask
from ...module_utils.ipvs.types import FLAGS_OF, PLAIN_FLAGS, binds, flags_of
from . import keys, schema
from .addresses import family_of
from .drafts import ServiceDraft
from .forwarding import resolve_method
from .health import Checked, needs_port, resolve_health
from .health_profiles import CheckTimes
from .hosts import Hosts
from .mistakes import InventoryPath, Mistakes, listed, shape, shown
from .real_servers import called, resolve_real_servers, resolve_sorry_server
from .scripts import ScriptFiles
from .service_notify import resolve_service_notify
from .types import Family, Service, TableService, health_of

BOTH_FAMILIES = ". The service has VIPs of both families: write a service for each"


def resolve_services(
    given: Any, hosts: Hosts, files: ScriptFiles, times: CheckTimes, mistakes: Mistakes
) -> list[ServiceDraft]:
    """Every service of `lvs_services`, with its defaults filled in; `times` are those of its checks."""
    path = InventoryPath("lvs_services", mistakes)
    if given is None:
        path.report(
            "is not set for any director or real server: a cluster needs its list of services (an empty list removes them all)"
        )
        return []
    if not isinstance(given, list):
        path.report(f"is {shape(given)}, not a list of services")
        return []
    services: list[ServiceDraft] = []
    names: dict[str, InventoryPath] = {}
    labels: dict[str, InventoryPath] = {}
    for index, entry in enumerate(given):
        path = InventoryPath("lvs_services", mistakes, index=index)
        if not isinstance(entry, dict):
            path.report(f"is {shape(entry)}, not a mapping")
            continue
        path.name = str(entry["name"]) if isinstance(entry.get("name"), (str, int)) else None
        own = keys.read(entry, schema.SERVICE, path)
        _check_ports(own, entry, path)
        _check_scheduler(own, path)
        by_family = _by_family(own["vip"] or ())
        way_out = BOTH_FAMILIES if len(by_family) > 1 else ""
        for family, vips in by_family.items():
            service = _service(entry, own, family, vips, way_out, hosts, files, times, path)
            if service.name is not None and (other := names.setdefault(service.name, path)) is not path:
                path.report(f"the name is already that of {other}")
            for label in service.labels:
                if (other := labels.setdefault(label, path)) is not path:
                    way_out = (
                        ": to have one service for several VIPs, ports or protocols, list them there"
                        if service.fwmark is not None
                        else ""
                    )
                    path.report(f"{label} is already the service {other}{way_out}")
            services.append(service)
    return services


def _by_family(vips: Iterable[str]) -> dict[Family | None, list[str]]:
    """VIPs by family: the kernel's services have one each. Without any VIP, what is wrong with the rest is still to be found."""
    found: dict[Family | None, list[str]] = {}
    for vip in vips:
        found.setdefault(family_of(vip), []).append(vip)
    return found or {None: []}


def _service(
    entry: dict[str, Any],
    own: Mapping[str, Any],
    family: Family | None,
    vips: list[str],
    way_out: str,
    hosts: Hosts,
    files: ScriptFiles,
    times: CheckTimes,
    path: InventoryPath,
) -> ServiceDraft:
    method = resolve_method(own["forward"], own["tunnel"], path)
    checked = Checked(own["protocol"], _portless(entry, own), times)
    service = ServiceDraft(
        path=path,
        given=frozenset(str(name) for name, value in entry.items() if value is not None),
        name=own["name"],
        vips=vips,
        family=family,
        way_out=way_out,
        ports=own["port"] if own["fwmark"] is None else own["ports"],
        fwmark=own["fwmark"],
        protocols=own["protocol"],
        scheduler=own["scheduler"],
        scheduler_flags=[flag for flag in flags_of(own["scheduler"]) if flag in (own["scheduler_flags"] or ())],
        forward=method.forward,
        tunnel=method.tunnel,
        persistence=own["persistence"],
        persistence_netmask=_netmask(own, family, way_out, path),
        persistence_engine=own["persistence_engine"],
        helper=None,
        one_packet=own["one_packet"],
        on_failure=own["on_failure"],
        quorum=own["quorum"],
        hysteresis=own["hysteresis"],
        alpha=own["alpha"],
        omega=own["omega"],
        notify=resolve_service_notify(own["notify"], path, files),
        test_page=own["test_page"],
        health=resolve_health(own["health"], checked, path.at("health"), files),
        raw=own["raw"],
    )
    service.real_servers = resolve_real_servers(own["real_servers"], service, checked, hosts, files)
    service.sorry_server = resolve_sorry_server(own["sorry_server"], service, hosts)
    service.helper = _helper(own["helper"], service)
    _ask_first_port(service)
    _check_dynamic_weights(service)
    _warn_of_refused_clients(service)
    return service


MOST_BY_SCRIPT = 253  # the highest weight that an exit code can tell
FTP_PORT = 21  # the only one for which the kernel tracks connections by itself (ip_vs_ctl.c, __ip_vs_update_dest)


def _helper(given: str | None, service: ServiceDraft) -> str | None:
    """The kernel's helper for connections that a protocol opens besides. A service on FTP's port is FTP unless it says no."""
    ports = [] if service.fwmark is not None else service.ports or []
    at = listed(ports) if ports else "that of marked packets"
    reasons = [
        *([f"protocol is {listed(service.protocols)}, but FTP is tcp"] if set(service.protocols) - {"tcp"} else []),
        *([f"port is {at}, but the helper knows FTP at port 21"] if FTP_PORT not in ports else []),
        *([] if "nat" in service.forwards else [f"forward is {service.forward}, but only nat has helpers"]),
    ]
    if given == "ftp":
        for reason in reasons:
            service.path.report(f"helper is ftp and {reason}")
    return None if reasons or given == "none" else "ftp"


def _check_dynamic_weights(service: ServiceDraft) -> None:
    for server in service.real_servers:
        if server["weight"] > MOST_BY_SCRIPT and any(
            check["dynamic_weight"] for check in health_of(server, service.health)
        ):
            service.path.report(
                f"real server {called(server)} has weight {server['weight']}, but with dynamic_weight the exit code of a script is"
                f" the weight plus 2: at most {MOST_BY_SCRIPT}"
            )


def _warn_of_refused_clients(service: ServiceDraft) -> None:
    """Warn if real servers without weight keep their clients."""
    scheduler = str(service.scheduler)
    if not binds(scheduler, service.scheduler_flags):
        return
    way_out = f"add {scheduler}-fallback to scheduler_flags" if scheduler in FLAGS_OF else "take sh with sh-fallback"
    keeps = f"the scheduler {scheduler} gives its clients to no other real server, and they are refused"
    for server in service.real_servers:
        if server["weight"] == 0:
            service.path.warn(
                f"real server {called(server)} has weight 0, but {keeps}. Remove it from the service, or {way_out}"
            )
    if service.on_failure == "quiesce":
        service.path.warn(
            f"on_failure is quiesce, so a real server whose check fails has weight 0, but {keeps}. Set on_failure to remove, or {way_out}"
        )


def _ask_first_port(service: ServiceDraft) -> None:
    """A check without a port asks the real server's own, and the service's first if the real server keeps that of the request."""
    if not service.ports or not (service.has_several_ports or service.fwmark is not None):
        return
    first = int(str(service.ports[0]).partition("-")[0])
    common = [server for server in service.real_servers if server["health"] is None]
    kept = [server for server in common if not server["port"]]
    asking = [check for check in service.health if needs_port(check)]
    if asking and kept and len(kept) < len(common):
        service.path.report(
            f"health port is missing: real server {called(kept[0])} listens on every port of the service, but others have a port of"
            " their own. Give each real server a health of its own"
        )
    elif kept or not common:
        for check in asking:
            check["port"] = first
    for server in service.real_servers:
        for check in server["health"] or ():
            if not server["port"] and needs_port(check):
                check["port"] = first


def _portless(entry: dict[str, Any], own: Mapping[str, Any]) -> bool:
    """Whether a service has no port at all. A wrong port is reported elsewhere."""
    return entry.get("ports") is None and (own["fwmark"] is not None or own["port"] == [0])


def _check_ports(own: Mapping[str, Any], entry: dict[str, Any], path: InventoryPath) -> None:
    if entry.get("fwmark") is None:
        if entry.get("port") is None:
            path.report("port is missing (or fwmark, for a service made of marked packets)")
        if own["ports"] is not None:
            path.report("ports needs fwmark: without fwmark list them in port, which has no ranges")
        if 0 in (own["port"] or ()):
            if len(own["port"]) > 1:
                path.report("port has 0, which means all ports, beside others: remove it, or the others")
            elif own["persistence"] is None:
                path.report("port is 0, which means all ports: that needs persistence")
        if len(own["protocol"]) > 1:
            path.report(
                f"protocol has {listed(own['protocol'])}, which only a service by fwmark can have together: set fwmark, and"
                " ports instead of port, or write a service for each"
            )
    elif own["port"] is not None:
        path.report("has both port and fwmark: give ports, the list of ports to mark")
    if own["persistence_engine"] == "sip" and own["protocol"] != ["udp"]:
        # ip_vs_pe_sip.c, ip_vs_sip_fill_param
        path.report(
            f"persistence_engine is sip, which drops everything but UDP, but protocol is {listed(own['protocol'])}"
        )
    if own["one_packet"] and own["protocol"] != ["udp"] and own["fwmark"] is None:
        path.report(f"one_packet is for UDP, but protocol is {listed(own['protocol'])}")


def _check_scheduler(own: Mapping[str, Any], path: InventoryPath) -> None:
    scheduler = own["scheduler"]
    for flag in own["scheduler_flags"] or ():
        if flag not in flags_of(scheduler):
            owner = next((name for name, flags in FLAGS_OF.items() if flag in flags), None)
            of = f"a flag of scheduler {owner}" if owner else f"no flag of scheduler {scheduler}"
            own_flags = (
                f"{scheduler} has {listed(FLAGS_OF[scheduler])}"
                if scheduler in FLAGS_OF
                else f"{scheduler} knows only {listed(PLAIN_FLAGS)}"
            )
            path.report(f"scheduler_flags has {flag}, {of}: {own_flags}")


def _netmask(own: Mapping[str, Any], family: Family | None, way_out: str, path: InventoryPath) -> str | None:
    """The netmask of persistence, null for the default: every address counts as one client."""
    given = own["persistence_netmask"]
    for name in ("persistence_netmask", "persistence_engine"):
        if own[name] is not None and own["persistence"] is None:
            path.report(f"{name} needs persistence, which is not set")
    if given is None or family is None:
        return None
    try:
        return canonical_netmask(str(given), family)
    except ValueError:
        wanted = "a prefix length from 1 to 128" if family == "ipv6" else "a netmask such as 255.255.255.0"
        path.report(f"persistence_netmask is {shown(given)}, not {wanted}{way_out}")
        return None


def ipvs_table(services: list[Service]) -> list[TableService]:
    """The services as lvs.cluster.ipvs_table takes them and lvs.cluster.ipvs_info returns them."""
    return [_table_entry(service) for service in services]


def _table_entry(service: Service) -> TableService:
    marked = service["fwmark"] is not None
    return {
        "address": None if marked else service["vips"][0],
        "port": None if marked else service["port"],
        "protocol": None if marked else service["protocols"][0],
        "fwmark": service["fwmark"],
        "family": service["family"],
        "scheduler": service["scheduler"],
        "scheduler_flags": service["scheduler_flags"],
        "persistence": service["persistence"],
        "persistence_netmask": service["persistence_netmask"],
        "persistence_engine": service["persistence_engine"],
        "one_packet": service["one_packet"],
        "destinations": [
            {
                "address": server["address"],
                "port": server["port"],
                "forward": server["forward"],
                "weight": server["weight"],
                "upper_threshold": server["upper_threshold"],
                "lower_threshold": server["lower_threshold"],
                "tunnel": server["tunnel"],
            }
            for server in service["real_servers"]
        ],
    }
