# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tools and files of a host say."""

from __future__ import annotations

import json

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.doctor import daemons, filters, network, table
from ansible_collections.lvs.cluster.plugins.modules import doctor_info
from ansible_collections.lvs.cluster.tests.unit.plugins.played import Played

PROC = """IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  AC1C0064:0050 wrr persistent 300 FFFFFFFF
  -> AC1C0016:0050      Route   3      5          7
  -> AC1C0015:1F90      Masq    0      0          0
UDP  [2001:0db8:0000:0000:0000:0000:0000:0064]:0035 rr ops
  -> [2001:0db8:0000:0000:0000:0000:0000:0015]:0035      Tunnel  1      0          0
FWM  00000007 wlc
"""


def test_the_table_of_proc():
    services, counts = table.parse_proc(PROC.splitlines())
    assert [(one["address"], one["port"], one["protocol"], one["fwmark"], one["scheduler"]) for one in services] == [
        ("172.28.0.100", 80, "tcp", None, "wrr"),
        ("2001:db8::64", 53, "udp", None, "rr"),
        (None, None, None, 7, "wlc"),
    ]
    assert (services[0]["persistence"], services[1]["one_packet"]) == (300, True)
    assert [(one["address"], one["port"], one["forward"], one["weight"]) for one in services[0]["destinations"]] == [
        ("172.28.0.22", 80, "dr", 3),
        ("172.28.0.21", 8080, "nat", 0),
    ]
    assert services[1]["destinations"][0]["forward"] == "tun"
    assert counts[0]["destinations"][0] == {
        "address": "172.28.0.22",
        "port": 80,
        "weight": 3,
        "active": 5,
        "inactive": 7,
    }


def test_clients_of_connections(tmp_path):
    lines = [
        "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData",
        "TCP AC1C001F 8F02 AC1C0064 0050 AC1C0015 0050 ESTABLISHED     899",
        "TCP AC1C001F 8F04 AC1C0064 0050 AC1C0015 0050 ESTABLISHED     899",
        "TCP AC1C0020 8F02 AC1C0065 0050 AC1C0015 0050 ESTABLISHED     899",
        "TCP AC1C0021 0000 AC1C0064 0050 AC1C0015 0050 NONE            300",
    ]
    (tmp_path / "conn").write_text("\n".join(lines))
    assert table.clients(str(tmp_path / "conn")) == [
        {"client": "172.28.0.31", "vip": "172.28.0.100"},
        {"client": "172.28.0.32", "vip": "172.28.0.101"},
    ]
    assert table.clients(str(tmp_path / "none")) == []


def test_without_ipvs_nothing_is_started(tmp_path):
    assert table.gather(Played(ipvsadm="/sbin/ipvsadm"), str(tmp_path / "none")) is None


def test_links():
    shown = [
        {"ifname": "lo", "flags": ["LOOPBACK", "UP", "LOWER_UP"], "mtu": 65536, "link_type": "loopback"},
        {
            "ifname": "eth0",
            "flags": ["UP", "LOWER_UP"],
            "mtu": 1500,
            "link_type": "ether",
            "address": "52:54:00:00:00:01",
        },
        {
            "ifname": "dummy0",
            "flags": ["NOARP", "UP"],
            "mtu": 1500,
            "link_type": "ether",
            "address": "a",
            "linkinfo": {"info_kind": "dummy"},
        },
        {
            "ifname": "vrrp.51",
            "flags": ["UP", "LOWER_UP"],
            "link": "eth0",
            "link_type": "ether",
            "linkinfo": {"info_kind": "macvlan"},
        },
        {
            "ifname": "tunl0",
            "flags": ["NOARP", "UP", "LOWER_UP"],
            "mtu": 1480,
            "link_type": "ipip",
            "linkinfo": {"info_kind": "ipip"},
        },
    ]
    links = network.parse_links(shown)
    assert {name: (link["up"], link["arp"], link["kind"], link["parent"]) for name, link in links.items()} == {
        "lo": (True, False, None, None),
        "eth0": (True, True, None, None),
        "dummy0": (False, False, "dummy", None),
        "vrrp.51": (True, True, "macvlan", "eth0"),
        "tunl0": (True, False, "ipip", None),
    }


def test_routes_of_all_tables():
    routes = [
        {"dst": "default", "gateway": "10.0.0.1", "dev": "eth0"},
        {"type": "2", "dst": "10.0.0.2", "dev": "eth0", "table": "255"},
        {"type": "3", "dst": "10.0.0.255", "dev": "eth0", "table": "255"},
        {"type": "7", "dst": "10.9.0.0/16"},
    ]
    rules = [{"priority": 0, "src": "all", "table": "255"}]
    runs = [
        {"argv": "-j -N -4 route show table all", "out": json.dumps(routes)},
        {"argv": "-j -N -4 rule show", "out": json.dumps(rules)},
        {"argv": "-j -N -6 route show table all", "out": ""},
        {"argv": "-j -N -6 rule show", "out": "[]"},
    ]
    found, told = network.routing(Played(runs, ip="/sbin/ip"), ["ipv4", "ipv6"])
    assert [(route["family"], route["type"], route["dst"]) for route in found] == [
        ("ipv4", "unicast", "default"),
        ("ipv4", "local", "10.0.0.2"),
        ("ipv4", "unreachable", "10.9.0.0/16"),
    ]
    assert told == [{"family": "ipv4", "priority": 0, "src": "all", "table": "255"}]


def test_listeners():
    printed = """udp UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:*
tcp LISTEN 0 511 *:80 *:*
tcp LISTEN 0 511 *:80 *:*
tcp LISTEN 0 128 [::]:22 [::]:*
tcp LISTEN 0 128 [2001:db8::1]:443 [::]:*
nonsense
"""
    assert [(one["protocol"], one["address"], one["port"]) for one in network.parse_listeners(printed)] == [
        ("udp", "127.0.0.53", 53),
        ("tcp", "*", 80),
        ("tcp", "::", 22),
        ("tcp", "2001:db8::1", 443),
    ]


def test_sysctls(tmp_path):
    folder = tmp_path / "net/ipv4/conf/eth0"
    folder.mkdir(parents=True)
    (folder / "rp_filter").write_text("1\n")
    (tmp_path / "net/ipv4/ip_forward").write_text("0\n")
    assert network.sysctls(str(tmp_path)) == {"net.ipv4.ip_forward": "0"}
    assert network.interface_sysctls(str(tmp_path)) == {"eth0": {"rp_filter": 1}}


def test_packet_filters_are_told_as_their_tools_list_them():
    rule = {"rule": {"family": "ip", "table": "f", "chain": "c", "expr": [{"counter": {"packets": 1}}, {"drop": None}]}}
    listed = {"nftables": [{"metainfo": {}}, {"table": {}}, {"chain": {"name": "c"}}, rule]}
    assert filters.nft_objects(json.dumps(listed)) == [
        {"chain": {"name": "c"}},
        {"rule": {**rule["rule"], "expr": [{"drop": None}]}},
    ]
    assert filters.nft_objects("no json") == []
    saved = "# Generated\n*filter\n:INPUT ACCEPT [12:34]\n-A INPUT -j DROP\nCOMMIT\n"
    assert filters.save_lines(saved) == ["*filter", ":INPUT ACCEPT", "-A INPUT -j DROP"]


def test_too_many_rules_are_not_told(monkeypatch):
    monkeypatch.setattr(filters, "MOST_RULES", 1)
    monkeypatch.setattr(filters, "LEGACY", {})
    listed = json.dumps({"nftables": [{"chain": {"name": "a"}}, {"chain": {"name": "b"}}]})
    told = filters.packet_filters(Played([{"argv": "-j list ruleset", "out": listed}], nft="/sbin/nft"))
    assert (told["nft"], told["too_many"]) == ([], True)


@pytest.mark.parametrize(
    ("comm", "arguments", "name"),
    [
        ("keepalived", ["/usr/sbin/keepalived", "--dont-fork"], "keepalived"),
        ("ldirectord", ["/usr/bin/perl", "-w", "/usr/sbin/ldirectord", "start"], "ldirectord"),
        ("perl", ["/usr/bin/perl", "/usr/sbin/ldirectord", "start"], "ldirectord"),
        ("heartbeat", ["heartbeat: master control process"], "heartbeat"),
        ("bash", ["vi", "keepalived.conf"], None),
        ("keepalived", [], None),
    ],
)
def test_daemons_by_their_processes(comm, arguments, name):
    assert daemons.daemon_name(f"12 ({comm}) S 1 12", arguments) == name


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (["keepalived", "-f", "/a"], "/a"),
        (["keepalived", "-f/a"], "/a"),
        (["keepalived", "--use-file", "/a"], "/a"),
        (["keepalived", "--use-file=/a"], "/a"),
        (["keepalived", "--dont-fork", "-D"], None),
        (["keepalived", "-f"], None),
    ],
)
def test_the_file_that_a_daemon_was_told(arguments, value):
    assert daemons.option(arguments, "-f", "--use-file") == value


def test_when_a_unit_was_reloaded():
    shown = (
        "ExecReload={ path=/bin/kill ; argv[]=/bin/kill -HUP $MAINPID ; start_time=[Fri 2026-11-27 07:17:23 UTC] ;"
        " stop_time=[Fri 2026-11-27 07:17:24 UTC] ; pid=1 }\n"
        "ExecReload={ path=/bin/x ; start_time=[n/a] ; stop_time=[n/a] }\n"
        "ExecMainStartTimestamp=Fri 2026-11-27 07:00:00 UTC\n"
    )
    assert daemons.unit_moments(shown) == [1795763843.0, 1795762800.0]


def test_starts_of_units_by_both_clocks():
    shown = (
        "Id=ssh.service\nExecMainStartTimestamp=Fri 2026-11-27 07:00:00 UTC\nExecMainStartTimestampMonotonic=9500000\n\n"
        "Id=cron.service\nExecMainStartTimestamp=\nExecMainStartTimestampMonotonic=0\n"
    )
    assert daemons.unit_starts(shown) == [{"unit": "ssh.service", "clock": 1795762800.0, "monotonic": 9.5}]


def test_the_kernel_log():
    printed = (
        "[    1.000000] Linux version\n[   12.500000] IPVS: Registered protocols (TCP, UDP)\n"
        "<6>[   99.000000] nf_conntrack: nf_conntrack: table full, dropping packet\n"
    )
    assert [(one["seconds"], one["text"][:6]) for one in daemons.parse_kernel_log(printed)] == [
        (12.5, "IPVS: "),
        (99.0, "nf_con"),
    ]


def test_refusals_of_selinux(tmp_path):
    log = tmp_path / "audit.log"
    log.write_text(
        'type=AVC msg=audit(1000.1:1): avc:  denied  { read } for comm="old"\n'
        'type=AVC msg=audit(5000.1:2): avc:  denied  { read } for comm="new"\n'
        "type=USER msg=audit(5000.1:2): something\n"
    )
    assert daemons.denials(str(log), 600, now=5100) == ['avc:  denied  { read } for comm="new"']
    assert daemons.denials(str(tmp_path / "none")) == []


def test_the_module_tells_what_it_could_not_read(monkeypatch):
    monkeypatch.setattr(doctor_info.daemons, "kernel_log", lambda _runner: [])
    monkeypatch.setattr(doctor_info.table, "gather", lambda _runner: None)
    told = doctor_info.gather(Played(), "salt", 1)
    assert "ip was not found" in told["unread"]["addresses"]
    assert told["addresses"] == []
    documented = doctor_info.RETURN
    assert all(f"\n{name}:" in documented for name in told)


def test_a_record_of_drains_that_nobody_understands_is_none(tmp_path):
    (tmp_path / "drained.json").write_text('{"version": 1, "drains": [{"real_server": "web2"}]}')
    assert doctor_info.drained(str(tmp_path / "drained.json")) == [{"real_server": "web2"}]
    (tmp_path / "drained.json").write_text("[]")
    assert doctor_info.drained(str(tmp_path / "drained.json")) == []
    assert doctor_info.drained(str(tmp_path / "none")) == []
