# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a real server keeps from answering ARP for the VIPs, and where it has them."""

from __future__ import annotations

import shlex
from typing import Iterable, Sequence

from ..doctor.rules import chains_of, takes_in
from .networks import SILENT, main_address
from .notes import Notes
from .types import Adopted, HostFacts

ADDRESS = "ip address"


def read(host: HostFacts, vips: Sequence[str]) -> Adopted:
    """lvs_arp of a real server, and what is not as site.yml would make it. `vips` are those of services with dr or tun."""
    notes = Notes()
    method = _method(host, vips)
    here = {str(one["address"]): one for one in host["addresses"] if one["address"] in vips}
    for vip, one in here.items():
        device = str(one["interface"])
        if device.startswith(SILENT):
            continue
        if method == "sysctl":
            why = "answers ARP for it there, as the director does"
        else:
            why = "answers no ARP for it only as long as the rules are there"
        notes.explained(
            ADDRESS,
            f"VIP {vip} is on {device}, where this real server {why}. site.yml -e lvs_take_over=true adds it to lo and removes it from"
            f" {device}. Remove it from what sets it at boot, too",
        )
    if method == "sysctl" and any(":" not in vip for vip in here) and not _is_silent(host, vips):
        notes.explained(
            "sysctl",
            "arp_ignore and arp_announce are not set for the interface of the VIPs, so this real server may answer ARP for them:"
            " site.yml sets them",
        )
    missing = [vip for vip in vips if vip not in here]
    if missing and method != "redirect":
        notes.explained(
            ADDRESS,
            f"this real server has no VIP {' '.join(missing)}, so it drops what a director sends it: site.yml adds it",
        )
    return {"variables": {"lvs_arp": method}, "hosts": {}, "notes": notes.all()}


def _method(host: HostFacts, vips: Sequence[str]) -> str:
    if any(takes_in(chains_of(host["filters"]), vip) for vip in vips if ":" not in vip):
        return "redirect"
    arptables = (host["filters"] or {}).get("arptables") or []
    if any(_drops(line, vips) for line in arptables):
        return "arptables"
    return "sysctl"


def _drops(line: str, vips: Iterable[str]) -> bool:
    """Whether a rule of arptables drops the questions for a VIP."""
    words = shlex.split(line)
    targets = [words[at + 1] for at, word in enumerate(words[:-1]) if word in ("-j", "--jump")]
    asked = [
        words[at + 1].partition("/")[0]
        for at, word in enumerate(words[:-1])
        if word in ("-d", "--dst-ip", "--destination-ip")
    ]
    return "DROP" in targets and any(vip in asked for vip in vips)


def _is_silent(host: HostFacts, vips: Sequence[str]) -> bool:
    """Whether the kernel keeps from answering on the interface of the VIPs: the greater of its own value and that for all counts."""
    own = main_address(host, vips)
    if own is None:
        return True
    sysctls = host["interface_sysctls"]
    values = [sysctls.get(name, {}) for name in ("all", str(own["interface"]))]
    return all(
        max(value.get(key, 0) for value in values) >= least for key, least in (("arp_ignore", 1), ("arp_announce", 2))
    )
