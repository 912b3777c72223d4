# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a keepalived.conf says of VRRP and of virtual servers: keepalived.conf(5)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any, Iterator, Mapping

from .blocks import Block, read
from .services import Check, Destination, Key, Service, normal

CHECKS = {
    "HTTP_GET",
    "SSL_GET",
    "TCP_CHECK",
    "UDP_CHECK",
    "SMTP_CHECK",
    "DNS_CHECK",
    "MISC_CHECK",
    "PING_CHECK",
    "FILE_CHECK",
    "BFD_CHECK",
}
METHODS = {"NAT": "nat", "DR": "dr", "TUN": "tun"}
# vrrp_data.c; persistence_timeout without a number (check_parser.c)
DEFAULT_PRIORITY = 100
DEFAULT_PERSISTENCE = 360
MOST_IN_A_RANGE = 256


@dataclass(frozen=True)
class Instance:
    """A VRRP instance. `secret` is a hash of auth_pass, null without authentication."""

    name: str
    interface: str | None
    router_id: int | None
    priority: int
    advert_interval: float
    version: int
    secret: str | None
    family: str
    # Those of the adverts, and all that move; each with its interface, null for the instance's
    advertised: tuple[str, ...]
    vips: Mapping[str, str | None]
    peers: tuple[str, ...]
    source: str | None


@dataclass(frozen=True)
class Configuration:
    """The instances and services of a keepalived.conf, and whether it wants connections synchronised."""

    instances: tuple[Instance, ...]
    services: tuple[Service, ...]
    sync: bool


def parse(text: str, hostname: str = "") -> Configuration:
    """Return what a configuration says. Blocks that cannot be understood are left out: the doctor does not check syntax."""
    top = read(text, (hostname, hostname.partition(".")[0]))
    defaults = list(top.all("global_defs"))
    version = next((int(value) for one in defaults if (value := one.value("vrrp_version")) in ("2", "3")), 2)
    groups = {
        one.words[1]: [line.words for line in one.inside if line.words]
        for one in top.all("virtual_server_group")
        if len(one.words) > 1
    }
    return Configuration(
        tuple(_instance(block, version) for block in top.all("vrrp_instance") if len(block.words) > 1),
        tuple(service for block in top.all("virtual_server") for service in _services(block, groups)),
        any(list(one.all("lvs_sync_daemon")) for one in defaults),
    )


def _instance(block: Block, version: int) -> Instance:
    advertised = dict(_addresses(block, "virtual_ipaddress"))
    moved = {**advertised, **dict(_addresses(block, "virtual_ipaddress_excluded"))}
    peers = [words[0] for words in block.lines("unicast_peer")]
    authentication = next(iter(block.all("authentication")), None)
    own = block.value("version")
    version = int(own) if own in ("2", "3") else version
    six = bool(list(block.all("native_ipv6"))) or any(":" in address for address in advertised)
    return Instance(
        name=block.words[1],
        interface=block.value("interface"),
        router_id=_number(block.value("virtual_router_id")),
        priority=_number(block.value("priority")) or DEFAULT_PRIORITY,
        advert_interval=_float(block.value("advert_int")) or 1.0,
        # VRRP of IPv6 is version 3
        version=3 if six else version,
        secret=authentication.value("auth_pass") if authentication else None,
        family="ipv6" if six else "ipv4",
        advertised=tuple(advertised),
        # The address of adverts on lo is none that clients ask
        vips={address: device for address, device in moved.items() if device != "lo"},
        peers=tuple(peer for peer in map(normal, peers) if peer),
        source=normal(block.value("unicast_src_ip", "mcast_src_ip") or ""),
    )


def _addresses(block: Block, name: str) -> Iterator[tuple[str, str | None]]:
    for words in block.lines(name):
        address = normal(words[0].partition("/")[0])
        if address:
            yield address, words[words.index("dev") + 1] if "dev" in words[:-1] else None


def _services(block: Block, groups: Mapping[str, list[list[str]]]) -> Iterator[Service]:
    protocol = (block.value("protocol") or "TCP").lower()
    checks = tuple(
        _check(one)
        for server in block.all("real_server")
        for one in server.inside
        if one.words[:1] and one.words[0] in CHECKS
    )
    checks += tuple(_check(one) for one in block.inside if one.words[:1] and one.words[0] in CHECKS)
    method = METHODS.get((block.value("lvs_method", "lb_kind") or "").upper())
    for key in _keys(block.words[1:], protocol, _family(block), groups):
        destinations = [
            _destination(server.words[1:], server, method, key.port or 0) for server in block.all("real_server")
        ]
        sorry = next((line.words[1:] for line in block.all("sorry_server")), None)
        yield Service(
            key=key,
            scheduler=block.value("lvs_sched", "lb_algo"),
            persistence=_persistence(block),
            destinations={(one.address, one.port): one for one in destinations if one},
            sorry=_end(sorry, key.port or 0) if sorry else None,
            checks=checks,
            weights_vary=_weights_vary(block, checks),
        )


def _family(block: Block) -> str:
    """The family of a service with a mark: as it says, or that of its real servers (check_data.c)."""
    given = block.value("ip_family")
    if given:
        return "ipv6" if given == "inet6" else "ipv4"
    servers = [line.words[1] for line in block.all("real_server", "sorry_server") if len(line.words) > 1]
    return "ipv6" if any(":" in address for address in servers) else "ipv4"


def _persistence(block: Block) -> int | None:
    if not list(block.all("persistence_timeout")):
        return None
    return _number(block.value("persistence_timeout")) or DEFAULT_PERSISTENCE


def _weights_vary(block: Block, checks: tuple[Check, ...]) -> bool:
    kinds = {check.kind for check in checks}
    words = {word for server in block.all("real_server") for one in server.inside for word in _first_words(one)}
    own = {word for one in block.inside for word in one.words[:1]}
    return bool(kinds & {"FILE_CHECK", "BFD_CHECK"}) or bool((words | own) & {"misc_dynamic", "inhibit_on_failure"})


def _first_words(block: Block) -> Iterator[str]:
    yield from block.words[:1]
    for one in block.inside:
        yield from one.words[:1]


def _keys(words: list[str], protocol: str, family: str, groups: Mapping[str, list[list[str]]]) -> Iterator[Key]:
    """The services of `IP PORT`, `fwmark N`, `group NAME`, and of the lines of a group: `IP[-LAST] PORT`, `fwmark N`."""
    if words[:1] == ["group"]:
        for line in groups.get(words[1], []) if len(words) > 1 else []:
            yield from _keys(line, protocol, family, {})
    elif words[:1] == ["fwmark"] and len(words) > 1 and words[1].isdigit():
        yield Key(None, None, None, int(words[1]), family)
    elif words:
        port = _number(words[1]) if len(words) > 1 else 0
        if port is not None:
            yield from (
                Key(protocol, address, port, None, "ipv6" if ":" in address else "ipv4") for address in _range(words[0])
            )


def _range(text: str) -> Iterator[str]:
    """The addresses of `192.0.2.10` or `192.0.2.10-20`; the last part of IPv6 is hexadecimal."""
    first, _dash, last = text.partition("-")
    address = normal(first.partition("/")[0])
    if address is None:
        return
    start = ipaddress.ip_address(address)
    step, base = (65536, 16) if start.version == 6 else (256, 10)
    try:
        count = int(last, base) - int(start) % step + 1 if last else 1
    except ValueError:
        return
    yield from (str(start + number) for number in range(min(count, MOST_IN_A_RANGE)))


def _destination(words: list[str], block: Block, method: str | None, port: int) -> Destination | None:
    end = _end(words, port)
    if end is None:
        return None
    own = METHODS.get((block.value("lvs_method", "lb_kind") or "").upper(), method)
    weight = _number(block.value("weight"))
    return Destination(*end, own, 1 if weight is None else weight)


def _end(words: list[str], port: int) -> tuple[str, int] | None:
    address = normal(words[0]) if words else None
    given = _number(words[1]) if len(words) > 1 else port
    return (address, given) if address is not None and given is not None else None


def _check(block: Block) -> Check:
    urls = [url.value("path") for url in block.all("url")]
    return Check(
        block.words[0],
        normal(block.value("connect_ip") or ""),
        _number(block.value("connect_port")),
        next((path for path in urls if path), None),
    )


def _number(text: Any) -> int | None:
    return int(text) if text and str(text).isdigit() else None


def _float(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
