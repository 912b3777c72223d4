# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table that the kernel has now, with its counters: from /proc/net/ip_vs, and from `ipvsadm -Ln --rate` or `--stats`.

/proc needs no process and is read at once, but has no rates. Lines are split by hand, for speed: 1,000 services are common.
Source of the formats: the kernel's net/netfilter/ipvs/ip_vs_ctl.c, ip_vs_info_seq_show(), and ipvsadm.c, print_title().
"""

from __future__ import annotations

import socket
from typing import Collection, Mapping, NamedTuple, Tuple

FORWARD_OF = {"Route": "dr", "Masq": "nat", "Tunnel": "tun", "Local": "local"}

# Connections in a second: of a service, and of its real servers by their text.
Rates = Mapping[str, Tuple[int, Mapping[str, int]]]
# The same of all that ipvsadm counts, in the order of COUNTED.
Counters = Mapping[str, Tuple[Tuple[int, ...], Mapping[str, Tuple[int, ...]]]]
COUNTED = ("connections", "incoming_packets", "outgoing_packets", "incoming_bytes", "outgoing_bytes")


class Server(NamedTuple):
    """A real server as the kernel has it. It forwards to one of the director's own addresses by "local"."""

    forward: str
    weight: int
    active: int
    inactive: int


class Service(NamedTuple):
    """A service as the kernel has it: its real servers by their text, such as 10.0.0.22:80."""

    scheduler: str
    servers: dict[str, Server]


def parse_table(text: str, known: Collection[str] = ()) -> dict[str, Service]:
    """Return the services in /proc/net/ip_vs, by the text of their keys as in ServiceKey.

    The file does not tell the family of a firewall mark. The real servers tell it, unless there are none or they are in tunnels:
    then `known`, the keys that the cluster has, decide.
    """
    found: dict[str, Service] = {}
    marks: list[tuple[str, Service]] = []
    known_texts: dict[str, str] = {}  # By the word in the file, because the same real servers are in many services
    servers: dict[str, Server] = {}
    for line in text.splitlines()[3:]:
        words = line.split()
        if words[0] == "->":
            word = words[1]
            name = known_texts.get(word)
            if name is None:
                name = known_texts[word] = endpoint_text(word)
            servers[name] = Server(
                FORWARD_OF.get(words[2], words[2].lower()), int(words[3]), int(words[4]), int(words[5])
            )
            continue
        servers = {}
        service = Service(words[2], servers)
        if words[0] == "FWM":
            marks.append((str(int(words[1], 16)), service))
        else:
            found[f"{endpoint_text(words[1])}/{words[0].lower()}"] = service
    for mark, service in marks:
        found[_mark_key(mark, service, known)] = service
    return found


def endpoint_text(word: str) -> str:
    """Return an address and its port in /proc, `0A000016:0050` or `[2001:0db8:...:0016]:0050`, as ipvsadm writes it."""
    address, _sep, port = word.rpartition(":")
    if address.startswith("["):
        six = socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, address[1:-1]))
        return f"[{six}]:{int(port, 16)}"
    return f"{socket.inet_ntop(socket.AF_INET, bytes.fromhex(address))}:{int(port, 16)}"


def _mark_key(mark: str, service: Service, known: Collection[str]) -> str:
    names = [f"fwmark {mark}", f"fwmark {mark} ipv6"]
    six = any(name.startswith("[") for name in service.servers)
    likely, other = names[six], names[not six]
    sure = bool(service.servers) and all(server.forward != "tun" for server in service.servers.values())
    return other if not sure and other in known and likely not in known else likely


def parse_rates(text: str) -> Rates:
    """Return the connections in a second from `ipvsadm -Ln --rate --exact`."""
    return {
        key: (numbers[0], {server: counted[0] for server, counted in servers.items()})
        for key, (numbers, servers) in parse_counters(text).items()
    }


def parse_counters(text: str) -> Counters:
    """Return the numbers that `ipvsadm -Ln --stats --exact` prints. With --rate they are those of a second."""
    found: dict[str, tuple[tuple[int, ...], dict[str, tuple[int, ...]]]] = {}
    servers: dict[str, tuple[int, ...]] = {}
    for line in text.splitlines()[3:]:
        words = line.split()
        if words[0] == "->":
            servers[words[1]] = tuple(map(int, words[2:]))
            continue
        servers = {}
        if words[0] == "FWM":
            six = words[2] == "IPv6"
            # ipvsadm prints a mark as a signed number.
            key = f"fwmark {int(words[1]) & 0xFFFFFFFF}{' ipv6' if six else ''}"
            found[key] = (tuple(map(int, words[3 if six else 2 :])), servers)
        else:
            found[f"{words[1]}/{words[0].lower()}"] = (tuple(map(int, words[2:])), servers)
    return found
