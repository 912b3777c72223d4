# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services as ldirectord configuration, and what ldirectord does not support.

Source: ldirectord(8) of resource-agents 4.12 and its parser.
"""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Sequence

from ...module_utils.ipvs.types import endpoint
from . import keys, schema
from .addresses import FAMILY_NAMES, LOOPBACK, family_of, known
from .drafts import ServiceDraft
from .mistakes import InventoryPath, Mistakes, listed
from .raw import check_ldirectord_lines
from .real_servers import called
from .regex import literal
from .types import (
    Family,
    Forward,
    Health,
    Ldirectord,
    LdirectordService,
    Mail,
    RealServer,
    Service,
    SorryServer,
)

SMTP_PORT = 25
FORWARD: dict[Forward, str] = {"dr": "gate", "nat": "masq", "tun": "ipip"}
CHECKS: dict[str, tuple[str, str | None]] = {
    "none": ("on", None),
    "tcp": ("connect", None),
    "http": ("negotiate", "http"),
    "https": ("negotiate", "https"),
    "smtp": ("negotiate", "smtp"),
    "dns": ("negotiate", "dns"),
    "ping": ("ping", None),
    "script": ("external", None),
}


def read_ldirectord(given: Any, mail: Mail | None, mistakes: Mistakes) -> dict[str, Any]:
    """The daemon's own settings."""
    path = InventoryPath("lvs_ldirectord", mistakes)
    own = keys.read({} if given is None else given, schema.LDIRECTORD, path)
    check_ldirectord_lines(own["raw"], path)
    if mail and mail["server"] and mail["port"] != SMTP_PORT:
        InventoryPath("lvs_mail", mistakes).report(
            f"server has port {mail['port']}, but ldirectord sends mail only to port {SMTP_PORT}"
        )
    if mail and ":" in (mail["server"] or ""):
        InventoryPath("lvs_mail", mistakes).report(
            f"server is {mail['server']}, but ldirectord takes no IPv6 address here: give its host name"
        )
    return own


def ldirectord_part(own: Mapping[str, Any], services: Sequence[Service], mail: Mail | None) -> Ldirectord:
    """The daemon's own settings and a block for each service, ready for the template."""
    intervals = {service["health"]["interval"] for service in services} - {None}
    return {
        "autoreload": own["autoreload"],
        "cleanstop": own["cleanstop"],
        "maintenance_dir": own["maintenance_dir"],
        "log": own["log"],
        # One process for each service. Otherwise all services are checked one after the other at one interval.
        "fork": len(intervals) > 1,
        "interval": min((interval for interval in intervals if interval is not None), default=schema.DEFAULT_INTERVAL),
        "mail": mail if mail and mail["real_servers"] else None,
        # A line that begins with a blank belongs to a service.
        "raw": [line.strip() for line in own["raw"]],
        "virtuals": [_virtual(service) for service in services],
    }


def _virtual(service: Service) -> LdirectordService:
    marked, sorry, health = service["fwmark"] is not None, service["sorry_server"], service["health"]
    checktype, checked = CHECKS[health["type"]]
    attempts = None if health["retries"] is None else health["retries"] + 1
    pings = health["type"] == "ping"
    return {
        "name": service["name"],
        "ipv6": service["family"] == "ipv6",
        "virtual": str(service["fwmark"]) if marked else endpoint(service["vip"], service["port"] or 0),
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
        "checktype": checktype,
        "service": checked,
        "request": health["path"] or health["name"],
        "receive": _receive(health),
        "virtualhost": health["virtualhost"],
        "checkport": health["port"],
        "checkcommand": health["command"],
        "checkinterval": health["interval"],
        "checktimeout": health["timeout"],
        # For ping it is the number of pings in one check, for other checks the number of failures in a row.
        "checkcount": attempts if pings else None,
        "failurecount": None if pings else attempts,
        "raw": service["raw"],
    }


def _receive(health: Health) -> str | None:
    """What the answer must match. `#` would begin a comment. For a name, any answer is right."""
    if health["expect"] is not None:
        return literal(health["expect"]).replace("#", "\\x23")
    return "." if health["type"] == "dns" else None


def _at(server: RealServer | SorryServer, marked: bool) -> str:
    if marked:
        return f"[{server['address']}]" if ":" in server["address"] else server["address"]
    return endpoint(server["address"], server["port"])


def _forward_to(sorry: SorryServer, service: Service) -> str:
    """The forwarding method of a fallback. A page on the director itself is delivered locally: `gate`."""
    return (
        "gate" if sorry["host"] is None and known(sorry["address"]).special == LOOPBACK else FORWARD[service["forward"]]
    )


def check_ldirectord(services: Iterable[ServiceDraft]) -> None:
    """Report settings of a service that ldirectord does not support."""
    for service in services:
        for reason in _unsupported(service):
            service.path.report(f"{reason} (lvs_stack is ldirectord)")
        check_ldirectord_lines(service.raw, service.path)


def _unsupported(service: ServiceDraft) -> Iterable[str]:
    tunnel = service.tunnel
    if service.protocol == "sctp":
        yield "protocol is sctp, but ldirectord has only tcp and udp"
    if tunnel and tunnel["type"] != "ipip":
        yield f"tunnel type is {tunnel['type']}, but ldirectord has only ipip"
    if service.persistence_engine is not None:
        yield f"persistence_engine is {service.persistence_engine}, but ldirectord has no persistence engine"
    if service.port == 0:
        yield "port is 0, but ldirectord needs a port"
    if service.one_packet and service.fwmark is not None:
        yield "one_packet is true, but ldirectord has no one_packet for firewall marks"
    for server in service.servers:
        if service.family and (family := family_of(server["address"])) != service.family:
            yield (
                f"{called(server)} is {FAMILY_NAMES[family]} and the VIP is {FAMILY_NAMES[service.family]},"
                " but ldirectord takes one family in a service"
            )
    if any(server["raw"] for server in service.real_servers):
        yield "a real server has raw, but ldirectord has no block for a real server: use raw of the service"
    for reason in _unsupported_check(service.health, service.protocol, service.family):
        yield f"health {reason}"


def _unsupported_check(health: Health, protocol: str, family: Family | None) -> Iterable[str]:
    """The settings of a check that ldirectord does not support."""
    if health["type"] == "udp" or (health["type"] == "tcp" and protocol == "udp"):
        yield f"type is {health['type']}, but ldirectord can check a real server of UDP only by ping"
    for name, value in (("interval", health["interval"]), ("timeout", health["timeout"])):
        if isinstance(value, float):
            yield f"{name} is {value}, but ldirectord takes whole seconds"
    if health["status"] is not None and health["status"] != [200]:
        yield f"status is {listed(health['status'])}, but ldirectord accepts every 2xx and nothing else"
    if health["type"] in ("smtp", "ping") and family == "ipv6":
        yield f"type is {health['type']}, but ldirectord has no such check for IPv6"
    if health["sni"] and health["virtualhost"] is not None:
        yield f"virtualhost is {health['virtualhost']}, but ldirectord cannot name it in the TLS handshake: set sni to false"
    if health["type"] == "dns" and health["record"] != "A":
        yield f"record is {health['record']}, but ldirectord asks only for A"
    if any(character in (health["command"] or "") for character in " #"):
        yield "command has arguments or a #, but ldirectord passes its own arguments (VIP, port, real server, port)"
