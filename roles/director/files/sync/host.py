# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host: its sync daemons, tables, addresses and sockets."""

from __future__ import annotations

import ipaddress
import socket
import struct
import subprocess
from typing import Any, Iterator, Mapping, Sequence

from connections import Connection, Services, connection, services

# include/uapi/linux/ip_vs.h; both daemons as struct ip_vs_daemon_user: state, mcast_ifn, syncid
GET_DAEMON = 64 + 1024 + 64 + 7
DAEMONS = struct.Struct("i16sii16si")
RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR = 0x10, 0x100  # include/uapi/linux/rtnetlink.h
IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, PMTUDISC_DONT = 10, 23, 0
MTU = 1500  # the kernel's sync daemon does not send more either, whatever the interface can do
HEADERS = {socket.AF_INET: 28, socket.AF_INET6: 48}


def packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


def family_of(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def sync_daemons() -> tuple[bool, bool]:
    """Whether the kernel sends, and whether it receives. Needs CAP_NET_ADMIN."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            told = asking.getsockopt(socket.IPPROTO_IP, GET_DAEMON, DAEMONS.size)
        except OSError as error:
            if isinstance(error, PermissionError):
                raise
            return False, False  # IPVS is not loaded
    master, _interface, _id, backup, _interface, _id = DAEMONS.unpack(told)
    return bool(master), bool(backup)


def read_services() -> Services:
    with open("/proc/net/ip_vs", encoding="ascii") as table:
        return services(table)


def read_connections() -> Iterator[Connection]:
    """The connection table, read as it is used, so that what is told is not old."""
    with open("/proc/net/ip_vs_conn", encoding="utf-8", errors="replace") as table:
        for line in table:
            found = connection(line)
            if found:
                yield found


def held_addresses() -> frozenset[bytes]:
    """The addresses of this host. Not those on lo: there a host that also serves has VIPs that another director holds."""
    return addresses_in(_shown_addresses())


def all_addresses() -> frozenset[bytes]:
    """The addresses of this host, with those on lo."""
    return addresses_in(_shown_addresses(), but=())


def _shown_addresses() -> str:
    return subprocess.run(["ip", "-o", "address", "show"], check=True, capture_output=True, text=True).stdout


def addresses_in(shown: str, but: Sequence[str] = ("lo",)) -> frozenset[bytes]:
    lines = (line.split() for line in shown.splitlines())
    return frozenset(packed(words[3].partition("/")[0]) for words in lines if len(words) > 3 and words[1] not in but)


def address_changes() -> socket.socket:
    """A socket that the kernel writes to when an address is added or removed."""
    changes = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    changes.bind((0, RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR))
    changes.setblocking(False)
    return changes


def forget_messages(changes: socket.socket) -> None:
    """Read a socket until it is empty. The kernel has dropped messages if there were too many of them, and says so once."""
    while True:
        try:
            changes.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            continue


def filter_packets(rules: str) -> None:
    """Give rules to nft, all or none.

    Raises:
        OSError: without nft.
        subprocess.SubprocessError: nft refuses them, or hangs.
    """
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True, capture_output=True, timeout=5)


def sending_socket(config: Mapping[str, Any]) -> tuple[socket.socket, Any]:
    """A socket that sends as the kernel's sync daemon does, and where to."""
    group, port, ttl = config["group"], config["port"], config["ttl"]
    index = socket.if_nametoindex(config["interface"])
    family = family_of(group)
    sender = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, ttl)
        sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
        sender.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_DONT)
        return sender, (group, port, 0, index)
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("4s4si", bytes(4), bytes(4), index))
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl)
    # This host's own daemon that receives must not hear it.
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
    sender.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DONT)
    return sender, (group, port)


def longest_message(config: Mapping[str, Any]) -> int:
    return config["maxlen"] or MTU - HEADERS[family_of(config["group"])]


def talking_socket(config: Mapping[str, Any]) -> socket.socket:
    """The socket for questions and answers.

    It has the port of the sync daemon, which is bound to the multicast group alone. So a firewall needs no other opening.
    """
    talking = socket.socket(family_of(config["address"]), socket.SOCK_DGRAM)
    talking.bind((config["address"], config["port"]))
    return talking
