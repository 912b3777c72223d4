# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services as keepalived configuration, and what keepalived does not support.

Source: keepalived.conf(5) of 2.2.7.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Iterable, Mapping, Sequence

from . import keys, schema
from .addresses import LOOPBACK, known
from .drafts import ServiceDraft
from .mistakes import InventoryPath, Mistakes, listed
from .raw import check_block
from .regex import literal
from .types import (
    Health,
    Keepalived,
    KeepalivedCheck,
    KeepalivedInclude,
    KeepalivedService,
    RealServer,
    Service,
    SorryServer,
    Tunnel,
)

# The name of each check's block.
BLOCKS = {
    "tcp": "TCP_CHECK",
    "http": "HTTP_GET",
    "https": "SSL_GET",
    "smtp": "SMTP_CHECK",
    "dns": "DNS_CHECK",
    "ping": "PING_CHECK",
    "udp": "UDP_CHECK",
    "script": "MISC_CHECK",
}
# Options of keepalived(8) that change what the roles rely on: its files, its processes, what a stop leaves behind.
MANAGED_OPTIONS = re.findall(
    r"\S+",
    "-f --use-file -P --vrrp -C --check -n --dont-fork -p --pid -r --vrrp_pid -c --checkers_pid -b --bfd_pid -T --genhash -s"
    " --namespace -t --config-test -V --dont-release-vrrp -I --dont-release-ipvs --signum -v --version -h --help",
)
CHECKSUMS = {"none": "nocsum", "csum": "csum", "remcsum": "remcsum"}


def read_keepalived(given: Any, mistakes: Mistakes) -> dict[str, Any]:
    """The daemon's own settings."""
    path = InventoryPath("lvs_keepalived", mistakes)
    own = keys.read({} if given is None else given, schema.KEEPALIVED, path)
    check_block(own["raw"], "global_defs", path)
    if repeated := [name for name, times in Counter(own["include"]).items() if times > 1]:
        path.report(f"include has {listed(repeated)} twice")
    for word in own["options"] or ():
        if word.partition("=")[0] in MANAGED_OPTIONS or (word[0] == "-" and word[:2] in MANAGED_OPTIONS):
            path.report(f"options has {word}, with which the roles could not start, check or stop keepalived")
    return own


def keepalived_part(own: Mapping[str, Any], services: Sequence[Service]) -> Keepalived:
    """What keepalived.conf has besides VRRP, ready for the template."""
    return {
        "options": own["options"],
        "raw": own["raw"],
        "includes": [_include(path) for path in own["include"]],
        "virtual_servers": [_virtual_server(service) for service in services],
    }


def _include(path: str) -> KeepalivedInclude:
    """A named file has to be there; a pattern may match none. keepalived checks that (keepalived.conf(5), include)."""
    return {"keyword": "includer" if any(character in path for character in "*?[") else "includea", "path": path}


def _virtual_server(service: Service) -> KeepalivedService:
    marked, sorry = service["fwmark"] is not None, service["sorry_server"]
    return {
        "name": service["name"],
        "at": f"fwmark {service['fwmark']}" if marked else f"{service['vip']} {service['port']}",
        "ip_family": ("inet6" if service["family"] == "ipv6" else "inet") if marked else None,
        "protocol": None if marked else service["protocol"].upper(),
        "scheduler": service["scheduler"],
        "scheduler_flags": service["scheduler_flags"],
        "method": " ".join([service["forward"].upper(), *_tunnel_words(service["tunnel"])]),
        "persistence": service["persistence"],
        "persistence_netmask": service["persistence_netmask"],
        "persistence_engine": service["persistence_engine"],
        "one_packet": service["one_packet"],
        "delay_loop": service["health"]["interval"],
        "sorry_server": _at(sorry, marked) if sorry else None,
        "sorry_server_method": _sorry_server_method(service),
        "quiesce": service["on_failure"] == "quiesce",
        "check": _check(service["health"]),
        "real_servers": [
            {
                "at": _at(server, marked),
                "weight": server["weight"],
                "upper_threshold": server["upper_threshold"],
                "lower_threshold": server["lower_threshold"],
                "command": _command(service, server),
                "raw": server["raw"],
            }
            for server in service["real_servers"]
        ],
        "raw": service["raw"],
    }


def _sorry_server_method(service: Service) -> str | None:
    """The forwarding method of the sorry server, if it is not the service's.

    Packets for a page on the director itself are delivered locally, not forwarded: IPVS drops what NAT would send to a
    loopback address (ip_vs_xmit.c, ip_vs_nat_xmit).
    """
    sorry = service["sorry_server"]
    own = sorry is not None and sorry["host"] is None and known(sorry["address"]).special == LOOPBACK
    return "DR" if own and service["forward"] != "dr" else None


def _tunnel_words(tunnel: Tunnel | None) -> list[str]:
    if tunnel is None:
        return []
    words = ["type", tunnel["type"]]
    if tunnel["port"] is not None:
        words += ["port", str(tunnel["port"])]
    if tunnel["checksum"] is not None:
        words.append(CHECKSUMS[tunnel["checksum"]])
    return words


def _at(server: RealServer | SorryServer, marked: bool) -> str:
    return server["address"] if marked else f"{server['address']} {server['port']}"


def _command(service: Service, server: RealServer) -> str | None:
    """The script that checks a real server, with the same arguments as from ldirectord: VIP, port, real server, port.

    0 stands for no port.
    """
    health = service["health"]
    if health["command"] is None:
        return None
    port = health["port"] or server["port"] or 0
    return f"{health['command']} {service['vip']} {service['port'] or 0} {server['address']} {port}"


def _check(health: Health) -> KeepalivedCheck | None:
    block = BLOCKS.get(health["type"])
    if block is None:
        return None
    return {
        "block": block,
        "script": health["type"] == "script",
        "sni": bool(health["sni"]),
        "path": health["path"],
        "virtualhost": health["virtualhost"],
        "status": None if health["status"] is None else " ".join(map(str, health["status"])),
        "regex": None if health["expect"] is None else literal(health["expect"]),
        "record": health["record"],
        "name": health["name"],
        "port": health["port"],
        "timeout": health["timeout"] or 0,
        "retries": health["retries"] or 0,
        "retry_delay": health["retry_delay"] or 0,
    }


def check_keepalived(services: Iterable[ServiceDraft]) -> None:
    """Report settings of a service that keepalived would refuse."""
    for service in services:
        check_block(service.raw, "virtual_server", service.path)
        for server in service.real_servers:
            check_block(
                server["raw"], "real_server", service.path.at(f"real server {server['host'] or server['address']}")
            )
        health = service.health
        if health["command"] is not None and isinstance(health["timeout"], float):
            service.path.report(
                f"health timeout is {health['timeout']}, but keepalived takes whole seconds for a script"
            )
        # check_dns.c of 2.2.7 reads both as an empty label
        if health["name"] not in (None, ".") and any(len(label) < 2 for label in str(health["name"]).split(".")):
            service.path.report(
                f"health name is {health['name']}, but keepalived takes no name with a part of one letter or a dot at the end"
            )
