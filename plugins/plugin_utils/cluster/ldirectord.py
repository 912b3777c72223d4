# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services in ldirectord's words, and what of them it has no words for.

Source: ldirectord(8) of resource-agents 4.12 and its parser.
"""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from ...module_utils.ipvs.types import endpoint
from . import schema
from .mistakes import InventoryPath, Mistakes, listed

SMTP_PORT = 25
FORWARD = {"dr": "gate", "nat": "masq", "tun": "ipip"}
CHECKS = {
    "none": ("on", None),
    "tcp": ("connect", None),
    "http": ("negotiate", "http"),
    "https": ("negotiate", "https"),
    "smtp": ("negotiate", "smtp"),
    "dns": ("negotiate", "dns"),
    "ping": ("ping", None),
    "script": ("external", None),
}


def resolve_ldirectord(
    given: Any, services: Iterable[Mapping[str, Any]], mail: Mapping[str, Any] | None, mistakes: Mistakes
) -> dict[str, Any]:
    """The daemon's own settings and a block for each service, ready to be written down."""
    own = schema.read({} if given is None else given, schema.LDIRECTORD, InventoryPath("lvs_ldirectord", mistakes))
    if mail and mail["port"] not in (None, SMTP_PORT):
        InventoryPath("lvs_mail", mistakes).report(
            f"server has port {mail['port']}, and lvs_stack is ldirectord, which sends mail to port {SMTP_PORT} alone"
        )
    services = list(services)
    intervals = {service["health"]["interval"] for service in services if "interval" in service["health"]}
    return {
        **own,
        # One process for each service, or all are checked one after the other at one interval.
        "fork": len(intervals) > 1,
        "interval": min(intervals, default=_DEFAULT_INTERVAL),
        "mail": mail if mail and mail["real_servers"] else None,
        "virtuals": [_virtual(service) for service in services],
    }


_DEFAULT_INTERVAL = schema.HEALTH["tcp"]["interval"].default


def _virtual(service: Mapping[str, Any]) -> dict[str, Any]:
    marked, family = service["fwmark"] is not None, service["family"]
    sorry = service["sorry_server"]
    return {
        "name": service["name"],
        "ipv6": family == "ipv6",
        "virtual": str(service["fwmark"]) if marked else endpoint(service["vip"], service["port"]),
        "protocol": "fwm" if marked else service["protocol"],
        "scheduler": service["scheduler"],
        "persistence": service["persistence"],
        "netmask": service["persistence_netmask"],
        "one_packet": service["one_packet"],
        "flags": service["scheduler_flags"],
        "quiescent": service["on_failure"] == "quiesce",
        "fallback": f"{_at(sorry, marked)} {_forward_to(sorry, service)}" if sorry else None,
        "reals": [
            {
                "at": _at(server, marked),
                "forward": FORWARD[service["forward"]],
                "weight": server["weight"],
                "lower_threshold": server["lower_threshold"],
                "upper_threshold": server["upper_threshold"],
            }
            for server in service["real_servers"]
        ],
        **_check(service["health"]),
    }


def _at(server: Mapping[str, Any], marked: bool) -> str:
    if marked:
        return f"[{server['address']}]" if ":" in server["address"] else server["address"]
    return endpoint(server["address"], server["port"])


def _forward_to(sorry: Mapping[str, Any], service: Mapping[str, Any]) -> str:
    """A page on the director itself is delivered, never forwarded: its own gate."""
    return "gate" if sorry["host"] is None and sorry["address"].startswith("127.") else FORWARD[service["forward"]]


def _check(health: Mapping[str, Any]) -> dict[str, Any]:
    kind, service = CHECKS.get(health["type"], CHECKS["none"])
    attempts = health["retries"] + 1 if "retries" in health else None
    return {
        "checktype": kind,
        "service": service,
        "request": health.get("path") or health.get("name"),
        "expect": health.get("expect"),
        "virtualhost": health.get("virtualhost"),
        "checkport": health.get("port"),
        "checkcommand": health.get("command"),
        "checkinterval": health.get("interval"),
        "checktimeout": health.get("timeout"),
        # Of pings so many are sent in one check; of other checks so many have to fail.
        "checkcount": attempts if kind == "ping" else None,
        "failurecount": None if kind == "ping" else attempts,
    }


def check_words(services: Iterable[tuple[InventoryPath, Mapping[str, Any]]]) -> None:
    """Report what a service has that ldirectord cannot be told."""
    for path, service in services:
        for reason in _speechless(service):
            path.report(f"{reason}, and lvs_stack is ldirectord")


def _speechless(service: Mapping[str, Any]) -> Iterable[str]:
    tunnel = service["tunnel"]
    if service["protocol"] == "sctp":
        yield "protocol is sctp, which ldirectord does not know (it has tcp and udp)"
    if tunnel and tunnel["type"] != "ipip":
        yield f"tunnel type is {tunnel['type']}, which ldirectord does not know (it has ipip)"
    if service["persistence_engine"] is not None:
        yield f"persistence_engine is {service['persistence_engine']}, and ldirectord has none"
    if service["port"] == 0:
        yield "port is 0, which ldirectord does not take"
    if service["one_packet"] and service["fwmark"] is not None:
        yield "one_packet is true, which ldirectord does not know of firewall marks"
    for reason in _unasked(service["health"], service["protocol"], service["family"]):
        yield f"health {reason}"


def _unasked(health: Mapping[str, Any], protocol: str, family: str) -> Iterable[str]:
    """What ldirectord's checks cannot do."""
    if health["type"] == "udp" or (health["type"] == "tcp" and protocol == "udp"):
        yield f"type is {health['type']}, and ldirectord knows no answer of a real server of UDP but that of a ping"
    for name in ("interval", "timeout"):
        if not isinstance(health.get(name, 1), int):
            yield f"{name} is {health[name]}, and ldirectord counts whole seconds"
    if health.get("status", [200]) != [200]:
        yield f"status is {listed(health['status'])}, and ldirectord takes every 2xx and nothing else"
    if health["type"] in ("smtp", "ping") and family == "ipv6":
        yield f"type is {health['type']}, which ldirectord does not know of IPv6"
    if health.get("sni") and health["virtualhost"] is not None:
        yield f"virtualhost is {health['virtualhost']}, which ldirectord sends within TLS alone: set sni to false"
    if health["type"] == "dns" and health["record"] != "A":
        yield f"record is {health['record']}, and ldirectord asks for A alone"
    if health["type"] == "script" and any(character in health["command"] for character in " #"):
        yield "command has arguments or a #, and ldirectord gives it arguments of its own (VIP, port, real server, port)"
