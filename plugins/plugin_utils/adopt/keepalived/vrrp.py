# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VRRP instances and groups of a keepalived.conf as `lvs_vrrp`. Sources: vrrp_parser.c and vrrp_data.c of 2.2.7.

What a director says of itself alone, such as its priority, is an `OwnInstance`: vrrp_merge.py compares those of all directors.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Mapping, Sequence, TypedDict

from ...cluster import schema
from ...cluster.addresses import BITS, family_of, parse
from ..networks import holds, own_addresses
from ..notes import Notes
from ..types import HostFacts
from .blocks import Line
from .taking import Taking, number, put
from .tracking import Definitions, read_notify, read_track

DEFAULT_PRIORITY = 100
LONGEST_PASSWORD = 8  # vrrp_parser.c cuts what is longer
# At the level of lvs_vrrp alone; the global word for all instances
GARP = {
    "garp_master_delay": "vrrp_garp_master_delay",
    "garp_master_repeat": "vrrp_garp_master_repeat",
    "garp_master_refresh": "vrrp_garp_master_refresh",
}
NOT_RAW = {
    # vrrp.c of 2.2.7, vrrp_exist
    "use_vmac_addr": "with lvs_vrrp.vmac each VIP in another network has a MAC address of the virtual router. keepalived begins the"
    " instance anew without that word, so its VIPs may be gone for some seconds at the first site.yml",
    "vrf": "instances have no vrf here",
    "no_accept": "it drops what IPVS should forward",
    "strict_mode": "it forbids what the roles rely on",
    "native_ipv6": "the first VIP decides",
    "linkbeat_use_polling": "keepalived has given it up",
}


@dataclass(frozen=True)
class Ways:
    """The addresses of a host that are no VIPs. Without any of them nothing is known of its networks."""

    own: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, host: HostFacts, top: Line) -> Ways:
        """Those of a host with a configuration, whose VIPs may be there now."""
        blocks = ("virtual_ipaddress", "virtual_ipaddress_excluded")
        vips = {
            line.name.partition("/")[0]
            for instance in top.inside
            for inner in instance.inside
            if inner.name in blocks
            for line in inner.inside
        }
        return cls(own_addresses(host, vips))

    def lead(self, device: str | None, router: str) -> bool:
        """Whether a router is on networks of one device: this one, if it is given."""
        if not self.own:
            return True
        found = {str(one["interface"]) for one in self.own if holds(one, router)}
        return found == {device} if device else bool(found)


class OwnInstance(TypedDict):
    """An instance as one director has it."""

    name: str
    where: str
    priority: int
    interface: str | None
    source: str | None
    peers: list[str]
    devices: dict[str, str | None]  # of the VIPs; None is that of the instance


def read(
    top: Line,
    common: dict[str, Any],
    garp: Mapping[str, float],
    version: int,
    definitions: Definitions,
    host: HostFacts,
    notes: Notes,
) -> list[OwnInstance]:
    """Add the instances and groups to lvs_vrrp, `common`; `garp` and `version` are the defaults of global_defs."""
    ways = Ways.of(host, top)
    instances: list[dict[str, Any]] = []
    prefixes: list[tuple[str, str, int]] = []
    own: list[OwnInstance] = []
    waits: list[dict[str, float]] = []
    for line in top.inside:
        if line.name == "vrrp_instance" and line.word(1):
            block = Taking(line, "vrrp_instance", notes)
            instance, about = _instance(block, version, prefixes, definitions, ways, notes)
            wait = {name: block.number(name) for name in GARP}
            waits.append({name: value if value is not None else garp[name] for name, value in wait.items()})
            if lines := block.raw(NOT_RAW):
                instance["raw"] = lines
            instances.append(instance)
            own.append(about)
    _garp(common, instances, waits)
    _prefix(common, prefixes, notes)
    groups = [
        one for line in top.inside if line.name == "vrrp_sync_group" and (one := _group(line, own, definitions, notes))
    ]
    if instances:
        common["instances"] = instances
    if groups:
        common["sync_groups"] = groups
    return own


def _instance(
    block: Taking,
    version: int,
    prefixes: list[tuple[str, str, int]],
    definitions: Definitions,
    ways: Ways,
    notes: Notes,
) -> tuple[dict[str, Any], OwnInstance]:
    name, where = block.line.word(1), block.where
    instance: dict[str, Any] = {"name": name, "vips": []}
    router = block.number("virtual_router_id")
    macvlan = _vmac(instance, block, router, notes)
    devices: dict[str, str | None] = {}
    for word in ("virtual_ipaddress", "virtual_ipaddress_excluded"):
        devices |= _addresses(block, word, prefixes, notes, macvlan=macvlan, vmac="vmac" in instance)
    instance["vips"] = list(devices)
    put(instance, schema.INSTANCE, "virtual_router_id", router, where, notes)
    own_version = block.number("version") or version
    six = bool(devices) and family_of(next(iter(devices))) == "ipv6"
    if own_version == 3 and not six:
        instance["version"] = 3
    interval = block.number("advert_int")
    if interval not in (None, 1):
        instance["advert_interval"] = interval
    adverts = block.number("down_timer_adverts")
    if adverts not in (None, 3):
        instance["down_timer_adverts"] = adverts
    _password(instance, block, 3 if six else int(own_version), notes)
    state = (block.value("state") or "BACKUP").upper()
    _preemption(instance, block, state, notes)
    priority = block.number("priority")
    priority = DEFAULT_PRIORITY if priority is None else int(priority)
    peers = [line.name for line in block.inside("unicast_peer")]
    if peers:
        instance["unicast"] = True
    if peers and "vmac" in instance:
        block.all("vmac_xmit_base")
    about: OwnInstance = {
        "name": name,
        "where": where,
        "priority": priority,
        "interface": block.value("interface"),
        "source": block.value("unicast_src_ip") if peers else None,
        "peers": peers,
        "devices": devices,
    }
    if track := read_track(block, definitions, notes):
        track["interfaces"] = [one for one in track.get("interfaces", []) if one != about["interface"]]
        instance["track"] = {kind: entries for kind, entries in track.items() if entries}
    instance = {key: value for key, value in instance.items() if value not in ({}, None)}
    if notify := read_notify(block, "INSTANCE", name, priority, notes):
        instance["notify"] = notify
    _routes(instance, block, ways, macvlan, notes)
    if "skip_check_adv_addr" in (line.name for line in block.left):
        instance["_skip_check"] = block.flag("skip_check_adv_addr")
    sync = block.value("lvs_sync_daemon_interface", "lvs_sync_daemon")
    if sync:
        instance["_sync"] = sync
    return instance, about


def _vmac(instance: dict[str, Any], block: Taking, router: float | None, notes: Notes) -> str | None:
    """Set vmac. Returns the name of the interface that keepalived makes for it, None if nobody has chosen one."""
    line = block.last("use_vmac")
    if line is None:
        return None
    instance["vmac"] = True
    told = line.words[1:3]
    if address := next((word for word in told if ":" in word), None):
        notes.lost(
            line.where,
            f"use_vmac has the MAC address {address}. With vmac it is that of the virtual router, and a reload of keepalived that changes"
            " it loses the VIPs: site.yml refuses that. Remove the address on all directors before, and restart keepalived on each, the"
            " backups first",
        )
    name = next((word for word in told if ":" not in word), None)
    if name and name != f"vrrp.{router}":
        notes.explained(
            line.where,
            f"use_vmac names its interface {name}. keepalived keeps it until it starts anew, such as after a boot, and then chooses a"
            f" name itself, such as vrrp.{router}. Change what names {name}, such as rules of a packet filter",
        )
    return name


def _addresses(
    block: Taking, word: str, prefixes: list[tuple[str, str, int]], notes: Notes, *, macvlan: str | None, vmac: bool
) -> dict[str, str | None]:
    """The addresses of a block with their devices, without the one that the roles have in their adverts.

    `macvlan` is the interface that the instance makes for its `vmac`: an address there is on the interface of the instance.
    """
    found: dict[str, str | None] = {}
    for line in block.inside(word):
        text, _slash, length = line.name.partition("/")
        address = parse(text)
        if address is None:
            notes.lost(line.where, f"{line.name} is no address")
            continue
        if "lo" in line.words[1:]:
            continue
        if address.special:
            lost = f"{address.text} is no VIP that an inventory takes: it goes."
            refused = " The adverts have it, so site.yml refuses that, unless an outage is accepted (-e lvs_accept_outage=true)"
            notes.lost(line.where, lost + (refused if word == "virtual_ipaddress" else ""))
            continue
        found[address.text] = None
        prefixes.append((line.where, address.text, int(length) if length.isdigit() else BITS[address.family]))
        words = [one for one in line.words[1:] if one != "use_vmac" or not vmac]
        if "dev" in words[:-1]:
            at = words.index("dev")
            found[address.text] = words[at + 1] if words[at + 1] != macvlan else None
            del words[at : at + 2]
        if words:
            notes.lost(
                line.where,
                f"VIP {address.text} has {' '.join(words)}, which VIPs of services cannot have: keepalived removes the address and"
                " adds it without that, in a moment, at the first site.yml",
            )
    return found


def _password(instance: dict[str, Any], block: Taking, version: int, notes: Notes) -> None:
    for line in block.all("authentication"):
        inner = Taking(line, "authentication", notes)
        kind, password = inner.value("auth_type"), inner.value("auth_pass")
        if version == 3:
            notes.explained(line.where, "VRRP version 3 has no authentication, and keepalived ignores the password")
        elif kind == "AH":
            notes.lost(
                line.where,
                "auth_type AH has no key. Change it to PASS on all directors before site.yml, or accept an outage"
                " (-e lvs_accept_outage=true)",
            )
        elif password and kind != "PASS":
            notes.explained(
                line.where,
                f"auth_type is {kind or 'not set'}, so keepalived ignores the password: the instance has none in the inventory",
            )
        elif password:
            if len(password) > LONGEST_PASSWORD:
                notes.explained(
                    line.where, f"auth_pass has {len(password)} characters, and keepalived uses the first 8"
                )
            put(instance, schema.INSTANCE, "auth_pass", password[:LONGEST_PASSWORD], line.where, notes)


def _preemption(instance: dict[str, Any], block: Taking, state: str, notes: Notes) -> None:
    """Whether a director with a higher priority takes the VIPs. With state MASTER keepalived does not know nopreempt."""
    line = block.last("nopreempt")
    block.all("preempt")
    delay = block.last("preempt_delay")
    if line is not None:
        instance["preempt"] = False
        if state == "MASTER":
            notes.explained(
                line.where,
                "keepalived ignores nopreempt beside state MASTER. In the inventory preempt is false, and every director begins as"
                " BACKUP: a director that returns leaves the VIPs where they are",
            )
    if delay is not None and line is not None:
        notes.explained(delay.where, "with nopreempt there is nothing to delay")
    elif delay is not None:
        instance["preempt_delay"] = number(delay.word(1)) or 0
    elif line is None:
        notes.explained(
            block.where.rpartition(":")[0],
            "instances have no preempt_delay: a director that returns takes the VIPs back at once. site.yml lets it check the real"
            " servers first. Set preempt_delay to 0 for what was before",
        )


def _routes(instance: dict[str, Any], block: Taking, ways: Ways, macvlan: str | None, notes: Notes) -> None:
    for word, key, level, names in (
        (
            "virtual_routes",
            "routes",
            schema.ROUTE,
            {"via": "via", "src": "source", "table": "table", "metric": "metric", "dev": "dev"},
        ),
        ("virtual_rules", "rules", schema.RULE, {"from": "from", "to": "to", "table": "table", "priority": "priority"}),
    ):
        left: list[Line] = []
        for line in block.inside(word):
            entry = _route(line, key, names)
            device = entry.pop("dev", None) if entry else None
            fits: dict[str, Any] = {}
            silent = Notes()
            if not entry or not all(put(fits, level, name, value, line.where, silent) for name, value in entry.items()):
                left.append(line)
            elif key == "routes" and not ways.lead(None if device == macvlan else device, entry["via"]):
                notes.raw(
                    line.where,
                    f"the route to {entry['to']} leaves by {device or 'the network of a VIP'}, and one of the inventory by the only network"
                    f" of the director that holds {entry['via']}: kept in raw of the instance",
                )
                _keep(instance, word, [line])
            else:
                instance.setdefault(key, []).append(entry)
        if left:
            notes.raw(left[0].where, f"what {word} has without a key: kept in raw of the instance")
            _keep(instance, word, left)


def _keep(instance: dict[str, Any], word: str, lines: Sequence[Line]) -> None:
    """Keep the lines of an inner block in raw."""
    texts = [text for line in lines for text in line.texts()]
    instance["raw"] = [*instance.get("raw", []), f"{word} {{", *texts, "}"]


def _route(line: Line, key: str, names: Mapping[str, str]) -> dict[str, Any] | None:
    """`NETWORK via ROUTER src ADDRESS table N metric N dev NAME`, or a rule; None if there is more in it."""
    words = list(line.words)
    entry: dict[str, Any] = {}
    if key == "routes":
        words = words[1:] if words[0] == "to" else words
        entry["to"] = words.pop(0) if words else ""
    while words:
        word = words.pop(0)
        if word not in names or not words:
            return None
        value = words.pop(0)
        entry[names[word]] = int(value) if value.isdigit() else value
    needed = ("to", "via") if key == "routes" else ("table", "priority")
    return entry if all(name in entry for name in needed) else None


def _garp(common: dict[str, Any], instances: Sequence[dict[str, Any]], waits: Sequence[Mapping[str, float]]) -> None:
    """Set what all instances have in common; what differs is a line of the instance."""
    for name in GARP:
        values = [wait[name] for wait in waits]
        if not values:
            continue
        usual = max(values, key=values.count)
        if usual != schema.VRRP[name].default:
            common[name] = usual
        for instance, value in zip(instances, values):
            if value != usual:
                instance["raw"] = [*instance.get("raw", []), f"{name} {value}"]


def _prefix(common: dict[str, Any], prefixes: Sequence[tuple[str, str, int]], notes: Notes) -> None:
    """The prefix length of the VIPs on the director, which is one for all of a family."""
    unusual = [length for _where, address, length in prefixes if length != BITS[family_of(address)]]
    if not unusual:
        return
    usual = Counter(unusual).most_common(1)[0][0]
    common["vip_prefix"] = usual
    for where, address, length in prefixes:
        bits = BITS[family_of(address)]
        will_be = usual if (usual <= 32) == (bits == 32) else bits
        if length != will_be:
            notes.lost(
                where,
                f"VIP {address} has prefix length {length}, and would have {will_be}, since vip_prefix is for all: keepalived removes"
                " and adds the address, in a moment, at the first site.yml",
            )


def _group(line: Line, own: Sequence[OwnInstance], definitions: Definitions, notes: Notes) -> dict[str, Any] | None:
    block = Taking(line, "vrrp_sync_group", notes)
    names = [one["name"] for one in own]
    listed = [word for inner in block.inside("group") for word in inner.words]
    bare = [one for one in block.left if one.name in names]
    block.left = [one for one in block.left if one not in bare]
    if bare and not listed:
        notes.explained(
            bare[0].where,
            "the instances of a group stand in a block group { }: keepalived ignores them without it, and so does adopt",
        )
    members = [name for name in listed if name in names]
    if len(members) < 2:
        notes.explained(
            line.where,
            f"the group {line.word(1)} has less than two instances: nothing moves together, so it is left out",
        )
        return None
    group: dict[str, Any] = {"name": line.word(1), "instances": members}
    if track := read_track(block, definitions, notes):
        group["track"] = track
    # The roles tell its scripts this priority
    if notify := read_notify(block, "GROUP", line.word(1), 0, notes):
        group["notify"] = notify
    for word in ("global_tracking", "sync_group_tracking_weight"):
        for one in block.all(word):
            notes.explained(one.where, f"{word}: the group tracks with its own track")
    if lines := block.raw({"notify_deleted": "keepalived takes it in instances only"}):
        group["raw"] = lines
    return group
