# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is deployed on a director, according to the files of keepalived, heartbeat, ldirectord and lvs-vip."""

from __future__ import annotations

import hashlib
import json
import re
from types import MappingProxyType
from typing import Any, Callable, Iterable, Iterator, Mapping

from ansible_collections.lvs.cluster.plugins.module_utils.drains import record as drains
from ansible_collections.lvs.cluster.plugins.module_utils.tools import Failure

KEEPALIVED = "/etc/keepalived/keepalived.conf"
OPTIONS = "/etc/keepalived/lvs-options"
SECRETS = "/etc/keepalived/lvs-secrets.conf"
HARESOURCES = "/etc/ha.d/haresources"
HA_CF = "/etc/ha.d/ha.cf"
LDIRECTORD = "/etc/ha.d/ldirectord.cf"
# For each cluster of a host, by its name: the list of lvs-vip, and what the host remembers
LVS_VIPS = "/etc/lvs-vip-*.conf"
RECORDS = "/var/lib/lvs-cluster/cluster-*"
SCRIPTS = "/etc/lvs-cluster/scripts"
# The folders that the roles have made for files of others, and the files in them that keepalived makes, a line for each
FOLDERS = "/var/lib/lvs-cluster/folders"
# What the role real_server leaves for each cluster that a host serves, but for one with IPv6 alone and a page of its own, whose VIPs
# are on one of these devices
REAL_SERVER = ("/etc/sysctl.d/90-lvs-real-server-*.conf", "/etc/lvs-test-page-*.conf")
SILENT = "(?:lo|tunl0|sit0|ip6tnl0|gre0|ip6gre0)"
# That the roles have made the account of scripts
ACCOUNT = "/var/lib/lvs-cluster/account"
# lvs-sync, which tells other directors the connections
SYNC = (
    "/etc/systemd/system/lvs-sync.service",
    "/etc/lvs-sync.conf",
    "/usr/local/sbin/lvs-sync",
    "/usr/local/lib/lvs-sync/*.py",
)
# lvs-heal, lvs-metrics, and the commands of directors: the units, and all that they are made of
HEAL_UNIT = "/etc/systemd/system/lvs-heal.service"
HEAL_SETTINGS = "/etc/lvs-heal-*.json"
METRICS_UNIT = "/etc/systemd/system/lvs-metrics.service"
METRICS_FILE = "lvs-cluster.prom"
HEAL = (
    HEAL_UNIT,
    METRICS_UNIT,
    "/usr/local/sbin/lvs-heal",
    "/usr/local/sbin/lvs-drain",
    "/usr/local/sbin/lvs-metrics",
    "/usr/local/sbin/lvs-status",
    "/usr/local/sbin/lvs-undrain",
    HEAL_SETTINGS,
    "/usr/local/lib/lvs-cluster/**/*.py",
)
HEAL_WANTED = "/etc/systemd/system/multi-user.target.wants/lvs-heal.service"
HEAL_RUNS = "/run/lvs-heal/state.json"
METRICS_WANTED = "/etc/systemd/system/multi-user.target.wants/lvs-metrics.service"
METRICS_RUNS = "/run/lvs-metrics"
# The packages that the roles have added
PACKAGES = "/var/lib/lvs-cluster/packages"
EXPORTER = "prometheus-node-exporter"
FILES = (KEEPALIVED, SECRETS, HARESOURCES, HA_CF, LDIRECTORD)
# The real servers that somebody has drained
DRAINED = drains.FILE

# Lines that the roles have written into these files since the first release, and nobody else writes.
MARKS = {
    KEEPALIVED: rf"(?m)^include {re.escape(SECRETS)}$",
    HARESOURCES: r"(?m)^# The same on both nodes: who is preferred, and what the active one runs\.$",
    HA_CF: r"(?m)^# Before the media, which it counts for\.$",
    LDIRECTORD: r"(?m)^checkinterval=\S+\nautoreload=\w+\ncleanstop=\w+\nfork=\w+\nlogfile=\"",
}
LONGEST_PASSWORD = 8  # keepalived uses no more (vrrp_parser.c)
_ADDRESS = re.compile(r"[0-9a-fA-F]*[.:][0-9a-fA-F.:]+")


def foreign_files(files: Mapping[str, str], is_packaged: Callable[[str], bool]) -> list[str]:
    """Return the files that the roles would overwrite and that somebody else has written.

    `files` are texts by path; `is_packaged` tells whether a file is unchanged from its package.
    """
    foreign = [path for path, mark in MARKS.items() if path in files and not re.search(mark, files[path])]
    return [path for path in foreign if _settings(files[path]) and not is_packaged(path)]


def _settings(text: str) -> list[str]:
    """Return the lines that are not empty and no comments: a file without such lines can be overwritten."""
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "!"))]


def vrrp_instances(files: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the VRRP instances of keepalived.conf; passwords only by their digests."""
    words = list(_words(files.get(KEEPALIVED, "")))
    usual = next((line[1] for line in words if line[0] == "vrrp_version" and len(line) > 1), "2")
    secrets = dict(line[1:].partition("=")[::2] for line in files.get(SECRETS, "").splitlines() if line.startswith("$"))
    groups = {member: name for name, block in _blocks(words, "vrrp_sync_group") for member in _members(block)}
    found = []
    for name, block in _blocks(words, "vrrp_instance"):
        advertised, excluded = _addresses(block, "virtual_ipaddress"), _addresses(block, "virtual_ipaddress_excluded")
        # Those with IPv6 always have version 3
        version = "3" if any(":" in address for address in advertised) else _value(block, "version") or usual
        kind = _value(block, "auth_type")
        # keepalived ignores it without auth_type, and in version 3
        password = _value(block, "auth_pass") if kind in ("PASS", "AH") and version != "3" else None
        if password and password.startswith("$"):
            password = secrets.get(password[1:].strip("{}"))
        if password and kind == "AH":
            password = f"AH {password}"  # Whatever it is, with PASS it is another one
        elif password:
            password = password[:LONGEST_PASSWORD]
        found.append(
            {
                "name": name,
                "group": groups.get(name),
                "interface": _value(block, "interface"),
                "source": _value(block, "unicast_src_ip"),
                "virtual_router_id": _number(int, _value(block, "virtual_router_id")),
                "version": _number(int, version),
                "advert_interval": _number(float, _value(block, "advert_int") or "1"),
                "password": digest(password) if password else None,
                "unicast": ["unicast_peer"] in block,
                "vmac": any(words[0] == "use_vmac" for words in block),
                "vmac_address": _vmac_address(block),
                "advertised": advertised,
                "addresses": excluded,
            }
        )
    return found


def virtual_servers(files: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the virtual servers of keepalived.conf: what follows that word, the protocol, and the addresses as in "192.0.2.100 80".

    One with a firewall mark has no addresses.
    """
    lines = list(_words(files.get(KEEPALIVED, "")))
    groups = {name: [" ".join(words[:2]) for words in block] for name, block in _blocks(lines, "virtual_server_group")}
    found: list[dict[str, Any]] = []
    for words in lines:
        at = [word for word in words[1:] if word != "{"]
        if words[0] == "virtual_server" and at:
            plain = [] if at[0] == "fwmark" else [" ".join(at)]
            addresses = groups.get(at[-1], []) if at[0] == "group" else plain
            found.append({"at": " ".join(at), "protocol": None, "addresses": addresses})
        elif words[0] == "protocol" and found and at:
            found[-1]["protocol"] = at[0]
    return found


def digest(password: str) -> str:
    """Return a digest that shows whether two passwords differ, without the passwords. VRRP sends them in clear text anyway."""
    return hashlib.sha256(password.encode()).hexdigest()[:16]


def named_vips(files: Mapping[str, str], lists: str) -> list[str]:
    """Return the addresses in the files and in the lists of lvs-vip. A host that has one is in the cluster, not a stranger."""
    vips = [vip for one in vrrp_instances(files) for vip in one["advertised"] + one["addresses"]]
    vips += re.findall(r"(?m)^(?:leaving )?address ([^/\s]+)", lists)
    vips += [word for name in resources(files) for word in re.split(r"::|/", name) if _ADDRESS.fullmatch(word)]
    return list(dict.fromkeys(vips))


def clusters_of(records: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return {name: record} of the clusters that a host serves, from the texts of the records by path.

    Raises Failure for a text that is no record.
    """
    return {path[RECORDS.index("*") :]: _record(path, text) for path, text in records.items()}


def _record(path: str, text: str) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise Failure(
            f"{path} is no record of a cluster ({error}): remove it, and run site.yml of that cluster."
        ) from error
    return record


def drained_in(text: str | None) -> dict[str, Any] | None:
    """Return the record of drained real servers, None without one. Raises Failure for a text that is no record."""
    if text is None:
        return None
    try:
        return drains.data_of(drains.read(text))
    except ValueError as error:
        raise Failure(
            f"{DRAINED} is no record of drained real servers: {error}. Mend it, or remove it and drain again"
        ) from None


def settings_with(settings: Mapping[str, str], key: str, default: Any) -> list[str]:
    """Return the paths of those settings of lvs-heal, texts by path, in which a key has a value: heal, or stack of a director."""
    found = []
    for path, text in settings.items():
        try:
            told: dict[str, Any] = json.loads(text)
        except ValueError:
            told = {key: True}  # It counts until site.yml has written it again.
        if told.get(key, default):
            found.append(path)
    return found


def metrics_files(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the file into which lvs-metrics writes, by the path of the settings that want it. Broken settings want none."""
    found = {}
    for path, text in settings.items():
        try:
            wanted = json.loads(text).get("metrics")
        except ValueError:
            continue
        if wanted:
            found[path] = f"{wanted['textfile_directory'].rstrip('/')}/{METRICS_FILE}"
    return found


def gateways_of(lists: str) -> list[str]:
    """Return the gateways to which a real server sends its answers of NAT, from the lists of lvs-vip."""
    return list(dict.fromkeys(re.findall(r"(?m)^route (\S+)", lists)))


def peer_macs_of(lists: str) -> list[str]:
    """Return the Ethernet addresses by which a director that also serves knows what other directors have forwarded."""
    return list(dict.fromkeys(re.findall(r"(?m)^(?:nft|iptables) peer \S+ (\S+)", lists)))


def marks_of(lists: str) -> list[str]:
    """Return the packets that get a firewall mark, from the lists of lvs-vip, as in "192.0.2.100 tcp 80,8000-8010 7"."""
    return list(dict.fromkeys(re.findall(r"(?m)^(?:nft|iptables) mark (\S+ \S+ \S+ \d+)$", lists)))


def peers_only_of(lists: Mapping[str, str]) -> dict[str, dict[str, list[str]]]:
    """Return {cluster: {let, only}} for the clusters whose directors hear each other alone, from the lists of lvs-vip by path.

    `let` are lines as in "192.0.2.12 vrrp", `only` as in "ipv4 vrrp".
    """
    first, last = LVS_VIPS.split("*")
    found = {
        path[len(first) : -len(last)]: {
            kind: re.findall(rf"(?m)^(?:nft|iptables) {kind} (\S+ \S+)$", text) for kind in ("let", "only")
        }
        for path, text in lists.items()
    }
    return {cluster: kinds for cluster, kinds in found.items() if kinds["only"]}


def served(paths: Iterable[str], lists: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """Return the names of the clusters that a host serves as a real server.

    `paths` match REAL_SERVER. `lists` are those of lvs-vip by path: a director has no VIPs on the devices of a real server there.
    """
    having = [
        path for path, text in lists.items() if re.search(rf"(?m)^(?:leaving )?address \S+ {SILENT}(?: nodad)?$", text)
    ]
    found = (
        re.search(r"/(?:90-lvs-real-server|lvs-test-page|lvs-vip)-(.+)\.conf$", path) for path in (*paths, *having)
    )
    return sorted({one.group(1) for one in found if one})


def resources(files: Mapping[str, str]) -> list[str]:
    """Return the resources that heartbeat moves, by haresources: each line has a node and its resources."""
    lines = " \n".join(_settings(files.get(HARESOURCES, ""))).replace("\\ \n", " ").splitlines()
    return [resource for line in lines for resource in line.split()[1:]]


def _words(text: str) -> Iterator[list[str]]:
    """Yield the words of each line of keepalived.conf without comments. A brace ends a line, or is the only word of a line."""
    for line in text.splitlines():
        told = re.split(r"(?:^|\s)[#!]", line, maxsplit=1)[0]
        for part in re.split(r"(?<=[{}])|(?=})", told):
            words = part.split()
            if words and words[-1] != "{" and words[-1].endswith("{"):
                words[-1:] = [words[-1][:-1], "{"]
            if words:
                yield words


def _blocks(lines: list[list[str]], kind: str) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield name and lines of each block of a kind. The braces of inner blocks are removed."""
    block: list[list[str]] | None = None
    name, depth = "", 0
    for words in lines:
        if block is None:
            if words[0] == kind:
                name, block = words[1] if len(words) > 1 else "", []
                depth = words.count("{")
            continue
        depth += words.count("{") - words.count("}")
        if depth <= 0 and "}" in words:
            yield name, block
            block = None
        elif left := [word for word in words if word != "{"]:  # A brace may have a line of its own
            block.append(left)


def _value(block: list[list[str]], key: str) -> str | None:
    """The last value of a key, which counts for keepalived."""
    values = [words[1].strip('"') for words in block if words[0] == key and len(words) > 1]
    return values[-1] if values else None


def _vmac_address(block: list[list[str]]) -> str | None:
    """The MAC address behind use_vmac, which may have the name of an interface, too, in any order (vrrp_parser.c, vrrp_vmac_handler)."""
    told = [word.strip('"') for words in block if words[0] == "use_vmac" for word in words[1:3]]
    return next((word for word in told if ":" in word), None)


def _number(kind: Callable[[str], Any], word: str | None) -> Any:
    """Return a number, or None for what is none, such as a parameter ($NAME) in a file of somebody else."""
    try:
        return None if word is None else kind(word)
    except ValueError:
        return None


def _addresses(block: list[list[str]], key: str) -> list[str]:
    return [words[0].partition("/")[0] for words in _inside(block, key) if _ADDRESS.match(words[0])]


def _members(block: list[list[str]]) -> list[str]:
    """Return the instances of a block vrrp_sync_group."""
    return [word for words in _inside(block, "group") for word in words]


def _inside(block: list[list[str]], key: str) -> Iterator[list[str]]:
    """Yield the lines of an inner block."""
    inside = False
    for words in block:
        if words == [key]:
            inside = True
        elif inside and words == ["}"]:
            inside = False
        elif inside:
            yield words


def running_options(command_line: str | None) -> list[str] | None:
    """Return the options of a running keepalived from its /proc/PID/cmdline, without the one of its unit; None if it does not run."""
    words = (command_line or "").rstrip("\0").split("\0")
    if not words[0].endswith("keepalived"):
        return None
    return [word for word in words[1:] if word not in ("--dont-fork", "-n")]
