# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configures a cluster by hand, and runs the playbooks with the inventories that the tests have."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from cluster import ROOT, Cluster, plain_output

# What the nodes of the lab need besides what an adopted inventory has of the connection
LAB = {"cluster_package_cache_valid_time": 31536000, "ansible_timeout": 20}
CONNECTION = (
    "ansible_host",
    "ansible_user",
    "ansible_python_interpreter",
    "ansible_ssh_private_key_file",
    "lab_cache",  # the key's folder
    "ansible_ssh_common_args",
)


def configured(
    cluster: Cluster, directors: str, real_servers: str, typed_on: tuple[str, ...] = ("lvs1", "lvs2")
) -> None:
    """Configure the nodes by hand: the real servers, and some directors, each group with a script of adopt/by_hand."""
    command = ["ansible-playbook", "-i", str(cluster.inventory), "molecule/adopt/by_hand.yml"]
    command += ["-e", json.dumps({"directors": directors, "real_servers": real_servers, "typed_on": typed_on})]
    ran = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=ROOT, check=False, env=plain_output()
    )
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]


def tiny(cluster: Cluster, folder: Path, directors: list[str]) -> Cluster:
    """The cluster by an inventory with nothing but its hosts, and the way to them."""
    variables = cluster.listing["_meta"]["hostvars"]
    groups = {"directors": directors, "real_servers": cluster.group("real_servers")}
    children = {
        group: {
            "hosts": {
                name: {key: variables[name][key] for key in CONNECTION if key in variables[name]} for name in names
            }
        }
        for group, names in groups.items()
    }
    file = folder / "tiny.json"
    file.write_text(json.dumps({"all": {"children": children}}))
    return Cluster(file)


def site(adopted: Cluster, *arguments: str, **variables: Any) -> str:
    """Run site.yml with the new inventory."""
    return adopted.play("site", *arguments, **LAB, **variables)
