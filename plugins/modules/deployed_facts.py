#!/usr/bin/python
# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: deployed_facts
short_description: Read what is already deployed on a director or a real server
version_added: 1.0.0
description:
  - Reads the configuration of keepalived, heartbeat, ldirectord and C(lvs-vip), whoever has written it.
  - C(site.yml) uses it to keep the C(virtual_router_id), to refuse changes that would leave a VIP without an owner or with two,
    and to refuse to overwrite files that somebody else, or another inventory, has written.
options: {}
extends_documentation_fragment:
  - lvs.cluster.attributes
  - lvs.cluster.attributes.info_module
author:
  - lvs.cluster contributors (@lvs-cluster)
seealso:
  - module: lvs.cluster.node_info
"""

EXAMPLES = r"""
- name: Read what is deployed on the host
  lvs.cluster.deployed_facts:

- name: Show which files somebody else has written
  ansible.builtin.debug:
    var: ansible_facts.deployed_lvs.foreign
"""

RETURN = r"""
ansible_facts:
  description: The facts.
  returned: always
  type: dict
  contains:
    deployed_lvs:
      description: What is deployed on the host.
      type: dict
      contains:
        stacks:
          description: The units of the stacks that the roles have deployed.
          type: list
          elements: str
        masked:
          description: The units of these stacks, deployed or not, that are masked.
          type: list
          elements: str
        lvs_vip:
          description: Whether C(lvs-vip) keeps VIPs or rules.
          type: bool
        sync:
          description: The files of C(lvs-sync), with the SHA-1 of each. Empty if it is not deployed.
          type: dict
        real_server:
          description: The clusters for which the host has what makes it a real server, such as the ports of its test page.
          type: list
          elements: str
        clusters:
          description:
            - What the host remembers of each cluster that it serves, by the cluster's name.
            - C(role) of the host, C(host), its name in that cluster's inventory, C(directors) with their C(lvs_address), C(vips),
              C(gateways) to which the host sends its answers of NAT, C(listen), the ports of the test page,
              C(test_page_root), its folder, and C(vips_at_boot), whether C(lvs-vip) may add the VIPs at boot.
          type: dict
        drained:
          description:
            - What a director knows of drained real servers, which is C(/var/lib/lvs-cluster/drained.json). Null without that file.
            - C(drains) are those that are drained, C(undrained) what was drained before.
          type: dict
        gateways:
          description: The gateways to which a real server sends its answers of NAT.
          type: list
          elements: str
        peer_macs:
          description: The Ethernet addresses of the other directors, as a director that also serves knows them.
          type: list
          elements: str
        marks:
          description: The packets that get a firewall mark on a director, with VIP, protocol, ports and mark.
          type: list
          elements: str
        peers_only:
          description: What a director lets in from other directors alone, by the cluster's name.
          type: dict
          contains:
            let:
              description: Who is let in with what, as in V(192.0.2.12 vrrp).
              type: list
              elements: str
            only:
              description: What else is dropped, as in V(ipv4 vrrp).
              type: list
              elements: str
        foreign:
          description: The files that somebody else has written, and that the roles would overwrite.
          type: list
          elements: str
        vips:
          description: The addresses in the configuration files, which the daemons move or keep on the host.
          type: list
          elements: str
        test_page:
          description: The configuration that the httpd of the test page has read. Null if it does not run.
          type: str
        scripts:
          description: The scripts that the roles have copied from the controller.
          type: list
          elements: str
        account:
          description: Whether the roles have made the account C(keepalived_script).
          type: bool
        folders:
          description: The folders that the roles have made for the files that health checks read or VRRP tracks, and those of the files
            that keepalived makes (C(init_file)).
          type: list
          elements: str
        resources:
          description: The resources that heartbeat moves.
          type: list
          elements: str
        heal:
          description: What there is of C(lvs-heal).
          type: dict
          contains:
            files:
              description: The SHA-1 of each of its files, by path.
              type: dict
            runs:
              description: Whether it runs.
              type: bool
            enabled:
              description: Whether it starts at boot.
              type: bool
            mends:
              description: The settings of the clusters for which it mends.
              type: list
              elements: str
            directs:
              description: The settings of the clusters that the host directs.
              type: list
              elements: str
        metrics:
          description: What there is of C(lvs-metrics). Its files are among those of C(heal).
          type: dict
          contains:
            files:
              description: The file that it writes for each cluster of the host that wants metrics, by the path of the cluster's settings.
              type: dict
            runs:
              description: Whether it runs.
              type: bool
            enabled:
              description: Whether it starts at boot.
              type: bool
            exporter:
              description: Whether the roles have installed C(prometheus-node-exporter).
              type: bool
        virtual_servers:
          description: The virtual servers of C(keepalived.conf).
          type: list
          elements: dict
          contains:
            at:
              description: What follows the word C(virtual_server).
              type: str
            protocol:
              description: Its C(protocol), if it has one.
              type: str
            addresses:
              description: Each VIP with its port. Empty with a firewall mark.
              type: list
              elements: str
        instances:
          description: The VRRP instances of C(keepalived.conf).
          type: list
          elements: dict
          contains:
            name:
              description: Its name.
              type: str
            group:
              description: The C(vrrp_sync_group) that it belongs to, if any.
              type: str
            interface:
              description: The interface of its adverts.
              type: str
            source:
              description: The C(unicast_src_ip) that its adverts come from, if set.
              type: str
            virtual_router_id:
              description: Its C(virtual_router_id). Null if it is no number, such as C($ID), as in the next two.
              type: int
            version:
              description: The version of VRRP.
              type: int
            advert_interval:
              description: Seconds between two adverts.
              type: float
            password:
              description: A digest of its password. Null without a password.
              type: str
            unicast:
              description: Whether its adverts go to each peer by unicast.
              type: bool
            advertised:
              description: The addresses in its adverts.
              type: list
              elements: str
            addresses:
              description: The addresses that move with it but are not in the adverts.
              type: list
              elements: str
        unread:
          description: Whether C(keepalived.conf) was written after a running keepalived has read it last, as an interrupted run leaves it.
          type: bool
        options:
          description: The command line options of keepalived.
          type: dict
          contains:
            ours:
              description: Whether the roles have set them.
              type: bool
            running:
              description: The options that keepalived runs with. Null if it does not run.
              type: list
              elements: str
  sample:
    deployed_lvs:
      stacks: [keepalived.service]
      masked: [ldirectord.service]
      lvs_vip: false
      sync: {}
      real_server: []
      clusters:
        shop:
          role: director
          host: lb1
          directors: {lb1: 192.0.2.11}
          vips: [192.0.2.100]
          gateways: []
          listen: []
          test_page_root: null
          vips_at_boot: true
      drained: null
      gateways: []
      peer_macs: []
      marks: [192.0.2.102 tcp 80,443 7]
      peers_only: {}
      foreign: []
      vips: [169.254.35.100, 192.0.2.100]
      scripts: []
      account: false
      folders: []
      resources: []
      heal: {files: {}, runs: false, enabled: false, mends: [], directs: []}
      metrics: {files: {}, runs: false, enabled: false, exporter: false}
      virtual_servers:
        - {at: 192.0.2.100 80, protocol: TCP, addresses: [192.0.2.100 80]}
      instances:
        - name: VI_1
          group: null
          interface: eth0
          source: null
          virtual_router_id: 100
          version: 2
          advert_interval: 1.0
          password: null
          unicast: false
          advertised: [169.254.35.100]
          addresses: [192.0.2.100]
      unread: false
      options: {ours: false, running: []}
"""

import glob
import hashlib
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.lvs.cluster.plugins.module_utils import adopt, deployed
from ansible_collections.lvs.cluster.plugins.module_utils.tools import HOST, Failure, ToolMissing, fail, run

UNITS = "/etc/systemd/system"
STACK_UNITS = ("keepalived.service", "heartbeat.service", "ldirectord.service")
ADDITIONS = f"{UNITS}/*.service.d/lvs-cluster.conf"
PID_FILE = "/run/keepalived.pid"
TEST_PAGE = "/run/lvs-test-page.conf"


def read(path):
    """The text of a file, None if there is no such file."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except FileNotFoundError:
        return None


def texts(pattern):
    """The texts of the files that match a pattern, by path."""
    return {path: read(path) or "" for path in sorted(glob.glob(pattern))}


def sums(patterns):
    """The SHA-1 of each file that matches a pattern, by path."""
    found = sorted(path for pattern in patterns for path in glob.glob(pattern, recursive=True))
    return {path: hashlib.sha1((read(path) or "").encode(errors="surrogateescape")).hexdigest() for path in found}  # noqa: S324


def is_packaged(runner, path):
    """Whether a file is unchanged from its package, according to dpkg or rpm."""
    for owner_of, verify in (
        (["dpkg-query", "--search", path], ["dpkg", "--verify"]),
        (["rpm", "--query", "--file", "--queryformat", "%{NAME}", path], ["rpm", "--verify", "--nodeps"]),
    ):
        tool = runner.find(owner_of[0])
        if tool is None:
            continue
        found = run(runner, [tool, *owner_of[1:]])
        if found.rc == 0:
            verifier = runner.find(verify[0])
            if verifier is None:
                raise ToolMissing(f"{verify[0]} was not found on this host, which has {owner_of[0]}: install it again.")
            # Its exit status is 1 if a file has changed.
            changed = run(runner, [verifier, *verify[1:], found.out.partition(":")[0].strip()]).out
            return path not in changed.split()
    return False


def is_masked(unit, folder=UNITS):
    return os.path.realpath(os.path.join(folder, unit)) == "/dev/null"


def sha1(path):
    """The digest by which Ansible compares files."""
    with open(path, "rb") as file:
        return hashlib.sha1(file.read()).hexdigest()  # noqa: S324 - no secret depends on it


def is_unread(path, pid_file=PID_FILE):
    """Whether a file was written after a daemon has read it last. The roles touch its pid file at a reload."""
    try:
        return os.stat(path).st_mtime_ns > os.stat(pid_file).st_mtime_ns
    except FileNotFoundError:
        return False


def main(runner=HOST):
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    found = {path: read(path) for path in deployed.FILES}
    files = {path: text for path, text in found.items() if text is not None}
    settings = texts(deployed.HEAL_SETTINGS)
    own_lists = texts(deployed.LVS_VIPS)
    lists = "\n".join(own_lists.values())
    stacks = sorted(path.split("/")[-2][: -len(".d")] for path in glob.glob(ADDITIONS))
    running = deployed.running_options(read(f"/proc/{(read(PID_FILE) or '0').strip()}/cmdline"))
    try:
        foreign = deployed.foreign_files(files, lambda path: is_packaged(runner, path))
        if deployed.KEEPALIVED in foreign:
            own = adopt.config_id([running or []], os.uname().nodename)
            files[deployed.KEEPALIVED] = adopt.inlined(deployed.KEEPALIVED, own)
        clusters = deployed.clusters_of(texts(deployed.RECORDS))
        drained = deployed.drained_in(read(deployed.DRAINED))
    except Failure as error:
        fail(module, error)
    facts = {
        "stacks": stacks,
        "masked": [unit for unit in STACK_UNITS if is_masked(unit)],
        "lvs_vip": os.path.isfile("/etc/systemd/system/lvs-vip.service"),
        "sync": {path: sha1(path) for pattern in deployed.SYNC for path in glob.glob(pattern)},
        "real_server": deployed.served(
            (path for pattern in deployed.REAL_SERVER for path in glob.glob(pattern)), own_lists
        ),
        "clusters": clusters,
        "drained": drained,
        "gateways": deployed.gateways_of(lists),
        "peer_macs": deployed.peer_macs_of(lists),
        "marks": deployed.marks_of(lists),
        "peers_only": deployed.peers_only_of(own_lists),
        "foreign": foreign,
        "vips": deployed.named_vips(files, lists),
        "test_page": read(TEST_PAGE),
        "scripts": sorted(glob.glob(f"{deployed.SCRIPTS}/*")),
        "account": os.path.isfile(deployed.ACCOUNT),
        "folders": (read(deployed.FOLDERS) or "").splitlines(),
        "resources": deployed.resources(files),
        "heal": {
            "files": sums(deployed.HEAL),
            "runs": os.path.exists(deployed.HEAL_RUNS),
            "enabled": os.path.islink(deployed.HEAL_WANTED),
            "mends": deployed.settings_with(settings, "heal", True),
            "directs": deployed.settings_with(settings, "stack", None),
        },
        "metrics": {
            "files": deployed.metrics_files(settings),
            "runs": os.path.exists(deployed.METRICS_RUNS),
            "enabled": os.path.islink(deployed.METRICS_WANTED),
            "exporter": deployed.EXPORTER in (read(deployed.PACKAGES) or "").split(),
        },
        "instances": deployed.vrrp_instances(files),
        "virtual_servers": deployed.virtual_servers(files),
        "unread": is_unread(deployed.KEEPALIVED),
        "options": {
            "ours": os.path.isfile(deployed.OPTIONS),
            "running": running,
        },
    }
    module.exit_json(changed=False, ansible_facts={"deployed_lvs": facts})


if __name__ == "__main__":
    main()
