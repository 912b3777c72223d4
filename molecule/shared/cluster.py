# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running cluster, seen and handled from outside: what every scenario's tests work with."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator

import testinfra
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.types import endpoint
from lab import paths, ssh
from lab.errors import LabError
from lab.lab import Lab
from lab.topology import Node

ROOT = Path(__file__).parents[2]
# Much longer than anything takes that a test waits for: only what never comes is given up.
EVENT_SECONDS = 60
# Between the advert of a director that takes over and the moment at which the other one has heard it.
BOTH_SECONDS = 0.5
SETTLED_SECONDS = 5  # for so long nothing changes in a cluster that has settled
CONVERGED = "converged"
GROUPS = ("directors", "real_servers", "clients")
# What commands on nodes have printed since `until` began its last look.
SEEN: list[str] = []
# Services with their options; what persistence remembers of clients, which has no client port.
TABLE = "ipvsadm -Sn 2>/dev/null | sort; awk '$3 == \"0000\" { print $1, $2, $4, $6 }' /proc/net/ip_vs_conn 2>/dev/null | sort\n"
FINGERPRINT = ROOT / "molecule" / "shared" / "fingerprint.sh"


def until(condition: Callable[[], Any], what: str, seconds: float = EVENT_SECONDS, pause: float = 0.5) -> Any:
    """Wait until a condition holds and return its value; fail after some seconds with "what", and with what was there instead.

    To look costs the nodes time: `pause` seconds lie between two looks.
    """
    end = time.monotonic() + seconds
    while True:
        SEEN.clear()
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, "\n".join([f"after {seconds} s still not: {what}. Seen instead:", *SEEN])
        time.sleep(pause)


def plain_output() -> dict[str, str]:
    """The environment for an Ansible whose output is read: Molecule asks for colours, which would stand in the way."""
    return {name: value for name, value in os.environ.items() if name != "ANSIBLE_FORCE_COLOR"} | {"NO_COLOR": "1"}


class Background:
    """A script of shared/on_node that runs on a node until it is stopped, and what it printed."""

    number = 0

    def __init__(self, cluster: Cluster, node: str, script: str, *arguments: str) -> None:
        Background.number += 1
        self.cluster, self.node = cluster, node
        self.stop_file = f"/run/background-{os.getpid()}-{Background.number}"
        words = " ".join(shlex.quote(word) for word in (*arguments, self.stop_file))
        command = ssh.argv(cluster.lab.paths, cluster.lab.topology.node(node), f"python3 -u - {words}")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdin
        self.process.stdin.write((ROOT / "molecule/shared/on_node" / script).read_text())
        self.process.stdin.close()

    def stop(self) -> list[str]:
        """End it; the lines that it printed."""
        if self.process.poll() is None:
            self.cluster.run(self.node, f"touch {self.stop_file}")
        return self._printed()

    def cut(self) -> list[str]:
        """What it printed until its node lost its power: nobody answers there, and the connection may not have noticed yet."""
        self.process.terminate()
        return self._printed()

    def _printed(self) -> list[str]:
        output = self.process.stdout.read()
        self.process.wait(timeout=EVENT_SECONDS)
        return output.splitlines()


def intervals(lines: list[str]) -> list[tuple[float, float]]:
    """When a VIP was held, by what owner.py printed."""
    changes = [(float(moment), held == "1") for moment, held in (line.split() for line in lines)]
    return [(start, end) for (start, held), (end, _next) in zip(changes, changes[1:]) if held]


def overlap(held: dict[str, list[tuple[float, float]]]) -> float:
    """The longest time in seconds that two directors held a VIP together."""
    return max(
        (
            min(end, other_end) - max(start, other_start)
            for one, other in combinations(held.values(), 2)
            for start, end in one
            for other_start, other_end in other
        ),
        default=0.0,
    )


class Stream:
    """Requests from the client to one service, each on a connection of its own, while something happens."""

    def __init__(self, cluster: Cluster, options: dict[str, Any]) -> None:
        self.cluster = cluster
        self.stop_file = f"/run/stream-{options['address']}-{options['port']}"
        cluster.run("client1", f"rm -f {self.stop_file}")
        arguments = {"duration": 900, "rate": 5, "timeout": 5, **options, "stop_file": self.stop_file}
        others = self.asking()
        self.process = cluster.start_module("client1", "vip_probe", arguments)
        until(lambda: self.asking() > others, "the stream has made its first request")
        time.sleep(0.5)

    def asking(self) -> int:
        """How many streams have begun to ask: a pipelined module is a Python without arguments, and these have threads."""
        status = "pgrep -fx /usr/bin/python3 | sed 's,.*,/proc/&/status,' | xargs -r grep -hE '^Threads:' 2>/dev/null"
        return sum(int(line.split()[1]) > 1 for line in self.cluster.run("client1", status).splitlines())

    def stop(self) -> dict[str, Any]:
        """End the stream and return what vip_probe saw."""
        self.cluster.run("client1", f"touch {self.stop_file}")
        output, _errors = self.process.communicate(timeout=EVENT_SECONDS)
        return json.loads(output.partition("=>")[2])


class Cluster:
    """The lab's nodes and the cluster on them, by the scenario's inventory."""

    def __init__(self, inventory: Path) -> None:
        self.inventory = inventory
        self.lab = Lab(paths.find())
        self.prints: dict[str, list[str]] | None = None

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

    def vips(self) -> set[str]:
        given = [service["vip"] for service in self.variable("lvs_services")]
        return {vip for one in given for vip in ([one] if isinstance(one, str) else one)}

    def address(self, node: str) -> str:
        """A node's address on the cluster's segment."""
        return self.listing["_meta"]["hostvars"][node]["lvs_address"]

    def host(self, node: str) -> testinfra.host.Host:
        """The node, for testinfra."""
        command = ssh.argv(self.lab.paths, self.lab.topology.node(node))
        return testinfra.get_host(f"ssh://{command[-1]}", ssh_extra_args=" ".join(command[1:-1]))

    def run(self, node: str, command: str) -> str:
        """What a command on a node prints, whatever its exit code."""
        return self.output(node, command).strip()

    def output(self, node: str, command: str) -> str:
        """The same with the spaces and empty lines at both ends."""
        printed = self.host(node).run(command).stdout
        SEEN.append(f"{node}: {command}\n{printed}")
        return printed

    def settled(self) -> Any:
        """VIPs and tables, once they have been the same for a while: ldirectord fills its table one service after the other."""
        seen, since = self.state(), time.monotonic()

        def same() -> bool:
            nonlocal seen, since
            now = self.state()
            if now != seen:
                seen, since = now, time.monotonic()
            return time.monotonic() - since >= SETTLED_SECONDS

        until(same, "VIPs and tables stay as they are", pause=1)
        return seen

    def keep(self) -> bool:
        """Keep the cluster as it is now, so that `give_back` can bring it back; False where it was kept before, or cannot."""
        self.kept = self.settled()
        if self.lab.is_saved(CONVERGED):
            return False
        try:
            self.lab.save(CONVERGED)
        except LabError:
            return False
        # To save them, nodes stand still for a moment, and the VIPs may move.
        until(lambda: self.state() == self.kept, f"VIPs and tables are as they were: {self.kept}")
        self.prints = self.fingerprints()
        return True

    def give_back(self) -> None:
        """Bring the cluster back to what it was when it was kept. If it still is that, nothing is done. Otherwise its nodes boot from
        the disks that were saved, or site.yml runs where the lab cannot save disks.
        """
        if self.is_as_kept():
            return
        try:
            self.lab.restore(CONVERGED)
        except LabError:
            self.play("site")
        until(lambda: self.state() == self.kept, f"VIPs and tables are as they were: {self.kept}")

    def is_as_kept(self) -> bool:
        """Whether VIPs, tables, links and nodes are as they were when the cluster was kept; False if that is not known."""
        if self.prints is None or self.lab.failures:
            return False
        try:
            return (self.state(), self.fingerprints()) == (self.kept, self.prints)
        except LabError:
            return False

    def fingerprints(self) -> dict[str, list[str]]:
        """What every node is made of; of its table no counters, but the templates of persistence. LabError if one does not answer."""

        def of(node: Node) -> list[str]:
            lines = ssh.sh(self.lab.paths, node, FINGERPRINT.read_text() + TABLE).splitlines()
            return [line for line in lines if not line.startswith("table ")]

        with ThreadPoolExecutor() as pool:
            return dict(zip((node.name for node in self.lab.topology.nodes), pool.map(of, self.lab.topology.nodes)))

    def state(self) -> tuple[dict[str, list[str]], dict[str, dict[str, dict[str, int]]]]:
        """Which directors have which VIP, and each director's table.

        The table too: a director that boots before its real servers removes them first.
        """
        owners = {vip: self.holders(vip) for vip in sorted(self.vips())}
        return owners, {director: self.table(director) for director in self.group("directors")}

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
                # Ansible takes {} for a word.
                *(["-a", json.dumps(arguments)] if arguments else []),
            ],
            # Ansible refuses to start while an ssh of the lab has set a standard input that both share to non-blocking.
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
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
        ran = self.try_play(playbook, *arguments, **variables)
        assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
        return ran.stdout

    def fail(self, playbook: str, *arguments: str, **variables: Any) -> str:
        """Run a playbook of the collection that must fail; what it prints."""
        ran = self.try_play(playbook, *arguments, **variables)
        assert ran.returncode != 0, ran.stdout[-6000:]
        return ran.stdout + ran.stderr

    def try_play(self, playbook: str, *arguments: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        """Run a playbook of the collection, whatever comes of it."""
        command = ["ansible-playbook", "-i", str(self.inventory), f"playbooks/{playbook}.yml", *arguments]
        if variables:
            command += ["-e", json.dumps(variables)]
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
            env=plain_output(),
        )

    @contextmanager
    def stream(self, **options: Any) -> Iterator[dict[str, Any]]:
        """Requests from the client during the block; the yielded mapping is filled when it ends."""
        result: dict[str, Any] = {}
        stream = Stream(self, options)
        try:
            yield result
        finally:
            result.update(stream.stop())

    @contextmanager
    def leave_alone(self, *nodes: str) -> Iterator[None]:
        """During the block lvs-heal mends nothing on these nodes (all directors and real servers, if none is named)."""
        paused = nodes or (*self.group("directors"), *self.group("real_servers"))
        for node in paused:
            self.run(node, "touch /run/lvs-heal-pause")
        try:
            yield
        finally:
            for node in paused:
                self.run(node, "rm -f /run/lvs-heal-pause")

    @contextmanager
    def one_owner(self, vip: str, *directors: str) -> Iterator[None]:
        """During the block no two directors (all, or those named) hold a VIP for more than a moment."""
        watchers = {
            director: Background(self, director, "owner.py", vip) for director in directors or self.group("directors")
        }
        try:
            yield
        finally:
            held = {director: intervals(watcher.stop()) for director, watcher in watchers.items()}
        assert any(held.values()), held
        assert overlap(held) < BOTH_SECONDS, held

    @contextmanager
    def connections(self, vip: str, port: int = 80, count: int = 6) -> Iterator[list[dict[str, Any]]]:
        """Connections that the client keeps open and uses during the block; what became of each, when it ends."""
        result: list[dict[str, Any]] = []
        talk = Background(self, "client1", "connections.py", vip, str(port), str(count))
        open_ones = f"ss -Htn state established dst {vip} dport = :{port} | wc -l"
        until(lambda: self.run("client1", open_ones) == str(count), f"{count} connections are open")
        try:
            yield result
        finally:
            result += [json.loads(line) for line in talk.stop()]

    def knows_the_connections(self, director: str, vip: str, port: int = 80) -> bool:
        """Whether a director has every connection of the client's to a VIP that is open now, by its own table or by sync."""
        opened = self.run(
            "client1", f"ss -Htn state established dst {vip} dport = :{port} | awk '{{ print $3 }}'"
        ).split()
        known = {line.split()[3] for line in self.run(director, "ipvsadm -Lnc | grep ESTABLISHED").splitlines()}
        return bool(opened) and set(opened) <= known

    def ask(
        self, vip: str, port: int = 80, count: int = 12, scheme: str = "http", source: str | None = None
    ) -> list[str]:
        """Who answered each of some requests, asked by the client (from one of its addresses) through a VIP; "" for none."""
        url = f"{scheme}://{endpoint(vip, port)}/"
        interface = f"--interface {source}" if source else ""
        command = f"for i in $(seq {count}); do curl --silent --insecure --max-time 5 {interface} {url} || echo; done"
        # unstripped: an empty line counts as well
        return self.output("client1", command).splitlines()

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
    def mailbox(self) -> Iterator[Callable[[], str]]:
        """A mail server on the client during the block, and a function that tells what has come."""
        text = (ROOT / "molecule/shared/mail_server.py").read_text()
        start = "rm -f /run/mails; systemd-run --unit=mailbox python3 /run/mail_server.py"
        self.host("client1").run_expect([0], f"cat > /run/mail_server.py <<'END'\n{text}\nEND\n{start}")
        try:
            yield lambda: self.run("client1", "cat /run/mails 2>/dev/null").replace("\r", "")
        finally:
            self.run("client1", "systemctl stop mailbox; rm -f /run/mails")

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
        """The directors that have a VIP on an interface other than lo, of all of them or of those named."""
        found = f"ip -o address show to {vip}/{128 if ':' in vip else 32} | grep -v '^[0-9]*: lo '"
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

    def counted(self, director: str, vip: str, port: int = 80) -> int:
        """The connections that a director has counted for a service; the kernel sums them up every two seconds."""
        told = self.run(director, f"ipvsadm -Ln --stats -t {vip}:{port}").splitlines()
        return next((int(line.split()[2]) for line in told if line.startswith("TCP ")), 0)

    def wait_for_requests(self, director: str, vip: str, port: int = 80) -> None:
        """Wait until a stream of 20 requests a second has reached the director that holds the VIP."""
        # More than what was asked shortly before, and not summed up yet.
        enough = self.counted(director, vip, port) + 30
        until(lambda: self.counted(director, vip, port) > enough, f"{director} has counted a stream of requests")


def with_inventory(cluster: Cluster, file: Path, change: Callable[[dict[str, dict[str, Any]]], None]) -> Cluster:
    """The cluster by an inventory of its own: the scenario's, with the hosts and variables as a function changes them."""
    variables = cluster.listing["_meta"]["hostvars"]
    groups = {name: {host: dict(variables[host]) for host in cluster.group(name)} for name in GROUPS}
    change(groups)
    file.write_text(json.dumps({"all": {"children": {name: {"hosts": hosts} for name, hosts in groups.items()}}}))
    return Cluster(file)


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


def totals(output: str, what: str) -> dict[str, int]:
    """How many tasks of each host were `what` (changed, unreachable, failed), read from a playbook's recap."""
    recap = output[output.rindex("PLAY RECAP") :]
    return {host: int(count) for host, count in re.findall(rf"^(\S+)\s+: .*?{what}=(\d+)", recap, re.MULTILINE)}


def changed(output: str) -> dict[str, int]:
    """How many changes a playbook reported for each host."""
    return totals(output, "changed")


def shared(answers: Iterable[str], due: dict[str, int]) -> bool:
    """Whether everybody got their share of the answers, or one more or less.

    A client's port that is used again within two minutes goes where it went before, whose turn it may be.
    """
    got = Counter(answers)
    return got.keys() == due.keys() and all(abs(got[name] - share) <= 1 for name, share in due.items())


def flat(output: str) -> str:
    """Output with all of it in one line, since Ansible breaks long messages."""
    return " ".join(output.split())
