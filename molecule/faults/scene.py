# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster that faults are caused in: its parts by what they do at the moment, and the events that a watch has to know of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cluster import Background, Cluster, until
from lab import ssh

from faults.load import Watch

# After a split heartbeat restarts on both directors, and which of them has the resources then is chance.
RETURNS = {"keepalived": True, "ldirectord": False}
# s for which it must be as before. After a split heartbeat looks settled for a moment between two moves of the VIPs.
STEADY = {"keepalived": 0.0, "ldirectord": 15.0}
UNITS = {"keepalived": "keepalived", "ldirectord": "heartbeat"}
LDIRECTORD_PID = "/run/ldirectord.ldirectord.cf.pid"
HTTPD = "lvs-test-page"
FRONT, INSIDE = "lan", "back"
UNWELL_PORT = 8999
READY_SECONDS = 240  # a director that has just booted learns all connections before it takes the VIPs back


class Scene:
    """A deployed cluster. `master` and `backup` are those that were it when `begin` was called."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.lab = cluster, cluster.lab
        self.stack = cluster.listing["_meta"]["hostvars"][cluster.group("directors")[0]].get("lvs_stack", "keepalived")
        self.unit, self.returns = UNITS[self.stack], RETURNS[self.stack]
        self.steady = STEADY[self.stack]
        self.directors = cluster.group("directors")
        self.servers = cluster.group("real_servers")
        self.clients = cluster.group("clients")
        self.vips = sorted(cluster.vips())
        self.vip = next(one["vip"] for one in cluster.variable("lvs_services") if one["name"] == "www")
        self.server = self.servers[0]
        self.master, self.backup = self.directors[:2]
        self.watch: Watch | None = None

    # --- what is, and what should be

    def begin(self) -> None:
        """See who is the master now."""
        [self.master] = until(lambda: self.cluster.holders(self.vip), f"somebody holds {self.vip}")
        self.backup = next(name for name in self.directors if name != self.master)

    def is_home(self, before: Any) -> bool:
        """Whether VIPs and tables are as they were."""
        return self.cluster.state() == before

    def is_ready(self, before: Any) -> bool:
        """The same, whoever of the directors holds all VIPs."""
        owners, tables = self.cluster.state()
        _owners, former = before
        first = owners[self.vip]
        # With ldirectord only the owner of the VIPs has a table.
        same = sorted(tables.values(), key=len) == sorted(former.values(), key=len)
        return len(first) == 1 and all(one == first for one in owners.values()) and same and self.is_stable()

    def is_stable(self) -> bool:
        """Whether nothing is about to move: heartbeat has agreed with its neighbour who has the resources, and the owner of the VIPs
        checks its real servers.
        """
        if self.stack == "keepalived":
            return True
        told = [self.run(director, "cl_status rscstatus 2>/dev/null").strip() for director in self.directors]
        checking = [self.run(owner, f"pgrep --pidfile {LDIRECTORD_PID}") for owner in self.cluster.holders(self.vip)]
        return all(one in ("all", "local", "foreign", "none") for one in told) and all(checking)

    def go_home(self) -> Any:
        """Let the preferred director have all VIPs, where it does not take them back itself, and wait until it alone has them, and all
        real servers in its table; VIPs and tables.
        """
        if not self.returns:
            until(self.is_stable, "heartbeat has settled who has the resources", READY_SECONDS, 1)
            if self.cluster.holders(self.vip) != self.directors[:1]:
                self.do(self.directors[0], "/usr/share/heartbeat/hb_takeover all")
        complete = {f"{one['vip']}:{one['port']}" for one in self.cluster.variable("lvs_services")}

        def settled() -> Any:
            owners, tables = state = self.cluster.state()
            table = tables[self.directors[0]]
            home = all(one == [self.directors[0]] for one in owners.values())
            return home and all(len(table.get(name, ())) == len(self.servers) for name in complete) and state

        return until(settled, f"{self.directors[0]} holds all VIPs and has all real servers", READY_SECONDS, 1)

    # --- events

    def run(self, node: str, command: str) -> str:
        return self.cluster.run(node, command)

    def do(self, node: str, command: str) -> None:
        """Run a command that must not fail: a fault that was not caused proves nothing."""
        self.cluster.host(node).run_expect([0], command)

    def power_off(self, *names: str) -> None:
        moment = time.time()
        self.lab.power_off(*names)
        for name in names:
            if self.watch:
                self.watch.lost(name, moment)

    def power_on(self, *names: str) -> None:
        self.lab.power_on(*names)
        for name in names:
            if self.watch and name in self.directors:
                self.watch.again(name)

    def reboot(self, *names: str) -> None:
        """Watches end with the shutdown."""
        self.lab.machine.shut_down(self.lab.nodes(*names))
        moment = time.time()
        ssh.close(self.lab.paths, self.lab.nodes(*names))
        for name in names:
            if self.watch:
                self.watch.lost(name, moment)
        self.power_on(*names)

    def signal(self, node: str, unit: str, name: str) -> None:
        """Send a signal to all processes of a unit."""
        self.do(node, f"systemctl kill --signal={name} {unit}")

    @contextmanager
    def on_node(self, node: str, script: str, *arguments: str) -> Iterator[None]:
        """A script of shared/on_node runs on a node during the block."""
        program = Background(self.cluster, node, script, *arguments)
        try:
            yield
        finally:
            program.stop()

    @contextmanager
    def unwell_httpd(self, how: str) -> Iterator[None]:
        """A second httpd of the real server is there, one that is unwell. Nobody is sent to it yet: its start takes half a second."""
        program = Background(self.cluster, self.server, "unwell_httpd.py", str(UNWELL_PORT), how)
        assert program.process.stdout
        assert program.process.stdout.readline().strip() == "listening"
        try:
            yield
        finally:
            program.stop()

    @contextmanager
    def sent_to_the_unwell(self) -> Iterator[None]:
        """New connections to the httpd of the real server go to the one that is unwell; those that are open stay."""
        chain = "chain unwell { type nat hook prerouting priority -100; tcp dport { 80, 8080 } redirect to :%d; }"
        self.do(self.server, f"nft 'table ip lab {{ {chain % UNWELL_PORT}; }}'")
        try:
            yield
        finally:
            self.do(self.server, "nft delete table ip lab")

    def play_with(self, *arguments: str, **variables: Any) -> None:
        self.cluster.play("site", *arguments, **variables)

    @contextmanager
    def deployed(self, *arguments: str, **variables: Any) -> Iterator[None]:
        """The cluster with other variables during the block."""
        self.play_with(*arguments, **variables)
        self.go_home()
        try:
            yield
        finally:
            self.play_with(lvs_accept_outage=True)
