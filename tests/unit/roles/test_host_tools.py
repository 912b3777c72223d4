# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role _host is for the other roles: by itself it refuses, and names those that are for users."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.scripts import FOLDER
from ansible_collections.lvs.cluster.tests.unit.ansible_versions import evaluated

ROOT = Path(__file__).parents[3]


def test_run_alone_it_fails_and_names_roles_that_are_there():
    (task,) = yaml.safe_load((ROOT / "roles/_host/tasks/main.yml").read_text(encoding="utf-8"))
    assert task["tags"] == "always"
    assert "when" not in task
    named = re.findall(r"lvs\.cluster\.(\w+)", task["ansible.builtin.fail"]["msg"])
    assert named == ["_host", "director", "real_server", "site"]
    assert all((ROOT / "roles" / name / "tasks/main.yml").exists() for name in named[:3])
    assert (ROOT / "playbooks" / f"{named[3]}.yml").exists()


def test_scripts_are_where_the_configuration_names_them():
    variables = yaml.safe_load((ROOT / "roles/_host/vars/main.yml").read_text(encoding="utf-8"))
    assert variables["_host_scripts_folder"] == FOLDER


def test_it_says_that_it_is_not_for_users():
    for file in ("meta/main.yml", "meta/argument_specs.yml", "README.md"):
        assert "not for users" in (ROOT / "roles/_host" / file).read_text(encoding="utf-8")


def loop(file: str, **variables: object) -> list:
    """What the task of a file of the role that has a loop goes through."""
    tasks = yaml.safe_load((ROOT / "roles/_host/tasks" / file).read_text(encoding="utf-8"))
    (expression,) = [task["loop"] for task in tasks if "loop" in task]
    return evaluated(expression, variables)


@pytest.mark.parametrize(
    ("lines", "units"),
    [
        (["skipped, since /var/lib/lvs-cluster/masks does not exist"], {}),
        # A change of the stack, and back: what the roles have masked, they have unmasked later.
        (
            ["keepalived.service unmasked", "ldirectord.service unmasked", "keepalived.service masked"],
            {"keepalived.service": "unmasked", "ldirectord.service": "unmasked"},
        ),
        (["keepalived.service masked", "keepalived.service unmasked"], {"keepalived.service": "masked"}),
    ],
)
def test_units_are_masked_as_they_were_before_the_roles(lines, units):
    found = loop("mask_back.yml", _host_masks={"stdout_lines": lines})
    assert {item["key"]: item["value"] for item in found} == units
