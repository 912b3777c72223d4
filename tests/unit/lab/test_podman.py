# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from lab import images, podman
from lab.errors import LabError
from lab.progress import Phases
from lab.topology import from_inventory


@pytest.fixture
def containers(topology):
    return {podman.PREFIX + node.name: (podman.node_label(node, topology), True) for node in topology.nodes}


@pytest.fixture
def networks(topology):
    return {podman.PREFIX + network.name: podman.digest(network) for network in topology.networks}


def names(nodes):
    return [node.name for node in nodes]


def test_from_nothing_everything_is_created(topology):
    plan = podman.plan(topology, {}, {})
    assert (names(plan.create), names(plan.create_networks)) == (["lvs1", "web1"], ["mgmt", "lan"])
    assert (plan.remove, plan.start, plan.remove_networks) == ((), (), ())


def test_what_is_there_already_is_kept(topology, containers, networks):
    assert podman.plan(topology, containers, networks) == podman.Plan((), (), (), (), ())


def test_a_stopped_node_is_started(topology, containers, networks):
    label, _running = containers["lvs-lab-web1"]
    containers["lvs-lab-web1"] = (label, False)
    assert podman.plan(topology, containers, networks).start == ("lvs-lab-web1",)


def test_a_node_that_left_the_inventory_is_removed(topology, containers, networks):
    containers["lvs-lab-web9"] = ("0", True)
    assert podman.plan(topology, containers, networks).remove == ("lvs-lab-web9",)


def test_a_node_that_changed_is_made_anew(topology, containers, networks):
    containers["lvs-lab-lvs1"] = ("another", True)
    plan = podman.plan(topology, containers, networks)
    assert (plan.remove, names(plan.create)) == (("lvs-lab-lvs1",), ["lvs1"])


def test_another_image_makes_all_nodes_anew(topology, containers, networks, monkeypatch):
    monkeypatch.setattr(images, "reference", lambda release, image: "another")
    assert names(podman.plan(topology, containers, networks).create) == ["lvs1", "web1"]


def test_a_network_that_changed_takes_its_nodes_along(containers, networks):
    hosts = {
        "lvs1": {"ansible_host": "10.99.0.11", "lvs_address": "172.28.0.11"},
        "web1": {"ansible_host": "10.99.0.21", "lvs_address": "172.28.0.21"},
    }
    for variables in hosts.values():
        variables["lab_networks"] = {"lan": {"subnet": "172.28.0.0/16"}}
    wider = from_inventory({"_meta": {"hostvars": hosts}, "all": {"hosts": list(hosts)}})
    plan = podman.plan(wider, containers, networks)
    assert (plan.remove_networks, names(plan.create)) == (("lvs-lab-lan",), ["lvs1", "web1"])


def test_a_node_is_called_with_fixed_addresses_and_the_default_route_first(topology):
    command = podman.node_command(topology.node("lvs1"), topology, "/keys")
    assert command.index("--network lvs-lab-mgmt:ip=10.99.0.11,") < command.index("--network lvs-lab-lan:")
    assert "interface_name=lan0" in command
    assert "--publish" not in command
    assert command.endswith(f"{images.reference('bookworm', 'bare')} /sbin/init")


def test_the_segment_has_no_way_out(topology):
    commands = {network.name: podman.network_command(network) for network in topology.networks}
    assert "--internal" in commands["lan"]
    assert "--internal" not in commands["mgmt"]


def test_podmans_lists_are_read():
    listed = [{"Names": ["lvs-lab-lvs1"], "Labels": {podman.LABEL: "ab"}, "State": "exited"}]
    assert podman.parse_containers(json.dumps(listed)) == {"lvs-lab-lvs1": ("ab", False)}
    assert podman.parse_networks(json.dumps([{"name": "n", "labels": {podman.LABEL: "cd"}}])) == {"n": "cd"}
    assert podman.parse_containers("") == podman.parse_networks("") == {}


def test_a_machine_for_containers_is_no_container(place, monkeypatch):
    monkeypatch.setattr(podman.hostpackages, "need", lambda *given: pytest.fail("this is said first"))
    host = {"ansible_host": "10.99.0.11", "lvs_address": "172.28.0.11", "lab_image": "podman"}
    inside = from_inventory({"_meta": {"hostvars": {"host1": host}}, "all": {"hosts": ["host1"]}})
    with pytest.raises(LabError, match="host1: lab_image podman needs a kernel of its own"):
        podman.Podman(place).prepare(inside, Phases())
