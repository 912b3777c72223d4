# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sensitive check sends is only in files that root alone can read, and nobody but the directors sends it."""

from __future__ import annotations

import json

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.doctor.configurations import hashed, without_secrets
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.plugins.plugin_utils.heal_settings import heal_settings
from ansible_collections.lvs.cluster.plugins.plugin_utils.verify.traffic import probe_plan

from .test_keepalived_conf import check_director, needs_keepalived

GROUPS = {"directors": ["lvs1", "lvs2"], "real_servers": ["web1", "web2"]}
ADDRESSES = {"lvs1": "10.0.0.11", "lvs2": "10.0.0.12", "web1": "10.0.0.21", "web2": "10.0.0.22"}
TOKENS = ("t0ken-one", "t0ken-two", "t0ken-host", "6465616462656566", "t0ken-three")
CHECKED = {
    "type": "https",
    "sensitive": True,
    "virtualhost": "t0ken-host.example.org",
    "urls": [{"path": "/healthz?key=t0ken-one"}, {"path": "/ready?key=t0ken-two"}],
}
SERVICES = [
    {"name": "a-web", "vip": "10.0.0.100", "port": [443, 80], "health": CHECKED},
    {"name": "dns", "vip": "10.0.0.100", "port": 53, "protocol": "udp"}
    | {"health": {"type": "udp", "sensitive": True, "payload": "6465616462656566"}},
    {"name": "own", "vip": "10.0.0.101", "port": 80, "health": {"type": "http", "path": "/public"}}
    | {
        "real_servers": [
            "web1",
            {"host": "web2", "health": {"type": "http", "sensitive": True, "path": "/t0ken-three"}},
        ]
    },
]


def leaked(text: str) -> list[str]:
    return [token for token in TOKENS if token in text]


@pytest.fixture
def cluster(describe):
    return describe(GROUPS, ADDRESSES, lvs_services=SERVICES, lvs_metrics={"enabled": True})


def test_keepalived_conf_has_names_in_their_place(cluster, render):
    configuration, secrets = render(cluster, "lvs1"), render(cluster, "lvs1", "keepalived-secrets.conf.j2")
    assert leaked(configuration) == []
    assert leaked(secrets) == list(TOKENS)
    assert secrets.splitlines()[1:] == [
        "$SECRET_a_hweb_1=/healthz?key=t0ken-one",
        "$SECRET_a_hweb_2=/ready?key=t0ken-two",
        "$SECRET_a_hweb_3=t0ken-host.example.org",
        "$SECRET_dns_1=6465616462656566",
        "$SECRET_own_1=/t0ken-three",
    ]
    for line in (
        "virtualhost $SECRET_a_hweb_3",
        "path $SECRET_a_hweb_1",
        "payload $SECRET_dns_1",
        "path $SECRET_own_1",
        "path /public",
    ):
        assert f" {line}\n" in configuration


@needs_keepalived
def test_keepalived_reads_what_is_meant(cluster, render, tmp_path):
    check_director(tmp_path, render, cluster, "lvs1")


SCRIPT = {
    "type": "script",
    "sensitive": True,
    "command": "/bin/sh -p 't0ken-one #!' {address}",
    "dynamic_weight": False,
}


def with_script(describe, **health):
    services = [{"name": "db", "vip": "10.0.0.100", "port": [3306, 3307], "health": {**SCRIPT, **health}}]
    return describe(GROUPS, ADDRESSES, lvs_services=services)


def test_the_command_of_a_script_is_told_by_a_name_too(describe, render):
    cluster = with_script(describe)
    configuration, secrets = render(cluster, "lvs1"), render(cluster, "lvs1", "keepalived-secrets.conf.j2")
    assert leaked(configuration) == []
    # keepalived knows no variables between quotes.
    assert secrets.splitlines()[1:] == [
        "$SECRET_db_1=\"/bin/sh -p 't0ken-one #!' 10.0.0.21\"",
        "$SECRET_db_2=\"/bin/sh -p 't0ken-one #!' 10.0.0.22\"",
    ]
    assert " misc_path $SECRET_db_1\n" in configuration
    for host in cluster["hosts"]:
        assert leaked(json.dumps(heal_settings(cluster, host, "Debian", "1"))) == []
        assert leaked(json.dumps(cluster["hosts"][host])) == []
    assert leaked(json.dumps(probe_plan(cluster))) == []
    assert leaked(without_secrets(secrets + configuration, "salt")) == []
    # Looked for before keepalived prints the command of a program that is not there.
    assert cluster["hosts"]["lvs1"]["scripts"]["programs"] == ["/bin/sh"]
    plain = with_script(describe, sensitive=False)
    assert " misc_path \"/bin/sh -p 't0ken-one #!' 10.0.0.21\"\n" in render(plain, "lvs1")


def test_a_command_is_another_one_for_each_family(render):
    health = {
        "type": "script",
        "sensitive": True,
        "command": "/bin/sh t0ken-one",
        "dynamic_weight": True,
        "user": "nobody",
    }
    service = {"name": "db", "vip": ["10.0.0.100", "fd00::100"], "port": 3306, "health": health}
    hosts = {
        host: {
            "lvs_services": [service],
            "lvs_address": ADDRESSES[host],
            "lvs_address6": f"fd00::{number}",
            "ansible_facts": {},
        }
        for host, number in (("lvs1", 11), ("lvs2", 12), ("web1", 21))
    }
    cluster = resolve(hosts, {**GROUPS, "real_servers": ["web1"]})
    before, after = "/usr/bin/sh -c '/usr/sbin/chroot --userspec=nobody / /bin/sh t0ken-one", "&& exit 3'"
    assert cluster["keepalived"]["secrets"] == [
        {"name": "SECRET_db_1", "value": f'"{before} 10.0.0.100 3306 10.0.0.21 3306 {after}"'},
        {"name": "SECRET_db_2", "value": f'"{before} fd00::100 3306 fd00::21 3306 {after}"'},
    ]


@needs_keepalived
def test_keepalived_reads_commands_by_their_names(describe, render, tmp_path):
    check_director(tmp_path, render, with_script(describe), "lvs1")
    check_director(tmp_path, render, with_script(describe, command="/bin/sh -p t0ken-one", dynamic_weight=True), "lvs1")


def test_no_other_file_of_a_host_has_them(cluster, render):
    for host in cluster["hosts"]:
        assert leaked(json.dumps(heal_settings(cluster, host, "Debian", "1"))) == []
        assert leaked(render(cluster, host, "lvs-vip.conf.j2")) == []
        assert leaked(json.dumps(cluster["hosts"][host])) == []


def test_verify_asks_for_the_first_page_without_them(cluster):
    plan = {(probe["service"], probe["port"]): probe for probe in probe_plan(cluster)}
    assert leaked(json.dumps(list(plan.values()))) == []
    asked = plan["a-web", 443]
    assert (asked["scheme"], asked["path"], asked["host"], asked["names"]) == ("https", "/", None, None)
    assert asked["status"] == list(range(200, 500))
    assert plan["own", 80]["path"] == "/public"


@pytest.mark.parametrize(
    ("health", "line"),
    [
        ({"type": "http", "path": "/t0ken-one"}, 'request="/t0ken-one"'),
        ({"type": "http", "path": "/a", "virtualhost": "t0ken-two.example.org"}, 'virtualhost="t0ken-two.example.org"'),
        ({"type": "ldap", "login": "t0ken-two", "request": "t0ken-one"}, 'login="t0ken-two"'),
    ],
)
def test_ldirectord_cf_is_for_root_alone(describe, render, health, line):
    service = {"name": "www", "vip": "10.0.0.100", "port": 80}
    own = {"host": "web2", "health": {**health, "path": "/t0ken-three"}} if "path" in health else "web2"

    def told(**more):
        servers = ["web1", own if isinstance(own, str) else {**own, "health": {**own["health"], **more}}]
        services = [{**service, "health": {**health, **more}, "real_servers": servers}]
        key = {"key": "a-key-of-more-than-16-letters"}
        cluster = describe(GROUPS, ADDRESSES, lvs_stack="ldirectord", lvs_heartbeat=key, lvs_services=services)
        return cluster["ldirectord"]["secrets"], render(cluster, "lvs1", "ldirectord.cf.j2")

    for_root, text = told(sensitive=True)
    assert for_root
    assert line in text
    # doctor.yml reads the file as root, and shows it.
    shown = without_secrets(text, "salt")
    assert leaked(shown) == []
    secret = line.split('"')[1]
    assert f'"{hashed(secret, "salt")}"' in shown
    assert len(shown.splitlines()) == len(text.splitlines())
    for_root, text = told()
    assert not for_root
    assert line in without_secrets(text, "salt")


def test_doctor_shows_keepalived_conf_with_hashes(cluster, render):
    text = render(cluster, "lvs1", "keepalived-secrets.conf.j2") + render(cluster, "lvs1")
    assert leaked(without_secrets(text, "salt")) == []


def test_what_is_not_sensitive_is_told_as_ever(describe, render):
    plain = [{**service, "health": {**service["health"], "sensitive": False}} for service in SERVICES[:2]]
    cluster = describe(GROUPS, ADDRESSES, lvs_services=plain)
    assert cluster["keepalived"]["secrets"] == []
    assert "path /healthz?key=t0ken-one" in render(cluster, "lvs1")
