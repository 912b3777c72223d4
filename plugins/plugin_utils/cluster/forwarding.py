# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How packets get to the real servers: the forwarding method of a service, and of a real server that has its own."""

from __future__ import annotations

from typing import Any, NamedTuple

from . import keys, schema
from .mistakes import InventoryPath
from .types import Forward, Tunnel

# Forwarding methods that do not change the packet (ipvsadm(8), -g and -i)
UNTRANSLATED = ("dr", "tun")


class Method(NamedTuple):
    """A forwarding method; only `tun` has a tunnel."""

    forward: Forward
    tunnel: Tunnel | None


def resolve_method(forward: Forward, tunnel: Any, path: InventoryPath) -> Method:
    """The forwarding method of a service."""
    if forward != "tun":
        if tunnel is not None:
            path.report(f"tunnel needs forward tun, but forward is {forward}")
        return Method(forward, None)
    return Method(forward, _tunnel({} if tunnel is None else tunnel, path.at("tunnel")))


def own_method(forward: Forward | None, tunnel: Any, service: Method, path: InventoryPath) -> Method:
    """The forwarding method of a real server: what it leaves out is the service's."""
    if tunnel is None and forward in (None, service.forward):
        return service
    return resolve_method(forward or service.forward, tunnel, path)


def _tunnel(given: Any, path: InventoryPath) -> Tunnel:
    """How forward tun wraps packets (ipvsadm(8), --tun-type); IPIP has no options, so its checksum is null."""
    tunnel = keys.read(given, schema.TUNNEL, path)
    kind = tunnel["type"]
    if kind == "gue" and tunnel["port"] is None:
        path.report("port is missing: GUE is carried over UDP")
    if kind != "gue" and tunnel["port"] is not None:
        path.report(f"port is for type gue, but type is {kind}")
    # gre0 on the real server drops packets with a checksum (net/ipv4/ip_tunnel.c)
    if kind != "gue" and tunnel["checksum"] != "none":
        path.report(f"checksum {tunnel['checksum']} is not for type {kind}")
    return {"type": kind, "port": tunnel["port"], "checksum": None if kind == "ipip" else tunnel["checksum"]}
