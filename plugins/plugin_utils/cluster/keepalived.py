# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services as keepalived configuration, and what keepalived does not support.

Source: keepalived.conf(5) of 2.2.7.

A service with several addresses is a virtual_server_group: its real servers are checked once for all of them. Before 2.3.0 a reload
that changes the addresses of a group is wrong (ipvswrapper.c): what was removed stays in the kernel, and the real servers of what
was added get port 0. A group has therefore a hash of its addresses in its name. With other addresses it is another group, which
every version removes and adds as a whole.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePosixPath
from typing import Any, Hashable, Iterable, Iterator, Mapping, Sequence
from zlib import crc32

from . import keys, schema
from .addresses import parse
from .commands import filled, has_words
from .drafts import ServiceDraft
from .drain_record import held
from .keepalived_checks import BLOCKS, own_checks, secrets, service_checks, track_files, words_of
from .mistakes import InventoryPath, Mistakes, listed
from .raw import check_block
from .real_servers import called
from .through_vip import Way, key_of, ways
from .types import (
    Command,
    Health,
    Keepalived,
    KeepalivedGroup,
    KeepalivedInclude,
    KeepalivedRealServer,
    KeepalivedService,
    RealServer,
    Service,
    SorryServer,
    TrackFile,
    Tunnel,
    health_of,
    told,
)

# Options of keepalived(8) that change what the roles rely on: its files, its processes, what a stop leaves behind.
MANAGED_OPTIONS = re.findall(
    r"\S+",
    "-f --use-file -P --vrrp -C --check -n --dont-fork -p --pid -r --vrrp_pid -c --checkers_pid -b --bfd_pid -T --genhash -s"
    " --namespace -t --config-test --config-fd -V --dont-release-vrrp -I --dont-release-ipvs --signum -v --version -h --help",
)
# Letters behind which the rest of a word is their argument (main.c, parse_cmdline)
WITH_ARGUMENT = frozenset("uSfpisMgtrcbA")
# With it the processes exit at a reload when keepalived has ever warned since its start (vrrp_daemon.c, start_vrrp): of a script
# without script security before it was taken over, or of one that nothing uses. Seen with 2.2.7 and 2.3.3.
CHECK_AT_A_RELOAD = "reload_check_config"
CHECKSUMS = {"none": "nocsum", "csum": "csum", "remcsum": "remcsum"}


def read_keepalived(given: Any, mistakes: Mistakes) -> dict[str, Any]:
    """The daemon's own settings."""
    path = InventoryPath("lvs_keepalived", mistakes)
    own = keys.read({} if given is None else given, schema.KEEPALIVED, path)
    check_block(own["raw"], "global_defs", path)
    if any(line.split()[:1] == [CHECK_AT_A_RELOAD] for line in own["raw"]):
        path.report(
            f"raw has {CHECK_AT_A_RELOAD}, with which keepalived can exit at a reload and leave its VIPs behind."
            " Without it systemctl reload keepalived checks the configuration, too"
        )
    if repeated := [name for name, times in Counter(own["include"]).items() if times > 1]:
        path.report(f"include has {listed(repeated)} twice")
    for word in own["options"] or ():
        if _is_managed(word):
            path.report(f"options has {word}, with which the roles could not start, check or stop keepalived")
    return own


def _is_managed(word: str) -> bool:
    """Whether a word of the command line is an option of the roles: abbreviated, or among other letters, too (getopt(3))."""
    if word.startswith("--"):
        return any(option.startswith(word.partition("=")[0]) for option in MANAGED_OPTIONS)
    for letter in word[1:] if word.startswith("-") else "":
        if f"-{letter}" in MANAGED_OPTIONS:
            return True
        if letter in WITH_ARGUMENT:
            break
    return False


def keepalived_part(own: Mapping[str, Any], services: Sequence[Service], tracked: Iterable[TrackFile]) -> Keepalived:
    """What keepalived.conf has besides VRRP, ready for the template. `tracked` are the files that VRRP tracks."""
    found = ways(services)
    groups = _together(services)
    hidden = secrets(together[0] for together in groups)
    virtual_servers = [_virtual_server(together, found, hidden) for together in groups]
    files = track_files(
        [*(service["checks"] for service in virtual_servers)]
        + [server["checks"] or [] for service in virtual_servers for server in service["real_servers"]]
    )
    return {
        "options": own["options"],
        "raw": own["raw"],
        "includes": [_include(path) for path in own["include"]],
        "secrets": [{"name": name, "value": value} for value, name in hidden.items()],
        "track_files": files,
        "track_folders": _folders([*files, *(file["name"] for file in tracked)]),
        "virtual_servers": [
            *virtual_servers,
            *(marked_service(way, f"checks of {way.server['address']} through {way.vip}") for way in found.values()),
        ],
    }


def worded_programs(services: Iterable[Service]) -> list[str]:
    """The programs whose own path has words in braces, so that each service or real server has another one. All run as root."""
    found: dict[str, None] = {}
    for service, *_others in _together(services):
        for server in (None, *service["real_servers"]):
            words = words_of(service, server)
            programs = [command.split()[0] for command in _commands(service, server)]
            found.update((filled(program, words), None) for program in programs if has_words(program))
    return list(found)


def _commands(service: Service, server: RealServer | None) -> list[str]:
    """What runs for a real server, with its words; for the service itself if that is None."""
    if server is None:
        scripts = [service["notify"]["quorum_up"], service["notify"]["quorum_down"]] if service["notify"] else []
        checks: list[Health] = []
    else:
        scripts = [server["notify"]["up"], server["notify"]["down"]] if server["notify"] else []
        checks = health_of(server, service["health"])
    return [
        *(check["command"] for check in checks if check["command"]),
        *(one["command"] for one in scripts if one),
    ]


def _together(services: Iterable[Service]) -> list[list[Service]]:
    """The services of the kernel that are one service of the inventory and of one family."""
    found: dict[tuple[str, str], list[Service]] = {}
    for service in services:
        found.setdefault((service["name"], service["family"]), []).append(service)
    return list(found.values())


def _group(services: Sequence[Service]) -> KeepalivedGroup | None:
    """The addresses of a service, if it has several."""
    if len(services) == 1:
        return None
    addresses = [f"{service['vips'][0]} {service['port']}" for service in services]
    number = crc32(repr([services[0]["protocols"], *sorted(addresses)]).encode())
    return {"name": f"{services[0]['name']}-{number:08x}", "addresses": addresses}


def _folders(files: Iterable[str]) -> list[str]:
    """The folders of files with those above them, the outermost first, without the root folder."""
    parents = [str(parent) for file in files for parent in reversed(PurePosixPath(file).parents)]
    return [folder for folder in dict.fromkeys(parents) if folder != "/"]


def _include(path: str) -> KeepalivedInclude:
    """A named file has to be there; a pattern may match none. keepalived checks that (keepalived.conf(5), include)."""
    return {"keyword": "includer" if any(character in path for character in "*?[") else "includea", "path": path}


def marked_service(way: Way, name: str) -> KeepalivedService:
    """A service by a mark that leads to one real server, which nothing checks."""
    return {
        "name": name,
        "at": f"fwmark {way.mark}",
        "group": None,
        "ip_family": "inet6" if way.family == "ipv6" else "inet",
        "protocol": None,
        "scheduler": way.scheduler,
        "scheduler_flags": [],
        "method": _method(way.server),
        "persistence": None,
        "persistence_netmask": None,
        "persistence_engine": None,
        "one_packet": False,
        "quorum": 1,
        "hysteresis": 0,
        "alpha": False,
        "omega": False,
        "quorum_up": None,
        "quorum_down": None,
        "sorry_server": None,
        "sorry_server_method": None,
        "quiesce": False,
        "checks": [],
        "real_servers": [
            {
                "at": way.server["address"],
                "weight": 1,
                "held": False,
                "upper_threshold": 0,
                "lower_threshold": 0,
                "method": None,
                "notify_up": None,
                "notify_down": None,
                "checks": None,
                "raw": [],
            }
        ],
        "raw": [],
    }


def _virtual_server(
    services: Sequence[Service], found: Mapping[Hashable, Way], hidden: Mapping[str, str]
) -> KeepalivedService:
    """The block for services that are one in the inventory: they differ in their addresses only.

    `hidden` are the secrets of checks with their variables.
    """
    service, group = services[0], _group(services)
    marked = service["fwmark"] is not None
    notify = service["notify"] or {"quorum_up": None, "quorum_down": None}
    method, words = _method(service), words_of(service)
    sorry = [one["sorry_server"] for one in services if one["sorry_server"]]
    vips = list(dict.fromkeys(vip for one in services for vip in one["vips"]))
    return {
        "name": service["name"],
        "at": _named(service, group),
        "group": group,
        "ip_family": ("inet6" if service["family"] == "ipv6" else "inet") if marked or group else None,
        "protocol": None if marked else service["protocols"][0].upper(),
        "scheduler": service["scheduler"],
        "scheduler_flags": service["scheduler_flags"],
        "method": method,
        "persistence": service["persistence"],
        "persistence_netmask": service["persistence_netmask"],
        "persistence_engine": service["persistence_engine"],
        "one_packet": service["one_packet"],
        "quorum": service["quorum"],
        "hysteresis": service["hysteresis"],
        "alpha": service["alpha"],
        "omega": service["omega"],
        "quorum_up": _notified(notify["quorum_up"], words),
        "quorum_down": _notified(notify["quorum_down"], words),
        "sorry_server": _at(sorry, marked) if sorry else None,
        "sorry_server_method": _sorry_server_method(service),
        "quiesce": service["on_failure"] == "quiesce",
        "checks": service_checks(service, hidden),
        "real_servers": [
            _real_server(
                service,
                same,
                method,
                [found[key] for vip in vips if (key := key_of(vip, same[0])) in found],
                hidden,
                keeps=keeps,
            )
            for same, keeps in zip(zip(*(one["real_servers"] for one in services)), held(service))
        ],
        "raw": service["raw"],
    }


def _named(service: Service, group: KeepalivedGroup | None) -> str:
    if group:
        return f"group {group['name']}"
    return f"fwmark {service['fwmark']}" if service["fwmark"] is not None else f"{service['vips'][0]} {service['port']}"


def _real_server(
    service: Service,
    same: Sequence[RealServer],
    method: str,
    found: Sequence[Way],
    hidden: Mapping[str, str],
    *,
    keeps: bool,
) -> KeepalivedRealServer:
    """A real server, which is the `same` one for each address of a service; `found` are the ways to it through the VIPs.

    `keeps` is whether it is drained and keeps its weight.
    """
    server = same[0]
    own, notify = _method(server), server["notify"] or {"up": None, "down": None}
    words = words_of(service, server) if server["notify"] else {}
    return {
        "at": _at(same, service["fwmark"] is not None),
        "weight": server["inventory_weight"] if keeps else server["weight"],
        "held": keeps,
        "upper_threshold": server["upper_threshold"],
        "lower_threshold": server["lower_threshold"],
        "method": None if own == method else own,
        "notify_up": _notified(notify["up"], words),
        "notify_down": _notified(notify["down"], words),
        "checks": own_checks(service, server, found, hidden),
        "raw": server["raw"],
    }


def _notified(script: Command | None, words: Mapping[str, object]) -> Command | None:
    return None if script is None else {**script, "command": filled(script["command"], words)}


def _method(of: Service | RealServer | SorryServer) -> str:
    return " ".join([of["forward"].upper(), *_tunnel_words(of["tunnel"])])


def _sorry_server_method(service: Service) -> str | None:
    """The forwarding method of the sorry server, if it is not the service's."""
    sorry = service["sorry_server"]
    return _method(sorry) if sorry and sorry["forward"] != service["forward"] else None


def _tunnel_words(tunnel: Tunnel | None) -> list[str]:
    if tunnel is None:
        return []
    words = ["type", tunnel["type"]]
    if tunnel["port"] is not None:
        words += ["port", str(tunnel["port"])]
    if tunnel["checksum"] is not None:
        words.append(CHECKSUMS[tunnel["checksum"]])
    return words


def _at(same: Sequence[RealServer | SorryServer], marked: bool) -> str:
    """Where a server is. Without a port it has that of each address."""
    ports = {server["port"] for server in same}
    return same[0]["address"] if marked or len(ports) > 1 else f"{same[0]['address']} {same[0]['port']}"


def check_keepalived(services: Iterable[ServiceDraft]) -> None:
    """Report settings of a service that keepalived would refuse."""
    for service in services:
        check_block(service.raw, "virtual_server", service.path)
        for server in service.real_servers:
            check_block(server["raw"], "real_server", service.path.at(f"real server {called(server)}"))
        for reason in _refused(service):
            service.path.report(reason)
        for health in service.checks:
            for reason in _refused_check(health):
                service.path.report(f"health {reason}")


def _refused(service: ServiceDraft) -> Iterator[str]:
    weights = sum(server["weight"] for server in service.real_servers)
    if weights and service.quorum > weights:
        yield (
            f"quorum is {service.quorum}, but the weights of all its real servers add up to {weights}: it could never be"
            " reached"
        )
    if service.hysteresis >= service.quorum and service.hysteresis:
        yield f"hysteresis is {service.hysteresis}, which must be less than quorum, {service.quorum}"
    elif service.quorum <= weights < service.quorum + service.hysteresis:
        yield (
            f"quorum and hysteresis are {service.quorum} and {service.hysteresis}, but the weights of all its real servers add"
            f" up to {weights}: once it is down, the service would never be up again"
        )


def _refused_check(health: Health) -> Iterator[str]:
    if health["type"] not in BLOCKS:
        yield (
            f"type is {health['type']}, a check that only ldirectord has: use type script with a program that asks, or type tcp"
        )
    if health["type"] == "script" and isinstance(health["timeout"], float):
        yield f"timeout is {health['timeout']}, but keepalived takes whole seconds for a script"
    if health["sni"] and (in_sni := _not_for_sni(health["virtualhost"] or "")):
        yield (
            f"virtualhost is {told(health, health['virtualhost'] or '')}, and keepalived would send it as it is in the TLS handshake, where strict servers"
            f" refuse {in_sni}"
        )
    # check_dns.c of 2.2.7 reads both as an empty label
    if health["name"] not in (None, ".") and any(len(label) < 2 for label in str(health["name"]).split(".")):
        yield f"name is {health['name']}, but keepalived takes no name with a part of one letter or a dot at the end"


def _not_for_sni(host: str) -> str | None:
    """What of a virtual host may not be in the TLS handshake (RFC 6066, 3), as the end of a sentence."""
    if host.startswith("[") or parse(host.partition(":")[0]):
        return "an address: set sni to false"
    return "a port: leave the port out, or set sni to false" if ":" in host else None
