# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of roles share: inventories that are resolved without a host, and plays on this machine."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any, Callable

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.tests.unit.ansible_versions import loader_with_password

ROOT = Path(__file__).parents[3]


def facts(address: str) -> dict:
    """What setup would say of a host with one interface, eth0, in a network of 24 bits."""
    network = address.rpartition(".")[0] + ".0"
    ipv4 = {"address": address, "netmask": "255.255.255.0", "prefix": "24", "network": network}
    return {
        "interfaces": ["lo", "eth0"],
        "nodename": f"node-{address.rpartition('.')[2]}",
        "default_ipv4": {"address": address, "interface": "eth0"},
        "lo": {"device": "lo", "ipv4": {"address": "127.0.0.1", "netmask": "255.0.0.0", "prefix": "8"}},
        "eth0": {"device": "eth0", "ipv4": ipv4},
    }


@pytest.fixture(scope="session")
def load():
    """Return a function that resolves an inventory: hosts without lvs_address get addresses of TEST-NET-1."""

    def loaded(name: str) -> dict:
        # The password of the example's vault; a real one is in no repository.
        loader = loader_with_password(b"example-only")
        inventory = InventoryManager(loader, [str(ROOT / "inventories" / name)])
        live = HostVars(inventory, VariableManager(loader, inventory), loader)
        hostvars = {}
        for number, host in enumerate(live, start=21):
            variables = {key: live[host][key] for key in live[host] if key.startswith("lvs_")}
            hostvars[host] = {**variables, "ansible_facts": facts(variables.get("lvs_address", f"192.0.2.{number}"))}
        return resolve(hostvars, inventory.get_groups_dict())

    return loaded


@pytest.fixture(scope="session")
def describe():
    """Return a function that resolves a cluster of groups, the hosts' addresses, and variables of the cluster."""

    def described(groups: dict, addresses: dict, **variables: object) -> dict:
        hostvars = {
            host: {**variables, "lvs_address": address, "ansible_facts": facts(address)}
            for host, address in addresses.items()
        }
        return resolve(hostvars, groups)

    return described


@pytest.fixture
def play(ansible: Callable, tmp_path: Path) -> Callable[..., str]:
    """Return a function that runs plays on this machine, in the folder of the test, and returns what ansible-playbook says.

    A play is what a playbook has: tasks, vars, and so on. Without `hosts` it is for localhost; `inventory` has other hosts, if any.
    With `fails` the run must fail, else it must not.
    """
    here = {"hosts": "localhost", "connection": "local", "gather_facts": False}

    def run(*plays: dict[str, Any], inventory: dict[str, Any] | None = None, fails: bool = False) -> str:
        (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory or {"all": {"hosts": {"localhost": None}}}))
        (tmp_path / "play.yml").write_text(yaml.safe_dump([{**here, **one} for one in plays]))
        ran = ansible("ansible-playbook", "-i", "hosts.yml", "play.yml")
        assert bool(ran.returncode) == fails, ran.stdout + ran.stderr
        return ran.stdout

    return run


@pytest.fixture
def vip() -> ModuleType:
    """The program lvs-vip as a module, anew for every test."""
    spec = importlib.util.spec_from_file_location("lvs_vip", ROOT / "roles" / "_host" / "files" / "lvs_vip.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
