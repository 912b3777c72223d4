# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each ipvsadm from 1.26 on is told, by the lines of its --help that differ."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.capabilities import (
    lacking,
    needs_of_changes,
    needs_of_daemon,
)
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.change import diff
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.command import Ipvsadm
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.parse import parse_table
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.types import Daemon, Table
from ansible_collections.lvs.cluster.plugins.module_utils.tools import ToolFailed
from ansible_collections.lvs.cluster.tests.unit.plugins.played import Played

SCHEDULERS = "  --scheduler    -s scheduler         one of rr|wrr|lc|wlc|lblc|lblcr|dh|sh|sed|nq"
# What each version added to its --help.
ADDED = {
    "1.26": "  --pe            engine              alternate persistence engine may be sip,\n",
    "1.27": "  --sched-flags  -b flags             scheduler flags (comma-separated)\n",
    "1.28": "  --sctp-service    service-address   service-address is host[:port]\n",
    "1.29": (
        "  --sync-maxlen length                Max sync message length (default=1472)\n"
        "  --mcast-group address               IPv4/IPv6 group (default=224.0.0.81)\n"
        "  --mcast-port port                   UDP port (default=8848)\n"
        "  --mcast-ttl ttl                     Multicast TTL (default=1)\n"
    ),
    "1.30": f"{SCHEDULERS}|fo|ovf|mh,\n",
    "1.31": "  --tun-type      type                one of ipip|gue|gre,\n",
}
DAEMON = Daemon("master", "eth0", 51, None, "224.0.0.81", 8848, 1)


def ipvsadm(version):
    """An ipvsadm of a version."""
    first = f"ipvsadm v{version} 2008/5/15 (compiled with popt and IPVS v1.2.1)\n{SCHEDULERS},\n"
    told = first + "".join(lines for added, lines in ADDED.items() if added <= version)
    return Ipvsadm(Played([{"argv": "--help", "out": told}], ipvsadm="/sbin/ipvsadm"), "/sbin/ipvsadm")


def changes(rules, now=""):
    return diff(parse_table(now), parse_table(rules))


TABLES = {
    "-A -t 192.0.2.1:80 -s sh -b sh-port": ("1.27", "--sched-flags", "service 192.0.2.1:80/tcp"),
    "-A --sctp-service 192.0.2.1:80 -s rr": ("1.28", "--sctp-service", "service 192.0.2.1:80/sctp"),
    "-A -f 1 -s mh -b mh-port": ("1.30", "--sched-flags mh-fallback,mh-port", "service fwmark 1"),
    "-A -f 1 -s rr\n-a -f 1 -r 192.0.2.2:0 -i -w 1 --tun-type gue --tun-port 5555 --tun-nocsum": (
        *("1.31", "--tun-type"),
        "real server 192.0.2.2:0 of service fwmark 1",
    ),
}
DAEMONS = {"maxlen": (1472, "--sync-maxlen"), "group": ("ff02::81", "--mcast-group"), "port": (8849, "--mcast-port")}
DAEMONS["ttl"] = (2, "--mcast-ttl")


@pytest.mark.parametrize("installed", ADDED)
@pytest.mark.parametrize("rules", TABLES)
def test_what_an_older_ipvsadm_does_not_know_of_a_table(rules, installed):
    since, option, who = TABLES[rules]
    sentence = (
        f"ipvsadm {installed} of this host does not know {option}, which {who} needs: install ipvsadm {since} or later."
    )
    assert lacking(ipvsadm(installed), needs_of_changes(changes(rules))) == ([sentence] if installed < since else [])


@pytest.mark.parametrize("installed", ["1.28", "1.29"])
@pytest.mark.parametrize("setting", DAEMONS)
def test_what_an_older_ipvsadm_does_not_know_of_a_daemon(setting, installed):
    value, option = DAEMONS[setting]
    sentence = (
        f"ipvsadm 1.28 of this host does not know {option}, which {setting} of the master daemon needs: install "
        "ipvsadm 1.29 or later."
    )
    wanted = needs_of_daemon(replace(DAEMON, **{setting: value}))
    assert lacking(ipvsadm(installed), wanted) == ([sentence] if installed == "1.28" else [])


@pytest.mark.parametrize(
    "needs",
    [
        needs_of_changes(
            changes("-A -t 192.0.2.1:80 -s mh -p 60 --pe sip\n-a -t 192.0.2.1:80 -r 192.0.2.2:80 -i -w 1")
        ),
        needs_of_changes(changes("", "-A -t 192.0.2.1:80 -s sh -b sh-port")),
        needs_of_changes(changes("-A -f 1 -s rr", "-A -f 1 -s rr\n-a -f 1 -r 192.0.2.2:0 -i -w 1 --tun-type gre")),
        needs_of_daemon(DAEMON),
        needs_of_daemon(Daemon("backup", "eth0", 51)),
    ],
    ids=["plain", "service_that_leaves", "server_that_leaves", "daemon", "daemon_of_an_older_ipvsadm"],
)
def test_what_every_version_knows_is_not_asked_for(needs):
    assert lacking(Ipvsadm(Played(), "/sbin/ipvsadm"), needs) == []


def test_a_service_that_leaves_is_named_by_its_option_too():
    leaves = changes("", "-A --sctp-service 192.0.2.1:80 -s rr")
    assert len(lacking(ipvsadm("1.27"), needs_of_changes(leaves))) == 1


def test_it_is_asked_once_and_each_option_is_told_once_with_the_first_that_needs_it():
    rules = "".join(f"-A --sctp-service 192.0.2.1:{port} -s sh -b sh-port\n" for port in (80, 81))
    told = lacking(ipvsadm("1.26"), needs_of_changes(changes(rules)))
    assert [sentence.partition(", which ")[2].partition(" needs")[0] for sentence in told] == [
        "service 192.0.2.1:80/sctp",
        "service 192.0.2.1:80/sctp",
    ]


def test_an_option_that_a_distribution_has_added_is_known():
    patched = [{"argv": "--help", "out": "ipvsadm v1.29\n  --tun-type      type\n"}]
    asked = Ipvsadm(Played(patched, ipvsadm="/sbin/ipvsadm"), "/sbin/ipvsadm")
    assert lacking(asked, needs_of_changes(changes(list(TABLES)[-1]))) == []


def test_a_version_that_is_not_told_is_unknown():
    asked = Ipvsadm(Played([{"argv": "--help", "out": "usage\n"}], ipvsadm="/sbin/ipvsadm"), "/sbin/ipvsadm")
    (sentence,) = lacking(asked, needs_of_changes(changes("-A --sctp-service 192.0.2.1:80 -s rr")))
    assert sentence.startswith("ipvsadm of an unknown version of this host does not know --sctp-service")


def test_an_ipvsadm_that_tells_nothing_fails():
    asked = Ipvsadm(Played([{"argv": "--help", "rc": 1}], ipvsadm="/sbin/ipvsadm"), "/sbin/ipvsadm")
    with pytest.raises(ToolFailed):
        lacking(asked, needs_of_changes(diff(Table(), parse_table("-A --sctp-service 192.0.2.1:80 -s rr"))))
