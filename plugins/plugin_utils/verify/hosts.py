# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is every host set up as in the resolved cluster, now and after a reboot?

"node" is the result of lvs.cluster.node_info for the host.
"""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Sequence

from ..cluster.mistakes import listed
from ..cluster.types import HostPart, HostVip, PeersOnly, ResolvedCluster
from .finding import Finding

RUN_SITE = "Run site.yml"
TAKEN = "another host has answered for it (duplicate address detection)"
WHO_ELSE = "Find out which host it is: ip -6 neigh, or lvs.cluster.arp_probe"
# This unit works only while the host boots, so whether it is active means nothing.
BOOT_UNIT = "ipvsadm.service"
HEAL_UNIT = "lvs-heal.service"
METRICS_UNIT = "lvs-metrics.service"
# The unit that holds a director's VIPs, by stack.
DIRECTOR_UNITS = {"keepalived": "keepalived.service", "ldirectord": "heartbeat.service", "static": "lvs-vip.service"}
SYNC_UNIT = "lvs-sync.service"
OTHER_FILE = (
    "Look in /etc/sysctl.d, /etc/sysctl.conf and /etc/ufw/sysctl.conf for a file that is read later than the collection's own,"
    " and sets it"
)


def host_findings(name: str, wanted: HostPart, node: Mapping[str, Any]) -> Iterator[Finding]:
    """Compare a host's kernel and addresses with its part of the cluster."""
    yield from _sysctls(name, wanted["sysctls"], node)
    yield from _modules(name, wanted["modules"], node)
    yield from _vips(name, wanted["vips"], node)


def link_findings(name: str, wanted: HostPart, node: Mapping[str, Any]) -> Iterator[Finding]:
    """Interfaces that the host needs and that are down: a director with such an interface takes no VIPs."""
    devices = [wanted["interface"], *(vip["device"] for vip in wanted["vips"])]
    for instance in wanted["instances"]:
        devices += [instance["interface"], *(address["device"] for address in instance["addresses"])]
        devices += [one["name"] for one in instance["track"]["interfaces"]]
    for device in dict.fromkeys(devices):
        if device in node["links"] and not node["links"][device]["up"]:
            yield Finding(name, f"its interface {device} is down", f"Look at: ip link show {device}")


def unit_findings(name: str, units: Mapping[str, bool], node: Mapping[str, Any]) -> Iterator[Finding]:
    """Compare the host's units with {unit: whether it starts at boot}; each must run now."""
    for unit, at_boot in units.items():
        state = node["units"].get(unit, {"active": False, "enabled": False})
        if not state["active"] and unit != BOOT_UNIT:
            yield Finding(name, f"{unit} does not run", f"Look at: journalctl -u {unit}")
        if at_boot and not state["enabled"]:
            yield Finding(name, f"{unit} does not start at boot", RUN_SITE)
        if not at_boot and state["enabled"]:
            yield Finding(name, f"{unit} starts at boot, but lvs_start_at_boot is false", RUN_SITE)


def file_findings(name: str, expected: Sequence[Mapping[str, Any]], node: Mapping[str, Any]) -> Iterator[Finding]:
    """Compare a host's files with {path, checksum, pid_file}: what site.yml would write, and the daemon that reads it."""
    for file in expected:
        path, there, daemon = file["path"], node["files"].get(file["path"]), node["files"].get(file["pid_file"])
        if there is None:
            yield Finding(name, f"{path} is not there", RUN_SITE)
        elif there["checksum"] != file["checksum"]:
            yield Finding(
                name,
                f"{path} is not what site.yml would write",
                f"See the difference: ansible-playbook -i INVENTORY lvs.cluster.site --check --diff --limit {name}. Then run site.yml",
            )
        elif daemon and there["mtime"] > daemon["mtime"]:
            yield Finding(name, f"{path} has changed since its daemon read it", RUN_SITE)


def folder_findings(name: str, cluster: ResolvedCluster, node: Mapping[str, Any]) -> Iterator[Finding]:
    """Folders of the files that keepalived watches: it does not hear of a file in a folder that was not there."""
    folders = cluster["keepalived"]["track_folders"] if cluster["keepalived"] and name in cluster["directors"] else []
    for folder in folders:
        if not node["folders"].get(folder):
            yield Finding(
                name, f"the folder {folder} is not there, so keepalived does not see the files in it", RUN_SITE
            )


def units_of(cluster: ResolvedCluster, name: str) -> dict[str, bool]:
    """The units that a host of the cluster runs: {unit: whether it starts at boot}."""
    units: dict[str, bool] = {}
    if name in cluster["directors"]:
        units[DIRECTOR_UNITS[cluster["stack"]]] = cluster["start_at_boot"]
        units.update({BOOT_UNIT: cluster["start_at_boot"]} if cluster["stack"] == "static" else {})
    if cluster["hosts"][name]["sync"] is not None:
        units[SYNC_UNIT] = True
    if keeps_lists(cluster, name):
        units["lvs-vip.service"] = True
    if name in cluster["real_servers"] and cluster["test_page"]:
        units["lvs-test-page.service"] = True
    if cluster["heal"]:
        units[HEAL_UNIT] = True
    if cluster["metrics"] is not None:
        units[METRICS_UNIT] = True
    return units


def keeps_lists(cluster: ResolvedCluster, name: str) -> bool:
    """Whether lvs-vip keeps a real server's VIPs, or a director's packet filter rules, if its VIPs are another daemon's."""
    return name in cluster["real_servers"] or (cluster["stack"] != "static" and cluster["hosts"][name]["tools"] != [])


def lvs_vip_findings(name: str, cluster: ResolvedCluster, checked: Mapping[str, Any]) -> Iterator[Finding]:
    """Differences between lvs-vip's list and what is configured on the host."""
    if "lvs-vip.service" not in units_of(cluster, name):
        return
    if checked["rc"]:
        said = checked.get("stderr") or checked.get("msg")
        yield Finding(name, f"lvs-vip check failed ({said})", RUN_SITE)
    for line in checked.get("stdout", "").splitlines():
        verb, _blank, what = line.partition(" ")
        fault = f"missing: {what}" if verb == "add" else f"left over: {what}"
        yield Finding(name, fault, RUN_SITE)


def peer_findings(name: str, wanted: HostPart, deployed: Sequence[str]) -> Iterator[Finding]:
    """Ethernet addresses of other directors that a director which also serves does not know.

    It would forward again what they have forwarded to it. `deployed` are those that it knows.
    """
    unknown = [mac for mac in (wanted["localnode"] or {"macs": []})["macs"] if mac not in deployed]
    if unknown:
        yield Finding(
            name,
            f"does not know {listed(unknown)} for the Ethernet address of another director, and would forward again what that"
            " has forwarded to it",
            RUN_SITE,
        )


def peers_only_findings(name: str, cluster: ResolvedCluster, deployed: Mapping[str, PeersOnly]) -> Iterator[Finding]:
    """A director that lets in others than the directors, or not all of them. `deployed` is by the names of clusters."""
    wanted = cluster["hosts"][name]["peers_only"]
    found = deployed.get(cluster["name"])
    if wanted is None:
        if found:
            yield Finding(
                name, "drops what is not from a director that it knows, but lvs_peers_only is false", RUN_SITE
            )
        return
    opened = [line for line in wanted["only"] if not found or line not in found["only"]]
    if opened:
        yield Finding(name, f"lets in {listed(opened)} from everybody, but lvs_peers_only is true", RUN_SITE)
    if found:
        for line in wanted["let"]:
            if line not in found["let"]:
                yield Finding(name, f"does not let in {line}, which another director sends", RUN_SITE)
        strangers = [line for line in found["let"] if line not in wanted["let"]]
        if strangers:
            yield Finding(name, f"lets in {listed(strangers)}, which is no director's", RUN_SITE)


def other_stack_findings(name: str, cluster: ResolvedCluster, node: Mapping[str, Any]) -> Iterator[Finding]:
    """Units of another lvs_stack that still run: they would also change the table or hold VIPs. And a lvs-sync without lvs_sync."""
    if name not in cluster["directors"]:
        return
    # With every stack, ldirectord's own unit must not run: heartbeat starts ldirectord.
    others = ["ldirectord.service", *(unit for stack, unit in DIRECTOR_UNITS.items() if stack != cluster["stack"])]
    for unit in others:
        if unit == "lvs-vip.service" and (keeps_lists(cluster, name) or cluster["hosts"][name]["other_clusters"]):
            continue
        if node["units"].get(unit, {"active": False})["active"]:
            yield Finding(name, f"{unit} runs, but lvs_stack is {cluster['stack']}", RUN_SITE)
    if cluster["hosts"][name]["sync"] is None and node["units"].get(SYNC_UNIT, {"active": False})["active"]:
        yield Finding(name, f"{SYNC_UNIT} runs, but lvs_sync is off", RUN_SITE)


def heal_findings(name: str, cluster: ResolvedCluster, node: Mapping[str, Any]) -> Iterator[Finding]:
    """An lvs-heal that runs although it should not; another cluster on the host may have it."""
    runs = node["units"].get(HEAL_UNIT, {"active": False})["active"]
    if runs and not cluster["heal"] and not cluster["hosts"][name]["other_clusters"]:
        yield Finding(name, f"{HEAL_UNIT} runs, but lvs_heal is false", RUN_SITE)


def metrics_findings(name: str, cluster: ResolvedCluster, node: Mapping[str, Any]) -> Iterator[Finding]:
    """An lvs-metrics that runs although it should not; another cluster on the host may have it."""
    runs = node["units"].get(METRICS_UNIT, {"active": False})["active"]
    if runs and cluster["metrics"] is None and not cluster["hosts"][name]["other_clusters"]:
        yield Finding(name, f"{METRICS_UNIT} runs, but lvs_metrics is off", RUN_SITE)


def ldirectord_findings(name: str, active: bool, status: Mapping[str, Any]) -> Iterator[Finding]:
    """ldirectord must run only on the director with the VIPs; status is the result of the search for its process."""
    runs = status["rc"] == 0
    if active and not runs:
        yield Finding(name, "has the VIPs, but ldirectord does not run: nothing checks the real servers", RUN_SITE)
    if runs and not active:
        yield Finding(name, "runs ldirectord, but has no VIP", "Look at: journalctl -u heartbeat")


def _sysctls(name: str, wanted: Mapping[str, str], node: Mapping[str, Any]) -> Iterator[Finding]:
    for key, value in wanted.items():
        live, boot = node["sysctls"].get(key), node["sysctls_boot"].get(key)
        if _words(live) != _words(value):
            yield Finding(name, f"{key} is {live}, not {value}", RUN_SITE)
        if _words(boot) != _words(value):
            remedy = RUN_SITE if boot is None else OTHER_FILE
            yield Finding(
                name, f"{key} will be {'unset' if boot is None else boot} after a reboot, not {value}", remedy
            )


def _modules(name: str, wanted: list[str], node: Mapping[str, Any]) -> Iterator[Finding]:
    for module in wanted:
        state = node["modules"].get(module, {"loaded": False, "boot": False})
        if not state["loaded"]:
            yield Finding(name, f"kernel module {module} is not loaded", RUN_SITE)
        if not state["boot"]:
            yield Finding(name, f"kernel module {module} will not be loaded after a reboot", RUN_SITE)


def _vips(name: str, vips: Sequence[HostVip], node: Mapping[str, Any]) -> Iterator[Finding]:
    present: dict[tuple[str, str | None], bool] = {
        (address["address"], address["interface"]): usable(address) for address in node["addresses"]
    }
    for vip in vips:
        if (vip["address"], vip["device"]) not in present:
            yield Finding(name, f"VIP {vip['address']} is not on {vip['device']}", RUN_SITE)
        elif not present[vip["address"], vip["device"]]:
            yield Finding(name, f"VIP {vip['address']} is on {vip['device']}, but not usable: {TAKEN}", WHO_ELSE)


def usable(address: Mapping[str, Any]) -> bool:
    """Whether an address from node_info is usable: with IPv6 the kernel keeps a duplicate address, but does not use it."""
    return bool(address.get("usable", True))


def _words(value: object) -> list[str]:
    """The fields of a sysctl, for a comparison: the kernel prints tabs, people write blanks."""
    return str(value).split()
