# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils import deployed
from ansible_collections.lvs.cluster.plugins.module_utils.tools import Failure

OURS = """\
# Ansible managed
# Cluster of lvs1, lvs2; this is lvs1.

include /etc/keepalived/lvs-secrets.conf

global_defs {
    router_id lvs1
}

vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    version 2
    virtual_router_id 51
    priority 200
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass $AUTH_PASS_VI__1
    }
    unicast_src_ip 192.0.2.11
    unicast_peer {
        192.0.2.12
    }
    # All that the adverts carry
    virtual_ipaddress {
        169.254.112.51/32 dev lo scope host
    }
    virtual_ipaddress_excluded {
        192.0.2.100/32 dev eth0
        2001:db8::100/128 dev eth0
    }
}

virtual_server 192.0.2.100 80 {
    real_server 192.0.2.21 80 {
        weight 1
    }
}
"""
BY_HAND = """\
! a tutorial's
vrrp_instance VI_1{
  virtual_router_id 7   # as ever
  authentication { auth_type PASS
    auth_pass "1111" }
  virtual_ipaddress { 10.0.0.1 }
}
vrrp_instance two {
  virtual_router_id 8
  advert_int 0.5
  version 3
  virtual_ipaddress {
    10.0.0.2/24 dev eth1 label eth1:0
    fe80::1 } }
"""
VIP_LIST = (
    "zone port 80/tcp\naddress 192.0.2.101/32 lo\nleaving address 2001:db8::1/128 lo nodad\nkeep 192.0.2.9 tcp 22\n"
)
HARESOURCES = (
    "# Ansible managed\n# The same on both nodes: who is preferred, and what the active one runs.\n"
    "ld1 LVSSyncDaemonSwap::master LVSAddress::192.0.2.102/32/eth0 ldirectord::ldirectord.cf\n"
)
HA_CF = "# Before the media, which it counts for.\nudpport 694\n"


def test_instances_of_our_own_configuration():
    files = {deployed.KEEPALIVED: OURS, deployed.SECRETS: "# x\n$AUTH_PASS_VI__1=secret\n"}
    assert deployed.vrrp_instances(files) == [
        {
            "name": "VI_1",
            "group": None,
            "interface": "eth0",
            "source": "192.0.2.11",
            "virtual_router_id": 51,
            "version": 2,
            "advert_interval": 1.0,
            "password": deployed.digest("secret"),
            "unicast": True,
            "vmac": False,
            "vmac_address": None,
            "advertised": ["169.254.112.51"],
            "addresses": ["192.0.2.100", "2001:db8::100"],
        }
    ]
    assert "secret" not in str(deployed.vrrp_instances(files))


def test_instances_that_somebody_has_written_otherwise():
    one, two = deployed.vrrp_instances({deployed.KEEPALIVED: BY_HAND})
    assert (one["name"], one["virtual_router_id"], one["version"], one["advert_interval"]) == ("VI_1", 7, 2, 1.0)
    assert one["password"] == deployed.digest("1111")
    assert one["advertised"] == ["10.0.0.1"]
    assert (two["name"], two["virtual_router_id"], two["version"], two["advert_interval"]) == ("two", 8, 3, 0.5)
    assert two["advertised"] == ["10.0.0.2", "fe80::1"]


def test_what_is_no_number_is_not_known():
    text = (
        "vrrp_instance one {\n virtual_router_id $VRID\n version ${V}\n advert_int $ADVERT\n}\nvrrp_instance two {\n}\n"
    )
    one, two = deployed.vrrp_instances({deployed.KEEPALIVED: text})
    keys = ("virtual_router_id", "version", "advert_interval")
    assert [one[key] for key in keys] == [None, None, None]
    assert [two[key] for key in keys] == [None, 2, 1.0]


def test_lines_that_are_too_short_are_skipped():
    text = "protocol\nvirtual_server\nvirtual_server {\n}\nvirtual_server fwmark 7 {\n    protocol\n}\nvirtual_server_group\n"
    text += "vrrp_instance\nvrrp_sync_group {\n    group\n}\nvrrp_instance one {\n    interface\n}\n"
    files = {deployed.KEEPALIVED: text, deployed.HARESOURCES: "lb1\n"}
    assert deployed.virtual_servers(files) == [{"at": "fwmark 7", "protocol": None, "addresses": []}]
    assert all(one["interface"] is None for one in deployed.vrrp_instances(files))
    assert deployed.named_vips(files, "address\nroute\n") == []


def test_a_brace_may_have_a_line_of_its_own():
    text = "vrrp_instance VI_1\n{\nvirtual_router_id 51\nvirtual_ipaddress\n{\n192.0.2.1\n}\nadvert_int 2\n}\n"
    (one,) = deployed.vrrp_instances({deployed.KEEPALIVED: text})
    assert (one["virtual_router_id"], one["advertised"], one["advert_interval"]) == (51, ["192.0.2.1"], 2.0)


@pytest.mark.parametrize(
    ("line", "vmac", "address"),
    [
        ("use_vmac", True, None),
        ("use_vmac vrrp0", True, None),
        ("use_vmac vrrp0 02:00:00:00:00:51", True, "02:00:00:00:00:51"),
        ("use_vmac 02:00:00:00:00 vrrp0", True, "02:00:00:00:00"),
        ("virtual_ipaddress {\n192.0.2.1 dev eth1 use_vmac\n}", False, None),
    ],
)
def test_an_interface_of_vmac_may_have_a_name_and_a_mac_address(line, vmac, address):
    (one,) = deployed.vrrp_instances({deployed.KEEPALIVED: f"vrrp_instance VI_1 {{\n{line}\n}}\n"})
    assert (one["vmac"], one["vmac_address"]) == (vmac, address)


@pytest.mark.parametrize(
    ("lines", "password"),
    [
        ("auth_type PASS\nauth_pass one", "one"),
        ("auth_type PASS\nauth_pass other\nauth_pass one", "one"),
        ("auth_type AH\nauth_pass one", "AH one"),
        ("auth_pass one", None),
        ("auth_type pass\nauth_pass one", None),
        ("version 3\nauth_type PASS\nauth_pass one", None),
        ("virtual_ipaddress {\nfd00::1\n}\nauth_type PASS\nauth_pass one", None),
    ],
)
def test_a_password_counts_as_it_does_for_keepalived(lines, password):
    (one,) = deployed.vrrp_instances({deployed.KEEPALIVED: f"vrrp_instance VI_1 {{\n{lines}\n}}\n"})
    assert one["password"] == (password and deployed.digest(password))


def test_instances_of_a_group_name_it():
    group = "vrrp_sync_group G {\n    group {\n        VI_1\n        VI_6\n    }\n    track_interface {\n        eth1\n    }\n}\n"
    (one,) = deployed.vrrp_instances({deployed.KEEPALIVED: group + OURS})
    assert one["group"] == "G"


def test_vips_of_every_stack():
    files = {deployed.KEEPALIVED: OURS, deployed.HARESOURCES: HARESOURCES}
    assert deployed.named_vips(files, VIP_LIST) == [
        "169.254.112.51",
        "192.0.2.100",
        "2001:db8::100",
        "192.0.2.101",
        "2001:db8::1",
        "192.0.2.102",
    ]
    assert deployed.named_vips({}, "") == []


LDIRECTORD_CF = '# Ansible managed\ncheckinterval=6\nautoreload=no\ncleanstop=yes\nfork=no\nlogfile="/var/log/l.log"\n'


@pytest.mark.parametrize(
    ("files", "foreign"),
    [
        ({}, []),
        ({deployed.KEEPALIVED: OURS}, []),
        ({deployed.KEEPALIVED: BY_HAND}, [deployed.KEEPALIVED]),
        ({deployed.KEEPALIVED: "# nothing but\n\n! comments\n"}, []),
        ({deployed.HARESOURCES: HARESOURCES, deployed.HA_CF: HA_CF, deployed.LDIRECTORD: LDIRECTORD_CF}, []),
        (
            {deployed.HARESOURCES: "a drbddisk::r0\n", deployed.HA_CF: "auto_failback on\n"},
            [deployed.HARESOURCES, deployed.HA_CF],
        ),
        ({deployed.LDIRECTORD: "virtual=1.2.3.4:80\n"}, [deployed.LDIRECTORD]),
        ({deployed.LDIRECTORD: "its package's\n"}, []),
    ],
)
def test_files_of_somebody_else(files, foreign):
    packaged = {deployed.LDIRECTORD: "its package's\n"}
    assert deployed.foreign_files(files, lambda path: packaged.get(path) == files[path]) == foreign


def test_resources_of_heartbeat():
    by_hand = "# mine\nld1 10.0.0.1 \\\n    drbddisk::r0\nld2 IPaddr::10.0.0.2/24\n"
    assert deployed.resources({deployed.HARESOURCES: by_hand}) == ["10.0.0.1", "drbddisk::r0", "IPaddr::10.0.0.2/24"]
    assert deployed.named_vips({deployed.HARESOURCES: by_hand}, "") == ["10.0.0.1", "10.0.0.2"]


def test_a_host_remembers_the_clusters_that_it_serves():
    shop = {
        "role": "director",
        "host": "lb1",
        "directors": {"lb1": "192.0.2.11"},
        "vips": [],
        "gateways": [],
        "listen": [],
        "test_page_root": None,
        "vips_at_boot": True,
    }
    records = {deployed.RECORDS.replace("*", "shop.eu"): json.dumps(shop)}
    assert deployed.clusters_of(records) == {"shop.eu": shop}
    assert deployed.clusters_of({}) == {}
    with pytest.raises(Failure, match=r"cluster-shop is no record of a cluster .*: remove it, and run site.yml"):
        deployed.clusters_of({deployed.RECORDS.replace("*", "shop"): "{"})


def test_the_list_of_a_director_that_serves_names_the_others_by_their_ethernet_addresses():
    text = (
        "nft peer 192.0.2.100 52:54:00:00:00:12 7\nnft peer 192.0.2.101 52:54:00:00:00:12 7\nnft own 192.0.2.100 7\n"
        "leaving nft peer 192.0.2.100 52:54:00:00:00:99 7\niptables peer 192.0.2.100 52:54:00:00:00:13 7\n"
    )
    assert deployed.peer_macs_of(text) == ["52:54:00:00:00:12", "52:54:00:00:00:13"]
    assert deployed.peer_macs_of("") == []


def test_whom_a_director_lets_in():
    lists = {
        "/etc/lvs-vip-shop.conf": "nft let 192.0.2.12 vrrp\nnft let fe80::12 8848/udp\nleaving nft let 192.0.2.13 vrrp\nnft only ipv4 vrrp\n",
        "/etc/lvs-vip-old.shop.conf": "iptables let 192.0.2.14 vrrp\niptables only ipv6 vrrp\n",
        "/etc/lvs-vip-other.conf": "nft redirect 192.0.2.100\n",
    }
    assert deployed.peers_only_of(lists) == {
        "shop": {"let": ["192.0.2.12 vrrp", "fe80::12 8848/udp"], "only": ["ipv4 vrrp"]},
        "old.shop": {"let": ["192.0.2.14 vrrp"], "only": ["ipv6 vrrp"]},
    }


def test_which_packets_are_marked_is_known_but_for_those_that_are_leaving():
    text = "nft mark 192.0.2.100 tcp 80,8000-8010 7\nleaving nft mark 192.0.2.100 tcp 80 6\niptables mark 2001:db8::1 udp 53 8\n"
    assert deployed.marks_of(text) == ["192.0.2.100 tcp 80,8000-8010 7", "2001:db8::1 udp 53 8"]


def test_what_makes_a_host_a_real_server_is_known_by_the_cluster():
    paths = [
        "/etc/sysctl.d/90-lvs-real-server-shop.eu.conf",
        "/etc/lvs-test-page-shop.eu.conf",
        "/etc/lvs-test-page-lvs1-lvs2.conf",
    ]
    assert deployed.served(paths) == ["lvs1-lvs2", "shop.eu"]
    assert deployed.served([]) == []


def test_a_real_server_with_ipv6_alone_is_known_by_its_vips():
    lists = {
        "/etc/lvs-vip-six.conf": "nft peer fd00:9::1 52:54:00:0a:00:12 7\naddress fd00:9::1/128 lo nodad\n",
        "/etc/lvs-vip-tunnel.conf": "address fd00:9::2/128 ip6tnl0 nodad\n",
        "/etc/lvs-vip-gone.conf": "leaving address fd00:9::3/128 lo nodad\n",
        "/etc/lvs-vip-static.conf": "address 192.0.2.100/24 lo1\naddress fd00:9::4/64 eth0 nodad\n",
        "/etc/lvs-vip-marks.conf": "nft mark fd00:9::5 tcp 80 7\n",
    }
    assert deployed.served([], lists) == ["gone", "six", "tunnel"]
    assert deployed.served(["/etc/lvs-test-page-six.conf"], lists) == ["gone", "six", "tunnel"]


def test_the_list_of_a_real_server_names_its_gateways_of_nat():
    text = "route 10.2.0.1 eth1 10.2.0.0/24\nroute fd00:2::1 eth1\nreply 10.2.0.21 tcp 80\nroute 10.2.0.1 eth1\n"
    assert deployed.gateways_of(text) == ["10.2.0.1", "fd00:2::1"]
    assert deployed.gateways_of("") == []


@pytest.mark.parametrize(
    ("command_line", "options"),
    [
        ("/usr/sbin/keepalived\0--dont-fork\0", []),
        ("/usr/sbin/keepalived\0--dont-fork\0-S\0003\0--snmp\0", ["-S", "3", "--snmp"]),
        ("/usr/bin/sleep\0009\0", None),
        ("", None),
        (None, None),
    ],
)
def test_the_options_of_a_running_keepalived_are_those_besides_its_units(command_line, options):
    assert deployed.running_options(command_line) == options


def test_virtual_servers_with_their_addresses():
    text = """virtual_server_group www-1a {
    192.0.2.100 80
    192.0.2.101 80
}
virtual_server group www-1a {
    protocol TCP
    real_server 192.0.2.21 80 {
    }
}
virtual_server 192.0.2.102 53 {
    protocol UDP
}
virtual_server fwmark 7 {
}
"""
    assert deployed.virtual_servers({deployed.KEEPALIVED: text}) == [
        {"at": "group www-1a", "protocol": "TCP", "addresses": ["192.0.2.100 80", "192.0.2.101 80"]},
        {"at": "192.0.2.102 53", "protocol": "UDP", "addresses": ["192.0.2.102 53"]},
        {"at": "fwmark 7", "protocol": None, "addresses": []},
    ]
    assert deployed.virtual_servers({}) == []


def test_which_clusters_of_a_host_lvs_heal_mends_and_which_it_directs():
    settings = {
        "/etc/lvs-heal-a.json": '{"heal": true, "stack": "keepalived"}',
        "/etc/lvs-heal-b.json": '{"heal": false, "stack": "static"}',
        # As a former version has written it, for a real server.
        "/etc/lvs-heal-c.json": "{}",
        # What cannot be read counts until site.yml has written it again.
        "/etc/lvs-heal-d.json": "{",
    }
    letters = {path: path[-6] for path in settings}
    mends = [letters[path] for path in deployed.settings_with(settings, "heal", True)]
    directs = [letters[path] for path in deployed.settings_with(settings, "stack", None)]
    assert (mends, directs) == (["a", "c", "d"], ["a", "b", "d"])


def test_where_lvs_metrics_writes_for_which_cluster():
    settings = {
        "/etc/lvs-heal-a.json": '{"heal": true}',
        "/etc/lvs-heal-b.json": '{"metrics": {"textfile_directory": "/srv/text/"}}',
        "/etc/lvs-heal-c.json": '{"metrics": null}',
        "/etc/lvs-heal-d.json": "{",
    }
    assert deployed.metrics_files(settings) == {"/etc/lvs-heal-b.json": "/srv/text/lvs-cluster.prom"}
