# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources of heartbeat on a director, compared with those of the resolved cluster."""

from __future__ import annotations

from typing import Iterator, Sequence

from ..module_utils import deployed

# Its arguments are VIPs. One can be stopped without the others.
ADDRESSES = "LVSAddress"
# In place of ldirectord's own script: an ldirectord that one of them has started counts as started by the other.
LDIRECTORD = "LVSLdirectord"
# Resources that move VIPs or belong to them. preflight refuses a list of somebody else that has others.
STOPPED = (ADDRESSES, LDIRECTORD, "LVSSyncDaemonSwap", "IPaddr", "IPaddr2", "IPv6addr", "ldirectord")


def stops(haresources: str, resources: Sequence[str]) -> list[list[str]]:
    """Return the commands, as words, that stop what is listed in haresources and is no longer wanted, last listed first.

    haresources: the text of the file as it is on the director.
    resources: those that the cluster wants, each as a word of haresources.
    """
    return list(_stops(haresources, resources))


def _stops(haresources: str, resources: Sequence[str]) -> Iterator[list[str]]:
    wanted = {argument for one in resources if one.startswith(f"{ADDRESSES}::") for argument in one.split("::")[1:]}
    for resource in reversed(deployed.resources({deployed.HARESOURCES: haresources})):
        name, *arguments = resource.split("::")
        if name == ADDRESSES:
            arguments = [argument for argument in arguments if argument not in wanted]
        elif resource in resources or (name == "ldirectord" and "::".join([LDIRECTORD, *arguments]) in resources):
            continue
        # Without arguments it is somebody's own start script, and what it would stop is not known.
        if name in STOPPED and arguments:
            yield [name, *arguments, "stop"]
