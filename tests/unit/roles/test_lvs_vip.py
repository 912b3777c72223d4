# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lvs-vip keeps on a host: its list as the template writes it, and the script in a network namespace."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RESOLVED = Path(__file__).parents[1] / "plugins" / "plugin_utils" / "cluster" / "right"
SCRIPT = ROOT / "roles" / "common" / "files" / "lvs-vip"


@pytest.mark.parametrize(
    ("cluster", "host", "lines"),
    [
        ("minimal", "lvs1", []),
        ("minimal", "web1", ["address 172.28.0.100/32 lo"]),
        (
            "rules",
            "lvs1",
            ["nft mark ip daddr 172.28.0.100 tcp dport { 80, 443, 8000-8010 } meta mark set 7"],
        ),
        (
            "rules",
            "lvs2",
            [
                "iptables mangle PREROUTING -d 172.28.0.100 -p tcp -m multiport --dports 80,443,8000:8010 -j MARK --set-mark 7"
            ],
        ),
        (
            "rules",
            "web1",
            [
                "zone port 80/tcp internal",
                "zone port 443/tcp internal",
                "zone port 8000-8010/tcp internal",
                "zone port 53/udp internal",
                "zone port 6080/udp internal",
                "arptables INPUT -d 172.28.0.100 -j DROP",
                "arptables OUTPUT -s 172.28.0.100 -j mangle --mangle-ip-s 172.28.0.21",
                "arptables INPUT -d 172.28.0.101 -j DROP",
                "arptables OUTPUT -s 172.28.0.101 -j mangle --mangle-ip-s 172.28.0.21",
                "arptables INPUT -d 172.28.0.102 -j DROP",
                "arptables OUTPUT -s 172.28.0.102 -j mangle --mangle-ip-s 172.28.0.21",
                "firewalld ipv4 mangle OUTPUT 0 -s 172.28.0.102 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1420",
                "fou -4 6080",
                "address 172.28.0.100/32 lo",
                "address 172.28.0.101/32 lo",
                "address 172.28.0.102/32 tunl0",
            ],
        ),
        ("redirect", "web1", ["nft redirect ip daddr 172.28.0.100 redirect"]),
        ("nat_static", "lvs1", ["address 172.28.0.100/32 eth1", "address 10.2.0.1/32 eth2"]),
        ("nat_static", "web1", ["route -4 10.2.0.1 eth1 10.2.0.0/24", "reply -4 10.2.0.21 tcp 80"]),
        (
            "nat_gateway",
            "web1",
            [
                "route -4 10.2.0.1 eth1 10.2.0.0/24",
                "route -6 fd00:2::1 eth1 fd00:2::/64",
                "reply -4 10.2.0.21 tcp 8080",
                "reply -6 fd00:2::21 tcp 8080",
                "default -4 10.2.0.21",
                "default -6 fd00:2::21",
            ],
        ),
    ],
)
def test_the_list(render, cluster, host, lines):
    resolved = json.loads((RESOLVED / f"{cluster}.json").read_text())
    text = render(resolved, host, "lvs-vip.conf.j2")
    assert [line for line in text.splitlines() if not line.startswith("#")] == lines


class Host:
    """Runs lvs-vip in a network namespace of its own, with a list and a memory in a folder."""

    def __init__(self, folder: Path) -> None:
        self.list, self.placed, self.script = folder / "list", folder / "placed", folder / "script"
        text = SCRIPT.read_text().replace("/var/lib/lvs-cluster", str(folder))
        text = text.replace("/etc/lvs-vip.conf", str(self.list)).replace("/run/lvs-vip", str(self.placed))
        self.script.write_text(text)

    def run(self, *steps: str) -> str:
        """Standard output of shell steps in a fresh namespace, with lvs-vip as $v and an interface eth0."""
        prelude = f"v='sh {self.script}'; ip link set lo up; ip tuntap add mode tap name eth0; ip address add 10.2.0.21/24 dev eth0"
        done = subprocess.run(
            ["unshare", "--net", "sh", "-euc", "\n".join([prelude, "ip link set eth0 up", *steps])],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


@pytest.fixture
def host(tmp_path):
    probe = subprocess.run(
        ["unshare", "--net", "ip", "tuntap", "add", "mode", "tap", "name", "eth0"], capture_output=True, check=False
    )
    if probe.returncode:
        pytest.skip(f"no network namespace with an interface: {probe.stderr.decode().strip()}")
    return Host(tmp_path)


def wanted(host, *lines):
    return f"printf '%s\\n' {' '.join(repr(line) for line in lines)} > {host.list}"


def test_what_is_listed_is_put_in_place_once_and_what_left_is_taken_away(host):
    vip, other, route = "address 10.9.0.1/32 lo", "address 10.9.0.10/32 lo", "route -4 10.2.0.1 eth0 10.2.0.0/24"
    said = host.run(
        wanted(host, vip, other, route),
        "echo 1; $v check; $v add; echo 2; $v check",
        wanted(host, other),
        "echo 3; $v check; $v prune; echo 4; $v check",
        "ip -o -4 address show dev lo | grep -o '10[.]9[.][0-9./]*'; ip rule | grep -c 112 || true",
        "$v clear; echo 5; ip -o -4 address show dev lo | grep -c '10[.]9' || true; ip rule | wc -l",
    )
    assert said.split("\n") == [
        *("1", f"add {vip}", f"add {other}", f"add {route}"),
        *("2", "3", f"prune {vip}", f"prune {route}", "4", "10.9.0.10/32", "0"),
        *("5", "0", "3", ""),
    ]


def ways(host, *lines):
    """The ways that packets of some kinds take, with another network eth1 and a route to the clients on that."""
    asked = {
        "a reply": "from 10.2.0.21 ipproto tcp sport 8080",
        "another port": "from 10.2.0.21 ipproto tcp sport 22",
        "management": "from 10.99.0.21",
        "starting here": "",
        "elsewhere": None,
    }
    get = "ip route get {} {} 2>&1 | grep -o -e 'dev [a-z0-9]*' -e unreachable | head -1"
    said = host.run(
        "ip tuntap add mode tap name eth1; ip address add 10.99.0.21/24 dev eth1; ip link set eth1 up",
        "ip route add 192.0.2.0/24 via 10.99.0.1",
        wanted(host, "route -4 10.2.0.1 eth0 10.2.0.0/24", *lines),
        "$v sync; $v check",
        *(
            get.format("192.0.2.1", how) if how is not None else get.format("198.51.100.1", "")
            for how in asked.values()
        ),
        get.format("10.2.0.9", asked["a reply"]),
    ).splitlines()
    return dict(zip((*asked, "reply to a director"), said, strict=True))


def test_replies_take_the_way_back_and_nothing_else_does(host):
    assert ways(host, "reply -4 10.2.0.21 tcp 8080", "reply -4 10.2.0.21 udp 53") == {
        "a reply": "dev eth0",
        "another port": "dev eth1",
        "management": "dev eth1",
        "starting here": "dev eth1",
        "elsewhere": "unreachable",
        "reply to a director": "dev eth0",
    }


def test_the_default_route_is_for_what_no_other_route_leads_to(host):
    assert ways(host, "reply -4 10.2.0.21 tcp 8080", "default -4 10.2.0.21") == {
        "a reply": "dev eth0",
        "another port": "dev eth1",
        "management": "dev eth1",
        "starting here": "dev eth1",
        "elsewhere": "dev eth0",
        "reply to a director": "dev eth0",
    }


def test_a_line_that_cannot_be_put_in_place_is_named_and_forgotten(host):
    said = host.run(
        wanted(host, "address 10.9.0.1/32 eth7"),
        f"$v add 2>&1 || true; test ! -e {host.placed}",
    )
    assert said.splitlines()[-1] == "lvs-vip: cannot put in place: address 10.9.0.1/32 eth7"
