# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The VIPs of a director: on the master all of them, on a backup none.

keepalived itself notices that somebody has deleted a VIP of a master: it gives up the others, and takes all of them again
(keepalived_netlink.c, set_vrrp_backup). It does not notice a VIP that somebody has added to a backup, which makes two owners.
"""

from __future__ import annotations

import contextlib
import json
import socket
from typing import Any, Callable, Iterable, Mapping, NamedTuple, Sequence

from ..node import parse_addresses, parse_links
from ..tools import HOST, Failure, Runner, run
from ..who_has import ETHERTYPE_ARP, arp_request
from .events import ADDRESSES
from .part import Faults
from .settings import Instance, Moved

# While an instance changes its state, its addresses come or go one after the other.
PASSING_SECONDS = 2
MASTER = "master"
WITHOUT_VIPS = ("backup", "fault")


class Addresses:
    """The addresses and links of this host, which are read again when the kernel tells of a change."""

    def __init__(self, runner: Runner = HOST) -> None:
        self.runner = runner
        self.entries: list[dict[str, Any]] = []
        self.links: dict[str, dict[str, Any]] = {}
        self._pending = True

    def update(self, events: set[str]) -> None:
        """Read them if they may have changed. If that fails, they are as they were, until the next look.

        Raises Failure, OSError or ValueError.
        """
        self._pending |= ADDRESSES in events
        if self._pending:
            result = run(self.runner, [self.runner.find("ip") or "ip", "-j", "address"])
            if result.rc:
                raise Failure(f"ip -j address ended with status {result.rc}: {result.err.strip()}")
            links = json.loads(result.out or "[]")
            self.entries, self.links, self._pending = parse_addresses(links), parse_links(links), False

    def forget(self) -> None:
        """Read them again."""
        self._pending = True

    def devices_of(self, address: str) -> list[str]:
        """The interfaces that have an address, without lo, which has those of a real server."""
        return [str(one["interface"]) for one in self.entries if one["address"] == address and one["interface"] != "lo"]

    def has_on_lo(self, address: str) -> bool:
        """Whether lo has an address."""
        return any(one["address"] == address and one["interface"] == "lo" for one in self.entries)


class Wrong(NamedTuple):
    """An address that a master lacks, or that a backup has on `device`."""

    instance: str
    address: Moved
    device: str
    lacks: bool

    @property
    def text(self) -> str:
        if self.lacks:
            return f"missing VIP {self.address.address} on {self.device}, though {self.instance} is master here"
        return f"VIP {self.address.address} on {self.device}, though {self.instance} is not master here"


def partial(instance: Instance, addresses: Addresses) -> bool:
    """Whether a director has some addresses of an instance and not all, as neither a master nor a backup has."""
    present = [bool(addresses.devices_of(vip.address)) for vip in instance.vips]
    if instance.advert.address:
        present.append(addresses.has_on_lo(instance.advert.address))
    return any(present) and not all(present)


def wrong(instance: Instance, state: str | None, addresses: Addresses) -> list[Wrong]:
    """Return what is wrong with the addresses of an instance in the state that keepalived says."""
    if state == MASTER and not instance.vmac:
        lacking = [vip for vip in instance.vips if not addresses.devices_of(vip.address)]
        if not addresses.has_on_lo(instance.advert.address):
            lacking.append(instance.advert)
        return [Wrong(instance.name, one, one.device, lacks=True) for one in lacking]
    if state in WITHOUT_VIPS:
        return [
            Wrong(instance.name, vip, device, lacks=False)
            for vip in instance.vips
            for device in addresses.devices_of(vip.address)
        ]
    return []


class KeepalivedVips:
    """The VIPs of this director's instances."""

    def __init__(
        self,
        instances: Sequence[Instance],
        addresses: Addresses,
        states: Callable[[], Mapping[str, Mapping[str, Any]] | None],
        runner: Runner = HOST,
    ) -> None:
        self.instances, self.addresses, self.states, self.runner = instances, addresses, states, runner
        self._since: dict[str, float] = {}

    def is_due(self, now: float, events: set[str]) -> bool:
        """Whether an instance has had only some of its addresses for a while."""
        odd = [instance.name for instance in self.instances if partial(instance, self.addresses)]
        self._since = {name: self._since.get(name, now) for name in odd}
        return any(now >= since + PASSING_SECONDS for since in self._since.values())

    def find(self, now: float, sure: bool) -> Faults | None:
        """What is wrong by what keepalived says."""
        odd = [
            instance
            for instance in self.instances
            if partial(instance, self.addresses)
            and (not sure or now >= self._since.get(instance.name, now) + PASSING_SECONDS)
        ]
        states = self.states() if odd else {}
        if not states:
            return None
        found = [
            one
            for instance in odd
            for one in wrong(instance, states.get(instance.name, {}).get("state"), self.addresses)
        ]
        return Faults([one.text for one in found], lambda: self._mend(found)) if found else None

    def forget(self) -> None:
        """Wait again for what passes."""
        self._since = {}
        self.addresses.forget()

    def _mend(self, found: Iterable[Wrong]) -> None:
        for one in found:
            address = f"{one.address.address}/{one.address.prefix}"
            if one.lacks:
                scope = ["scope", "host"] if one.device == "lo" and ":" not in address else []
                self._ip("address", "replace", address, "dev", one.device, *scope)
                self._announce(one.address.address, one.device)
            else:
                given = [entry for entry in self.addresses.entries if entry["address"] == one.address.address]
                for entry in given:
                    if entry["interface"] == one.device:
                        self._ip("address", "del", f"{entry['address']}/{entry['prefix']}", "dev", one.device)

    def _ip(self, *arguments: str) -> None:
        result = run(self.runner, [self.runner.find("ip") or "ip", *arguments])
        if result.rc:
            raise Failure(f"ip {' '.join(arguments)} failed: {result.err.strip()}")

    def _announce(self, address: str, device: str) -> None:
        """Tell the neighbours which Ethernet address has a VIP: a request for the own address (RFC 5227, 3)."""
        mac = self.addresses.links.get(device, {}).get("mac")
        if mac and ":" not in address:
            with contextlib.suppress(OSError), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as line:
                line.bind((device, ETHERTYPE_ARP))
                line.send(arp_request(mac, address, address))
