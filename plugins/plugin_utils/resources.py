# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources of heartbeat on a director, compared with those of the resolved cluster."""

from __future__ import annotations

from typing import Collection, Iterator, Sequence

from ..module_utils import deployed
from .cluster.addresses import parse

# Its arguments are VIPs. One can be stopped without the others.
ADDRESSES = "LVSAddress"
# In place of ldirectord's own script: an ldirectord that one of them has started counts as started by the other.
LDIRECTORD = "LVSLdirectord"
# Resources that move VIPs or belong to them. preflight refuses a list of somebody else that has others.
STOPPED = (ADDRESSES, LDIRECTORD, "LVSSyncDaemonSwap", "IPaddr", "IPaddr2", "IPv6addr", "ldirectord")


def stops(haresources: str, resources: Sequence[str], addresses: Sequence[str] = ()) -> list[list[str]]:
    """Return the commands, as words, that stop what is listed in haresources and is no longer wanted, last listed first.

    haresources: the text of the file as it is on the director.
    resources: those that the cluster wants, each as a word of haresources.
    addresses: those that the director has, each with its prefix length. A VIP that somebody else's resource has added stays, if it is just
    as the role would add it.
    """
    return list(_stops(haresources, resources, addresses))


def _stops(haresources: str, resources: Sequence[str], addresses: Sequence[str]) -> Iterator[list[str]]:
    wanted = {argument for one in resources if one.startswith(f"{ADDRESSES}::") for argument in one.split("::")[1:]}
    for resource in reversed(deployed.resources({deployed.HARESOURCES: haresources})):
        name, *arguments = resource.split("::")
        if name == ADDRESSES:
            arguments = [argument for argument in arguments if argument not in wanted]
        elif resource in resources or (name == "ldirectord" and "::".join([LDIRECTORD, *arguments]) in resources):
            continue
        if name in ("IPaddr", "IPaddr2", "IPv6addr") and any(_stays(one, wanted, addresses) for one in arguments[:1]):
            continue
        # Without arguments it is somebody's own start script, and what it would stop is not known.
        if name in STOPPED and arguments:
            yield [name, *arguments, "stop"]


def _stays(argument: str, wanted: Collection[str], addresses: Sequence[str]) -> bool:
    """Whether a VIP is on the director with the prefix length that is wanted, and with no other, and on the interface that is wanted."""
    vip, *where = argument.split("/")
    interface = next((word.partition(":")[0] for word in where if word[:1].isalpha()), None)
    having = {one.rpartition("/")[2] for one in addresses if _same(one, vip)}
    wanting = [one.split("/") for one in wanted if _same(one, vip)]
    return any(
        having == {prefix} and (not device or interface in (None, device[0])) for _vip, prefix, *device in wanting
    )


def _same(one: str, other: str) -> bool:
    first, second = (parse(text.partition("/")[0]) for text in (one, other))
    return first is not None and first == second
