# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which connections are told to the other directors, and with which flags.

/proc/net/ip_vs_conn has neither the flags nor the firewall mark of a connection, but they follow from its service.
"""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple

from connections import Connection, Service, Services
from messages import LONGEST_ENGINE_DATA, LONGEST_ENGINE_NAME, Entry

PROTOCOLS = {"IP": 0, "TCP": 6, "UDP": 17, "SCTP": 132}
# What may still carry data, with the kernel's numbers of the states (include/net/ip_vs.h). A busy table is full of connections that
# have ended and only wait for late packets: TIME_WAIT, CLOSE. Those of a handshake have nothing to lose, unless the VIP moves meanwhile:
# the client's next packet has its request.
STATES = {
    ("TCP", "ESTABLISHED"): 1,
    ("TCP", "FIN_WAIT"): 4,
    ("TCP", "CLOSE_WAIT"): 7,
    ("UDP", "UDP"): 0,
    ("SCTP", "ESTABLISHED"): 8,
}
HANDSHAKES = {("TCP", "SYN_RECV"): 3}
TEMPLATE_STATES = {"NONE": 0, "ASSURED": 1}
# include/uapi/linux/ip_vs.h, IP_VS_CONN_F_*
NOOUTPUT = 0x0080
INACTIVE = 0x0100
TEMPLATE = 0x1000
FORWARDS = {"Masq": 0, "Local": 1 | NOOUTPUT, "Tunnel": 2 | NOOUTPUT, "Route": 3 | NOOUTPUT}
FTP, FTP_DATA, UNPRIVILEGED = 21, 20, 1024


class Mark(NamedTuple):
    """A service by firewall mark; without `ports` it has all. Ports are ranges: first and last."""

    number: int
    vips: frozenset[bytes]
    protocols: frozenset[str]
    ports: tuple[tuple[int, int], ...]

    def has(self, protocol: str, vip: bytes, port: int) -> bool:
        if protocol not in self.protocols or vip not in self.vips:
            return False
        return not self.ports or any(first <= port <= last for first, last in self.ports)


class Place(NamedTuple):
    """Where a connection belongs: its service, and the service's firewall mark (or 0)."""

    service: Service
    fwmark: int


class Selection:
    """Chooses the connections to tell. It remembers the service of each VIP and port: most connections have few of them."""

    def __init__(self, services: Services, marks: list[Mark], handshakes: bool = False) -> None:
        self.services = services
        self.marks = marks
        self.states = {**STATES, **HANDSHAKES} if handshakes else STATES
        self.places: dict[tuple[str, bytes, int], Place | None] = {}

    def entry(self, connection: Connection, held: frozenset[bytes]) -> Entry | None:
        """What to tell of a connection; None if it is another director's, or not worth it.

        `held` are the addresses that this host has. Another director that has a VIP knows its connections better: what this one
        says of them would set back their states.
        """
        is_template = connection.client_port == 0
        place = self.place(connection.protocol, connection.vip, connection.vip_port)
        if place is None or not self._vips(connection, place) & held:
            return None
        state = _template_state(connection, place.service) if is_template else self._state(connection)
        forward = _forward(place.service, connection)
        if state is None or forward is None or not _fits(connection):
            return None
        if forward == FORWARDS["Masq"] and connection.vip_port == FTP and not is_template:
            # NAT changes what FTP says, and so its sequence numbers: only the kernel knows by how much, and tells it.
            return None
        is_active = connection.state == "ESTABLISHED"
        return Entry(
            protocol=PROTOCOLS[connection.protocol],
            flags=forward | (0 if is_active else INACTIVE) | (TEMPLATE if is_template else 0),
            state=state,
            client=connection.client,
            client_port=connection.client_port,
            vip=connection.vip,
            vip_port=connection.vip_port,
            server=connection.server,
            server_port=connection.server_port,
            fwmark=place.fwmark,
            # The kernel gives a connection its whole time with the next packet, but a template only when it is made.
            timeout=(place.service.persistence if is_template else None) or connection.expires,
            engine=connection.engine.encode(),
            engine_data=connection.engine_data.encode(),
        )

    def _state(self, connection: Connection) -> int | None:
        return self.states.get((connection.protocol, connection.state))

    def place(self, protocol: str, vip: bytes, port: int) -> Place | None:
        """The service in the order in which the kernel looks for it (ip_vs_service_find)."""
        key = (protocol, vip, port)
        if key not in self.places:
            self.places[key] = self._found(*key)
        return self.places[key]

    def _found(self, protocol: str, vip: bytes, port: int) -> Place | None:
        if protocol == "IP":
            # The template of a firewall mark: the mark stands in place of the VIP.
            number = int.from_bytes(vip[:4], "big")
            service = self.services.by_mark.get(number)
            return Place(service, number) if service else None
        for mark in self.marks:
            if mark.number in self.services.by_mark and mark.has(protocol, vip, port):
                return Place(self.services.by_mark[mark.number], mark.number)
        # Data connections of FTP belong to port 21, as do its templates, which have port 0. Port 0 is a service of all ports.
        for one in (port, *([FTP] if port in (0, FTP_DATA) or port >= UNPRIVILEGED else []), 0):
            service = self.services.by_address.get((protocol, vip, one))
            if service:
                return Place(service, 0)
        return None

    def _vips(self, connection: Connection, place: Place) -> frozenset[bytes]:
        """The VIPs that a connection is for: the template of a firewall mark has all of its service."""
        if connection.protocol != "IP":
            return frozenset([connection.vip])
        return frozenset(vip for mark in self.marks if mark.number == place.fwmark for vip in mark.vips)


def _template_state(template: Connection, service: Service) -> int | None:
    # FTP has connections whose client port is not known yet, and they are no templates.
    return TEMPLATE_STATES.get(template.state) if service.persistence else None


def _fits(connection: Connection) -> bool:
    """Whether a message can have it: addresses of one family, and what a persistence engine remembers is of this length."""
    has_data = bool(connection.engine) == bool(connection.engine_data)
    fits = len(connection.engine) <= LONGEST_ENGINE_NAME and len(connection.engine_data.encode()) <= LONGEST_ENGINE_DATA
    return has_data and fits and len(connection.server) == len(connection.client) and connection.expires > 0


def _forward(service: Service, connection: Connection) -> int | None:
    """The flags of the way to the real server. One that has left the service was reached like the others, if they are all alike."""
    word = service.servers.get((connection.server, connection.server_port))
    if word is None:
        here = {way for (address, _port), way in service.servers.items() if address == connection.server}
        ways = here or {way for way in service.servers.values() if way != "Local"}
        word = ways.pop() if len(ways) == 1 else None
    return None if word is None else FORWARDS.get(word)


def marks(given: list[Mapping[str, Any]], packed: Any) -> list[Mark]:
    """The services by firewall mark of the configuration; `packed` turns an address into bytes."""
    return [
        Mark(
            one["fwmark"],
            frozenset(packed(vip) for vip in one["vips"]),
            frozenset(protocol.upper() for protocol in one["protocols"]),
            tuple(_range(ports) for ports in one["ports"]),
        )
        for one in given
    ]


def _range(ports: Any) -> tuple[int, int]:
    """80, or 8000-8010."""
    first, _dash, last = str(ports).partition("-")
    return int(first), int(last or first)
