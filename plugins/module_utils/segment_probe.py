# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask on a segment who has some addresses, and collect the answers: interfaces, source addresses and sockets for who_has."""

from __future__ import annotations

import array
import contextlib
import ipaddress
import selectors
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Mapping, Sequence

from . import who_has

_BIGGEST_FRAME = 9216
# By linux/filter.h and asm-generic/socket.h. The kernel passes on only what can be an answer: a director gets many other frames.
_SO_ATTACH_FILTER = 26
_LOAD_HALF, _LOAD_BYTE, _JUMP_IF_EQUAL, _RETURN = 0x28, 0x30, 0x15, 0x06
_ARP_ANSWERS = ((_LOAD_HALF, 0, 0, 20), (_JUMP_IF_EQUAL, 0, 1, 2), (_RETURN, 0, 0, _BIGGEST_FRAME), (_RETURN, 0, 0, 0))
_NEIGHBOUR_ANSWERS = (
    (_LOAD_BYTE, 0, 0, 20),
    (_JUMP_IF_EQUAL, 0, 3, 58),
    (_LOAD_BYTE, 0, 0, 54),
    (_JUMP_IF_EQUAL, 0, 1, 136),
    (_RETURN, 0, 0, _BIGGEST_FRAME),
    (_RETURN, 0, 0, 0),
)
_ANSWERS = {who_has.ETHERTYPE_ARP: _ARP_ANSWERS, who_has.ETHERTYPE_IPV6: _NEIGHBOUR_ANSWERS}


@dataclass(frozen=True)
class Language:
    """The questions and answers of an address family on Ethernet."""

    ethertype: int
    question: Callable[[str, str, str], bytes]
    answer: Callable[[bytes, str], tuple[str, str] | None]


LANGUAGES = {
    4: Language(who_has.ETHERTYPE_ARP, who_has.arp_request, who_has.arp_reply),
    6: Language(who_has.ETHERTYPE_IPV6, who_has.neighbour_solicitation, who_has.neighbour_advertisement),
}


@dataclass(frozen=True)
class Question:
    """Who has `target`? Sent from `interface`, whose Ethernet address is `mac`, with `source` as sender address."""

    target: str
    source: str
    interface: str
    mac: str

    @property
    def language(self) -> Language:
        return LANGUAGES[ipaddress.ip_address(self.target).version]

    @property
    def line(self) -> tuple[str, int]:
        """Where the answer arrives: the interface and the type of its frames."""
        return self.interface, self.language.ethertype


def questions(
    targets: Iterable[str],
    addresses: Sequence[Mapping[str, Any]],
    links: Mapping[str, Mapping[str, Any]],
    interface: str | None = None,
    source: str | None = None,
    skip_far: bool = False,
) -> list[Question]:
    """Return a question for each of `targets`, given the host's `addresses` and `links` as node_info returns them.

    The default of `interface` is the interface that has `source`, or else the interface whose network holds the target.
    `skip_far` skips targets in no network of the host. Raises ValueError with a sentence for the user.
    """
    targets = [_without_zone(target) for target in targets]
    if skip_far:
        targets = [target for target in targets if any(_is_near(entry, target) for entry in addresses)]
    if source and not interface:
        interface = _interface_of(source, addresses)
    return [_question(str(ipaddress.ip_address(target)), addresses, links, interface, source) for target in targets]


def _without_zone(target: str) -> str:
    """Remove the zone: answers have none, so a target with a zone would never match (RFC 4007, 11)."""
    if "%" in target:
        raise ValueError(f"{target} has a zone: leave the zone out, and set interface.")
    return target


def _interface_of(source: str, addresses: Sequence[Mapping[str, Any]]) -> str:
    wanted = ipaddress.ip_address(source)
    for entry in addresses:
        if ipaddress.ip_address(entry["address"]) == wanted:
            return str(entry["interface"])
    raise ValueError(f"No interface of this host has the source address {source}.")


def _question(
    target: str,
    addresses: Sequence[Mapping[str, Any]],
    links: Mapping[str, Mapping[str, Any]],
    interface: str | None,
    source: str | None,
) -> Question:
    version = ipaddress.ip_address(target).version
    usable = [entry for entry in addresses if entry["family"] == f"ipv{version}" and _asks(entry, target)]
    near = sorted((entry for entry in usable if _is_near(entry, target)), key=lambda entry: -entry["prefix"])
    if interface is None:
        if not near:
            raise ValueError(
                f"No interface of this host has an address in the network of {target}: set interface or source."
            )
        interface = near[0]["interface"]
    link = links.get(interface)
    if not link or not link["mac"]:
        raise ValueError(f"{interface} is not an Ethernet interface of this host.")
    if not link["up"]:
        raise ValueError(f"The interface {interface} is down.")
    if not source or ipaddress.ip_address(source).version != version:
        there = [entry["address"] for entry in [*near, *usable] if entry["interface"] == interface]
        if not there and version == 6:
            raise ValueError(f"The interface {interface} has no IPv6 address to ask for {target} from.")
        # An ARP request without a sender address is the probe of RFC 5227.
        source = there[0] if there else "0.0.0.0"  # noqa: S104
    return Question(target, source, interface, link["mac"])


def _asks(entry: Mapping[str, Any], target: str) -> bool:
    return ipaddress.ip_address(entry["address"]) != ipaddress.ip_address(target)


def _is_near(entry: Mapping[str, Any], target: str) -> bool:
    network = ipaddress.ip_network(f"{entry['address']}/{entry['prefix']}", strict=False)
    # A network of one address is that of a VIP on this host, not a segment.
    return network.num_addresses > 1 and ipaddress.ip_address(target) in network


def ask_segment(asked: Sequence[Question], count: int, timeout: float) -> dict[str, dict[str, int]]:
    """Ask all of `asked` `count` times, spread over `timeout` seconds; return `{target: {mac: replies}}`.

    This takes all of `timeout`, because a second answer can follow the first. Raises OSError.
    """
    answers: dict[str, dict[str, int]] = {question.target: {} for question in asked}
    sockets: dict[tuple[str, int], socket.socket] = {}
    began = time.monotonic()
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as opened:
        for question in asked:
            if question.line not in sockets:
                sockets[question.line] = opened.enter_context(_open(*question.line))
                selector.register(sockets[question.line], selectors.EVENT_READ, (sockets[question.line], question))
        for turn in range(count):
            for question in asked:
                sockets[question.line].send(question.language.question(question.mac, question.source, question.target))
            _collect(selector, began + timeout * (turn + 1) / count, answers)
    return answers


def _open(interface: str, ethertype: int) -> socket.socket:
    connection = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    # Before it is bound, and gets frames.
    only(connection, _ANSWERS[ethertype])
    connection.bind((interface, ethertype))
    return connection


def only(connection: socket.socket, program: Sequence[tuple[int, int, int, int]]) -> None:
    """Let the kernel drop the frames for which a program of the Berkeley packet filter returns 0."""
    code = array.array("B", b"".join(struct.pack("=HBBI", *instruction) for instruction in program))
    connection.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", len(program), code.buffer_info()[0]))


def _collect(selector: selectors.BaseSelector, until: float, answers: dict[str, dict[str, int]]) -> None:
    left = until - time.monotonic()
    while left > 0:
        for key, _events in selector.select(left):
            line: socket.socket
            line, question = key.data
            answer = question.language.answer(line.recv(_BIGGEST_FRAME), question.mac)
            if answer and answer[0] in answers:
                address, mac = answer
                answers[address][mac] = answers[address].get(mac, 0) + 1
        left = until - time.monotonic()
