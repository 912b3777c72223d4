# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of lvs-vip: as the template writes it, and as lvs-vip reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

ROLE = Path(__file__).parents[3] / "roles" / "_host"
MODELS = Path(__file__).parents[1] / "plugins" / "plugin_utils" / "cluster" / "right"


def listed(render, model, host, **variables):
    """The lines that the template writes for a host of a model."""
    text = render(json.loads((MODELS / f"{model}.json").read_text()), host, "lvs-vip.conf.j2", **variables)
    return [line for line in text.splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(
    ("model", "host", "lines"),
    [
        ("minimal", "lvs1", []),
        ("minimal", "web1", ["address 172.28.0.100/32 lo"]),
        ("rules", "lvs1", ["nft mark 172.28.0.100 tcp 80,443,8000-8010 7"]),
        ("rules", "lvs2", ["iptables mark 172.28.0.100 tcp 80,443,8000-8010 7"]),
        (
            "rules",
            "web1",
            [
                "zone port 80/tcp internal",
                "zone port 443/tcp internal",
                "zone port 8000-8010/tcp internal",
                "zone port 53/udp internal",
                "zone port 6080/udp internal",
                "arptables 172.28.0.100 172.28.0.21",
                "arptables 172.28.0.101 172.28.0.21",
                "arptables 172.28.0.102 172.28.0.21",
                "nft clamp 172.28.0.102 1420",
                "fou ipv4 6080",
                "address 172.28.0.100/32 lo",
                "address 172.28.0.101/32 lo",
                "address 172.28.0.102/32 tunl0",
            ],
        ),
        (
            "localnode",
            "lvs2",
            [
                "iptables mark 172.28.0.101 tcp 8080 536870912",
                *(
                    f"iptables {line} 536870913"
                    for vip in ("172.28.0.100", "172.28.0.101", "2001:db8::100", "172.28.0.103", "172.28.0.104")
                    for line in (f"peer {vip} 52:54:ac:1c:00:0b", f"own {vip}", f"once {vip}")
                ),
                *(f"address {vip}/32 lo" for vip in ("172.28.0.100", "172.28.0.101")),
                "address 2001:db8::100/128 lo nodad",
                *(f"address {vip}/32 lo" for vip in ("172.28.0.103", "172.28.0.104")),
            ],
        ),
        (
            "localnode_alone",
            "lvs1",
            [
                *("zone protocol vrrp", "zone port 80/tcp"),
                *("nft own 172.28.0.100 536870912", "nft once 172.28.0.100 536870912", "address 172.28.0.100/32 lo"),
            ],
        ),
        *(
            (
                "masquerade",
                host,
                [
                    *(f"{tool} masquerade {vip}" for vip in ("172.28.0.100", "fd00:28::100")),
                    *(f"blackhole {vip} eth1" for vip in ("172.28.0.100", "fd00:28::100", "172.28.0.101")),
                ],
            )
            for host, tool in (("lvs1", "nft"), ("lvs2", "iptables"))
        ),
        ("timeouts", "lvs1", ["timeouts 3600 120 60"]),
        ("timeouts", "web1", ["address 172.28.0.100/32 lo"]),
        ("redirect", "web1", ["nft redirect 172.28.0.100"]),
        ("nat_static", "lvs1", ["address 172.28.0.100/32 eth1", "address 10.2.0.1/32 eth2"]),
        (
            "nat_static",
            "web1",
            ["keep 10.2.0.21 tcp 22", "route 10.2.0.1 eth1 10.2.0.0/24", "reply 10.2.0.21 tcp 80"],
        ),
        (
            "nat_gateway",
            "web1",
            [
                "keep 10.2.0.21 tcp 22",
                "keep fd00:2::21 tcp 22",
                "keep ::/0 tcp 22",
                "route 10.2.0.1 eth1 10.2.0.0/24",
                "route fd00:2::1 eth1 fd00:2::/64",
                "reply 10.2.0.21 tcp 8080",
                "reply fd00:2::21 tcp 8080",
                "default 10.2.0.21",
                "default fd00:2::21",
            ],
        ),
    ],
)
def test_the_template_writes_the_list(render, model, host, lines):
    assert listed(render, model, host) == lines


@pytest.mark.parametrize(
    ("variables", "port"), [({"ansible_port": 2222}, 2222), ({"ansible_port": 2222, "cluster_ssh_port": 22}, 22)]
)
def test_answers_of_ssh_are_kept_from_the_way_back(render, variables, port):
    lines = listed(render, "nat_static", "web1", **variables)
    assert lines[0] == f"keep 10.2.0.21 tcp {port}"


def test_what_is_no_longer_needed_stays_listed_as_leaving(render):
    lines = listed(render, "minimal", "web1", _host_vip_leaving=["address 172.28.0.101/32 lo"])
    assert lines == ["address 172.28.0.100/32 lo", "leaving address 172.28.0.101/32 lo"]


def modules(file):
    """The modules of the tasks of a file of the role _host, in order, each with what it is given."""
    tasks = yaml.safe_load((ROLE / "tasks" / file).read_text(encoding="utf-8"))
    return [(name.rpartition(".")[2], given) for task in tasks for name, given in task.items() if "." in name]


def test_a_host_that_reboots_at_any_time_has_what_a_director_may_send_to():
    (moved, _former), (check, _given), (template, _list) = modules("vip.yml")[1:4]
    assert moved == "shell"
    assert (check, template) == ("command", "template")
    (first, entry), (last, command) = modules("vip_prune.yml")
    assert (first, entry["regexp"], last, command) == (
        "lineinfile",
        "^leaving ",
        "command",
        "/usr/local/sbin/lvs-vip prune {{ lvs_cluster.name }}",
    )


@pytest.mark.parametrize("model", sorted(path.stem for path in MODELS.glob("*.json")))
def test_whatever_the_template_writes_can_be_read(render, vip, model):
    hosts = json.loads((MODELS / f"{model}.json").read_text())["hosts"]
    for host in hosts:
        lines = listed(render, model, host)
        assert vip.read_list("\n".join(lines)) == lines


def test_the_list_says_whose_it_is(render):
    text = render(json.loads((MODELS / "minimal.json").read_text()), "web1", "lvs-vip.conf.j2")
    assert "# What this host has of the cluster lvs1-lvs2." in text


def test_comments_blanks_and_repetitions_do_not_count(vip):
    text = "# of web1\n\n  address  172.28.0.100/32 lo\naddress 172.28.0.100/32 lo\n"
    assert vip.read_list(text) == ["address 172.28.0.100/32 lo"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("adress 172.28.0.100/32 lo", "a line starts with one of: zone port, zone protocol, nft mark,"),
        ("nft", "a line starts with one of: "),
        ("address", "such a line is: address ADDRESS/PREFIX NAME [nodad]"),
        ("address 172.28.0.300/32 lo", "such a line is: address ADDRESS/PREFIX NAME [nodad]"),
        ("address 172.28.0.100 lo", "such a line is: address ADDRESS/PREFIX NAME [nodad]"),
        ("address 172.28.0.100/32 lo dad", "such a line is: address ADDRESS/PREFIX NAME [nodad]"),
        ("address 172.28.0.100/32 lo nodad more", "such a line is: address ADDRESS/PREFIX NAME [nodad]"),
        ("nft mark 172.28.0.100 icmp 80 7", "such a line is: nft mark ADDRESS PROTOCOL SPAN,... NUMBER"),
        ("nft mark 172.28.0.100 tcp 80, 7", "such a line is: nft mark ADDRESS PROTOCOL SPAN,... NUMBER"),
        ("nft mark 172.28.0.100 tcp 80", "such a line is: nft mark ADDRESS PROTOCOL SPAN,... NUMBER"),
        ("iptables redirect www", "such a line is: iptables redirect ADDRESS"),
        ("iptables clamp 172.28.0.100 1420;", "such a line is: iptables clamp ADDRESS NUMBER"),
        ("arptables 172.28.0.100", "such a line is: arptables ADDRESS ADDRESS"),
        ("zone port 80 public", "such a line is: zone port SPAN/PROTOCOL [NAME]"),
        ("zone protocol --panic-on public x", "such a line is: zone protocol NAME [NAME]"),
        ("fou inet 6080", "such a line is: fou ipv4|ipv6 NUMBER"),
        ("route 10.2.0.1 eth0 lan", "such a line is: route ADDRESS NAME [ADDRESS/PREFIX]"),
        ("keep 10.2.0.21 tcp ssh", "such a line is: keep SOURCE PROTOCOL NUMBER"),
        ("keep fd00:2::/64 tcp 22", "such a line is: keep SOURCE PROTOCOL NUMBER"),
        ("reply 10.2.0.21 tcp", "such a line is: reply ADDRESS PROTOCOL PORTS"),
        ("default gateway", "such a line is: default ADDRESS"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_with_the_form_it_should_have(vip, line, reason):
    with pytest.raises(vip.Failure) as failed:
        vip.read_list(f"# first\n{line}\n")
    assert str(failed.value).startswith(f'the list, line 2, "{line}": {reason}')
    assert str(failed.value).endswith(". Run site.yml, which writes the list")
    assert failed.value.status == 2


def test_a_list_that_cannot_be_read_says_what_to_do(vip, tmp_path):
    path = tmp_path / "list"
    with pytest.raises(vip.Failure, match=r"^cannot read .*/list \(.*No such file.*\): run site.yml, which writes it$"):
        vip.read_file(path)
    path.write_bytes(b"address \xff lo\n")
    with pytest.raises(vip.Failure, match=r"^cannot read .*/list \(.*invalid start byte.*\): run site.yml"):
        vip.read_file(path)
