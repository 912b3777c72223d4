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
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.scripts import FOLDER

ROLE = Path(__file__).parents[3] / "roles/director"
INVENTORIES = ("lab", "staging", "production")
RESOLVED = Path(__file__).parents[1] / "plugins" / "plugin_utils" / "cluster" / "right"
DEVICE = re.compile(r"\b(?:dev|interface|lvs_sync_daemon) (\S+)|^ {8}((?:eth|tun)\d+) weight", re.MULTILINE)

needs_keepalived = pytest.mark.skipif(
    shutil.which("keepalived") is None, reason="keepalived is not installed: make deps"
)


def check(directory, configuration: str, secrets: str) -> subprocess.CompletedProcess:
    """Run keepalived's own check where the interfaces exist: in a network namespace made for it."""
    (directory / "lvs-secrets.conf").write_text(secrets)
    path = directory / "keepalived.conf"
    (directory / "conf.d").mkdir(exist_ok=True)
    # Files of the user's own are there, as keepalived demands.
    for name in re.findall(r"^includea /etc/keepalived/(\S+)$", configuration, re.MULTILINE):
        (directory / name).write_text("# by hand\n")
    # The role installs the scripts before; here any program stands for them.
    configuration = configuration.replace(f"{FOLDER}/", "/usr/bin/")
    path.write_text(configuration.replace("/etc/keepalived/", f"{directory}/"))
    found = {word for match in DEVICE.findall(configuration) for word in match if word} - {"lo"}
    made = [f"ip tuntap add mode tap name {name} && ip link set {name} up" for name in sorted(found)]
    command = " && ".join([*made, f"exec keepalived --config-test --use-file {path}"])
    return subprocess.run(["unshare", "--net", "sh", "-c", command], capture_output=True, text=True, check=False)


def check_director(directory, render, cluster, director: str) -> None:
    """Assert that keepalived takes what is written on a director, without a word."""
    secrets = render(cluster, director, "keepalived-secrets.conf.j2")
    checked = check(directory, render(cluster, director), secrets)
    assert (checked.returncode, checked.stderr) == (0, ""), director


@needs_keepalived
@pytest.mark.parametrize("inventory", INVENTORIES)
def test_keepalived_accepts_every_director(load, render, tmp_path, inventory):
    cluster = load(inventory)
    for director in cluster["directors"]:
        check_director(tmp_path, render, cluster, director)


@needs_keepalived
@pytest.mark.parametrize("path", sorted(RESOLVED.glob("*.json")), ids=lambda path: path.stem)
def test_keepalived_accepts_every_director_of_every_right_inventory(render, tmp_path, path):
    cluster = json.loads(path.read_text())
    if cluster["stack"] != "keepalived":
        pytest.skip("another stack")
    for director in cluster["directors"]:
        if cluster["hosts"][director]["interface"] is not None:
            check_director(tmp_path, render, cluster, director)


def test_gateways_move_with_the_vips(render):
    configuration = render(json.loads((RESOLVED / "nat_gateway.json").read_text()), "lvs1")
    gateways = re.findall(
        r"_excluded \{\s+(\S+) dev \S+\s+(\S+) dev \S+\s+\}.*?track_interface \{\s+(\S+)", configuration, re.DOTALL
    )
    assert gateways == [("172.28.0.100/32", "10.2.0.1/32", "eth2"), ("fd00:28::100/128", "fd00:2::1/128", "eth2")]


def test_adverts_are_the_same_whatever_vips_an_instance_has(load, render):
    cluster = load("lab")
    advertised = re.compile(r"virtual_ipaddress \{(.*?)\}", re.DOTALL)
    before = advertised.findall(render(cluster, "lvs1"))
    cluster["hosts"]["lvs1"]["instances"][0]["addresses"] = [
        {"address": "172.28.0.102", "prefix": 32, "device": "eth0"}
    ]
    after = render(cluster, "lvs1")
    assert "172.28.0.102/32 dev" in after
    assert advertised.findall(after) == before != []


def test_a_password_is_in_the_secrets_alone(load, render):
    cluster = load("production")
    configuration = render(cluster, "lb1.example.org")
    assert "auth_pass $AUTH_PASS_WEB" in configuration
    assert "auth_pass $AUTH_PASS_MAIL" in configuration
    assert "w3bPass1" not in configuration
    assert render(cluster, "lb1.example.org", "keepalived-secrets.conf.j2").splitlines()[1:] == [
        "$AUTH_PASS_WEB=w3bPass1",
        "$AUTH_PASS_MAIL=m41lPass",
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


@needs_keepalived
@pytest.mark.parametrize(
    ("lvs_keepalived", "said"),
    [
        ({"raw": ["router_idd a"]}, "Unknown keyword 'router_idd'"),
        ({"raw": ["vrrp_version 9"]}, "number '9' outside range [2, 3]"),
        ({"include": ["/nowhere/own.conf"]}, "Config files missing '/nowhere/own.conf'"),
    ],
)
def test_what_keepalived_warns_of_ends_the_check_with_its_own_words(render, tmp_path, describe, lvs_keepalived, said):
    groups = {"directors": ["lvs1"], "real_servers": ["web1"]}
    services = [{"name": "web", "vip": "172.28.0.100", "port": 80}]
    addresses = {"lvs1": "172.28.0.11", "web1": "172.28.0.21"}
    cluster = describe(groups, addresses, lvs_services=services, lvs_keepalived=lvs_keepalived)
    checked = check(tmp_path, render(cluster, "lvs1"), "")
    assert checked.returncode != 0
    assert said in checked.stderr


@needs_keepalived
def test_keepalived_takes_the_longest_texts(render, tmp_path, describe):
    groups = {"directors": ["lvs1"], "real_servers": ["web1"]}
    addresses = {"lvs1": "172.28.0.11", "web1": "172.28.0.21"}
    urls = [{"expect": "." * 330}, {"regex": '"' * 247 + "ab"}, {"path": "/" + "a" * 989}, {"path": "/" + "%20" * 329}]
    health = [
        {"type": "http", "urls": urls},
        {"type": "file", "file": "/run/" + "{vip}" * 25 + "a" * 10},
        {"type": "udp", "port": 53, "payload": "00" * 495, "require_reply": "0x" * 495},
        {"type": "script", "command": "/bin/true " + "a" * 490},
    ]
    services = [{"name": "a" * 990, "vip": "172.28.0.100", "port": 80, "health": health, "raw": ["#" * 990]}]
    track = {"processes": ["a " * 494 + "bc"], "files": ["/run/" + "b" * 985]}
    cluster = describe(groups, addresses, lvs_services=services, lvs_vrrp={"track": track})
    configuration = render(cluster, "lvs1")
    assert max(map(len, configuration.splitlines())) <= 1022
    checked = check(tmp_path, configuration, "")
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_script_of_another_user_is_started_by_root_wherever_it_stands(render):
    configuration = render(json.loads((RESOLVED / "checks_in_detail.json").read_text()), "lvs1")
    chroot = "/usr/sbin/chroot --userspec=nobody"
    script = f"{chroot}:www-data / {FOLDER}/true"
    assert f'quorum_down "{chroot} / /usr/local/bin/notify down" root\n' in configuration
    assert f'notify_up "{script} 172.28.0.21:8000 up" root\n' in configuration
    assert 'notify_down "/usr/local/bin/notify down"\n' in configuration
    checks = re.findall(r'misc_path "(.*)"\n(?: .*\n)*? +user root\n', configuration)
    assert f"{script} 172.28.0.100 8006 172.28.0.22 8006" in checks
    weighed = f"{chroot} / /usr/local/bin/check --of 172.28.0.100:8004 172.28.0.21 8004 && exit 3"
    assert f"/usr/bin/sh -c '{weighed}'" in checks


def test_what_other_directors_forward_comes_before_all_services(render):
    cluster = json.loads((RESOLVED / "localnode.json").read_text())
    for director, own in (("lvs1", "172.28.0.11"), ("lvs2", "172.28.0.12")):
        blocks = re.findall(
            r"^virtual_server (.+) \{\n(?: .*\n)*?    real_server (\S+)", render(cluster, director), re.MULTILINE
        )
        assert blocks[0] == ("fwmark 536870913", own)
        assert [at for at, _server in blocks].index("172.28.0.100 80") == 2


def test_a_file_that_vrrp_and_a_check_read_is_one(render):
    configuration = render(json.loads((RESOLVED / "track.json").read_text()), "lvs1")
    blocks = re.findall(r"^track_file (\S+) \{\n    file (\S+)\n", configuration, re.MULTILINE)
    assert [name for name, file in blocks] == [file for _name, file in blocks]
    assert sorted(name for name, _file in blocks) == [
        "/etc/lvs/172.28.0.21",
        "/etc/lvs/172.28.0.22",
        "/run/weight",
        "/var/lib/lvs-track/drain",
    ]
    assert "/run/weight weight 2\n" in configuration
    assert "track_file /run/weight\n" in configuration


def test_every_instance_gives_up_its_vips_before_keepalived_stops(load, render):
    """The configuration, the script and the unit name the same file."""
    cluster = load("production")
    director = cluster["directors"][0]
    host = cluster["hosts"][director]
    configuration = render(cluster, director)
    assert len(host["instances"]) == configuration.count("        lvs-stand-by weight 0\n") > 1
    assert "    file /run/lvs-stand-by\n" in configuration
    assert "echo 1 > /run/lvs-stand-by\n" in (ROLE / "files/lvs-stand-by").read_text(encoding="utf-8")
    unit = render(cluster, director, "keepalived-restart.conf.j2")
    assert "ExecStartPre=/bin/rm --force /run/lvs-stand-by\n" in unit
    assert f"ExecStop=-/usr/local/sbin/lvs-stand-by {host['vrrp']['handover_time']}\n" in unit


def test_scripts_that_tell_of_a_stop_have_time_to_end(load, render):
    """By default systemd ends whatever runs in the unit, when it stops keepalived and once keepalived has ended."""
    cluster = load("production")
    unit = render(cluster, cluster["directors"][0], "keepalived-restart.conf.j2")
    assert "KillMode=mixed\n" in unit
    script = unit.partition("ExecStopPost=-/bin/sh -c '")[2].partition("'")[0].replace("\\\n", " ").replace("$$", "$")
    subprocess.run(["sh", "-n", "-c", script], check=True)
    assert 'done < "/sys/fs/cgroup${group#0::}/cgroup.procs"' in script


def test_the_preferred_director_has_a_higher_priority_in_every_instance_or_its_group(render, describe):
    """keepalived gives a file of a group's member weight 0, and the director would give up its VIPs."""
    groups = {"directors": ["lvs1", "lvs2"], "real_servers": ["web1"]}
    addresses = {"lvs1": "172.28.0.11", "lvs2": "172.28.0.12", "web1": "172.28.0.21"}
    vips = [f"172.28.0.{number}" for number in (100, 101, 102)]
    instances = [
        {"name": f"I{number}", "virtual_router_id": number, "vips": [vip]} for number, vip in enumerate(vips, 1)
    ]
    vrrp = {"instances": instances, "sync_groups": [{"name": "G", "instances": ["I1", "I2"]}]}
    services = [{"name": "web", "vip": vips, "port": 80}]
    configuration = render(describe(groups, addresses, lvs_services=services, lvs_vrrp=vrrp), "lvs1")
    assert "    file /run/lvs-preferred\n" in configuration
    blocks = re.findall(r"(?ms)^(vrrp_\w+ \w+) \{\n(.*?)^\}", configuration)
    assert [name for name, block in blocks if "        lvs-preferred weight 1\n" in block] == [
        "vrrp_sync_group G",
        "vrrp_instance I3",
    ]


@pytest.mark.parametrize(
    ("lvs_vrrp", "seconds"),
    [
        ({"preempt_delay": 0}, 6),
        ({"preempt_delay": 60}, 66),
        ({"preempt_delay": 61}, 0),
        ({"preempt": False}, 0),
        ({"version": 3, "advert_interval": 0.1, "preempt_delay": 2}, 4),
    ],
)
def test_a_planned_move_waits_as_long_as_a_raised_priority_needs(describe, lvs_vrrp, seconds):
    groups = {"directors": ["lvs1", "lvs2"], "real_servers": ["web1"]}
    addresses = {"lvs1": "172.28.0.11", "lvs2": "172.28.0.12", "web1": "172.28.0.21"}
    services = [{"name": "web", "vip": "172.28.0.100", "port": 80}]
    cluster = describe(groups, addresses, lvs_services=services, lvs_vrrp=lvs_vrrp)
    assert cluster["hosts"]["lvs2"]["vrrp"]["move_time"] == seconds


@pytest.mark.parametrize(
    ("directors", "lvs_vrrp", "seconds"),
    [
        (1, {}, 0),
        (2, {}, 1.5),
        (2, {"advert_interval": 5}, 1.5),
        (2, {"version": 3, "advert_interval": 0.1}, 0.6),
        (2, {"version": 3, "advert_interval": 40}, 30.5),
    ],
)
def test_a_stop_waits_as_long_as_a_backup_needs(render, describe, directors, lvs_vrrp, seconds):
    groups = {"directors": ["lvs1", "lvs2"][:directors], "real_servers": ["web1"]}
    addresses = {"lvs1": "172.28.0.11", "lvs2": "172.28.0.12", "web1": "172.28.0.21"}
    services = [{"name": "web", "vip": "172.28.0.100", "port": 80}]
    cluster = describe(groups, addresses, lvs_services=services, lvs_vrrp=lvs_vrrp)
    assert cluster["hosts"]["lvs1"]["vrrp"]["handover_time"] == seconds
    assert ("ExecStop=" in render(cluster, "lvs1", "keepalived-restart.conf.j2")) is (seconds > 0)
