# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running cluster, seen and handled from outside: what every scenario's tests work with."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Callable, Iterator

import testinfra
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.model import endpoint

ROOT = Path(__file__).parents[2]
# Whether the tests that `make test` leaves out run, too.
FULL = os.environ.get("LVS_TEST_FULL") == "1"
# Generous: an emulated machine, and VRRP's own three seconds.
EVENT_SECONDS = 60
FINGERPRINT = ROOT / "molecule" / "shared" / "fingerprint.sh"


def until(condition: Callable[[], Any], what: str, seconds: float = EVENT_SECONDS) -> Any:
    """Wait until a condition holds and return its value; fail with the words of "what" after some seconds."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"after {seconds} s still not: {what}"
        time.sleep(1)


def plain_output() -> dict[str, str]:
    """The environment for an Ansible whose output is read: Molecule asks for colours, which would stand in the way."""
    return {name: value for name, value in os.environ.items() if name != "ANSIBLE_FORCE_COLOR"} | {"NO_COLOR": "1"}


class Stream:
    """Requests from the client to one service, each on a connection of its own, while something happens."""

    def __init__(self, cluster: Cluster, options: dict[str, Any]) -> None:
        self.cluster = cluster
        self.stop_file = f"/run/stream-{options['address']}-{options['port']}"
        cluster.run("client1", f"rm -f {self.stop_file}")
        arguments = {"duration": 900, "rate": 5, "timeout": 5, **options, "stop_file": self.stop_file}
        self.process = cluster.start_module("client1", "vip_probe", arguments)
        # A pipelined module is a Python without arguments; its first moments go into reading itself.
        until(lambda: cluster.run("client1", "pgrep -fx /usr/bin/python3"), "the stream of requests runs")
        time.sleep(3)

    def stop(self) -> dict[str, Any]:
        """End the stream and return what vip_probe saw."""
        self.cluster.run("client1", f"touch {self.stop_file}")
        output, _errors = self.process.communicate(timeout=EVENT_SECONDS)
        return json.loads(output.partition("=>")[2])


class Cluster:
    """The lab's nodes and the cluster on them, by the scenario's inventory."""

    def __init__(self, inventory: Path) -> None:
        self.inventory = inventory
        self.cache = Path(os.environ.get("LVS_LAB_CACHE") or Path.home() / ".cache" / "lvs-cluster")

    @cached_property
    def listing(self) -> dict[str, Any]:
        command = ["ansible-inventory", "-i", str(self.inventory), "--list"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)

    def group(self, name: str) -> list[str]:
        """The hosts of a group, in the inventory's order."""
        return self.listing[name]["hosts"]

    def variable(self, name: str) -> Any:
        """A variable of the inventory, as the first director sees it."""
        return self.listing["_meta"]["hostvars"][self.group("directors")[0]][name]

    def address(self, node: str) -> str:
        """A node's address on the cluster's segment."""
        return self.listing["_meta"]["hostvars"][node]["lvs_address"]

    def host(self, node: str) -> testinfra.host.Host:
        """The node, for testinfra."""
        port = self.listing["_meta"]["hostvars"][node]["ansible_port"]
        return testinfra.get_host(
            f"ssh://root@127.0.0.1:{port}",
            ssh_identity_file=str(self.cache / "ssh" / "id_ed25519"),
            ssh_extra_args="-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR",
            controlpersist=300,
        )

    def run(self, node: str, command: str) -> str:
        """What a command on a node prints, whatever its exit code."""
        return self.host(node).run(command).stdout.strip()

    def lab(self, *arguments: str) -> None:
        """Ask the lab for something no command on a node can do: kill, start, reboot."""
        subprocess.run(["python3", "molecule/lab", *arguments], check=True, cwd=ROOT)

    def start_module(self, node: str, module: str, arguments: dict[str, Any]) -> subprocess.Popen[str]:
        """Start a module of the collection on a node, in the background."""
        return subprocess.Popen(
            [
                "ansible",
                node,
                "-i",
                str(self.inventory),
                "-o",
                "-m",
                f"lvs.cluster.{module}",
                "-a",
                json.dumps(arguments),
            ],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            # Plainly, whatever the playbooks run with: the module is a process of its own then.
            env={name: value for name, value in plain_output().items() if not name.startswith("ANSIBLE_STRATEGY")},
        )

    def module(self, node: str, module: str, **arguments: Any) -> dict[str, Any]:
        """Run a module of the collection on a node; what it returns, also when it fails."""
        output, errors = self.start_module(node, module, arguments).communicate(timeout=EVENT_SECONDS)
        assert "=>" in output, output + errors
        return json.loads(output.partition("=>")[2])

    def play(self, playbook: str, *arguments: str, **variables: Any) -> str:
        """Run a playbook of the collection; what it prints. Fails as the playbook does."""
        command = ["ansible-playbook", "-i", str(self.inventory), f"playbooks/{playbook}.yml", *arguments]
        if variables:
            command += ["-e", json.dumps(variables)]
        ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, env=plain_output())
        assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
        return ran.stdout

    @contextmanager
    def stream(self, **options: Any) -> Iterator[dict[str, Any]]:
        """Requests from the client during the block; the yielded mapping is filled when it ends."""
        result: dict[str, Any] = {}
        stream = Stream(self, options)
        try:
            yield result
        finally:
            result.update(stream.stop())

    def ask(
        self, vip: str, port: int = 80, count: int = 12, scheme: str = "http", source: str | None = None
    ) -> list[str]:
        """Who answered each of some requests, asked by the client (from one of its addresses) through a VIP; "" for none."""
        url = f"{scheme}://{endpoint(vip, port)}/"
        interface = f"--interface {source}" if source else ""
        command = f"for i in $(seq {count}); do curl --silent --insecure --max-time 5 {interface} {url} || echo; done"
        # unstripped: an empty line counts as well
        return self.host("client1").run(command).stdout.splitlines()

    def ask_at_once(self, vip: str, port: int = 80, count: int = 6) -> list[str]:
        """Who answered on each of some connections that were all open at the same time."""
        script = f"""
import socket
connections = [socket.create_connection(("{vip}", {port}), 5) for _ in range({count})]
for connection in connections:
    connection.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
    print(connection.makefile().read().split()[-1])
"""
        return self.script("client1", script)

    def script(self, node: str, text: str) -> list[str]:
        """The lines that a Python script prints on a node."""
        return self.run(node, f"python3 - <<'SCRIPT'\n{text}\nSCRIPT").splitlines()

    @contextmanager
    def client_addresses(self, addresses: list[str]) -> Iterator[None]:
        """More addresses for the client during the block: each counts as another client."""
        change = f"for address in {' '.join(addresses)}; do ip address {{}} $address/32 dev {self.interface('client1')}; done"
        self.run("client1", change.format("replace"))
        try:
            yield
        finally:
            self.run("client1", change.format("del"))

    def holders(self, vip: str, *among: str) -> list[str]:
        """The directors that have a VIP on an interface, of all of them or of those named."""
        found = f"ip -o address show to {vip}/{128 if ':' in vip else 32}"
        return [node for node in among or self.group("directors") if self.run(node, found)]

    def interface(self, node: str) -> str:
        """The node's interface on the cluster's segment."""
        return self.run(node, f"ip -o address show to {self.address(node)}/32").split()[1]

    def table(self, director: str) -> dict[str, dict[str, int]]:
        """The kernel's table: {service: {real server: weight}}, services as in 172.28.0.100:80."""
        table: dict[str, dict[str, int]] = {}
        for line in self.run(director, "ipvsadm -Sn").splitlines():
            words = line.split()
            servers = table.setdefault(words[2], {})
            if words[0] == "-a":
                address = words[words.index("-r") + 1].rpartition(":")[0]
                servers[address] = int(words[words.index("-w") + 1])
        return table


class Fingerprints:
    """What the hosts were before the first run (shared/prepare.yml notes it), and what they are now."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.noted = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])

    def changes(self, node: str) -> list[str]:
        """What differs: "-" in front of what is gone, "+" in front of what is new."""
        before = (self.noted / f"bare-{node}").read_text().splitlines()
        now = self.cluster.host(node).run_expect([0], FINGERPRINT.read_text()).stdout.splitlines()
        return [f"- {line}" for line in before if line not in now] + [f"+ {line}" for line in now if line not in before]


def changed(output: str) -> dict[str, int]:
    """How many changes a playbook reported for each host, read from its recap."""
    recap = output[output.rindex("PLAY RECAP") :]
    return {host: int(count) for host, count in re.findall(r"^(\S+)\s+: .*?changed=(\d+)", recap, re.MULTILINE)}
