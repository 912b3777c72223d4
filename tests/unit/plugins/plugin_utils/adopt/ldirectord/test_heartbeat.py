# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of ha.cf, haresources and authkeys."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt import haresources, heartbeat
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.adopt.conftest import host_facts

HA_CF = "keepalive 2\nwarntime 5\ndeadtime 10\ninitdead 60\nucast eth0 192.0.2.12\nauto_failback on\nnode lb1 lb2\n"
RESOURCES = "lb1 IPaddr2::192.0.2.100/32/eth0 ldirectord::ldirectord.cf\n"
KEYS = "auth 1\n1 sha1 a-key-that-is-long-enough\n"
SERVICES = "quiescent=no\nvirtual=192.0.2.100:80\n\treal=10.0.0.1:80 gate\n"
DAEMON = {
    "role": "master",
    "interface": "eth0",
    "syncid": 51,
    "maxlen": 1472,
    "group": "224.0.0.81",
    "port": 8848,
    "ttl": 1,
}


def read(
    ha_cf: str = HA_CF,
    resources: str = RESOURCES,
    keys: str | None = KEYS,
    services: str = SERVICES,
    **description: Any,
) -> tuple[dict[str, Any], list[tuple[str, str, str]], list[str]]:
    """The variables, the notes as (level, file:line, text), and the nodes."""
    files = {"ha.cf": ha_cf, "haresources": resources, "authkeys": keys, "ldirectord.cf": services}
    description = {"addresses": {"eth0": ["192.0.2.11/24"], "eth1": ["10.0.0.11/24"]}, **description}
    files = {f"/etc/ha.d/{name}": text for name, text in files.items() if text is not None}
    found = heartbeat.read(host_facts("lb1", {"files": files, **description}))
    notes = [(one["level"], one["where"].rpartition("/")[2], one["text"]) for one in found["notes"]]
    return found["variables"], notes, list(found["hosts"])


def with_lines(**lines: str) -> str:
    """ha.cf with other lines, by their first words; an empty one is left out."""
    kept = [line for line in HA_CF.splitlines() if line.split()[0] not in lines]
    return "\n".join([*kept, *(line for line in lines.values() if line)]) + "\n"


def test_a_plain_cluster() -> None:
    variables, notes, nodes = read()
    assert variables == {"lvs_stack": "ldirectord", "lvs_heartbeat": {"key": "a-key-that-is-long-enough"}}
    assert notes == []
    assert nodes == ["lb1", "lb2"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2),
        ("2.5", 2.5),
        ("1500ms", 1.5),
        ("1500 msec", 1.5),
        ("2000000us", 2),
        (".5", 0.5),
        ("x", None),
        ("2h", None),
        ("1.2.3", None),
    ],
)
def test_times(text: str, value: float | None) -> None:
    assert heartbeat.seconds(text) == value


@pytest.mark.parametrize(
    ("lines", "found", "said"),
    [
        ({"keepalive": "keepalive 500ms"}, {"keepalive": 0.5}, []),
        ({"keepalive": ""}, {"keepalive": 1}, []),
        ({"deadtime": "deadtime 20"}, {"deadtime": 20}, []),
        # Its defaults: 30 seconds, half of them, and as many
        ({"deadtime": "", "warntime": ""}, {"deadtime": 30, "warntime": 15}, []),
        ({"warntime": "", "deadtime": "deadtime 12"}, {"deadtime": 12, "warntime": 6}, []),
        ({"initdead": ""}, {"initdead": 20}, []),
        (
            {"initdead": "", "deadtime": "deadtime 5", "warntime": "warntime 3"},
            {"initdead": 12, "deadtime": 5, "warntime": 3},
            [],
        ),
        (
            {"initdead": "", "deadtime": "deadtime 40"},
            {"initdead": 80, "deadtime": 40},
            ["initdead is 40 seconds, but has to be more than deadtime: 80 here"],
        ),
        ({"initdead": "initdead 10"}, {}, ["initdead is 10 seconds, but has to be more than deadtime: 60 here"]),
        (
            {"warntime": "warntime 10"},
            {"warntime": 6},
            ["warntime is 10 seconds, but has to be between keepalive and deadtime: 6 here"],
        ),
        (
            {"keepalive": "keepalive soon"},
            {"keepalive": 1},
            ["keepalive is no time, so heartbeat does not start. Read as not set"],
        ),
        ({"auto_failback": "auto_failback off"}, {"auto_failback": False}, []),
        ({"auto_failback": "auto_failback yes"}, {}, []),
        (
            {"auto_failback": "auto_failback legacy"},
            {},
            ["auto_failback is legacy, which is its default: the preferred node takes everything back, as with on"],
        ),
        (
            {"auto_failback": "nice_failback on"},
            {"auto_failback": False},
            ["nice_failback is a former name: it means auto_failback off"],
        ),
        ({"udpport": "udpport 695"}, {"port": 695}, []),
        (
            {"ucast": "mcast eth0 225.0.0.7 700 1 0"},
            {"transport": "mcast", "multicast_group": "225.0.0.7", "port": 700},
            [],
        ),
        ({"ucast": "mcast eth0 225.0.0.1 694 1 0"}, {"transport": "mcast"}, []),
        ({"ucast": "bcast eth0"}, {"transport": "bcast"}, []),
        ({"ucast": "udp eth0"}, {"transport": "bcast"}, []),
        ({"logfacility": "logfacility daemon"}, {}, []),
        (
            {"keepalive": "kepalive 1"},
            {"keepalive": 1},
            ["kepalive is no directive of ha.cf, so heartbeat does not start. It is read as keepalive, the nearest"],
        ),
        (
            {"keepalive": "Keepalive 1"},
            {"keepalive": 1},
            ["Keepalive is no directive of ha.cf, so heartbeat does not start. It is read as keepalive, the nearest"],
        ),
    ],
)
def test_ha_cf(lines: dict[str, str], found: dict[str, Any], said: list[str]) -> None:
    variables, notes, _nodes = read(with_lines(**lines))
    own = {name: value for name, value in variables["lvs_heartbeat"].items() if name != "key"}
    assert own == found
    assert [(level, text) for level, _where, text in notes] == [("explained", text) for text in said]


@pytest.mark.parametrize(
    ("lines", "raw"),
    [
        ({"ping": "ping 192.0.2.1"}, ["ping 192.0.2.1"]),
        ({"logfacility": "logfacility local0"}, ["logfacility local0"]),
        ({"respawn": "respawn hacluster /usr/lib/heartbeat/ipfail"}, ["respawn hacluster /usr/lib/heartbeat/ipfail"]),
        ({"bcast": "bcast eth0 eth1"}, ["bcast eth0", "bcast eth1"]),
        ({"serial": "serial /dev/ttyS0"}, ["serial /dev/ttyS0"]),
        # Nothing speaks on the interface of the VIPs: both ways from now on
        ({"ucast": "ucast eth1 10.0.0.12"}, ["ucast eth1 10.0.0.12"]),
        ({"ucast": "bcast eth1"}, ["bcast eth1"]),
    ],
)
def test_what_stays_in_its_own_words(lines: dict[str, str], raw: list[str]) -> None:
    variables, notes, _nodes = read(with_lines(**lines))
    assert variables["lvs_heartbeat"] == {"key": "a-key-that-is-long-enough", "raw": raw}
    assert "raw" in [level for level, _where, _text in notes]


def test_what_heartbeat_does_not_know() -> None:
    variables, notes, _nodes = read(with_lines(zzzz="zzzz hunter2"))
    assert "raw" not in variables["lvs_heartbeat"]
    assert notes == [
        ("not_expressed", "ha.cf:8", "zzzz is no directive of ha.cf, so heartbeat does not start: left out")
    ]


@pytest.mark.parametrize(
    ("keys", "found", "level"),
    [
        (KEYS, {"key": "a-key-that-is-long-enough"}, None),
        (
            "# x\nauth 2 # this\n1 sha1 a-former-key-of-16\n2 md5 hunter2hunter2hunter2\n",
            {"auth_number": 2, "auth_method": "md5", "key": "hunter2hunter2hunter2"},
            None,
        ),
        ("auth 1\n1 crc\n", {"key": None}, "explained"),
        ("auth 2\n2 crc\n", {"key": None, "auth_number": 2}, "explained"),
        ("auth 1\n1 sha1 hunter2\n", {}, "not_expressed"),
        ("auth 1\n1 sha256 hunter2hunter2hunter2\n", {}, "not_expressed"),
        ("auth 1\n2 sha1 hunter2hunter2hunter2\n", {}, "not_expressed"),
        ("1 sha1 hunter2hunter2hunter2\n", {}, "not_expressed"),
        ("", {}, "not_expressed"),
        (None, {}, "not_expressed"),
    ],
)
def test_authkeys(keys: str | None, found: dict[str, Any], level: str | None) -> None:
    variables, notes, _nodes = read(keys=keys)
    assert variables.get("lvs_heartbeat", {}) == found
    assert [one for one, _where, _text in notes] == ([level] if level else [])
    assert "hunter2" not in str(notes)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("IPaddr2::192.0.2.100/24/eth0/192.0.2.255", ("192.0.2.100", 24, "eth0", None, "192.0.2.255")),
        ("IPaddr::192.0.2.100/24/192.0.2.255", ("192.0.2.100", 24, None, None, "192.0.2.255")),
        ("IPaddr::192.0.2.100/255.255.255.128/eth0:0", ("192.0.2.100", 25, "eth0", "0", None)),
        ("IPaddr2::192.0.2.100/255.255.255.255", ("192.0.2.100", 32, None, None, None)),
        ("192.0.2.100", ("192.0.2.100", None, None, None, None)),
        ("192.0.2.100/24/eth1", ("192.0.2.100", 24, "eth1", None, None)),
        ("IPv6addr::2001:db8:0:0:0:0:0:1/64/eth0", ("2001:db8::1", 64, "eth0", None, None)),
    ],
)
def test_addresses_of_haresources(words: str, found: tuple[Any, ...]) -> None:
    [resource] = haresources.read_resources({"/etc/ha.d/haresources": f"lb1 {words}\n"})
    [one] = haresources.moved(resource)
    assert (one.address, one.prefix, one.interface, one.label, one.broadcast) == found


def test_resources_over_several_lines() -> None:
    text = "# who\nlb1 192.0.2.100 \\\n  LVSSyncDaemonSwap::master \\\n  Filesystem::/dev/x::/srv # x\n\nlb2 httpd\n"
    found = haresources.read_resources({"/etc/ha.d/haresources": text})
    assert [(one.line, one.node, one.name, one.arguments) for one in found] == [
        (2, "lb1", "IPaddr", ("192.0.2.100",)),
        (2, "lb1", "LVSSyncDaemonSwap", ("master",)),
        (2, "lb1", "Filesystem", ("/dev/x", "/srv")),
        (6, "lb2", "httpd", ()),
    ]


@pytest.mark.parametrize(
    ("resources", "addresses", "prefix"),
    [
        ("IPaddr2::192.0.2.100/24", {}, 24),
        ("IPaddr2::192.0.2.100/32", {}, None),
        # Without a prefix length, as it is now, else that of the network
        ("IPaddr2::192.0.2.100", {"eth0": ["192.0.2.11/24", "192.0.2.100/28"]}, 28),
        ("IPaddr2::192.0.2.100", {"eth0": ["192.0.2.11/24"]}, 24),
        ("192.0.2.100", {"eth0": ["198.51.100.1/24"]}, None),
    ],
)
def test_the_prefix_length_of_the_vips(resources: str, addresses: dict[str, list[str]], prefix: int | None) -> None:
    given = {"addresses": addresses} if addresses else {}
    variables, _notes, _nodes = read(resources=f"lb1 {resources} ldirectord::ldirectord.cf\n", **given)
    assert variables["lvs_heartbeat"].get("vip_prefix") == prefix


@pytest.mark.parametrize(
    ("resources", "level", "said"),
    [
        (
            "lb1 IPaddr2::192.0.2.100/32 ldirectord::ldirectord.cf apache2",
            "not_expressed",
            "heartbeat also moves apache2",
        ),
        (
            "lb1 IPaddr2::192.0.2.100/32 ldirectord::ldirectord.cf MailTo::a@example.com",
            "not_expressed",
            "MailTo is left out",
        ),
        (
            "lb1 IPaddr2::192.0.2.100/32/eth1 ldirectord::ldirectord.cf",
            "not_expressed",
            "is moved on eth1, but its network is that of eth0",
        ),
        (
            "lb1 IPaddr2::192.0.2.100/32/eth0:0 ldirectord::ldirectord.cf",
            "explained",
            "the label 0 of 192.0.2.100 is left out",
        ),
        (
            "lb1 IPaddr2::192.0.2.100/32/eth0/192.0.2.255 ldirectord::ldirectord.cf",
            "explained",
            "the broadcast address of 192.0.2.100",
        ),
        (
            "lb1 IPaddr2::192.0.2.100/32 192.0.2.7/32 ldirectord::ldirectord.cf",
            "not_expressed",
            "192.0.2.7 is no VIP of a service",
        ),
        (
            "lb1 192.0.2.100/32 ldirectord::ldirectord.cf\nlb2 httpd",
            "not_expressed",
            "lb1 and lb2 have resources of their own",
        ),
        (
            "lb3 192.0.2.100/32 ldirectord::ldirectord.cf",
            "explained",
            "lb3 is no node of ha.cf, so heartbeat does not start. The nearest is lb",
        ),
        (
            "lb1 192.0.2.100/32 IPaddr2::x ldirectord::ldirectord.cf",
            "not_expressed",
            "IPaddr2 has no address that can be read",
        ),
        (
            "lb1 LVSAddress::192.0.2.200/32 ldirectord::ldirectord.cf",
            "explained",
            "VIP 192.0.2.100 of a service is not here",
        ),
    ],
)
def test_resources(resources: str, level: str, said: str) -> None:
    _variables, notes, _nodes = read(resources=f"{resources}\n")
    assert [level for found, _where, text in notes if found == level and said in text]


def test_the_gateway_of_nat() -> None:
    services = SERVICES.replace("gate", "masq")
    variables, notes, _nodes = read(
        resources=RESOURCES.replace(" ldir", " IPaddr2::10.0.0.254/24 ldir"), services=services
    )
    assert variables["lvs_nat"] == {"gateway": "10.0.0.254"}
    assert "vip_prefix" not in variables["lvs_heartbeat"]
    assert [level for level, _where, _text in notes] == ["explained"]


def test_the_preferred_node_is_first() -> None:
    assert read(resources=RESOURCES.replace("lb1", "LB2"))[2] == ["lb2", "lb1"]


@pytest.mark.parametrize(
    ("nodes", "level", "said"),
    [
        ("node lb1", "explained", "ha.cf has one node"),
        ("node lb1 lb2 lb3", "not_expressed", "ha.cf has the nodes lb1, lb2 and lb3"),
        ("node lb1.example.com lb2", "explained", "uname -n says lb1"),
    ],
)
def test_nodes(nodes: str, level: str, said: str) -> None:
    _variables, notes, _nodes = read(with_lines(node=nodes))
    assert [text for found, _where, text in notes if found == level and text.startswith(said)]


@pytest.mark.parametrize(
    ("daemons", "found"),
    [
        ([], {"enabled": True}),
        ([DAEMON], {"enabled": True}),
        (
            [{**DAEMON, "syncid": 7, "group": "224.0.0.90", "port": 9000, "ttl": 2}],
            {"enabled": True, "id": 7, "group": "224.0.0.90", "port": 9000, "ttl": 2},
        ),
        ([{**DAEMON, "syncid": 0, "ttl": None}], {"enabled": True}),
    ],
)
def test_connection_synchronisation(daemons: list[dict[str, Any]], found: dict[str, Any]) -> None:
    variables, _notes, _nodes = read(
        resources=RESOURCES.replace(" ldir", " LVSSyncDaemonSwap::master ldir"), table=[], daemons=daemons
    )
    assert variables["lvs_sync"] == found


@pytest.mark.parametrize("line", ["crm on", "crm yes", "pacemaker respawn"])
def test_pacemaker_decides(line: str) -> None:
    variables, [(level, _where, text)], _nodes = read(with_lines(crm=line))
    assert (variables, level) == ({}, "not_expressed")
    assert text.startswith("Pacemaker decides")


def test_without_pacemaker() -> None:
    assert read(with_lines(crm="crm off"))[0]["lvs_stack"] == "ldirectord"


def test_heartbeat_of_something_else() -> None:
    variables, notes, _nodes = read(resources="lb1 192.0.2.100 apache2\n")
    assert variables == {}
    assert notes == [("explained", "haresources", "heartbeat moves no ldirectord: its files were not read")]


def test_an_ldirectord_without_heartbeat() -> None:
    files = {"/etc/ha.d/ldirectord.cf": SERVICES}
    described = {
        "files": files,
        "enabled": ["ldirectord.service"],
        "addresses": {"eth0": ["192.0.2.11/24", "192.0.2.100/24"]},
    }
    found = heartbeat.read(host_facts("lb1", described))
    assert found["variables"] == {"lvs_heartbeat": {"vip_prefix": 24}}
    assert [one["text"] for one in found["notes"]] == ["nothing moves the VIPs: site.yml has heartbeat add them"]
    assert heartbeat.read(host_facts("lb1", {})) == {"variables": {}, "hosts": {}, "notes": []}
