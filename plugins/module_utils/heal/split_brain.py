# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does another host answer for a VIP that this director has? Asked by ARP and neighbour discovery, and told when it begins and ends.

The host itself never answers its own frames, so any answer is that of another host, unless it has two interfaces on the segment.
"""

from __future__ import annotations

import time
from typing import Any, Callable, Iterable, Mapping, Sequence

from ..segment_probe import Question, ask_segment, questions
from .vips import Addresses

EVERY = 3  # seconds
WAIT = 0.4  # s for the answers to a question
# A VIP that moves may have two owners for a moment.
SURE = 2
# Both directors have the same virtual Ethernet address: RFC 5798, 7.3.
VIRTUAL = ("00:00:5e:00:01:", "00:00:5e:00:02:")

Answers = Mapping[str, Mapping[str, int]]


def asked(vips: Mapping[str, str | None], addresses: Addresses) -> list[Question]:
    """Return the questions for those VIPs that this host has.

    Each is asked from its interface in `vips`, or from the one that has it: not from keepalived's own one for a virtual Ethernet
    address, which the other director has, too.
    """
    found: list[Question] = []
    for vip, given in vips.items():
        for device in addresses.devices_of(vip)[:1]:
            try:
                found += questions([vip], addresses.entries, addresses.links, interface=given or device)
            except ValueError:
                continue  # The interface is down, or has no address to ask from.
    return found


def others(answers: Answers, own: Iterable[str]) -> dict[str, list[str]]:
    """Return the Ethernet addresses of other hosts that have answered, by VIP."""
    mine = {mac for mac in own if not mac.startswith(VIRTUAL)}
    found = {vip: sorted(mac for mac in macs if mac not in mine) for vip, macs in answers.items()}
    return {vip: macs for vip, macs in found.items() if macs}


class SplitBrain:
    """The VIPs with two owners: {VIP: {macs, since}}."""

    def __init__(self, ask: Callable[[Sequence[Question], int, float], Answers] = ask_segment) -> None:
        self.present: dict[str, dict[str, Any]] = {}
        self._ask = ask
        self._count: dict[str, int] = {}
        self._next = float("-inf")

    def look(self, vips: Mapping[str, str | None], addresses: Addresses, now: float) -> list[str]:
        """Ask if it is time to, and return what begins and what ends, in words."""
        if now < self._next:
            return []
        self._next = now + EVERY
        asking = asked(vips, addresses)
        try:
            answers = self._ask(asking, 1, WAIT) if asking else {}
        except OSError:
            return []  # An interface has gone since. The next look knows it.
        own = [str(link["mac"]) for link in addresses.links.values() if link["mac"]]
        return list(self.learn(others(answers, own), time.time()))

    def learn(self, answered: Mapping[str, Sequence[str]], clock: float) -> Iterable[str]:
        """Count how often in a row somebody has answered, or nobody, and yield what begins and what ends."""
        for vip in {**self.present, **self._count, **answered}:
            strange = vip in answered
            if strange != (vip in self.present):
                self._count[vip] = self._count.get(vip, 0) + 1
            else:
                self._count.pop(vip, None)
            if self._count.get(vip, 0) < SURE:
                continue
            del self._count[vip]
            if strange:
                macs = list(answered[vip])
                self.present[vip] = {"macs": macs, "since": clock}
                yield (
                    f"two owners of VIP {vip}: this director has it, and {' and '.join(macs)} answers for it, too. Check that the"
                    " directors hear each other"
                )
            else:
                lasted = clock - self.present.pop(vip)["since"]
                yield f"no longer two owners of VIP {vip}, after {lasted:.0f} s"
