# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of each setting of an ldirectord.cf."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt import ldirectord
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.adopt.conftest import host_facts

FILE = "/etc/ha.d/ldirectord.cf"
# What a service needs, and nothing of it is told
BLOCK = "quiescent=no\nvirtual=192.0.2.100:80\n\treal=10.0.0.1:80 gate\n"
TIMES = {"interval": 10, "timeout": 30, "retries": 0}


def read(text: str, **description: Any) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
    """The variables, and the notes as (level, line, text)."""
    host = host_facts(
        "lb1", {"files": {FILE: text, **description.pop("files", {})}, "enabled": ["ldirectord.service"], **description}
    )
    found = ldirectord.read(host)
    return found["variables"], [(one["level"], one["where"].rpartition(":")[2], one["text"]) for one in found["notes"]]


def service(
    *lines: str, general: str = "", virtual: str = "virtual=192.0.2.100:80", real: str = "real=10.0.0.1:80 gate"
) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
    """The only service of a file, without what it has in every case, and the notes."""
    block = "".join(f"\t{line}\n" for line in ([real] if real else []) + list(lines))
    variables, notes = read(f"quiescent=no\n{general}{virtual}\n{block}")
    [one] = variables["lvs_services"]
    return {name: value for name, value in one.items() if name not in ("name", "vip", "port")}, notes


def test_a_plain_file() -> None:
    variables, notes = read(BLOCK)
    assert variables == {
        "lvs_stack": "ldirectord",
        "lvs_services": [
            {
                "name": "http",
                "vip": "192.0.2.100",
                "port": 80,
                "health": {"type": "http", **TIMES},
                "real_servers": [{"address": "10.0.0.1"}],
            }
        ],
    }
    assert notes == []


@pytest.mark.parametrize("text", ["", "# nothing\n", "checkinterval=3\n"])
def test_a_file_without_services_has_nothing(text: str) -> None:
    assert read(text) == ({}, [])


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("scheduler=wlc", {"scheduler": "wlc"}),
        ("scheduler = lblcr ", {"scheduler": "lblcr"}),
        ("scheduler=wrr", {}),
        ("persistent=600", {"persistence": 600}),
        ("persistent=600\n\tnetmask=255.255.0.0", {"persistence": 600, "persistence_netmask": "255.255.0.0"}),
        ("quiescent=yes", {"on_failure": "quiesce"}),
        ("servicename=shop", {}),
        ("schedflags=flag-1,flag-2", {"scheduler_flags": ["flag-1", "flag-2"]}),
        ("fallback=127.0.0.1:80", {"sorry_server": {"address": "127.0.0.1"}}),
        ("fallback=127.0.0.1", {"sorry_server": {"address": "127.0.0.1"}}),
        ("fallback=10.0.0.9:80 gate", {"sorry_server": {"address": "10.0.0.9"}}),
        ("comment=ask the web team", {"raw": ["comment=ask the web team"]}),
        ('monitorfile="/var/log/x"', {"raw": ['monitorfile="/var/log/x"']}),
        ('load="x"', {}),
    ],
)
def test_settings_of_a_service(line: str, found: dict[str, Any]) -> None:
    one, _notes = service(line)
    assert {name: value for name, value in one.items() if name not in ("health", "real_servers")} == found


@pytest.mark.parametrize(
    ("lines", "health"),
    [
        ([], {"type": "http", **TIMES}),
        (["service=none"], {"type": "none"}),
        (["checktype=on"], {"type": "none"}),
        (["checktype=off"], {"type": "none"}),
        (["checktype=connect"], {"type": "tcp", **TIMES, "timeout": 5}),
        (["checktype=ping"], {"type": "ping", **TIMES, "timeout": 5}),
        (["checktype=ping", "checkcount=3"], {"type": "ping", **TIMES, "timeout": 5, "retries": 2}),
        (["checktype=4"], {"type": "http", **TIMES}),
        (
            ["checktype=external", "checkcommand=/opt/check"],
            {"type": "script", "command": "/opt/check", **TIMES, "timeout": 5},
        ),
        (["checktype=external"], {"type": "script", "command": "/bin/true", **TIMES, "timeout": 5}),
        (["checktimeout=7"], {"type": "http", **TIMES, "timeout": 7}),
        (["checktimeout=7", "negotiatetimeout=9"], {"type": "http", **TIMES, "timeout": 9}),
        (["checktype=connect", "checktimeout=7", "negotiatetimeout=9"], {"type": "tcp", **TIMES, "timeout": 7}),
        (["checktype=connect", "negotiatetimeout=9"], {"type": "tcp", **TIMES, "timeout": 9}),
        (["negotiatetimeout=3", "failurecount=4"], {"type": "http", "interval": 10}),
        (["checkport=8080"], {"type": "http", **TIMES, "port": 8080}),
        (["checkport=80"], {"type": "http", **TIMES, "port": 80}),
        (['request="x"', 'receive="OK"'], {"type": "http", **TIMES, "path": "/x", "expect": "OK"}),
        (['request="/"', 'receive="a[.]b"'], {"type": "http", **TIMES, "expect": "a.b"}),
        (['receive="a.b"'], {"type": "http", **TIMES, "regex": "a.b"}),
        ([r'receive="a\x23b\x22"'], {"type": "http", **TIMES, "regex": 'a#b"'}),
        (["virtualhost=www.example.com"], {"type": "http", **TIMES, "virtualhost": "www.example.com"}),
        (
            ["service=https", 'virtualhost="a.example"'],
            {"type": "https", **TIMES, "port": 80, "virtualhost": "a.example", "sni": False},
        ),
        (["service=smtp"], {"type": "smtp", **TIMES}),
        (["service=dns", 'request="example.com"', 'receive="."'], {"type": "dns", **TIMES, "name": "example.com"}),
        (["service=imap", 'login="a"', 'passwd="b c"'], {"type": "imap", **TIMES, "login": "a", "passwd": "b c"}),
        (
            ["service=pgsql", 'login="a"', 'database="d"', 'request="SELECT 1"'],
            {"type": "pgsql", **TIMES, "request": "SELECT 1", "login": "a", "database": "d"},
        ),
    ],
)
def test_checks(lines: list[str], health: dict[str, Any]) -> None:
    expected = {**health, "port": 80} if health["type"] in ("dns", "imap") else health
    expected = {name: value for name, value in expected.items() if name != "port" or "checkport" in " ".join(lines)}
    found, _notes = service(*lines)
    assert found.get("health") == expected


@pytest.mark.parametrize(
    ("lines", "raw"),
    [
        (["checktype=off"], ["checktype=off"]),
        (["checktype=4"], ["checktype=4"]),
        (["checktype=external-perl", 'checkcommand="/opt/check"'], ["checktype=external-perl"]),
        (["checktype=external", 'checkcommand="/opt/check --all"'], ['checkcommand="/opt/check --all"']),
        (["checktype=ping", "failurecount=2"], ["failurecount=2"]),
        (["httpmethod=HEAD"], ["httpmethod=HEAD"]),
        (['receive="^up"'], ['receive="^up"']),
        (["service=dns", 'request="a.example"', 'receive="192.0.2.1"'], ['receive="192.0.2.1"']),
        (["service=ftp", 'request="x"'], ["checktype=negotiate", "service=ftp", 'request="x"']),
        (["persistent=0", "netmask=255.0.0.0"], ["persistent=0", "netmask=255.0.0.0"]),
        (["schedflags=sh-port"], ["schedflags=sh-port"]),
        (["servicename=the shop"], ["servicename=the shop"]),
        (["fallback=10.0.0.1:80"], ["fallback=10.0.0.1:80"]),
        (["scheduler=zzz"], ["scheduler=zzz"]),
    ],
)
def test_what_stays_in_its_own_words(lines: list[str], raw: list[str]) -> None:
    found, notes = service(*lines)
    assert found["raw"] == raw
    assert [level for level, _line, _text in notes].count("raw") >= 1


def test_a_check_in_its_own_words_has_a_plain_one_beside_it() -> None:
    found, _notes = service("service=ftp", 'request="x"', "negotiatetimeout=3")
    assert found["health"] == {"type": "tcp", "interval": 10, "retries": 0}


@pytest.mark.parametrize(
    ("real", "found"),
    [
        ("real=10.0.0.1:80 gate", [{"address": "10.0.0.1"}]),
        ("real=10.0.0.1:80 gate 5", [{"address": "10.0.0.1", "weight": 5}]),
        ("real=10.0.0.1:80 gate 0", [{"address": "10.0.0.1", "weight": 0}]),
        (
            "real=10.0.0.254->10.0.1.1 gate 2",
            [{"address": f"10.0.{end}", "weight": 2} for end in ("0.254", "0.255", "1.0", "1.1")],
        ),
        (
            "real=10.0.0.1 gate 2 l:3 u:4",
            [{"address": "10.0.0.1", "weight": 2, "upper_threshold": 4, "lower_threshold": 3}],
        ),
        ("real=10.0.0.1:80 gate u:4", [{"address": "10.0.0.1", "upper_threshold": 4}]),
        ("real=10.0.0.1:8080 masq", [{"address": "10.0.0.1", "port": 8080}]),
        ("real=10.0.0.1:80 masq", [{"address": "10.0.0.1"}]),
        ("real=web:http masq", [{"address": "10.0.0.7"}]),
    ],
)
def test_real_servers(real: str, found: list[dict[str, Any]]) -> None:
    variables, notes = read(
        f"quiescent=no\nvirtual=192.0.2.100:http\n\t{real}\n",
        files={"/etc/hosts": "10.0.0.7 web.example.com web # x\n"},
    )
    assert variables["lvs_services"][0]["real_servers"] == found
    assert notes == []


def test_a_real_server_with_a_page_of_its_own() -> None:
    found, notes = service('request="a"', 'receive="up"', real='real=10.0.0.1:80 gate 3 "b","ok[.]"')
    assert found["real_servers"] == [
        {"address": "10.0.0.1", "weight": 3, "health": {"type": "http", **TIMES, "path": "/b", "expect": "ok."}}
    ]
    assert notes == []


def test_ldirectord_forgets_what_stands_behind_a_slash() -> None:
    found, [(level, line, text)] = service('request="a"', real='real=10.0.0.1:80 gate 3 "/b","ok" u:4')
    assert found["real_servers"] == [{"address": "10.0.0.1", "weight": 3}]
    assert (level, line) == ("explained", "3")
    assert text.startswith("ldirectord forgets what stands behind a request that begins with a slash")


def test_forwarding_methods() -> None:
    found, _notes = service("real=10.0.0.2:80 masq", "real=10.0.0.3:80 ipip", "real=10.0.0.4:80 masq")
    assert found["forward"] == "nat"
    assert [one.get("forward") for one in found["real_servers"]] == ["dr", None, "tun", None]


def test_a_fallback_server_has_the_method_of_the_service() -> None:
    found, _notes = service("fallback=10.0.0.9:8080 masq")
    assert found["forward"] == "nat"
    assert found["sorry_server"] == {"address": "10.0.0.9", "port": 8080}
    assert found["real_servers"] == [{"address": "10.0.0.1", "forward": "dr"}]


def test_a_service_by_a_mark() -> None:
    rules = "*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -d 192.0.2.7/32 -p udp -m udp --dport 53 -j MARK --set-xmark 0x3/0xffffffff\nCOMMIT\n"
    block = "virtual=3\n\treal=10.0.0.1:53 gate\n\tchecktype=connect\n"
    variables, notes = read(f"quiescent=no\n{block}", filters={"iptables": rules})
    assert variables["lvs_services"][0] == {
        "name": "mark3",
        "vip": "192.0.2.7",
        "fwmark": 3,
        "ports": [53],
        "protocol": ["udp"],
        "health": {"type": "tcp", **TIMES, "timeout": 5, "port": 53},
        "real_servers": [{"address": "10.0.0.1"}],
    }
    assert [level for level, _line, _text in notes] == ["explained"]
    variables, notes = read(f"quiescent=no\n{block}")
    assert variables["lvs_services"][0]["vip"] == []
    assert ("not_expressed", "2") in [(level, line) for level, line, _text in notes]


def test_services_of_ipv6() -> None:
    text = "fallback6=[::1]:80\nquiescent=no\nvirtual6=[2001:db8::1]:80\n\treal6=[2001:db8::21]:80 gate\n\tchecktype=connect\n\tpersistent=5\n\tnetmask=64\n"
    variables, notes = read(text)
    [one] = variables["lvs_services"]
    assert (one["vip"], one["real_servers"], one["persistence_netmask"]) == (
        "2001:db8::1",
        [{"address": "2001:db8::21"}],
        64,
    )
    assert one["sorry_server"] == {"address": "::1"}
    assert notes == []


def test_udp_is_asked_by_ping() -> None:
    found, notes = service("protocol=udp", "checktype=connect", "ops=yes")
    assert (found["protocol"], found["one_packet"], found["health"]["type"]) == ("udp", True, "ping")
    assert [text for _level, _line, text in notes] == ["ldirectord makes the check connect of a UDP service by ping"]


@pytest.mark.parametrize(
    ("general", "found"),
    [
        ("autoreload=yes\n", {"autoreload": True}),
        ("autoreload=no\n", None),
        ("cleanstop=no\n", {"cleanstop": False}),
        ("readdquiescent=yes\n", None),
        ("readdquiescent=no\n", {"readd_quiescent": False}),
        ("maintenancedir=/etc/ha.d/off\n", {"maintenance_dir": "/etc/ha.d/off"}),
        ('logfile="local0"\n', {"log": "local0"}),
        ('callback="/opt/x"\n', {"callback": "/opt/x"}),
        ("fallbackcommand=/opt/x y\n", {"fallback_command": "/opt/x y"}),
        ("execute=a.cf\nexecute=b.cf\n", {"execute": ["a.cf", "b.cf"]}),
        ("fork=yes\n", {"raw": ["fork=yes"]}),
        ('emailalert="ops@example.com"\n', {"raw": ['emailalert="ops@example.com"']}),
        ("emailalertfreq=60\n", {"raw": ["emailalertfreq=60"]}),
        ("emailalertstatus=all\n", {"raw": ["emailalertstatus=all"]}),
        ("supervised\n", None),
    ],
)
def test_settings_of_the_whole_file(general: str, found: dict[str, Any] | None) -> None:
    variables, _notes = read(general + BLOCK)
    assert variables.get("lvs_ldirectord") == found


def test_mails() -> None:
    general = (
        "emailalert=a@example.com\nemailalertfrom=c@example.com\nsmtp=mail.example.com\n"
        "emailalertfreq=60\nemailalertstatus=running,stopping\n"
    )
    variables, notes = read(general + BLOCK)
    assert variables["lvs_mail"] == {
        "to": ["a@example.com"],
        "from": "c@example.com",
        "server": "mail.example.com",
    }
    assert variables["lvs_ldirectord"] == {"mail_frequency": 60, "mail_status": ["running", "stopping"]}
    assert notes == []


def test_mails_that_the_server_refuses_stay_as_they_are() -> None:
    general = "emailalert=a@example.com, b@example.com\nemailalertfrom=c@example.com\nsmtp=mail.example.com\n"
    variables, notes = read(general + BLOCK)
    assert "lvs_mail" not in variables
    assert variables["lvs_ldirectord"]["raw"][0] == 'emailalert="a@example.com, b@example.com"'
    assert any("several addresses" in text for _level, _line, text in notes)


def test_intervals_of_services_count_with_fork() -> None:
    blocks = "checkinterval=3\nquiescent=no\n" + "".join(
        f"virtual=192.0.2.100:{port}\n\treal=10.0.0.1:{port} gate\n\tcheckinterval={port}\n" for port in (80, 81)
    )
    variables, notes = read(f"fork=yes\n{blocks}".replace(":81", ":443"))
    assert [one["health"]["interval"] for one in variables["lvs_services"]] == [80, 81]
    assert "lvs_ldirectord" not in variables
    variables, notes = read(blocks.replace(":81", ":443"))
    assert [one["health"]["interval"] for one in variables["lvs_services"]] == [3, 3]
    assert {text for _level, _line, text in notes} == {
        "without fork=yes ldirectord ignores checkinterval of a service: it checks every 3 seconds"
    }


def test_what_all_services_have_is_a_setting_of_the_file() -> None:
    blocks = "".join(
        f'virtual=192.0.2.100:{port}\n\treal=10.0.0.1:{port} gate\n\tfallbackcommand="/opt/x"\n' for port in (80, 81)
    )
    variables, _notes = read(f"quiescent=no\n{blocks}")
    assert variables["lvs_ldirectord"] == {"fallback_command": "/opt/x"}
    assert not [one for one in variables["lvs_services"] if "raw" in one]


@pytest.mark.parametrize(
    ("places", "checkport", "found"),
    [
        ([("1", 80), ("2", 80)], False, [(["192.0.2.1", "192.0.2.2"], 80)]),
        ([("1", 80), ("1", 443), ("2", 80), ("2", 443)], True, [(["192.0.2.1", "192.0.2.2"], [80, 443])]),
        # Each asks its own port, and together they would ask the first only
        ([("1", 80), ("1", 443)], False, [("192.0.2.1", 80), ("192.0.2.1", 443)]),
        ([("1", 80), ("2", 443)], True, [("192.0.2.1", 80), ("192.0.2.2", 443)]),
    ],
)
def test_services_that_differ_in_nothing_else_are_one(
    places: list[tuple[str, int]], checkport: bool, found: list[Any]
) -> None:
    blocks = "".join(
        f"virtual=192.0.2.{vip}:{port}\n\tservicename=web\n\tservice=http\n\treal=10.0.0.1:{port} gate\n"
        + "\tcheckport=80\n" * checkport
        for vip, port in places
    )
    variables, _notes = read(f"quiescent=no\n{blocks}")
    assert [(one["vip"], one["port"]) for one in variables["lvs_services"]] == found
    names = [one["name"] for one in variables["lvs_services"]]
    assert len(set(names)) == len(names)
    assert names[0] == "web"


def test_quiescent_is_told_if_it_is_not_set() -> None:
    _variables, [(level, line, text)] = read(BLOCK.partition("\n")[2])
    assert (level, line) == ("explained", "1")
    assert text.startswith("quiescent is not set: ldirectord takes no")


@pytest.mark.parametrize(
    ("arguments", "enabled", "resources", "read_file"),
    [
        ([], [], "", None),
        ([], ["ldirectord.service"], "", FILE),
        (["/usr/bin/perl -w /usr/sbin/ldirectord start"], [], "", FILE),
        (["/usr/bin/perl -w /usr/sbin/ldirectord other.cf start"], [], "", "/etc/ha.d/conf/other.cf"),
        ([], [], "lb1 IPaddr2::192.0.2.100 ldirectord::other.cf\n", "/etc/ha.d/conf/other.cf"),
    ],
)
def test_which_file_is_read(arguments: list[str], enabled: list[str], resources: str, read_file: str | None) -> None:
    files = {
        FILE: BLOCK,
        "/etc/ha.d/conf/other.cf": BLOCK.replace(":80\n", ":8080\n", 1),
        "/etc/ha.d/haresources": resources,
    }
    host = host_facts("lb1", {"files": files, "enabled": enabled})
    host["processes"] = [{"name": "ldirectord", "arguments": one.split()} for one in arguments]
    found = ldirectord.read(host)
    ports = [one["port"] for one in found["variables"].get("lvs_services", [])]
    assert ports == ([] if read_file is None else [80 if read_file == FILE else 8080])
    if read_file is None:
        assert [note["where"] for note in found["notes"]] == [FILE]


def test_a_password_that_does_not_fit_is_in_no_note() -> None:
    found, notes = service("service=imap", 'login="a"', 'passwd="hunter\x7f2"')
    assert found["health"] == {"type": "tcp", **TIMES}
    assert "hunter" not in str((found, notes))
    assert [level for level, _line, _text in notes] == ["not_expressed"]


def test_timeouts_that_somebody_has_set() -> None:
    table = ["-A -t 192.0.2.100:80 -s rr"]
    variables, _notes = read(BLOCK, table=table, timeouts={"tcp": 3600})
    assert variables["lvs_timeouts"] == {"tcp": 3600}
    assert "lvs_timeouts" not in read(BLOCK, table=table)[0]
