# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an inventory to the resolved cluster: all derived values are made here.

First everything is read, and each mistake is recorded. The parts are made only if there is no mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any, Callable, Collection, Iterable, Mapping, Sequence

from ...module_utils.drains.record import data_of
from . import inventory as inventories
from . import keys, schema, validators
from .addresses import BITS, family_of
from .check_sources import check_check_sources
from .checks import (
    check_addresses,
    check_clients,
    check_direct_routing,
    check_gateways,
    check_marks,
    check_one_segment,
    check_prefixes,
    check_real_server_addresses,
    check_return_path,
    check_routed_vips,
    check_sync,
    check_vip_networks,
    check_vips,
    check_weights,
)
from .director_part import director_parts
from .drafts import InstanceDraft, ServiceDraft
from .drain_record import settled, told_record, with_drains
from .drained import drained_services
from .guards import check_guards
from .health_profiles import read_check_times
from .heartbeat import heartbeat_part, heartbeat_vips, read_heartbeat
from .hosts import Host, Hosts, resolve_hosts
from .inventory import Inventory
from .keepalived import check_keepalived, keepalived_part, read_keepalived, worded_programs
from .ldirectord import check_ldirectord, ldirectord_part, read_ldirectord
from .localnode import check_localnodes, localnode_part
from .mail import resolve_mail
from .metrics import resolve_metrics
from .mistakes import InventoryMistakes, InventoryPath, Mistakes
from .nat import Nat, check_masquerade, check_replies, check_tracking, moved_gateways, resolve_nat
from .processes import processes
from .real_server_part import real_server_parts
from .scripts import ScriptFiles
from .services import ipvs_table, resolve_services
from .sharing import default_name, former_names, record_of, records_of
from .static import check_static
from .sync import read_sync, resolve_sync, shortest_delay
from .through_vip import check_ways, table_of_ways, ways
from .timeouts import resolve_timeouts
from .types import (
    Heartbeat,
    HostPart,
    Mail,
    Metrics,
    MovedAddress,
    OwnPart,
    ResolvedCluster,
    Stack,
    Sync,
    Timeouts,
    Vip,
    Vrrp,
)
from .vrrp import SETTLE_TIME, VrrpDraft, check_unused, resolve_vrrp

SCALARS = {name: key for name, key in schema.CLUSTER.items() if key.validator is not validators.ANYTHING}


@dataclass(frozen=True)
class _Read:
    """Everything that was read from an inventory; the settings of the daemons of other stacks are empty."""

    inventory: Inventory
    scalars: Mapping[str, Any]
    hosts: Hosts
    services: Sequence[ServiceDraft]
    vrrp: VrrpDraft | None
    vip_paths: Mapping[str, InventoryPath]
    nat: Nat
    sync: Sync | None
    sloppy: bool
    timeouts: Timeouts
    mail: Mail | None
    metrics: Metrics | None
    keepalived: Mapping[str, Any]
    ldirectord: Mapping[str, Any]
    heartbeat: Mapping[str, Any]
    files: ScriptFiles

    @property
    def stack(self) -> Stack:
        stack: Stack = self.scalars["lvs_stack"]
        return stack

    @property
    def instances(self) -> Sequence[InstanceDraft]:
        return self.vrrp.instances if self.vrrp else ()


def resolve(
    hostvars: Mapping[str, Any],
    groups: Mapping[str, Any],
    warn: Callable[[str], object] = lambda _warning: None,
    drained: Collection[str] = (),
) -> ResolvedCluster:
    """Resolve and validate a whole cluster.

    `hostvars` has the variables of every host by name, `groups` the host names of every group. `warn` is called with what
    may be wrong, but the facts cannot decide. `drained` are hosts that get no new connections for now. Returns plain dicts, lists and
    scalars, with every address, port, weight, interface and role filled in. Raises InventoryMistakes with all mistakes.
    """
    mistakes = Mistakes()
    read = _read(hostvars, groups, mistakes)
    gateways = moved_gateways(read.nat, read.instances, read.services, read.hosts, mistakes)
    _check(read, mistakes)
    if mistakes:
        raise InventoryMistakes(mistakes)
    for warning in mistakes.warnings:
        warn(warning)
    return _resolved(read, gateways, drained, warn)


def _read(hostvars: Mapping[str, Any], groups: Mapping[str, Any], mistakes: Mistakes) -> _Read:
    inventory = inventories.read(hostvars, groups, mistakes)
    if not inventory.directors:
        InventoryPath("group directors", mistakes).report("is empty or missing: a cluster needs a director")
    given = inventory.cluster
    scalars = keys.read({name: given[name] for name in SCALARS}, SCALARS, InventoryPath("", mistakes))
    stack = scalars["lvs_stack"]
    hosts = resolve_hosts(inventory, mistakes)
    # ldirectord runs scripts as root.
    files = ScriptFiles(inventory.folder, scalars["director_script_user"] if stack == "keepalived" else schema.ROOT)
    times = read_check_times(given["lvs_health"], stack, mistakes)
    services = resolve_services(given["lvs_services"], hosts, files, times, mistakes)
    vips = list(dict.fromkeys(vip for service in services for vip in service.vips))
    vrrp = resolve_vrrp(given["lvs_vrrp"], vips, services, hosts, files, mistakes) if stack == "keepalived" else None
    if vrrp is None:
        check_unused(given["lvs_vrrp"], stack, mistakes)
    vip_paths = _vip_paths(services, vrrp)
    own_sync = read_sync(given["lvs_sync"], vrrp is not None and vrrp.profile == "fast", mistakes)
    mail = resolve_mail(given["lvs_mail"], mistakes)
    ldirectord = stack == "ldirectord"
    return _Read(
        inventory=inventory,
        scalars=scalars,
        hosts=hosts,
        services=services,
        vrrp=vrrp,
        vip_paths=vip_paths,
        nat=resolve_nat(given["lvs_nat"], services, hosts, vip_paths, mistakes),
        sync=resolve_sync(own_sync, vrrp.instances if vrrp else None, hosts, bool(services), mistakes),
        sloppy=own_sync["sloppy"],
        timeouts=resolve_timeouts(given["lvs_timeouts"], mistakes),
        mail=mail,
        metrics=resolve_metrics(given["lvs_metrics"], mistakes),
        keepalived=read_keepalived(given["lvs_keepalived"], mistakes) if vrrp else {},
        ldirectord=read_ldirectord(given["lvs_ldirectord"], mail, mistakes) if ldirectord else {},
        heartbeat=read_heartbeat(given["lvs_heartbeat"], list(vip_paths), hosts, mistakes) if ldirectord else {},
        files=files,
    )


def _check(read: _Read, mistakes: Mistakes) -> None:
    """Run the checks that need everything together."""
    hosts, services = read.hosts, read.services
    check_addresses(hosts, mistakes)
    check_vips(read.vip_paths, hosts, read.inventory, moving=read.stack != "static")
    check_real_server_addresses(services, read.vip_paths, hosts)
    check_weights(services)
    check_clients(read.inventory, mistakes)
    check_one_segment(read.instances, hosts, mistakes)
    check_vip_networks(read.instances, hosts)
    check_routed_vips(read.vip_paths, hosts)
    check_prefixes(
        [vip for instance in read.instances for vip in instance.vips], hosts, InventoryPath("lvs_vrrp", mistakes)
    )
    check_gateways(read.nat, hosts, InventoryPath("lvs_nat", mistakes))
    check_return_path(services, read.nat, read.vip_paths, hosts)
    check_replies(services, read.nat)
    check_masquerade(services, read.nat, read.sync, mistakes)
    check_tracking(services, hosts)
    check_sync(services, read.sync)
    check_direct_routing(services, hosts)
    check_check_sources(services, hosts)
    check_marks(services)
    if read.scalars["lvs_peers_only"]:
        check_guards(services, read.sync, read.heartbeat, mistakes)
    check_localnodes(services, read.instances, hosts, read.stack, read.scalars["lvs_arp"], mistakes)
    if read.stack == "keepalived":
        check_keepalived(services)
        check_ways(services, hosts)
    elif read.stack == "ldirectord":
        check_ldirectord(services)
        check_prefixes(heartbeat_vips(read.heartbeat, read.vip_paths), hosts, InventoryPath("lvs_heartbeat", mistakes))
    else:
        check_static(services, hosts, read.sync, mistakes, peers_only=read.scalars["lvs_peers_only"])


def _resolved(
    read: _Read, gateways: Sequence[list[MovedAddress]], drained: Collection[str], warn: Callable[[str], object]
) -> ResolvedCluster:
    """The resolved cluster; `gateways` are those that each instance moves."""
    stack, hosts, nat, sync, arp = read.stack, read.hosts, read.nat, read.sync, read.scalars["lvs_arp"]
    vips = list(read.vip_paths)
    services = [service for draft in read.services for service in draft.finished(stack)]
    vrrp = _vrrp(read.vrrp, gateways, sync) if read.vrrp else None
    # Nothing checks with static
    scripts = (ScriptFiles(None) if stack == "static" else read.files).resolved()
    if stack == "keepalived":
        scripts["programs"] = list(dict.fromkeys([*scripts["programs"], *worded_programs(services)]))
    tracked = vrrp["trackers"]["files"] if vrrp else []
    keepalived = keepalived_part(read.keepalived, services, tracked) if stack == "keepalived" else None
    heartbeat = heartbeat_part(read.heartbeat, vips, nat, sync, hosts) if stack == "ldirectord" else None
    directors = director_parts(
        hosts,
        services,
        nat,
        stack,
        vrrp,
        keepalived,
        heartbeat,
        sync,
        read.sloppy,
        read.timeouts,
        scripts,
        hears_peers_only=read.scalars["lvs_peers_only"],
    )
    real_servers = real_server_parts(hosts, services, nat, arp)
    localnodes = {
        name: localnode_part(directors[name], real_servers[name], host, hosts, services)
        for name, host in hosts.both.items()
    }
    parts = {**directors, **real_servers, **localnodes}
    # Not before: what another director has sent to a host that directs, too, is still delivered there.
    record, forgotten = settled(
        told_record({name: one.facts for name, one in hosts.directors.items()}), services, stack
    )
    for drain in forgotten:
        warn(f"forgotten, since no service has this real server any more: {drain}")
    services = drained_services(with_drains(services, stack, record), drained)
    if stack == "keepalived":
        keepalived = keepalived_part(read.keepalived, services, tracked)
    name = read.scalars["lvs_cluster_name"] or default_name(read.inventory.directors)
    return {
        "name": name,
        "stack": stack,
        "arp": arp,
        "start_at_boot": read.scalars["lvs_start_at_boot"],
        "heal": read.scalars["lvs_heal"],
        "test_page": read.scalars["lvs_test_page"],
        "take_over": read.scalars["lvs_take_over"],
        "accept_outage": read.scalars["lvs_accept_outage"],
        "directors": list(read.inventory.directors),
        "real_servers": list(read.inventory.real_servers),
        "clients": list(read.inventory.clients),
        "vips": _vips(vips, nat, vrrp, heartbeat),
        "drained": data_of(record),  # type: ignore[typeddict-item]
        "services": services,
        "table": ipvs_table(services) + (table_of_ways(ways(services).values()) if stack == "keepalived" else []),
        "vrrp": vrrp,
        "sync": sync,
        "timeouts": read.timeouts,
        "mail": read.mail,
        "metrics": read.metrics,
        "keepalived": keepalived,
        "ldirectord": ldirectord_part(read.ldirectord, services, read.mail) if stack == "ldirectord" else None,
        "heartbeat": heartbeat,
        "hosts": {host: _beside_others(read.hosts.all[host], part, name, read) for host, part in parts.items()},
    }


def _beside_others(host: Host, part: OwnPart, name: str, read: _Read) -> HostPart:
    """A host's part, with what the host is to remember of this cluster, and which clusters it remembers now."""
    hosts, take_over = read.hosts, read.scalars["lvs_take_over"]
    directors = {director: one.address for director, one in hosts.directors.items()}
    serves = host.name in hosts.real_servers and read.scalars["lvs_test_page"]
    # keepalived and heartbeat have a director's VIPs without lvs-vip.
    waits = read.stack == "static" and host.name in directors and not read.scalars["lvs_start_at_boot"]
    page_root = host.page_root if serves else None
    record = record_of(host, part, directors, read.vip_paths, page_root, vips_at_boot=not waits)
    found = records_of(host.facts)
    former = former_names(name, record, found, take_over)
    others = sorted(other for other in found if other not in (name, *former))
    return {"role": host.role, "record": record, "former_names": former, "other_clusters": others, **part}


def _vrrp(draft: VrrpDraft, gateways: Sequence[list[MovedAddress]], sync: Sync | None) -> Vrrp:
    trackers = draft.watched.resolved()
    return {
        "skip_check_adv_addr": draft.skip_check_adv_addr,
        "garp_interval": draft.garp_interval,
        "gna_interval": draft.gna_interval,
        "startup_delay": draft.startup_delay,
        "processes": processes(draft.realtime_priority, draft.no_swap, bfd=bool(trackers["bfd"])),
        "settle_time": ceil(draft.startup_delay) + SETTLE_TIME,
        "instances": [
            instance.finished(moved, shortest_delay(instance, sync))
            for instance, moved in zip(draft.instances, gateways)
        ],
        "sync_groups": list(draft.groups),
        "trackers": trackers,
    }


def _vip_paths(services: Sequence[ServiceDraft], vrrp: VrrpDraft | None) -> dict[str, InventoryPath]:
    """Every VIP, with the place in the inventory where it is first named: services before instances."""
    paths: dict[str, InventoryPath] = {}
    for service in services:
        for vip in service.vips:
            paths.setdefault(vip, service.path)
    for instance in vrrp.instances if vrrp else ():
        for moved in instance.vips:
            paths.setdefault(moved["address"], instance.path)
    return paths


def _vips(addresses: Iterable[str], nat: Nat, vrrp: Vrrp | None, heartbeat: Heartbeat | None) -> list[Vip]:
    """Every VIP once, with the VRRP instance that moves it, if any. The gateways of NAT come last."""
    held: dict[str, tuple[str | None, int]] = {
        vip["address"]: (instance["name"], vip["prefix"])
        for instance in (vrrp["instances"] if vrrp else [])
        for vip in (*instance["vips"], *instance["gateways"])
    }
    held.update({vip["address"]: (None, vip["prefix"]) for vip in (heartbeat["vips"] if heartbeat else [])})
    gateways = frozenset(nat.gateways.values())
    result: list[Vip] = []
    for address in (*addresses, *nat.gateways.values()):
        family = family_of(address)
        name, prefix = held.get(address, (None, BITS[family]))
        result.append(
            {
                "address": address,
                "family": family,
                "prefix": prefix,
                "instance": name,
                "gateway": address in gateways,
            }
        )
    return result
