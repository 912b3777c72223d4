# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong around a run: wrong input, a dead host, a hand on the hosts, a run that was cut short."""

from __future__ import annotations

import json
import subprocess

import pytest
from cluster import ROOT, changed, plain_output, until



def failing(cluster, playbook, *arguments):
    """Run a playbook that must fail; what it printed."""
    command = ["ansible-playbook", "-i", str(cluster.inventory), f"playbooks/{playbook}.yml", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, env=plain_output())
    assert ran.returncode != 0, ran.stdout
    return ran.stdout + ran.stderr


def test_wrong_input_is_told_at_once_and_touches_nothing(cluster):
    output = failing(cluster, "site", "-e", '{"lvs_services": [{"name": "web", "vip": "172.28.0.300", "prot": 80}]}')
    assert "172.28.0.300" in output
    assert "prot" in output
    assert set(changed(output).values()) <= {0}


def test_a_kernel_without_the_scheduler_is_told_before_anything_changes(cluster):
    # the scheduler twos came with Linux 6.9, after Debian 12
    services = [{**service, "scheduler": "twos"} for service in cluster.variable("lvs_services")]
    output = failing(cluster, "site", "-e", json.dumps({"lvs_services": services}))
    assert "ip_vs_twos" in output
    assert set(changed(output).values()) == {0}


def test_verify_names_the_host_and_the_remedy(cluster):
    cluster.run("web1", "sysctl -w net.ipv4.conf.all.arp_ignore=0")
    output = failing(cluster, "verify")
    assert "web1: net.ipv4.conf.all.arp_ignore is 0, not 1. Run site.yml" in output.replace("\n", " ")


def test_site_repairs_what_a_hand_has_changed(cluster):
    cluster.run("web1", "sysctl -w net.ipv4.conf.all.arp_ignore=0; ip address del 172.28.0.100/32 dev lo")
    cluster.run("lvs2", "systemctl stop keepalived")
    again = changed(cluster.play("site"))
    assert again["web1"] > 0
    assert again["lvs2"] > 0
    cluster.play("verify")


def test_a_reload_that_an_interrupted_run_left_out_is_made_up_for(cluster):
    # as if the run had been cut between writing the configuration and reloading keepalived
    cluster.run("lvs3", "touch /etc/keepalived/keepalived.conf")
    assert changed(cluster.play("site", "--limit", "lvs3"))["lvs3"] > 0
    assert set(changed(cluster.play("site", "--limit", "lvs3")).values()) == {0}


def test_a_dead_real_server_does_not_stop_the_others(cluster):
    cluster.lab.power_off("web3")
    try:
        output = failing(cluster, "site")
        assert "unreachable=1" in output
        assert "web3: could not be looked at" in failing(cluster, "verify")
        until(lambda: set(cluster.ask("172.28.0.100")) == {"web1", "web2"}, "the others serve")
    finally:
        cluster.lab.power_on("web3")
    until(lambda: "web3" in cluster.ask("172.28.0.100"), "web3 is back")
