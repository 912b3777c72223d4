# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services as ldirectord configuration, and what ldirectord does not support.

Source: ldirectord(8) of resource-agents 4.12 and its parser.
"""

from __future__ import annotations

import re
from typing import Any, Iterable, Mapping, Sequence

from ...module_utils.ipvs.types import endpoint
from . import keys, schema
from .addresses import FAMILY_NAMES, family_of
from .drafts import ServiceDraft
from .drain_record import is_drained
from .mistakes import InventoryPath, Mistakes, listed
from .raw import check_ldirectord_lines
from .real_servers import called
from .regex import literal
from .through_vip import asks_vip
from .types import (
    Family,
    Forward,
    Health,
    HealthUrl,
    Ldirectord,
    LdirectordCheck,
    LdirectordRealServer,
    LdirectordService,
    Mail,
    RealServer,
    Service,
    SorryServer,
    checks_of,
    told,
)

SMTP_PORT = 25
FORWARD: dict[Forward, str] = {"dr": "gate", "nat": "masq", "tun": "ipip"}
# Services of ldirectord alone, each with the name of the type
SPOKEN = (
    "ftp",
    "http_proxy",
    "imap",
    "imaps",
    "ldap",
    "ldaps",
    "mysql",
    "nntp",
    "oracle",
    "pgsql",
    "pop",
    "pops",
    "radius",
    "simpletcp",
    "sip",
    "submission",
)
CHECKS: dict[str, tuple[str, str | None]] = {
    "none": ("on", None),
    "tcp": ("connect", None),
    "http": ("negotiate", "http"),
    "https": ("negotiate", "https"),
    "smtp": ("negotiate", "smtp"),
    "dns": ("negotiate", "dns"),
    "ping": ("ping", None),
    "script": ("external", None),
    **{name: ("negotiate", name) for name in SPOKEN},
}
# Source: ldirectord's check_sql
DRIVERS = {"mysql": "mysql", "oracle": "Oracle", "pgsql": "Pg"}
# check_sql has no timeout: a database that takes a connection and stays silent would hold up the checks of all services. Its driver has.
# Source: DBD::mysql(3pm), and libpq's connection parameters, which DBD::Pg takes
SQL_TIMEOUTS = {
    "mysql": ("mysql_connect_timeout", "mysql_read_timeout", "mysql_write_timeout"),
    "pgsql": ("connect_timeout",),
}
# What tells a check of a real server from another one (get_real_id_str), and what does not
SAME_CHECK = ("checktype", "service", "protocol", "checkport", "request", "receive", "virtualhost")
CREDENTIALS = ("login", "passwd", "database", "secret")
# ldirectord(8), IPv6
OF_IPV6 = ("tcp", "script", "dns", "http", "https", "nntp", "simpletcp", "sip")


# Keys of a service, and options of a check
KEEPALIVED_ONLY = ("quorum", "hysteresis", "alpha", "omega", "notify")
CHECK_OF_KEEPALIVED = ("warmup", "address", "source", "version", "dynamic_weight")
# In ldirectord.cf `#` begins a comment and `"` ends a text. Other characters with a backslash stay as they are
SPECIAL = re.compile(r"(\\[^#\"])|\\?([#\"])")
# What a check of a single real server may have of its own
OWN = {"path": None, "name": None, "request": None, "expect": None, "regex": None}


def read_ldirectord(given: Any, mail: Mail | None, mistakes: Mistakes) -> dict[str, Any]:
    """The daemon's own settings."""
    path = InventoryPath("lvs_ldirectord", mistakes)
    own = keys.read({} if given is None else given, schema.LDIRECTORD, path)
    check_ldirectord_lines(own["raw"], path)
    if mail and mail["server"] and mail["port"] != SMTP_PORT:
        InventoryPath("lvs_mail", mistakes).report(
            f"server has port {mail['port']}, but ldirectord sends mail only to port {SMTP_PORT}"
        )
    if mail and mail["real_servers"] and len(mail["to"]) > 1:
        InventoryPath("lvs_mail", mistakes).report(
            f"to is {listed(mail['to'])}, but ldirectord hands several addresses to the server as one, which refuses the mail: give the"
            " address of a mailing list"
        )
    for name in ("mail_frequency", "mail_status"):
        if own[name] and mail is None:
            path.report(f"{name} needs lvs_mail, which is not set")
    if "none" in (own["mail_status"] or ()) and len(own["mail_status"]) > 1:
        path.report("mail_status has none beside other states: remove it, or the others")
    if mail and ":" in (mail["server"] or ""):
        InventoryPath("lvs_mail", mistakes).report(
            f"server is {mail['server']}, but ldirectord takes no IPv6 address here: give its host name"
        )
    return own


def ldirectord_part(own: Mapping[str, Any], services: Sequence[Service], mail: Mail | None) -> Ldirectord:
    """The daemon's own settings and a block for each service, ready for the template."""
    checks = [check for service in services for check in checks_of(service)]
    intervals = {check["interval"] for check in checks}
    return {
        "autoreload": own["autoreload"],
        "cleanstop": own["cleanstop"],
        "maintenance_dir": own["maintenance_dir"],
        "log": own["log"],
        "readd_quiescent": own["readd_quiescent"],
        "fallback_command": own["fallback_command"],
        "callback": own["callback"],
        "execute": own["execute"] or [],
        "mail_frequency": own["mail_frequency"],
        "mail_status": own["mail_status"] or [],
        # One process for each service. Otherwise all services are checked one after the other at one interval.
        "fork": len(intervals) > 1,
        "interval": min((interval for interval in intervals if interval is not None), default=schema.DEFAULT_INTERVAL),
        "mail": mail if mail and mail["real_servers"] else None,
        "secrets": any(check["passwd"] or check["secret"] or check["sensitive"] for check in checks),
        "sensitive": any(check["sensitive"] for check in checks),
        "drivers": sorted({DRIVERS[check["type"]] for check in checks if check["type"] in DRIVERS}),
        # A line that begins with a blank belongs to a service.
        "raw": [line.strip() for line in own["raw"]],
        "virtuals": _told_apart([_virtual(service) for service in services]),
    }


def _told_apart(virtuals: Sequence[LdirectordService]) -> list[LdirectordService]:
    """Services whose checks differ only in what they log in with, each with a check of its own.

    ldirectord makes a check once for a real server, and what it finds counts for each service with the same check. That is what it asks
    and expects, and the name of a virtual host, but not what it logs in with. Checks that log in use no virtual host.
    """
    found: dict[tuple[object, ...], set[tuple[object, ...]]] = {}
    for virtual in virtuals:
        found.setdefault(_asked(virtual), set()).add(tuple(virtual[name] for name in CREDENTIALS))  # type: ignore[literal-required]
    return [
        {**virtual, "virtualhost": virtual["name"]} if len(found[_asked(virtual)]) > 1 else virtual
        for virtual in virtuals
    ]


def _asked(virtual: LdirectordService) -> tuple[object, ...]:
    return tuple(virtual[name] for name in SAME_CHECK)  # type: ignore[literal-required]


def _virtual(service: Service) -> LdirectordService:
    marked, sorry = service["fwmark"] is not None, service["sorry_server"]
    return {
        **_checked(service["health"][0] if service["health"] else None),
        "name": service["name"],
        "ipv6": service["family"] == "ipv6",
        "virtual": str(service["fwmark"]) if marked else endpoint(service["vips"][0], service["port"] or 0),
        "protocol": "fwm" if marked else service["protocols"][0],
        "scheduler": service["scheduler"],
        "persistence": service["persistence"],
        "netmask": service["persistence_netmask"],
        "one_packet": service["one_packet"],
        "flags": service["scheduler_flags"],
        # Otherwise ldirectord removes a drained real server when it reads its file again, until a check has passed (ld_start).
        "quiescent": service["on_failure"] == "quiesce" or any(map(is_drained, service["real_servers"])),
        "fallback": f"{_at(sorry, marked)} {FORWARD[sorry['forward']]}" if sorry else None,
        "reals": [_real(server, marked) for server in service["real_servers"]],
        "raw": service["raw"],
    }


def _real(server: RealServer, marked: bool) -> LdirectordRealServer:
    """A real server. Of its own check only the request and the answer can differ from the service's."""
    own = server["health"][0] if server["health"] else None
    return {
        "at": _at(server, marked),
        "forward": FORWARD[server["forward"]],
        "weight": server["weight"],
        "request": _own_request(own) if own else None,
        "receive": (_receive(own) or "") if own else None,
        "lower_threshold": server["lower_threshold"],
        "upper_threshold": server["upper_threshold"],
    }


def _own_request(health: Health) -> str:
    """What to ask a single real server for.

    ldirectord forgets the rest of the line behind a request that begins with a slash. It puts one before any other.
    """
    request = _request(health) or "/"
    return request[1:] if request.startswith("/") else request


def _checked(health: Health | None) -> LdirectordCheck:
    """How ldirectord checks the real servers of a service; without a check they always serve."""
    checktype, checked = CHECKS[health["type"] if health else "none"]
    attempts = None if health is None or health["retries"] is None else health["retries"] + 1
    pings = health is not None and health["type"] == "ping"
    return {
        "checktype": checktype,
        "service": checked,
        "request": _request(health) if health else None,
        "receive": _receive(health) if health else None,
        "virtualhost": health["virtualhost"] if health else None,
        "checkport": health["port"] if health else None,
        "checkcommand": health["command"] if health else None,
        "checkinterval": health["interval"] if health else None,
        "checktimeout": health["timeout"] if health else None,
        # For ping it is the number of pings in one check, for other checks the number of failures in a row.
        "checkcount": attempts if pings else None,
        "failurecount": None if pings else attempts,
        "login": health["login"] if health else None,
        "passwd": health["passwd"] if health else None,
        "database": _database(health) if health else None,
        "secret": health["secret"] if health else None,
    }


def _database(health: Health) -> str | None:
    """The database, with the time that its driver may take."""
    name = health["database"]
    if name is None:
        return None
    limits = [option for option in SQL_TIMEOUTS.get(health["type"], ()) if f"{option}=" not in name]
    return ";".join([name, *(f"{option}={health['timeout']}" for option in limits)])


def _request(health: Health) -> str | None:
    """What to ask for. ldirectord puts a slash before a request without one, and takes it away again."""
    if health["request"] is not None:
        return health["request"] if health["type"] == "http_proxy" else f"/{health['request']}"
    return health["urls"][0]["path"] if health["urls"] else health["name"]


def _escaped(found: re.Match[str]) -> str:
    return found[1] or f"\\x{ord(found[2]):02x}"


def _receive(health: Health) -> str | None:
    """What the answer must match. For a name, any answer is right."""
    answer = health["urls"][0] if health["urls"] else health
    regex = literal(answer["expect"]) if answer["expect"] is not None else answer["regex"]
    if regex is None and health["type"] == "dns":
        regex = "."
    return None if regex is None else SPECIAL.sub(_escaped, regex)


def _at(server: RealServer | SorryServer, marked: bool) -> str:
    if marked:
        return f"[{server['address']}]" if ":" in server["address"] else server["address"]
    return endpoint(server["address"], server["port"])


def check_ldirectord(services: Iterable[ServiceDraft]) -> None:
    """Report settings of a service that ldirectord does not support."""
    for service in services:
        for reason in _unsupported(service):
            service.path.report(f"{reason} (lvs_stack is ldirectord)")
        check_ldirectord_lines(service.raw, service.path)


def _unsupported(service: ServiceDraft) -> Iterable[str]:
    if "sctp" in service.protocols:
        yield "protocol is sctp, but ldirectord has only tcp and udp"
    for kind in dict.fromkeys(server["tunnel"]["type"] for server in service.servers if server["tunnel"]):
        if kind != "ipip":
            yield f"tunnel type is {kind}, but ldirectord has only ipip"
    if service.persistence_engine is not None:
        yield f"persistence_engine is {service.persistence_engine}, but ldirectord has no persistence engine"
    if service.ports == [0]:
        yield "port is 0, but ldirectord needs a port"
    if service.one_packet and service.fwmark is not None:
        yield "one_packet is true, but ldirectord has no one_packet for firewall marks"
    yield from _unsupported_keys(service)
    for server in service.servers:
        if service.family and (family := family_of(server["address"])) != service.family:
            yield (
                f"{called(server)} is {FAMILY_NAMES[family]} and the VIP is {FAMILY_NAMES[service.family]},"
                " but ldirectord takes one family in a service"
            )
    yield from _unsupported_checks(service)


def _unsupported_keys(service: ServiceDraft) -> Iterable[str]:
    for name in KEEPALIVED_ONLY:
        if name in service.given:
            yield f"{name} is set, but only keepalived has it"
    if any(server["notify"] for server in service.real_servers):
        yield "notify of a real server is set, but only keepalived has it"
    if any(server["raw"] for server in service.real_servers):
        yield "a real server has raw, but ldirectord has no block for a real server: use raw of the service"


def _unsupported_checks(service: ServiceDraft) -> Iterable[str]:
    if len(service.health) > 1:
        yield "health has several checks, but ldirectord makes one: choose one, or a script that makes them all"
    for check in service.checks:
        for reason in _unsupported_check(check, service.protocols, service.family):
            yield f"health {reason}"
    yield from _unsupported_own_checks(service)


def _unsupported_own_checks(service: ServiceDraft) -> Iterable[str]:
    """Checks of a real server alone: ldirectord has another request and another answer for it, and nothing else."""
    common = _shared(service.health)
    for server in service.real_servers:
        for check, path in [(one, url["path"]) for one in server["health"] or () for url in one["urls"]]:
            if path.startswith("//"):
                yield (
                    f"health path of real server {called(server)} is {told(check, path)}, but ldirectord takes two slashes at the beginning"
                    f" only in the check of the service: write {told(check, '/' + path.lstrip('/'))}, or give the service this path for all"
                    " its real servers"
                )
        if server["health"] is not None and (_shared(server["health"]) != common or len(server["health"]) != 1):
            yield (
                f"health of real server {called(server)} differs in more than path, expect and regex, which is all that"
                " ldirectord can have for a single real server"
            )


def _shared(checks: Sequence[Health]) -> list[dict[str, Any]]:
    """Checks without what a single real server may have of its own."""
    return [{**check, **OWN, "urls": [{**url, **OWN} for url in check["urls"]]} for check in checks]


def _unsupported_pages(urls: Sequence[HealthUrl]) -> Iterable[str]:
    if len(urls) > 1:
        yield "urls has several pages, but ldirectord requests one"
    for url in urls:
        if url["status"] not in ([200], ["200-299"]):
            yield f"status is {listed(url['status'])}, but ldirectord accepts every 2xx and nothing else"
        if url["digest"] is not None:
            yield "digest is set, but only keepalived has it"


def _unsupported_check(health: Health, protocols: Sequence[str], family: Family | None) -> Iterable[str]:
    """The settings of a check that ldirectord does not support."""
    if health["type"] == "udp" or (health["type"] == "tcp" and "tcp" not in protocols):
        yield f"type is {health['type']}, but ldirectord can check a real server of UDP only by ping"
    for name, value in (("interval", health["interval"]), ("timeout", health["timeout"])):
        if isinstance(value, float):
            yield f"{name} is {value}, but ldirectord takes whole seconds"
    if health["type"] == "file":
        yield "type is file, but ldirectord has a folder of such files instead: maintenance_dir of lvs_ldirectord"
    for name in CHECK_OF_KEEPALIVED:
        if health[name]:  # type: ignore[literal-required]
            yield f"{name} is set, but only keepalived has it"
    if asks_vip(health):
        yield "via is vip, but ldirectord can ask a real server only at its own address"
    yield from _unsupported_pages(health["urls"])
    if health["type"] not in OF_IPV6 and family == "ipv6":
        yield f"type is {health['type']}, but ldirectord has no such check for IPv6"
    if health["sni"] and health["virtualhost"] is not None:
        yield f"virtualhost is {told(health, health['virtualhost'])}, but ldirectord cannot name it in the TLS handshake: set sni to false"
    if health["type"] == "dns" and health["record"] != "A":
        yield f"record is {health['record']}, but ldirectord asks only for A"
    if health["as_root"]:
        yield "user is set, but ldirectord runs scripts as root"
    elif any(character in (health["command"] or "") for character in " #{"):
        yield "command has arguments or a #, but ldirectord passes its own arguments (VIP, port, real server, port)"
