# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tutorials for ldirectord and heartbeat have people write by hand, setting by setting, in what the roles render.

And ldirectord itself, which reads what is rendered.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.ldirectord import DRIVERS

ROOT = Path(__file__).parents[3]
ROLE = ROOT / "roles" / "ldirectord"
TASKS = {name: yaml.safe_load((ROLE / "tasks" / f"{name}.yml").read_text()) for name in ("configure", "expected")}
RESOLVED = ROOT / "tests" / "unit" / "plugins" / "plugin_utils" / "cluster" / "right"
PROGRAM = ROOT / "build" / "packages" / "ldirectord" / "usr" / "sbin" / "ldirectord"
READS = Path(__file__).with_name("ldirectord_reads.pl")
STARTS = READS.with_name("ldirectord_starts.pl")
needs_ldirectord = pytest.mark.skipif(not PROGRAM.exists(), reason="ldirectord is not in build/packages: make deps")

ADDRESSES = {"ld": "10.10.10.52", "http1": "10.10.10.102", "http2": "10.10.10.103"}
GROUPS = {"directors": ["ld"], "real_servers": ["http1", "http2"]}
# Lblc, persistence and a page of the director's own when nobody else answers.
LBLC = {
    "lvs_services": [
        {
            "name": "www",
            "vip": "10.10.10.53",
            "port": 80,
            "scheduler": "lblc",
            "persistence": 100,
            "sorry_server": {"address": "127.0.0.1", "port": 80},
            "health": {
                "type": "http",
                "path": "/check.txt",
                "expect": "webserverisworking",
                "interval": 2,
                "timeout": 30,
            },
        }
    ],
    "lvs_ldirectord": {"autoreload": True},
    "lvs_heartbeat": {"vip_prefix": 24},
    "lvs_sync": {"enabled": True},
}
# Wrr by weights, quiescent=no, a page that says OK.
WRR = {
    "lvs_services": [
        {
            "name": "www",
            "vip": "10.10.10.53",
            "port": 80,
            "scheduler": "wrr",
            "real_servers": [{"host": "http1", "weight": 2}, {"host": "http2", "weight": 2}],
            "health": {"type": "http", "path": "/ok.html", "expect": "OK"},
        }
    ],
}


@pytest.fixture
def written(render, describe):
    """Return a function that renders a file of the director: its lines."""

    def lines(file, **variables):
        cluster = describe(GROUPS, ADDRESSES, lvs_stack="ldirectord", **variables)
        return render(cluster, "ld", f"{file}.j2").splitlines()

    return lines


def stripped(lines):
    return [line.strip() for line in lines]


@pytest.mark.parametrize(
    "setting",
    [
        "checktimeout=30",
        "checkinterval=2",
        "autoreload=yes",
        'logfile="/var/log/ldirectord.log"',
        "quiescent=no",
        "virtual=10.10.10.53:80",
        "fallback=127.0.0.1:80 gate",
        "real=10.10.10.102:80 gate 1",
        "real=10.10.10.103:80 gate 1",
        "service=http",
        'request="/check.txt"',
        "httpmethod=GET",
        'receive="webserverisworking"',
        "persistent=100",
        "scheduler=lblc",
        "protocol=tcp",
        "checktype=negotiate",
    ],
)
def test_ldirectord_cf_with_lblc(written, setting):
    assert setting in stripped(written("ldirectord.cf", **LBLC))


@pytest.mark.parametrize(
    "setting",
    [
        "quiescent=no",
        "virtual=10.10.10.53:80",
        "real=10.10.10.102:80 gate 2",
        "real=10.10.10.103:80 gate 2",
        "scheduler=wrr",
        'request="/ok.html"',
        'receive="OK"',
    ],
)
def test_ldirectord_cf_with_wrr(written, setting):
    assert setting in stripped(written("ldirectord.cf", **WRR))


@pytest.mark.parametrize(
    "resource",
    [
        "node-52",
        "LVSLdirectord::ldirectord.cf",
        "LVSSyncDaemonSwap::master",
        "LVSAddress::10.10.10.53/24/eth0",
    ],
)
def test_haresources(written, resource):
    assert resource in written("haresources", **LBLC)[-1].split()


@pytest.mark.parametrize(
    "setting", ["keepalive 2000ms", "deadtime 10000ms", "auto_failback on", "node node-52", "udpport 694"]
)
def test_ha_cf(written, setting):
    assert setting in written("ha.cf", **LBLC)


@pytest.mark.parametrize(
    ("transport", "line"),
    [
        ("ucast", "ucast eth0 10.10.10.52"),
        ("mcast", "mcast eth0 225.0.0.1 694 1 0"),
        ("bcast", "bcast eth0"),
    ],
)
def test_how_the_nodes_speak(written, transport, line):
    assert line in written("ha.cf", **LBLC | {"lvs_heartbeat": {"transport": transport}})


@pytest.mark.parametrize(
    ("health", "secrets"),
    [({"type": "imap", "login": "check", "passwd": "hunter2"}, True), ({"type": "imap", "login": "check"}, False)],
)
def test_with_passwords_only_root_reads_the_file(describe, health, secrets):
    services = [{"name": "mail", "vip": "10.10.10.53", "port": 143, "health": health}]
    cluster = describe(GROUPS, ADDRESSES, lvs_stack="ldirectord", lvs_services=services)
    assert cluster["ldirectord"]["secrets"] is secrets
    told = [*TASKS["configure"], *(task for outer in TASKS["configure"] for task in outer.get("block", ()))]
    written = [task for task in told if "ldirectord.cf.j2" in str(task.get("ansible.builtin.template"))]
    assert [task["ansible.builtin.template"]["mode"] for task in written] == ["{{ ldirectord_mode }}"] * 2
    first, second = (str(task["diff"]) for task in written)
    assert first.startswith("{{ ansible_diff_mode and not lvs_cluster.ldirectord.secrets and ")
    assert second == "False"
    assert TASKS["expected"][0]["no_log"] == "{{ lvs_cluster.ldirectord.secrets }}"


def test_lines_of_a_block_are_indented(written):
    lines = written("ldirectord.cf", **LBLC)
    block = lines[lines.index("virtual=10.10.10.53:80") + 1 :]
    assert block
    assert all(line.startswith("\t") for line in block)


@pytest.mark.parametrize(("intervals", "fork"), [((5, 5), "fork=no"), ((5, 9), "fork=yes")])
def test_checks_of_several_intervals_take_a_process_each(written, intervals, fork):
    services = [
        {
            "name": f"s{number}",
            "vip": "10.10.10.53",
            "port": 80 + number,
            "health": {"type": "tcp", "interval": interval},
        }
        for number, interval in enumerate(intervals)
    ]
    lines = written("ldirectord.cf", lvs_services=services)
    assert fork in lines
    assert "checkinterval=5" in lines


def yes(value):
    return "yes" if value else "no"


def ldirectord_refuses(render, clusters, folder):
    """What ldirectord says to the files of these clusters, or what it reads in another way than it is meant, by their keys.

    "ldirectord FILE status", with which the role checks a file, takes a third of a second to load its Perl. So one process
    reads all files here, by the same function.
    """
    for key, cluster in clusters.items():
        (folder / f"{key}").write_text(render(cluster, cluster["directors"][0], "ldirectord.cf.j2"), encoding="utf-8")
    library = next(ROOT.glob("build/packages/libsocket6-perl/usr/lib/*/perl5/*"))
    command = ["perl", f"-I{library}", READS, PROGRAM, folder]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    reads = {read["file"]: read for read in map(json.loads, lines)}
    said = {
        key: read["said"] if read["refused"] else list(misread(cluster["ldirectord"], read))
        for key, cluster in clusters.items()
        for read in [reads[f"{key}"]]
    }
    return {key: wrong for key, wrong in said.items() if wrong}


def misread(own, read):
    """What ldirectord has read and what was meant, where these differ."""
    mail = own["mail"] or {"to": [], "from": None, "server": None}
    settings = {
        "checkinterval": own["interval"],
        "autoreload": yes(own["autoreload"]),
        "cleanstop": yes(own["cleanstop"]),
        "fork": yes(own["fork"]),
        "logfile": own["log"],
        "maintenancedir": own["maintenance_dir"],
        "readdquiescent": yes(own["readd_quiescent"]),
        "callback": own["callback"],
        "execute": " ".join(sorted(own["execute"])),
        "emailalertfreq": own["mail_frequency"] if own["mail"] else 0,
        "emailalert": ", ".join(mail["to"]),
        "emailalertfrom": mail["from"],
        "smtp": mail["server"],
    }
    yield from different(settings, read["settings"])
    assert len(own["virtuals"]) == len(read["virtuals"])
    for virtual, block in zip(own["virtuals"], read["virtuals"]):
        yield from different(meant(virtual, own["fork"]), {**block, **joined(block)})
        yield from different({"fallbackcommand": own["fallback_command"]}, block)


def different(wanted, read):
    return [(key, value, read.get(key)) for key, value in wanted.items() if f"{value}" != f"{read.get(key)}"]


def joined(block):
    """A service and its real servers as ldirectord has read them, joined as the model has them."""

    def at(server):
        return server["server"] if block["protocol"] == "fwm" else f"{server['server']}:{server['port']}"

    fallback = block.get("fallback")
    return {
        "virtual": block.get("fwm") or at(block),
        "fallback": f"{at(fallback)} {fallback['forward']}" if fallback else None,
        "reals": [
            (
                at(one),
                one["forward"],
                int(one["weight"]),
                int(one.get("l-threshold", 0)),
                int(one.get("u-threshold", 0)),
                one.get("request"),
                one.get("receive"),
            )
            for one in block["real"]
        ],
    }


def slashed(request):
    return request if request is None or request.startswith("/") else f"/{request}"


# Of services that have a user even if none is given, on the host "director"
LOGINS = {"ftp": "anonymous", "sip": "ldirectord@director"}


def meant(virtual, fork):
    """A service of the model in ldirectord's words, with the defaults of ldirectord.

    AF_INET and AF_INET6 are Linux's. The type of a check that asks nothing is of no account.
    """
    wanted = {
        "servicename": virtual["name"],
        "addressfamily": 10 if virtual["ipv6"] else 2,
        "virtual": virtual["virtual"],
        "protocol": virtual["protocol"],
        "scheduler": virtual["scheduler"],
        "persistent": virtual["persistence"],
        "netmask": virtual["netmask"],
        "ops": yes(virtual["one_packet"]),
        "schedflags": ",".join(virtual["flags"]) or None,
        "quiescent": yes(virtual["quiescent"]),
        "fallback": virtual["fallback"],
        "reals": [
            (
                one["at"],
                one["forward"],
                one["weight"],
                one["lower_threshold"],
                one["upper_threshold"],
                slashed(one["request"]),
                one["receive"],
            )
            for one in virtual["reals"]
        ],
        "checktype": virtual["checktype"],
        # A name to ask DNS for gets a slash, which the check takes away.
        "request": slashed(virtual["request"] or "/"),
        "receive": virtual["receive"] or "",
        "virtualhost": virtual["virtualhost"],
        "login": virtual["login"] or LOGINS.get(virtual["service"], ""),
        "passwd": virtual["passwd"] or ("ldirectord@director" if virtual["service"] == "ftp" else ""),
        "database": virtual["database"] or "",
        "secret": virtual["secret"] or "",
        "checkport": virtual["checkport"],
        "checkcommand": virtual["checkcommand"] or "/bin/true",
        "checkinterval": virtual["checkinterval"] if fork else None,
        **{
            name: -1 if virtual[name] is None else virtual[name]
            for name in ("checktimeout", "checkcount", "failurecount")
        },
    }
    return {**wanted, "service": virtual["service"]} if virtual["service"] else wanted


@needs_ldirectord
def test_ldirectord_reads_every_right_inventory_as_it_is_meant(render, tmp_path):
    models = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in RESOLVED.glob("*.json")}
    own = {name: model for name, model in models.items() if model["stack"] == "ldirectord"}
    assert len(own) > 1
    assert ldirectord_refuses(render, own, tmp_path) == {}


@needs_ldirectord
def test_what_ldirectord_refuses_or_reads_in_another_way_is_noticed(render, describe, tmp_path):
    clusters = {}
    for name, change in (("right", {}), ("refused", {"persistence": "x"}), ("misread", {"name": "a#b"})):
        clusters[name] = describe(GROUPS, ADDRESSES, lvs_stack="ldirectord", **WRR)
        clusters[name]["ldirectord"]["virtuals"][0].update(change)
    found = ldirectord_refuses(render, clusters, tmp_path)
    assert list(found) == ["refused", "misread"]
    assert found["refused"].endswith("invalid persistent timeout\n")
    assert found["misread"] == [("servicename", "a#b", "a")]


def test_lines_in_the_own_words_of_the_daemons_are_in_their_places(written):
    raw = {
        "lvs_services": [{**WRR["lvs_services"][0], "raw": ["emailalertfreq=60"]}],
        "lvs_ldirectord": {"raw": ["negotiatetimeout=7"]},
        "lvs_heartbeat": {"raw": ["realtime on"]},
    }
    lines = written("ldirectord.cf", **raw)
    assert lines.index("negotiatetimeout=7") < lines.index("virtual=10.10.10.53:80")
    # A line of a service begins with a tab.
    assert lines[-1] == "\temailalertfreq=60"
    assert written("ha.cf", **raw)[-1] == "realtime on"


def test_the_role_has_the_packages_of_every_database_that_is_checked():
    packages = yaml.safe_load((ROOT / "roles/director/vars/Debian.yml").read_text())["director_driver_packages"]
    assert sorted(packages) == sorted(DRIVERS.values())
    assert [driver for driver, names in packages.items() if not names] == ["Oracle"]


# A real server that has failed, by on_failure, and the table that ldirectord finds when it reads its configuration again.
FAILED = {"quiesce": "  -> 10.10.10.103:80 Route 0 0 0\n", "remove": ""}
IPVSADM = """#!/bin/sh
case "$*" in
"-L -n") cat {folder}/table ;;
"-L -n --thresholds") sed 's/ Route . 0 0/ 0 0 0/' {folder}/table ;;
*) echo "$*" >>{folder}/called ;;
esac
"""


@needs_ldirectord
@pytest.mark.parametrize("on_failure", FAILED)
def test_a_reload_gives_a_failed_real_server_no_connection(render, describe, tmp_path, on_failure):
    (service,) = WRR["lvs_services"]
    services = [{**service, "on_failure": on_failure}]
    cluster = describe(GROUPS, ADDRESSES, lvs_stack="ldirectord", lvs_services=services)
    (tmp_path / "ldirectord.cf").write_text(render(cluster, "ld", "ldirectord.cf.j2"), encoding="utf-8")
    heads = [
        "IP Virtual Server version 1.2.1 (size=4096)",
        "Prot LocalAddress:Port Scheduler Flags",
        "  -> RemoteAddress:Port",
    ]
    live = ["TCP  10.10.10.53:80 wrr", "  -> 10.10.10.102:80 Route 2 0 0"]
    (tmp_path / "table").write_text("\n".join([*heads, *live, ""]) + FAILED[on_failure], encoding="utf-8")
    (tmp_path / "ipvsadm").write_text(IPVSADM.format(folder=tmp_path), encoding="utf-8")
    (tmp_path / "ipvsadm").chmod(0o755)
    library = next(ROOT.glob("build/packages/libsocket6-perl/usr/lib/*/perl5/*"))
    command = ["perl", f"-I{library}", STARTS, PROGRAM, tmp_path / "ldirectord.cf", tmp_path / "ipvsadm"]
    subprocess.run(command, check=True, capture_output=True)
    called = (tmp_path / "called").read_text(encoding="utf-8").splitlines()
    assert [line for line in called if "10.10.10.103" in line] == []
    assert any(line.startswith("-E -t 10.10.10.53:80 ") for line in called)
