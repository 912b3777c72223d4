# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The worked examples and the lab: resolved, rendered, and accepted by keepalived itself."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

INVENTORIES = ("lab", "staging", "production")
RESOLVED = Path(__file__).parents[1] / "plugins" / "plugin_utils" / "cluster" / "right"
INTERFACE = "ip link add {0} type veth peer name peer && ip link set {0} up"


needs_keepalived = pytest.mark.skipif(
    shutil.which("keepalived") is None, reason="keepalived is not installed: make deps"
)


def check(directory, configuration: str, secrets: str, interface: str = "eth0") -> subprocess.CompletedProcess:
    """Run keepalived's own check where the interface exists: in a network namespace made for it."""
    included = directory / "lvs-secrets.conf"
    included.write_text(secrets)
    path = directory / "keepalived.conf"
    path.write_text(configuration.replace("/etc/keepalived/lvs-secrets.conf", str(included)))
    command = f"{INTERFACE.format(interface)} && exec keepalived --config-test --use-file {path}"
    return subprocess.run(["unshare", "--net", "sh", "-c", command], capture_output=True, text=True, check=False)


@needs_keepalived
@pytest.mark.parametrize("inventory", INVENTORIES)
def test_keepalived_accepts_every_director(load, render, tmp_path, inventory):
    cluster = load(inventory)
    for director in cluster["directors"]:
        secrets = render(cluster, director, "keepalived-secrets.conf.j2")
        checked = check(tmp_path, render(cluster, director), secrets)
        assert checked.returncode == 0, checked.stderr
        assert checked.stderr == ""


@needs_keepalived
@pytest.mark.parametrize("name", ["dual_stack", "tun", "fwmark", "rules", "nat", "another_address", "weights"])
def test_keepalived_accepts_every_kind_of_service(render, tmp_path, name):
    cluster = json.loads((RESOLVED / f"{name}.json").read_text())
    secrets = render(cluster, "lvs1", "keepalived-secrets.conf.j2")
    checked = check(tmp_path, render(cluster, "lvs1"), secrets, interface="eth1")
    assert (checked.returncode, checked.stderr) == (0, "")


@needs_keepalived
def test_gateways_move_with_the_vips(render, tmp_path):
    cluster = json.loads((RESOLVED / "nat_gateway.json").read_text())
    configuration = render(cluster, "lvs1").replace("eth2", "peer")
    checked = check(tmp_path, configuration, render(cluster, "lvs1", "keepalived-secrets.conf.j2"), interface="eth1")
    assert (checked.returncode, checked.stderr) == (0, "")
    gateways = re.findall(
        r"_excluded \{\s+(\S+) dev \S+\s+(\S+) dev \S+\s+\}.*?track_interface \{\s+(\S+)", configuration, re.DOTALL
    )
    assert gateways == [("172.28.0.100/32", "10.2.0.1/32", "peer"), ("fd00:28::100/128", "fd00:2::1/128", "peer")]


def test_adverts_are_the_same_whatever_vips_an_instance_has(load, render):
    cluster = load("lab")
    advertised = re.compile(r"virtual_ipaddress \{(.*?)\}", re.DOTALL)
    before = advertised.findall(render(cluster, "lvs1"))
    cluster["vrrp"]["instances"][0]["vips"] = [{"address": "172.28.0.102", "prefix": 32}]
    after = render(cluster, "lvs1")
    assert "172.28.0.102/32 dev" in after
    assert advertised.findall(after) == before != []


def test_a_password_is_in_the_secrets_alone(load, render):
    cluster = load("production")
    configuration = render(cluster, "lb1.example.org")
    assert "auth_pass $AUTH_PASS_1" in configuration
    assert "auth_pass $AUTH_PASS_2" in configuration
    assert "w3bPass1" not in configuration
    assert render(cluster, "lb1.example.org", "keepalived-secrets.conf.j2").splitlines()[1:] == [
        "$AUTH_PASS_1=w3bPass1",
        "$AUTH_PASS_2=m41lPass",
    ]


def test_active_active_directors_prefer_different_instances(load):
    cluster = load("production")
    priorities = {
        director: {instance["name"]: instance["priority"] for instance in cluster["hosts"][director]["instances"]}
        for director in cluster["directors"]
    }
    assert priorities == {
        "lb1.example.org": {"WEB": 200, "MAIL": 190},
        "lb2.example.org": {"WEB": 190, "MAIL": 200},
        "lb3.example.org": {"WEB": 180, "MAIL": 180},
    }


def test_a_host_without_lvs_address_is_known_by_its_default_route(load):
    hosts = load("staging")["hosts"]
    assert {host["interface"] for host in hosts.values()} == {"eth0"}


def test_nopreempt_never_goes_with_state_master(load, render):
    configuration = render(load("staging"), "lb1.staging.example.org")
    assert "    nopreempt\n" in configuration
    assert "state MASTER" not in configuration
