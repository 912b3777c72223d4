# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new director is let in on the others before the first director is configured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROLE = Path(__file__).parents[3] / "roles/director"
LIST = "nft let 192.0.2.12 vrrp\nnft only ipv4 vrrp\n"


def test_the_new_are_let_in_before_any_director_is_configured():
    prepare = yaml.safe_load((ROLE / "tasks/prepare.yml").read_text(encoding="utf-8"))
    (task,) = [
        one
        for one in prepare
        if one.get("ansible.builtin.include_tasks", {}) not in ("", {}) and "peers.yml" in str(one)
    ]
    # site.yml runs prepare.yml on all directors before it runs deploy.yml on the first.
    plays = yaml.safe_load((ROLE.parents[1] / "playbooks/site.yml").read_text(encoding="utf-8"))
    text = [str(play) for play in plays]
    prepares = next(number for number, play in enumerate(text) if "'tasks_from': 'prepare'" in play)
    deploys = next(number for number, play in enumerate(text) if "'tasks_from': 'deploy'" in play)
    assert prepares < deploys
    assert "serial" not in plays[prepares]
    assert task["when"][0] == "director_peers_cluster is not none"


@pytest.fixture
def let_in(play, tmp_path):
    """Return a function that runs the tasks on a director with a list, as another cluster name has it; says what lvs-vip was asked for."""
    asked = tmp_path / "asked"
    program = tmp_path / "lvs-vip"
    program.write_text(
        f'#!/bin/sh\n[ ! -e {tmp_path}/broken ] || {{ echo "nft said no" >&2; exit 1; }}\necho "$@" >> {asked}\n'
    )
    program.chmod(0o755)
    text = (ROLE / "tasks/peers.yml").read_text(encoding="utf-8")
    for path, own in (("/usr/local/sbin/lvs-vip", str(program)), ("/etc/", f"{tmp_path}/")):
        assert path in text
        text = text.replace(path, own)
    text = re.sub(r"(?m)^ +(owner|group): root\n", "", text)
    (tmp_path / "peers.yml").write_text(text)
    task = next(
        one
        for one in yaml.safe_load((ROLE / "tasks/prepare.yml").read_text(encoding="utf-8"))
        if "peers.yml" in str(one)
    )
    include = {"ansible.builtin.include_tasks": str(tmp_path / "peers.yml"), "when": task["when"]}

    def run(wanted, deployed, former=(), fails=None):
        variables = {
            "lvs_cluster": {"name": "shop"},
            "director_host": {"filter": "nftables", "former_names": list(former), "peers_only": wanted},
            "ansible_facts": {"deployed_lvs": {"peers_only": deployed}},
        }
        files = [str(ROLE / "vars/main.yml")]
        tasks = [{"ansible.builtin.set_fact": {"deployed_lvs": {"peers_only": deployed}}}, include]
        printed = play({"vars": variables, "vars_files": files, "tasks": tasks}, fails=fails is not None)
        assert not fails or fails in printed
        said = asked.read_text().splitlines() if asked.exists() else []
        asked.unlink(missing_ok=True)
        return said

    return run


def test_a_new_director_is_let_in_on_one_that_runs(let_in, tmp_path):
    wanted = {"let": ["192.0.2.12 vrrp", "192.0.2.13 vrrp"], "only": ["ipv4 vrrp"]}
    deployed = {"let": ["192.0.2.12 vrrp"], "only": ["ipv4 vrrp"]}
    own, former = tmp_path / "lvs-vip-shop.conf", tmp_path / "lvs-vip-lb1-lb2.conf"
    own.write_text(LIST)
    assert let_in(wanted, {"shop": deployed}) == ["add shop"]
    assert own.read_text() == f"{LIST}nft let 192.0.2.13 vrrp\n"
    # Then there is nothing to do.
    assert let_in(wanted, {"shop": {**deployed, "let": wanted["let"]}}) == []
    assert own.read_text() == f"{LIST}nft let 192.0.2.13 vrrp\n"
    # A director that joins changes the default name of the cluster. Its list has the former one still.
    former.write_text(LIST)
    assert let_in(wanted, {"lb1-lb2": deployed}, former=["lb1-lb2"]) == ["add lb1-lb2"]
    assert former.read_text() == f"{LIST}nft let 192.0.2.13 vrrp\n"


def test_who_could_not_be_let_in_is_new_at_the_next_run(let_in, tmp_path):
    wanted = {"let": ["192.0.2.12 vrrp", "192.0.2.13 vrrp"], "only": ["ipv4 vrrp"]}
    own, broken = tmp_path / "lvs-vip-shop.conf", tmp_path / "broken"
    own.write_text(LIST)
    broken.touch()
    deployed = {"shop": {"let": ["192.0.2.12 vrrp"], "only": ["ipv4 vrrp"]}}
    assert let_in(wanted, deployed, fails="nft said no. Mend that, and run site.yml again.") == []
    assert own.read_text() == LIST
    broken.unlink()
    assert let_in(wanted, deployed) == ["add shop"]


def test_the_rules_that_are_there_let_in_whatever_lvs_filter_is_from_now_on(let_in, tmp_path):
    """The inventory of these tests has nftables."""
    own = tmp_path / "lvs-vip-shop.conf"
    own.write_text(LIST.replace("nft", "iptables"))
    wanted = {"let": ["192.0.2.13 vrrp"], "only": ["ipv4 vrrp"]}
    assert let_in(wanted, {"shop": {"let": [], "only": ["ipv4 vrrp"]}}) == ["add shop"]
    assert own.read_text().endswith("\niptables let 192.0.2.13 vrrp\n")


def test_where_everybody_is_heard_nothing_is_written(let_in, tmp_path):
    assert let_in({"let": ["192.0.2.13 vrrp"], "only": ["ipv4 vrrp"]}, {}) == []
    assert let_in(None, {"shop": {"let": [], "only": ["ipv4 vrrp"]}}) == []
    # A family is not dropped as long as a director's addresses are not known.
    assert (
        let_in({"let": ["fe80::13 vrrp"], "only": ["ipv6 vrrp"]}, {"shop": {"let": ["fe80::12 vrrp"], "only": []}})
        == []
    )
    assert not list(tmp_path.glob("lvs-vip-*.conf"))
