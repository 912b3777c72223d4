# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that the hosts tell gets lost on the way into the inventory without a note."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.filter.adopted import adopted
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt import render
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt.vault import taken_out
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.adopt.conftest import facts_and_groups

CONFIGURATION = """
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    preempt_delay 1
    virtual_ipaddress {
        192.0.2.100
    }
}
virtual_server 192.0.2.100 80 {
    protocol TCP
    lvs_sched rr
    lvs_method DR
    real_server 192.0.2.21 80 {
    }
}
"""


def case(**lb1):
    return facts_and_groups(
        {
            "directors": {"lb1": {"keepalived": CONFIGURATION, "addresses": {"eth0": ["192.0.2.11/24"]}, **lb1}},
            "real_servers": {"www1": {"addresses": {"eth0": ["192.0.2.21/24"], "lo": ["192.0.2.100/32"]}}},
        }
    )


def lost(found):
    return [f"{note['where']} {note['text']}" for note in found["notes"] if note["level"] == "not_expressed"]


def test_services_that_somebody_has_typed_beside_a_daemon_are_told():
    table = [
        "-A -t 192.0.2.100:80 -s rr",
        "-a -t 192.0.2.100:80 -r 192.0.2.21:80 -g -w 1",
        "-A -u 192.0.2.100:80 -s rr",
        "-A -f 7 -s wlc",
    ]
    assert [text.partition(" is in")[0] for text in lost(adopted(*case(table=table)))] == [
        "lb1:ipvsadm 192.0.2.100:80/udp",
        "lb1:ipvsadm fwmark 7",
    ]
    assert lost(adopted(*case(table=table[:2]))) == []


def test_keepalived_may_move_the_vips_of_a_table_that_somebody_has_typed():
    text = CONFIGURATION.partition("virtual_server")[0]
    table = ["-A -t 192.0.2.100:80 -s wrr", "-a -t 192.0.2.100:80 -r 192.0.2.21:80 -g -w 3"]
    found = adopted(*case(keepalived=text, table=table, enabled=["keepalived.service"]))
    cluster = yaml.safe_load(found["files"]["group_vars/all/cluster.yml"])
    assert cluster["lvs_stack"] == "keepalived"
    assert cluster["lvs_vrrp"]["virtual_router_id"] == 51
    (service,) = cluster["lvs_services"]
    assert (service["scheduler"], service["health"]) == ("wrr", {"type": "none"})
    assert service["real_servers"] == [{"host": "www1", "weight": 3}]
    assert lost(found) == []
    assert [note for note in found["notes"] if "keepalived moves the VIPs" in note["text"]]


HEARTBEAT = {"/etc/ha.d/ha.cf": "node lb1\n", "/etc/ha.d/haresources": "lb1 192.0.2.100\n"}
TYPED = ["-A -t 192.0.2.100:80 -s wrr", "-a -t 192.0.2.100:80 -r 192.0.2.21:80 -g -w 3"]


@pytest.mark.parametrize(
    ("change", "level", "said"),
    [
        ({"haresources": "lb1 192.0.2.99 postfix\n"}, "explained", "heartbeat moves no VIP of the table"),
        ({"ha.cf": "node lb1\ncrm yes\n"}, "not_expressed", "Pacemaker decides where the resources are"),
    ],
)
def test_heartbeat_of_something_else_leaves_the_table_a_typed_one(change, level, said):
    files = {**HEARTBEAT, **{f"/etc/ha.d/{name}": text for name, text in change.items()}}
    found = adopted(*case(keepalived="", files=files, table=TYPED))
    assert yaml.safe_load(found["files"]["group_vars/all/cluster.yml"])["lvs_stack"] == "static"
    assert [note for note in found["notes"] if note["level"] == level and note["text"].startswith(said)]


def test_a_table_beside_heartbeat_and_a_configured_keepalived_is_no_typed_one():
    found = adopted(*case(files=HEARTBEAT, table=TYPED))
    assert yaml.safe_load(found["files"]["group_vars/all/cluster.yml"])["lvs_stack"] == "keepalived"


def test_heartbeat_may_move_the_vip_of_a_mark_that_no_rule_sets():
    found = adopted(*case(keepalived="", files=HEARTBEAT, table=["-A -f 7 -s wrr", "-a -f 7 -r 192.0.2.21:0 -g"]))
    cluster = yaml.safe_load(found["files"]["group_vars/all/cluster.yml"])
    assert (cluster["lvs_stack"], cluster["lvs_services"][0]["health"]) == ("ldirectord", {"type": "none"})


@pytest.mark.parametrize("which", ["-t 192.0.2.100:0", "-f 7"])
def test_a_typed_service_of_every_port_is_no_mistake(which):
    rule = "*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -d 192.0.2.100/32 -j MARK --set-xmark 0x7/0xffffffff\nCOMMIT\n"
    table = [f"-A {which} -s rr -p 60", f"-a {which} -r 192.0.2.21:0 -g -w 1"]
    found = adopted(*case(keepalived="", table=table, filters={"iptables": rule}))
    assert lost(found) == []
    (service,) = yaml.safe_load(found["files"]["group_vars/all/cluster.yml"])["lvs_services"]
    assert service["health"] == {"type": "none"}


def test_a_host_that_was_not_read_is_told():
    facts, groups = case()
    found = adopted(facts, {**groups, "directors": ["lb1", "lb2"]})
    assert [text for text in lost(found) if text.startswith("lb2 was not read")]
    assert "lb2" not in found["files"]["hosts.yml"]


class Loader(yaml.SafeLoader):
    """Tells which strings Ansible takes as they are."""


Loader.add_constructor("!unsafe", lambda _loader, node: ("unsafe", node.value))


@pytest.mark.parametrize("text", ["/{{ x }}", "{% if %}", "${#list}"])
def test_braces_of_a_daemon_are_no_template(text):
    written = render.cluster({"lvs_services": [{"name": "http", "raw": [text, "plain"]}]})
    assert yaml.load(written, Loader) == {"lvs_services": [{"name": "http", "raw": [("unsafe", text), "plain"]}]}  # noqa: S506
    assert yaml.load(render.secrets({"a": text}), Loader) == {"a": ("unsafe", text)}  # noqa: S506


def test_a_reference_to_a_secret_is_a_template():
    variables, secrets = taken_out({"lvs_vrrp": {"auth_pass": "one"}})
    assert yaml.safe_load(render.cluster(variables)) == {"lvs_vrrp": {"auth_pass": "{{ vault_lvs_vrrp_auth_pass }}"}}
    assert json.dumps(secrets) == '{"vault_lvs_vrrp_auth_pass": "one"}'
