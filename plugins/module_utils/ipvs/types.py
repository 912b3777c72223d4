# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data types of a virtual server table. Every value is in its canonical form.

Addresses are text as `inet_ntop` prints it, so equal addresses are equal strings. Source of all limits and
names: ipvsadm(8) 1.31 and the kernel's `net/netfilter/ipvs/ip_vs_ctl.c`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping, Sequence, Tuple

PROTOCOLS = ("tcp", "udp", "sctp")
FAMILIES = ("ipv4", "ipv6")
FORWARDS = ("dr", "nat", "tun")
SCHEDULERS = ("rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos")
ENGINES = ("sip",)
TUNNELS = ("ipip", "gue", "gre")
CHECKSUMS = ("none", "csum", "remcsum")

MAX_PORT = 65535
MAX_WEIGHT = 65535
MAX_FWMARK = 2**32 - 1
MAX_THRESHOLD = 2**31 - 1
MAX_TIMEOUT = 86400 * 31  # Seconds; ipvsadm's MAX_TIMEOUT
# Seconds of a timeout that every kernel accepts: INT_MAX / HZ, where HZ is 1000 at most (ip_vs_ctl.c, ip_vs_set_timeout).
MAX_IDLE = (2**31 - 1) // 1000

# The kernel's defaults for a daemon (ip_vs_sync.c, start_sync_thread).
SYNC_GROUP, SYNC_PORT, SYNC_TTL = "224.0.0.81", 8848, 1

# The three flag bits have special names with the two hashing schedulers (ipvsadm(8), --sched-flags).
FLAGS_OF = {"sh": ("sh-fallback", "sh-port"), "mh": ("mh-fallback", "mh-port")}
HASHES = ("dh", "sh", "mh")
PLAIN_FLAGS = ("flag-1", "flag-2", "flag-3")

# The netmask that ipvsadm leaves out when it prints a persistent service: every address counts as one client.
HOST_NETMASK = {"ipv4": "255.255.255.255", "ipv6": "128"}


def flags_of(scheduler: str) -> tuple[str, ...]:
    """Names of a scheduler's flags, in the order in which ipvsadm prints them."""
    return FLAGS_OF.get(scheduler, PLAIN_FLAGS)


def endpoint(address: str, port: int) -> str:
    """An address with its port as ipvsadm writes it: `10.0.0.1:80`, `[2001:db8::1]:80`."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def binds(scheduler: str, flags: Sequence[str]) -> bool:
    """Whether a scheduler gives the clients of a real server without weight to no other: their connections are refused.

    The hash keeps the place of such a real server, so that its clients return to it: ip_vs_sh.c, ip_vs_mh.c, ip_vs_dh.c of the kernel.
    """
    return scheduler in HASHES and f"{scheduler}-fallback" not in flags


@dataclass(frozen=True)
class ServiceKey:
    """What identifies a virtual service: protocol, address and port, or a firewall mark and its family."""

    protocol: str | None
    address: str | None
    port: int | None
    fwmark: int | None
    family: str

    def __str__(self) -> str:
        if self.address is not None and self.port is not None:
            return f"{endpoint(self.address, self.port)}/{self.protocol}"
        return f"fwmark {self.fwmark} ipv6" if self.family == "ipv6" else f"fwmark {self.fwmark}"


@dataclass(frozen=True)
class Tunnel:
    """How forwarding method tun wraps packets; only GUE has a `port`, `checksum` is null for ipip."""

    type: str = "ipip"
    port: int | None = None
    checksum: str | None = None


@dataclass(frozen=True)
class Destination:
    """One real server of one service. With weight 0 it gets no new connections. A threshold of 0 is off."""

    address: str
    port: int
    forward: str = "dr"
    weight: int = 1
    upper_threshold: int = 0
    lower_threshold: int = 0
    tunnel: Tunnel | None = None

    @property
    def key(self) -> tuple[str, int]:
        """What identifies it within its service."""
        return (self.address, self.port)

    def __str__(self) -> str:
        return endpoint(self.address, self.port)


# Real servers by address and port.
Destinations = Mapping[Tuple[str, int], Destination]


@dataclass(frozen=True)
class Service:
    """One virtual service with its destinations by key. The mapping is read-only.

    `persistence` is in seconds, null for none; `persistence_netmask` is dotted for IPv4, a prefix length in
    decimal for IPv6, null for the default (every address counts as one client).
    """

    key: ServiceKey
    scheduler: str = "wlc"
    scheduler_flags: tuple[str, ...] = ()
    persistence: int | None = None
    persistence_netmask: str | None = None
    persistence_engine: str | None = None
    one_packet: bool = False
    destinations: Destinations = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """The virtual server table of one network namespace: its services by key."""

    services: Mapping[ServiceKey, Service] = field(default_factory=dict)


@dataclass(frozen=True)
class Timeouts:
    """Lifetimes of idle connections, in seconds."""

    tcp: int
    tcpfin: int
    udp: int


# The kernel's defaults (ip_vs_proto_tcp.c, ip_vs_proto_udp.c).
DEFAULT_TIMEOUTS = Timeouts(900, 120, 300)


@dataclass(frozen=True)
class Daemon:
    """A connection synchronisation daemon; a value that an older kernel or ipvsadm does not report is null."""

    role: str
    interface: str
    syncid: int
    maxlen: int | None = None
    group: str | None = None
    port: int | None = None
    ttl: int | None = None
