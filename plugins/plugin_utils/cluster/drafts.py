# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services and VRRP instances while the inventory is being read. A missing or wrong value is None.

If the whole inventory is right, `finished` turns them into the resolved ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Sequence

from ...module_utils.ipvs.types import endpoint
from .mistakes import InventoryPath
from .types import (
    Event,
    Family,
    Forward,
    Health,
    Instance,
    InstanceDirector,
    MovedAddress,
    Ports,
    RealServer,
    Seconds,
    Service,
    ServiceNotify,
    SorryServer,
    Stack,
    Track,
    Tunnel,
    VirtualRoute,
    VirtualRule,
)
from .virtual_router import Deployed, advert_address


@dataclass
class ServiceDraft:
    """A service being read, with the VIPs of one family, and its place in the inventory; `given` are the keys that it has there.

    `way_out` ends a message about an address of the other family: the service may have VIPs of both.
    `ports` are all its ports, whether they are addressed or marked; None if the packets are marked elsewhere.
    """

    path: InventoryPath
    given: frozenset[str]
    name: str | None
    vips: list[str]
    family: Family | None
    way_out: str
    ports: list[Ports] | None
    fwmark: int | None
    protocols: list[str]
    scheduler: str
    scheduler_flags: list[str]
    forward: Forward
    tunnel: Tunnel | None
    persistence: int | None
    persistence_netmask: str | None
    persistence_engine: str | None
    helper: str | None
    one_packet: bool
    on_failure: str
    quorum: int
    hysteresis: int
    alpha: bool
    omega: bool
    notify: ServiceNotify | None
    test_page: bool
    health: list[Health]
    real_servers: list[RealServer] = field(default_factory=list)
    sorry_server: SorryServer | None = None
    raw: list[str] = field(default_factory=list)

    @property
    def labels(self) -> list[str]:
        """What identifies the service in the kernel: a mark, or each of its addresses."""
        if self.fwmark is not None:
            return [f"fwmark {self.fwmark}" + (" ipv6" if self.family == "ipv6" else "")]
        return [f"{endpoint(vip, port)}/{self.protocols[0]}" for vip, port in self.addresses]

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Each VIP with each port, for a service without a mark."""
        return [(vip, int(port)) for vip in self.vips for port in self.ports or ()]

    @property
    def has_several_ports(self) -> bool:
        """Whether it has more than one port without a mark, so that real servers have no port in common."""
        return self.fwmark is None and len(self.ports or ()) > 1

    @property
    def servers(self) -> list[RealServer | SorryServer]:
        """Its real servers and its sorry server."""
        return [*self.real_servers, *([self.sorry_server] if self.sorry_server else [])]

    @property
    def forwards(self) -> frozenset[Forward]:
        """The forwarding methods of its servers."""
        return frozenset(server["forward"] for server in self.servers)

    @property
    def checks(self) -> list[Health]:
        """Its checks, with those of real servers that have their own."""
        return [*self.health, *(check for server in self.real_servers for check in server["health"] or ())]

    def finished(self, stack: Stack) -> list[Service]:
        """The resolved services, one for each of the kernel's. Only for an inventory without mistakes."""
        if not self.labels or not self.vips:
            raise ValueError(f"{self.path} is not complete")
        if self.fwmark is not None:
            return [self._finished(self.labels[0], self.vips, None, self.real_servers, self.sorry_server)]
        return [
            self._finished(label, [vip], port, *self._servers_at(port, stack))
            for label, (vip, port) in zip(self.labels, self.addresses)
        ]

    def _servers_at(self, port: int, stack: Stack) -> tuple[list[RealServer], SorryServer | None]:
        """The real servers and the sorry server as one of the ports has them."""
        servers, sorry = self.real_servers, self.sorry_server
        if not self.has_several_ports:
            return servers, sorry
        return (
            [{**server, "port": _port_at(server, port, stack)} for server in servers],
            {**sorry, "port": _port_at(sorry, port, stack)} if sorry else None,
        )

    def _finished(
        self,
        label: str,
        vips: list[str],
        port: int | None,
        real_servers: list[RealServer],
        sorry_server: SorryServer | None,
    ) -> Service:
        if self.name is None or self.family is None:
            raise ValueError(f"{self.path} is not complete")
        return {
            "name": self.name,
            "label": label,
            "vips": vips,
            "port": port,
            "ports": self.ports if port is None else None,
            "fwmark": self.fwmark,
            "protocols": self.protocols,
            "family": self.family,
            "scheduler": self.scheduler,
            "scheduler_flags": self.scheduler_flags,
            "forward": self.forward,
            "tunnel": self.tunnel,
            "persistence": self.persistence,
            "persistence_netmask": self.persistence_netmask,
            "persistence_engine": self.persistence_engine,
            "helper": self.helper,
            "one_packet": self.one_packet,
            "health": self.health,
            "on_failure": self.on_failure,
            "quorum": self.quorum,
            "hysteresis": self.hysteresis,
            "alpha": self.alpha,
            "omega": self.omega,
            "notify": self.notify,
            "test_page": self.test_page,
            "real_servers": real_servers,
            "sorry_server": sorry_server,
            "raw": self.raw,
        }


def _port_at(server: RealServer | SorryServer, port: int, stack: Stack) -> int:
    """The port of a real server in a service with several ports, of which `port` is one.

    Keepalived has one service for them all, in which a real server of nat has one port: 0 keeps that of the request.
    """
    kept = 0 if stack == "keepalived" and server["forward"] == "nat" else port
    return server["port"] or kept


@dataclass
class InstanceDraft:
    """A VRRP instance being read; `delay_given` is whether the inventory has its preempt_delay.

    `running` are the instances that the directors already run.
    """

    path: InventoryPath
    name: str | None
    family: Family
    version: int
    advert_interval: Seconds
    down_timer_adverts: int
    preempt: bool
    preempt_delay: Seconds
    delay_given: bool
    virtual_router_id: int | None
    running: Sequence[Deployed]
    auth_pass: str | None
    unicast: bool
    garp_master_delay: int
    garp_master_repeat: int
    garp_master_refresh: int
    vmac: bool
    raw: list[str]
    track: Track
    notify: list[Event]
    routes: list[VirtualRoute]
    rules: list[VirtualRule]
    vips: list[MovedAddress]
    directors: list[InstanceDirector]

    @property
    def called(self) -> str:
        """The name of the instance in a message."""
        return f"instance {self.name}" if self.name else f"instances[{self.path.index}]"

    def finished(self, gateways: list[MovedAddress], shortest_delay: Seconds) -> Instance:
        """The resolved instance. Only for an inventory without mistakes.

        `gateways` move with its VIPs. A returning director waits at least `shortest_delay` seconds, unless the inventory
        has a preempt_delay.
        """
        if self.name is None or self.virtual_router_id is None:
            raise ValueError(f"{self.path} is not complete")
        waits = self.preempt and not self.delay_given
        return {
            "name": self.name,
            "family": self.family,
            "version": self.version,
            "advert_interval": self.advert_interval,
            "down_timer_adverts": self.down_timer_adverts,
            "preempt": self.preempt,
            "preempt_delay": max(self.preempt_delay, shortest_delay) if waits else self.preempt_delay,
            "virtual_router_id": self.virtual_router_id,
            "advert_address": advert_address(
                self.family, self.virtual_router_id, [vip["address"] for vip in self.vips], self.running
            ),
            "auth_pass": self.auth_pass,
            "garp_master_delay": self.garp_master_delay,
            "garp_master_repeat": self.garp_master_repeat,
            "garp_master_refresh": self.garp_master_refresh,
            "vmac": self.vmac,
            "raw": self.raw,
            "unicast": self.unicast,
            "track": self.track,
            "notify": self.notify,
            "routes": self.routes,
            "rules": self.rules,
            "vips": self.vips,
            "gateways": gateways,
            "directors": self.directors,
        }
