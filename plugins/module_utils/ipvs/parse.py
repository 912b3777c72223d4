# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the virtual server table from the output of `ipvsadm -Sn` and `ipvsadm -Ln --thresholds`.

Lines are split by hand, for speed: a table with 11,000 lines is common.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Mapping, Tuple

from ..tools import NotUnderstood
from .types import MAX_FWMARK, Destination, Service, ServiceKey, Table, Tunnel

PROTOCOL_OF = {"-t": "tcp", "-u": "udp", "--sctp-service": "sctp"}
FORWARD_OF = {"-g": "dr", "-m": "nat", "-i": "tun"}
CHECKSUM_OF = {"--tun-nocsum": "none", "--tun-csum": "csum", "--tun-remcsum": "remcsum"}

Thresholds = Mapping[Tuple[ServiceKey, Tuple[str, int]], Tuple[int, int]]


def parse_table(rules: str, thresholds: str = "") -> Table:
    """Return the table that `ipvsadm -Sn` (`rules`) and `ipvsadm -Ln --thresholds` describe.

    `rules` may also be the result of render.restore_lines: `-x` and `-y` are read.
    Raises NotUnderstood with the first line that cannot be read.
    """
    services: dict[ServiceKey, Service] = {}
    known: dict[str, Destination] = {}  # By its text, because the same real servers are in many services
    current = ""
    destinations: dict[tuple[str, int], Destination] = {}
    members: dict[ServiceKey, dict[tuple[str, int], Destination]] = {}
    for line in rules.splitlines():
        try:
            if line.startswith("-a "):
                owner, _sep, text = line[3:].partition(" -r ")
                destination = known.get(text)
                if destination is None:
                    destination = known[text] = parse_destination(text.split())
                if owner != current:
                    current, destinations = owner, members[parse_key(owner.split())]
                destinations[destination.key] = destination
            elif line.startswith("-A "):
                current, _sep, text = line[3:].partition(" -s ")
                key = parse_key(current.split())
                destinations = members[key] = {}
                services[key] = replace(parse_service(key, text.split()), destinations=destinations)
            elif line:
                raise ValueError
        except (ValueError, KeyError, IndexError) as error:
            raise NotUnderstood(f"ipvsadm -Sn printed a line that is not understood: {line}") from error
    return with_thresholds(Table(services), parse_thresholds(thresholds))


def parse_key(words: list[str]) -> ServiceKey:
    """Return the key for `-t 10.0.0.1:80`, `--sctp-service [2001:db8::1]:80`, `-f 1` or `-f 1 -6`."""
    if words[0] == "-f":
        return fwmark_key(words[1], words[2:] == ["-6"])
    return address_key(PROTOCOL_OF[words[0]], words[1])


def address_key(protocol: str, text: str) -> ServiceKey:
    """Return the key of a service with protocol and `address:port`."""
    address, port = parse_endpoint(text)
    return ServiceKey(protocol, address, port, None, "ipv6" if ":" in address else "ipv4")


def fwmark_key(text: str, ipv6: bool) -> ServiceKey:
    """Return the key of a firewall mark, which ipvsadm prints as a signed number."""
    return ServiceKey(None, None, None, int(text) & MAX_FWMARK, "ipv6" if ipv6 else "ipv4")


def parse_endpoint(text: str) -> tuple[str, int]:
    """Return the address and the port of `10.0.0.1:80` or `[2001:db8::1]:80`."""
    address, _sep, port = text.rpartition(":")
    return address.strip("[]"), int(port)


def parse_service(key: ServiceKey, words: list[str]) -> Service:
    """Return a service without destinations; `words` begin with the scheduler."""
    persistence: int | None = None
    netmask: str | None = None
    engine: str | None = None
    flags: tuple[str, ...] = ()
    one_packet = False
    rest = iter(words[1:])
    for word in rest:
        if word == "-p":
            persistence = int(next(rest))
        elif word == "-M":
            netmask = next(rest)
        elif word in ("--pe", "pe"):  # Some versions print this, and "ops", without dashes by mistake
            engine = next(rest)
        elif word in ("-o", "--ops", "ops"):
            one_packet = True
        elif word == "-b":
            # Nothing follows if only the third flag is set with sh or mh, which have two: the third has no effect.
            flags = tuple(filter(None, next(rest, "").split(",")))
        else:
            raise ValueError(word)
    return Service(key, words[0], flags, persistence, netmask, engine, one_packet, {})


def parse_destination(words: list[str]) -> Destination:
    """Return a destination; `words` begin with its `address:port`."""
    address, port = parse_endpoint(words[0])
    if len(words) == 4 and words[2] == "-w":  # -Sn prints no more for most destinations
        forward = FORWARD_OF[words[1]]
        return Destination(address, port, forward, int(words[3]), tunnel=Tunnel() if forward == "tun" else None)
    numbers = {"-w": 1, "-x": 0, "-y": 0}
    tunnel_type, tunnel_port = "ipip", None
    forward = "dr"
    checksum = None
    rest = iter(words[1:])
    for word in rest:
        if word in numbers:
            numbers[word] = int(next(rest))
        elif word == "--tun-type":
            tunnel_type = next(rest)
        elif word == "--tun-port":
            tunnel_port = int(next(rest))
        elif word in CHECKSUM_OF:
            checksum = CHECKSUM_OF[word]
        else:
            forward = FORWARD_OF[word]
    tunnel = Tunnel(tunnel_type, tunnel_port, checksum) if forward == "tun" else None
    return Destination(address, port, forward, numbers["-w"], numbers["-x"], numbers["-y"], tunnel)


def parse_thresholds(text: str) -> Thresholds:
    """Return upper and lower threshold by service and destination, for destinations that have one."""
    found = {}
    owner = ""
    for line in text.splitlines():
        if not line.startswith("  -> "):
            owner = line
            continue
        words = line.split(None, 4)
        if len(words) == 5 and (words[2] != "0" or words[3] != "0"):
            limits = (int(words[2]), int(words[3]))
            found[parse_listed_key(owner.split()), parse_endpoint(words[1])] = limits
    return found


def parse_listed_key(words: list[str]) -> ServiceKey:
    """Return the key for a listing's `TCP 10.0.0.1:80 ...`, `FWM 1 ...` or `FWM 1 IPv6 ...`, split."""
    if words[0] == "FWM":
        return fwmark_key(words[1], words[2:3] == ["IPv6"])
    return address_key(words[0].lower(), words[1])


def with_thresholds(table: Table, thresholds: Thresholds) -> Table:
    """Return the table with thresholds added; thresholds of unknown entries are ignored."""
    if not thresholds:
        return table
    limited: dict[ServiceKey, dict[tuple[str, int], Destination]] = {}
    for (key, destination_key), (upper, lower) in thresholds.items():
        service = table.services.get(key)
        if service is not None and destination_key in service.destinations:
            if key not in limited:
                limited[key] = dict(service.destinations)
            limited[key][destination_key] = replace(
                service.destinations[destination_key], upper_threshold=upper, lower_threshold=lower
            )
    changed = {key: replace(table.services[key], destinations=members) for key, members in limited.items()}
    return Table({**table.services, **changed})
