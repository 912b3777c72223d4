# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The published configurations of other roles and modules for keepalived, as inventories: keepalived gets what it got from them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.raw import KEYS
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.cluster.conftest import hostvars_and_groups
from ansible_collections.lvs.cluster.tests.unit.roles.test_keepalived_conf import check, needs_keepalived

HERE = Path(__file__).parent / "moving_in"
CASES = sorted(HERE.glob("*.yml"))
PAGE = Path(__file__).parents[3] / "docs/docsite/rst/moving_in.rst"
# A row of its tables: the words there, and what they are here
ROW = re.compile(r"^   \* - (.*)\n     - (.*)$", re.MULTILINE)
# A program of a script, or the user that it runs as and the program
PROGRAM = re.compile(r'^( +\w+ ")((?:/usr/sbin/chroot --userspec=\S+ / )?)/\S+?(?=[ "])', re.MULTILINE)

every_case = pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)


def read(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def resolved(case: dict) -> tuple[dict, list[str]]:
    """The cluster of a case, and what is warned of."""
    warnings: list[str] = []
    hostvars, groups = hostvars_and_groups(case)
    return resolve(
        {host: {**own, "inventory_dir": HERE} for host, own in hostvars.items()}, groups, warnings.append
    ), warnings


@every_case
def test_the_essential_lines_are_there_in_their_order(render, path):
    case = read(path)
    cluster, warnings = resolved(case)
    assert len(warnings) == case.get("warnings", 0), warnings
    assert case["lines"]
    for director, wanted in case["lines"].items():
        lines = iter([line.strip() for line in render(cluster, director).splitlines()])
        assert [line for line in wanted if line not in lines] == []


@needs_keepalived
@every_case
def test_keepalived_takes_them(render, tmp_path, path):
    cluster, _warnings = resolved(read(path))
    for director in cluster["directors"]:
        # No director has the programs here
        text = PROGRAM.sub(r"\1\2/bin/true", render(cluster, director))
        checked = check(tmp_path, text, render(cluster, director, "keepalived-secrets.conf.j2"))
        assert (checked.returncode, checked.stderr) == (0, ""), director


def test_what_the_page_leads_to_raw_is_not_refused_there():
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    led = [there for there, here in rows if here.startswith("By ``lvs_keepalived.raw``, the same words")]
    words = [word for there in led for word in re.findall(r"``(\w+)``", there)]
    assert {"vrrp_priority", "enable_snmp_vrrp"} <= set(words)
    assert [word for word in words if word in KEYS["global_defs"]] == []
