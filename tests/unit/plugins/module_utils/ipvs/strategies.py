# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any table that the kernel takes, for hypothesis."""

from __future__ import annotations

from ansible_collections.lvs.cluster.plugins.module_utils.ipvs import types
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.types import (
    Destination,
    Service,
    ServiceKey,
    Table,
    Tunnel,
)
from hypothesis import strategies as st

# Few enough that two tables often name the same service, and a service the same real server.
ADDRESSES = {
    "ipv4": ["192.0.2.1", "192.0.2.2", "10.255.0.254"],
    "ipv6": ["2001:db8::1", "2001:db8:1::ff", "::1"],
}
PORTS = [0, 1, 80, 65535]
NETMASKS = {"ipv4": [None, "255.255.255.0", "0.0.0.0", "255.255.255.254"], "ipv6": [None, "1", "64", "127"]}


def numbers(high):
    return st.sampled_from([0, 1, 2, high]) | st.integers(0, high)


@st.composite
def keys(draw):
    family = draw(st.sampled_from(types.FAMILIES))
    if draw(st.integers(0, 3)) == 0:
        mark = draw(st.sampled_from([1, 2**31 - 1, 2**31, types.MAX_FWMARK]))
        return ServiceKey(None, None, None, mark, family)
    address = draw(st.sampled_from(ADDRESSES[family]))
    return ServiceKey(draw(st.sampled_from(types.PROTOCOLS)), address, draw(st.sampled_from(PORTS)), None, family)


@st.composite
def tunnels(draw):
    kind = draw(st.sampled_from(types.TUNNELS))
    if kind == "ipip":
        return Tunnel()
    checksums = types.CHECKSUMS if kind == "gue" else types.CHECKSUMS[:2]
    port = draw(st.integers(1, types.MAX_PORT)) if kind == "gue" else None
    return Tunnel(kind, port, draw(st.sampled_from(checksums)))


@st.composite
def destinations(draw, key):
    forward = draw(st.sampled_from(types.FORWARDS))
    family = draw(st.sampled_from(types.FAMILIES)) if forward == "tun" else key.family
    free_port = forward == "nat" or key.fwmark is not None
    upper = draw(numbers(types.MAX_THRESHOLD))
    return Destination(
        draw(st.sampled_from(ADDRESSES[family])),
        draw(st.sampled_from(PORTS)) if free_port else key.port,
        forward,
        draw(numbers(types.MAX_WEIGHT)),
        upper,
        draw(st.integers(0, upper)),
        draw(tunnels()) if forward == "tun" else None,
    )


@st.composite
def services(draw, schedulers):
    key = draw(keys())
    scheduler = draw(st.sampled_from(schedulers))
    flags = types.flags_of(scheduler)
    chosen = draw(st.sets(st.sampled_from(flags)))
    seconds = st.integers(1, types.MAX_TIMEOUT)
    persistence = draw(seconds if key.port == 0 else st.none() | seconds)
    persistent = persistence is not None
    return Service(
        key,
        scheduler,
        tuple(flag for flag in flags if flag in chosen),
        persistence,
        draw(st.sampled_from(NETMASKS[key.family])) if persistent else None,
        draw(st.sampled_from([None, "sip"])) if persistent else None,
        draw(st.booleans()) if key.protocol in (None, "udp") else False,
        {server.key: server for server in draw(st.lists(destinations(key), max_size=4))},
    )


def tables_of(schedulers):
    """Any table whose services have schedulers of these."""
    found = st.lists(services(schedulers), max_size=5)
    return found.map(lambda listed: Table({service.key: service for service in listed}))


tables = tables_of(types.SCHEDULERS)
