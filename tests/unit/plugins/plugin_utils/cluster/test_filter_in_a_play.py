# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter in a play: templates, vaulted secrets and mistakes as Ansible itself handles them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Callable

import pytest

INVENTORY = """
[directors]
lvs1 lvs_address=172.28.0.11
lvs2 lvs_address=172.28.0.12
[real_servers]
web1 lvs_address=172.28.0.21 lvs_weight=5
web2 lvs_address=172.28.0.22
"""
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        content: "{{ hostvars | lvs.cluster.resolve(groups) | to_json }}"
        dest: "{{ cluster }}"
        mode: "0600"
"""
# Not as JSON, in which line ends and quotes are escaped.
SETTINGS = """
[defaults]
callback_result_format = yaml
vault_password_file = password
"""
VAULT_PASSWORD = "of the vault"
VAULTED = """
lvs_vrrp:
  auth_pass: !vault |
    $ANSIBLE_VAULT;1.1;AES256
    33346432313036343936356437346239663237373836626538303237363337646637623463663365
    3336353834363761333231343539356439376539643564340a323632346235623135613034383939
    33303839333764383363353831313462656234623736393132643036343166383833663936373539
    3038336564333265650a333765643938353663353966643730366635356536383035616538633930
    6566
"""


@pytest.fixture
def play(ansible: Callable, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """A function that takes group_vars by group and gives the cluster, or what was said of the failure as `error`."""

    def run(password: str = VAULT_PASSWORD, **group_vars: str) -> dict[str, Any]:
        (tmp_path / "group_vars").mkdir()
        files = {f"group_vars/{group}.yml": text for group, text in group_vars.items()}
        files.update({"hosts.ini": INVENTORY, "play.yml": PLAY, "ansible.cfg": SETTINGS, "password": password})
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        cluster = tmp_path / "cluster.json"
        done = ansible("ansible-playbook", "-i", "hosts.ini", "-e", f"cluster={cluster}", "play.yml")
        said = done.stdout + done.stderr
        run.said = said
        return {"error": said} if done.returncode else json.loads(cluster.read_text(encoding="utf-8"))

    return run


def test_templates_and_vaulted_values_are_rendered(play: Callable) -> None:
    cluster = play(
        all="""
net: 172.28.0
web_port: 8080
lvs_services:
  - name: web
    vip: "{{ net }}.100"
    port: "{{ web_port }}"
    real_servers: "{{ groups.real_servers | map('extract', {'web1': {'host': 'web1', 'weight': 9}, 'web2': 'web2'}) }}"
"""
        + VAULTED
    )
    assert cluster["services"][0]["label"] == "172.28.0.100:8080/tcp"
    assert [server["weight"] for server in cluster["services"][0]["real_servers"]] == [9, 1]
    assert cluster["vrrp"]["instances"][0]["auth_pass"] == "s3cr3t"


def test_a_secret_that_only_directors_have_is_no_difference(play: Callable) -> None:
    cluster = play(
        all="""
lvs_services: [{name: web, vip: 172.28.0.100, port: 80}]
lvs_vrrp: {auth_pass: "{{ vault_auth_pass }}"}
""",
        directors="vault_auth_pass: s3cr3t",
    )
    assert cluster["vrrp"]["instances"][0]["auth_pass"] == "s3cr3t"


def test_a_template_that_hosts_render_differently_is_a_mistake(play: Callable) -> None:
    failed = play(
        all="""
mine: "{{ lvs_address }}"
lvs_services: [{name: web, vip: 172.28.0.100, port: "{{ mine | regex_search('[0-9]+$') }}"}]
"""
    )
    assert "lvs_services: differs between lvs1 and lvs2" in failed["error"]


def test_a_template_that_is_another_value_each_time_is_no_difference(play: Callable) -> None:
    cluster = play(
        all="""
lvs_services: [{name: web, vip: 172.28.0.100, port: 80}]
lvs_vrrp: {auth_pass: "{{ lookup('ansible.builtin.password', '/dev/null', length=8) }}"}
"""
    )
    assert len(cluster["vrrp"]["instances"][0]["auth_pass"]) == 8


def test_every_template_that_cannot_be_rendered_is_named(play: Callable) -> None:
    failed = play(
        all="""
lvs_services: [{name: web, vip: "{{ net }}.100", port: "{{ web_port }}"}]
lvs_vrrp: {auth_pass: "{{ vault_auth_pass }}"}
"""
    )
    for place, name in (
        ("lvs_services[0] vip", "net"),
        ("lvs_services[0] port", "web_port"),
        ("lvs_vrrp auth_pass", "vault_auth_pass"),
    ):
        assert f"- {place}: cannot be rendered: '{name}' is undefined" in failed["error"]


def test_all_mistakes_come_in_one_error(play: Callable) -> None:
    failed = play(
        all="lvs_services: [{name: web, vip: 172.28.0.300, port: 80, scheduler: robin}]", directors="lvs_weight: x"
    )
    assert "4 mistakes in the inventory, nothing was changed:" in failed["error"]
    assert '- lvs_services[0] "web": vip is "172.28.0.300", not an IP address' in failed["error"]
    assert '- host lvs2: lvs_weight is "x", not a whole number from 0 to 65535' in failed["error"]


def test_a_secret_without_its_password_says_so(play: Callable) -> None:
    web = "lvs_services: [{name: web, vip: 172.28.0.100, port: 80}]"
    indirect = VAULTED.replace("lvs_vrrp:", "vaulted:") + 'lvs_vrrp: {auth_pass: "{{ vaulted.auth_pass }}"}'
    failed = play(password="another", all=web + indirect)
    said = "Attempt to use undecryptable variable|Decryption failed"  # before ansible-core 2.19
    assert re.search(f"- lvs_vrrp auth_pass: cannot be rendered: ({said})", failed["error"])


def test_an_expression_that_is_nothing_is_as_good_as_none(play: Callable) -> None:
    cluster = play(
        all="""
lvs_services: [{name: web, vip: 172.28.0.100, port: 80, scheduler: "{{ mine | default(none) }}"}]
"""
    )
    assert cluster["services"][0]["scheduler"] == "wrr"


def test_what_may_be_wrong_is_a_warning(play: Callable) -> None:
    cluster = play(
        all="""
lvs_services: [{name: web, vip: 172.28.0.100, port: 80}]
lvs_nat: {gateway: 172.28.0.2}
"""
    )
    assert cluster["services"][0]["name"] == "web"
    said = " ".join(play.said.split())
    assert "[WARNING]: lvs_nat: gateway is 172.28.0.2, but no IPv4 service has forward nat: it is not used" in said
