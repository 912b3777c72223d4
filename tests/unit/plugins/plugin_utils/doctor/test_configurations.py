# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations that others have written, by hand and in the words of older versions."""

from __future__ import annotations

from ansible_collections.lvs.cluster.plugins.plugin_utils.doctor import keepalived_conf, ldirectord_conf
from ansible_collections.lvs.cluster.plugins.plugin_utils.doctor.services import Check, Key

BY_HAND = """
! Configuration File for keepalived
global_defs {
   router_id LB1 # a comment with { and "
   vrrp_version 3
   lvs_sync_daemon eth0 VI_1
}
$VIP=192.0.2.100
$NET=eth0
@lb1 $PRIO=150
@lb2 $PRIO=100
@^lb2 $STATE=MASTER
vrrp_instance VI_1
{
    state ${STATE}
    interface $NET
    virtual_router_id 51
    priority $PRIO
    advert_int 0.5
    authentication { auth_type PASS
       auth_pass "hash with blank" }
    unicast_src_ip 192.0.2.11
    unicast_peer { 192.0.2.12 }
    virtual_ipaddress { $VIP/24 dev eth1 label eth1:0
       192.0.2.101
    }
    virtual_ipaddress_excluded { 169.254.1.1/32 dev lo scope host
    2001:db8::1/128 }
}
virtual_server_group WEB {
  192.0.2.100 80
  192.0.2.110-112 443   # three
  fwmark 7
}
virtual_server group WEB {
    delay_loop 6
    lb_algo wlc
    lb_kind DR
    persistence_timeout
    protocol TCP
    sorry_server 192.0.2.90
    real_server 192.0.2.21 80 { weight 3
        inhibit_on_failure
        HTTP_GET {
            url { path /ok
              status_code 200 }
            connect_port 8081
        }
    }
    real_server 192.0.2.22 80 { lvs_method NAT
       TCP_CHECK { } }
}
virtual_server fwmark 9 {
    lvs_sched rr
    lvs_method TUN type gue port 6080
    real_server 2001:db8::22 { }
}
"""


def test_a_keepalived_conf_by_hand():
    configuration = keepalived_conf.parse(BY_HAND, "lb1.example.com")
    (instance,) = configuration.instances
    assert configuration.sync
    assert (instance.name, instance.interface, instance.router_id, instance.priority) == ("VI_1", "eth0", 51, 150)
    assert (instance.advert_interval, instance.version, instance.family) == (0.5, 3, "ipv4")
    assert instance.secret == "hash with blank"
    assert instance.advertised == ("192.0.2.100", "192.0.2.101")
    assert instance.vips == {"192.0.2.100": "eth1", "192.0.2.101": None, "2001:db8::1": None}
    assert (instance.peers, instance.source) == (("192.0.2.12",), "192.0.2.11")
    keys = [service.key for service in configuration.services]
    assert keys == [
        Key("tcp", "192.0.2.100", 80, None),
        Key("tcp", "192.0.2.110", 443, None),
        Key("tcp", "192.0.2.111", 443, None),
        Key("tcp", "192.0.2.112", 443, None),
        Key(None, None, None, 7),
        Key(None, None, None, 9, "ipv6"),
    ]
    web = configuration.services[0]
    assert (web.scheduler, web.persistence, web.sorry, web.weights_vary) == ("wlc", 360, ("192.0.2.90", 80), True)
    assert [(one.address, one.port, one.forward, one.weight) for one in web.destinations.values()] == [
        ("192.0.2.21", 80, "dr", 3),
        ("192.0.2.22", 80, "nat", 1),
    ]
    assert web.checks == (Check("HTTP_GET", None, 8081, "/ok"), Check("TCP_CHECK"))
    assert configuration.services[-1].destinations[("2001:db8::22", 0)].forward == "tun"


def test_lines_of_another_host_do_not_count():
    configuration = keepalived_conf.parse(BY_HAND, "lb2")
    assert configuration.instances[0].priority == 100


def test_a_configuration_that_nobody_understands_breaks_nothing():
    assert keepalived_conf.parse("}}} vrrp_instance {{{ virtual_server\n{ x", "") is not None


LDIRECTORD = """
checktimeout=3
autoreload = yes
quiescent=yes
scheduler=rr
virtual=192.0.2.100:80
        real=192.0.2.21->192.0.2.23:80 gate 2 "check.html", "ok"
        real6=[2001:db8::5]:80 masq
        fallback=127.0.0.1:80 gate
        service=http
        persistent=600
        checkport=8080
virtual=7
        real=192.0.2.21:0 ipip
        quiescent=no
        scheduler=wlc
        protocol=fwm
virtual6=[2001:db8::100]:443
        protocol=udp
virtual=www.example.com:http
"""


def test_an_ldirectord_cf():
    web, marked, six = ldirectord_conf.parse(LDIRECTORD)
    assert web.key == Key("tcp", "192.0.2.100", 80, None)
    assert list(web.destinations) == [
        ("192.0.2.21", 80),
        ("192.0.2.22", 80),
        ("192.0.2.23", 80),
        ("2001:db8::5", 80),
    ]
    assert {(one.forward, one.weight) for one in web.destinations.values()} == {("dr", 2), ("nat", 1)}
    assert (web.scheduler, web.persistence, web.sorry, web.weights_vary) == ("rr", 600, ("127.0.0.1", 80), True)
    assert web.checks[0].port == 8080
    assert (marked.key, marked.scheduler, marked.weights_vary) == (Key(None, None, None, 7), "wlc", False)
    assert six.key == Key("udp", "2001:db8::100", 443, None, "ipv6")
    assert ldirectord_conf.autoreload(LDIRECTORD)


def test_vips_of_haresources():
    text = (
        "lb1 IPaddr2::192.0.2.100/24/eth0 192.0.2.101 ldirectord::ldirectord.cf IPv6addr::2001:db8::1/64 # 192.0.2.9\n"
    )
    assert ldirectord_conf.vips_of_haresources(text) == ["192.0.2.100", "192.0.2.101", "2001:db8::1"]
