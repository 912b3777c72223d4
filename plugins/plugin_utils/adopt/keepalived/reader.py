# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the keepalived.conf of a director, with what it includes."""

from __future__ import annotations

import ipaddress
from typing import Any

from ....module_utils import deployed
from ....module_utils.adopt import config_id, configuration_of
from ...cluster import schema
from ...cluster.keepalived import CHECK_AT_A_RELOAD
from ..marks import marked
from ..notes import Notes
from ..types import Adopted, HostFacts
from . import services, vrrp
from .blocks import Line
from .blocks import read as read_blocks
from .taking import Taking, number, put
from .tracking import DEFINED, Definitions
from .words import settle

PROCESSES = ("vrrp", "checker", "bfd")
# Blocks at the top of the file that are read elsewhere
READ = frozenset(
    ("global_defs", "vrrp_instance", "vrrp_sync_group", "virtual_server", "virtual_server_group", *DEFINED)
)
# Lines of global_defs that the roles write themselves, or that say nothing new
SET = ("router_id", "enable_script_security", "vrrp_higher_prio_send_advert", "smtp_alert")
NOT_RAW = {
    "vrrp_strict": "it forbids unicast, passwords and preempt_delay, and drops packets to the VIPs: it goes",
    CHECK_AT_A_RELOAD: "with it keepalived can exit at a reload: it goes, and systemctl reload keepalived checks the configuration",
    "vrrp_min_garp": "set garp_master_delay to 0 and garp_master_repeat to 1 for the same",
    "reload_time_file": "site.yml reloads keepalived itself",
    "reload_repeat": "it belongs to reload_time_file",
    "nftables_ipvs": "it belongs to virtual_server_group",
    "data_use_instance": "verify.yml reads the state of keepalived from the file of the usual name",
}


def path_of(host: HostFacts) -> str:
    """The file that keepalived reads."""
    return configuration_of(_arguments(host))


def _arguments(host: HostFacts) -> list[list[str]]:
    return [one["arguments"] for one in host["processes"] if one["name"] == "keepalived"]


def read(host: HostFacts) -> Adopted:
    """What keepalived.conf says. Without the file nothing."""
    notes = Notes()
    path = path_of(host)
    if path not in host["files"]:
        return {"variables": {}, "hosts": {}, "notes": []}
    if path != deployed.KEEPALIVED:
        notes.lost(
            path,
            f"keepalived reads {path}, and site.yml writes {deployed.KEEPALIVED}: remove the option from the settings of its unit",
        )
    top = read_blocks(path, host["files"], config_id(_arguments(host), host["hostname"]), notes)
    settle(top, "file", notes)
    variables: dict[str, Any] = {"lvs_stack": "keepalived"}
    common: dict[str, Any] = {}
    own: dict[str, Any] = {}
    definitions = Definitions(top, notes)
    defaults = _global(top, variables, common, host, notes)
    instances = vrrp.read(top, common, defaults["garp"], defaults["version"], definitions, host, notes)
    _skip_check(common, defaults["skip_check"])
    _mail_of_instances(variables, common)
    _sync_of_instance(variables, common, host)
    if common:
        variables["lvs_vrrp"] = common
    around = services.Around(
        groups={line.word(1): line for line in top.inside if line.name == "virtual_server_group"},
        vips=[vip for instance in common.get("instances", []) for vip in instance["vips"]],
        marked=marked(host["filters"]),
        networks=_networks(host),
        own=[str(one["address"]) for one in host["addresses"]],
        files=definitions.files,
    )
    variables["lvs_services"] = services.read(top, around, notes)
    if instances:
        own["_vrrp"] = instances
    _others(top, variables, path, notes)
    return {"variables": variables, "hosts": {"": own} if own else {}, "notes": notes.all()}


def _networks(host: HostFacts) -> dict[str, str]:
    """The network of each address of the host that is in one, such as 192.0.2.0/24."""
    found = {}
    for one in host["addresses"]:
        network = ipaddress.ip_network(f"{one['address']}/{one['prefix']}", strict=False)
        if network.prefixlen < network.max_prefixlen and one["interface"] != "lo":
            found[str(one["address"])] = str(network)
    return found


def _global(
    top: Line, variables: dict[str, Any], common: dict[str, Any], host: HostFacts, notes: Notes
) -> dict[str, Any]:
    """global_defs. Returns what it sets for all instances."""
    whole = Line(
        ["global_defs"],
        ["global_defs"],
        next((line.where for line in top.inside if line.name == "global_defs"), top.where),
        [inner for line in top.inside if line.name == "global_defs" for inner in line.inside],
        True,
    )
    block = Taking(whole, "global_defs", notes)
    # A mail of everything, unless the next says otherwise
    alerts = block.flag("smtp_alert")
    block.all(*SET)
    _mail(variables, block, alerts, notes)
    for key in ("garp_interval", "gna_interval"):
        put(common, schema.VRRP, key, block.number(f"vrrp_{key}"), block.where, notes)
    put(common, schema.VRRP, "startup_delay", block.number("vrrp_startup_delay"), block.where, notes)
    _processes(common, block, notes)
    _timeouts(variables, block, host, notes)
    _sync(variables, block, host, notes)
    user = block.value("script_user")
    if user and user != "root":
        variables["director_script_user"] = user
    version = block.number("vrrp_version")
    garp = {key: block.number(word) for key, word in vrrp.GARP.items()}
    skip_check = bool(block.flag("vrrp_skip_check_adv_addr"))
    if lines := block.raw(NOT_RAW):
        variables["lvs_keepalived"] = {"raw": lines}
    return {
        "version": 3 if version == 3 else 2,
        "garp": {key: schema.VRRP[key].default if value is None else value for key, value in garp.items()},
        "skip_check": skip_check,
    }


def _skip_check(common: dict[str, Any], everywhere: bool) -> None:
    """Whether adverts of a known master are checked. The instances may say it themselves."""
    each = [instance.pop("_skip_check", None) for instance in common.get("instances", [])]
    skipped = [everywhere if one is None else bool(one) for one in each]
    if skipped and not all(skipped):
        common["skip_check_adv_addr"] = False
    for instance, own in zip(common.get("instances", []), skipped):
        if own and not all(skipped):
            instance["raw"] = [*instance.get("raw", []), "skip_check_adv_addr"]


def _mail(variables: dict[str, Any], block: Taking, alerts: bool | None, notes: Notes) -> None:
    to = [word for line in block.inside("notification_email") for word in line.words]
    sender, server = block.last("notification_email_from"), block.last("smtp_server")
    timeout = block.number("smtp_connect_timeout")
    vrrp_alerts, checker_alerts = block.flag("smtp_alert_vrrp"), block.flag("smtp_alert_checker")
    if not to or not server:
        if to or server:
            notes.explained(
                block.where, "keepalived sends mail only with notification_email and smtp_server: lvs_mail is left out"
            )
        return
    mail: dict[str, Any] = {}
    host = server.word(1)
    port = server.word(2)
    address = f"[{host}]:{port}" if port and ":" in host else f"{host}:{port}" if port else host
    for name, value in (("to", to), ("from", sender.word(1) if sender else None), ("server", address)):
        if not put(mail, schema.MAIL, name, value, block.where, notes):
            if value is None:
                notes.lost(block.where, f"lvs_mail needs {name}")
            notes.lost(block.where, "no mail will be sent: write lvs_mail by hand")
            return
    if port == "25":
        mail["server"] = host
    if len(to) == 1:
        mail["to"] = to[0]
    put(mail, schema.MAIL, "timeout", timeout, block.where, notes)
    # keepalived's defaults: of VRRP no mail, of real servers each (global_data.c, check_data.c)
    mail["instances"] = bool(alerts if vrrp_alerts is None else vrrp_alerts)
    mail["real_servers"] = (True if alerts is None else alerts) if checker_alerts is None else checker_alerts
    variables["lvs_mail"] = {key: value for key, value in mail.items() if value is not True}


def _mail_of_instances(variables: dict[str, Any], common: dict[str, Any]) -> None:
    """A mail of each instance that wants one: of all by lvs_mail, of some by their raw."""
    instances = common.get("instances", [])
    wanting = [one for one in instances if "smtp_alert" in one.get("raw", ())]
    if "lvs_mail" in variables and instances and len(wanting) == len(instances):
        variables["lvs_mail"].pop("instances", None)
        for one in wanting:
            one["raw"] = [line for line in one["raw"] if line != "smtp_alert"]
            if not one["raw"]:
                del one["raw"]


def _processes(common: dict[str, Any], block: Taking, notes: Notes) -> None:
    """The real-time priority and whether the processes may be swapped out: one key for all of them."""
    priorities = {name: block.number(f"{name}_rt_priority") for name in PROCESSES}
    locked = {name: block.flag(f"{name}_no_swap") for name in PROCESSES}
    block.all(*(f"{name}_rlimit_rttime" for name in PROCESSES))
    if priorities["vrrp"] is not None:
        put(common, schema.VRRP, "realtime_priority", priorities["vrrp"], block.where, notes)
    elif any(priorities.values()):
        notes.lost(block.where, "realtime_priority is for VRRP and the checks together, and VRRP has none here")
    if locked["vrrp"]:
        common["no_swap"] = True
    elif any(locked.values()):
        notes.lost(block.where, "no_swap is for VRRP and the checks together, and VRRP has none here")


def _timeouts(variables: dict[str, Any], block: Taking, host: HostFacts, notes: Notes) -> None:
    """How long idle connections are remembered: by the file, or else by what somebody has typed."""
    line = block.last("lvs_timeouts")
    found: dict[str, Any] = {}
    if line is not None:
        for name, value in zip(line.words[1::2], line.words[2::2]):
            if name in schema.TIMEOUTS:
                put(found, schema.TIMEOUTS, name, number(value), line.where, notes)
    elif host["ipvs"] and (live := host["ipvs"].get("timeouts")):
        for name in schema.TIMEOUTS:
            put(found, schema.TIMEOUTS, name, live.get(name), "ipvsadm", notes)
        if found:
            notes.explained(
                "ipvsadm", "timeouts that somebody has set by hand, until a reboot: site.yml keeps them set"
            )
    if found:
        variables["lvs_timeouts"] = found


def _sync(variables: dict[str, Any], block: Taking, host: HostFacts, notes: Notes) -> None:
    """`lvs_sync_daemon INTERFACE [INSTANCE | inst INSTANCE] [id N] [maxlen N] [port N] [ttl N] [group ADDRESS]`."""
    line = block.last("lvs_sync_daemon")
    if line is None:
        return
    sync: dict[str, Any] = {"enabled": True, "_interface": line.word(1)}
    words = line.words[2:]
    if words and words[0] not in ("inst", *schema.SYNC):
        sync["instance"], words = words[0], words[1:]
        if words and words[0].isdigit():
            words = ["id", *words]
    for name, value in zip(words[::2], words[1::2]):
        key = "instance" if name == "inst" else name
        if key in schema.SYNC:
            put(sync, schema.SYNC, key, number(value) if value.isdigit() else value, line.where, notes)
    if "id" not in words:
        notes.explained(line.where, "without an id keepalived takes the virtual_router_id of the instance, or 0")
        sync["_id_of_instance"] = True
    if host["sysctls"].get("net.ipv4.vs.sloppy_tcp") == "0":
        sync["sloppy"] = False
    variables["lvs_sync"] = sync


def _sync_of_instance(variables: dict[str, Any], common: dict[str, Any], host: HostFacts) -> None:
    """lvs_sync_daemon_interface of an instance is the former form of the same."""
    for instance in common.get("instances", []):
        interface = instance.pop("_sync", None)
        if interface and "lvs_sync" not in variables:
            variables["lvs_sync"] = {
                "enabled": True,
                "_interface": interface,
                "instance": instance["name"],
                "id": instance.get("virtual_router_id", 1),
            }
            if host["sysctls"].get("net.ipv4.vs.sloppy_tcp") == "0":
                variables["lvs_sync"]["sloppy"] = False
    sync = variables.get("lvs_sync")
    if sync and sync.pop("_id_of_instance", False):
        ids = {one["name"]: one.get("virtual_router_id") for one in common.get("instances", [])}
        sync["id"] = ids.get(sync.get("instance")) or 1


def _others(top: Line, variables: dict[str, Any], path: str, notes: Notes) -> None:
    """Blocks without a key. A file of its own that has nothing else can be included again."""
    by_file: dict[str, list[Line]] = {}
    for line in top.inside:
        if line.name:
            by_file.setdefault(line.where.rpartition(":")[0], []).append(line)
    for file, lines in by_file.items():
        left = [line for line in lines if line.name not in READ]
        if left and len(left) == len(lines) and file != path:
            variables.setdefault("lvs_keepalived", {}).setdefault("include", []).append(file)
            notes.raw(left[0].where, f"{file} has blocks without a key, and no others: lvs_keepalived includes it")
            continue
        for line in left:
            if line.braces or line.name in ("net_namespace", "instance"):
                notes.lost(
                    line.where,
                    f"{' '.join(line.words[:2])} has no key: write it into a file of its own on the directors, and name the file in"
                    " lvs_keepalived.include",
                )
            else:
                notes.lost(line.where, f"{line.name} is no word of keepalived at the top of the file, which skips it")
