# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every right inventory, rendered through every template that its hosts get: no key is missing, nothing is null."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
RESOLVED = Path(__file__).parents[1] / "plugins" / "plugin_utils" / "cluster" / "right"
OF_A_STACK = {
    "keepalived": ["keepalived.conf.j2", "keepalived-secrets.conf.j2", "keepalived-restart.conf.j2"],
    "ldirectord": ["ldirectord.cf.j2", "ha.cf.j2", "haresources.j2", "authkeys.j2", "heartbeat.conf.j2"],
    "static": [],
}
WITH_SYNC = {
    "keepalived": ["lvs-sync.service.j2"],
    "ldirectord": ["lvs-sync.service.j2", "LVSSyncDaemonSwap.j2"],
}
OF_A_REAL_SERVER = ["test-page.conf.j2", "test-page-ports.conf.j2", "lvs-test-page.service.j2", "index.html.j2"]
OF_EVERY_HOST = ["lvs-vip.conf.j2"]
INCLUDED = ["keepalived-check.j2", "keepalived-watching.j2"]


def templates_of(cluster: dict[str, Any], host: str) -> list[str]:
    """The templates that a host of a cluster gets."""
    if cluster["hosts"][host]["role"] == "real_server":
        return OF_EVERY_HOST + OF_A_REAL_SERVER
    return (
        OF_EVERY_HOST + OF_A_STACK[cluster["stack"]] + (WITH_SYNC.get(cluster["stack"], []) if cluster["sync"] else [])
    )


def test_no_template_is_left_out() -> None:
    there = {path.name for path in ROOT.glob("roles/*/templates/*.j2")}
    tried = {*OF_EVERY_HOST, *OF_A_REAL_SERVER, *INCLUDED}.union(*OF_A_STACK.values(), *WITH_SYNC.values())
    assert there == tried


def test_no_template_has_the_text_of_ansible_managed() -> None:
    """A user may have set it to a text with a date: then every run would change the files and reload the daemons."""
    templates = [path.read_text(encoding="utf-8") for path in ROOT.glob("roles/*/templates/*")]
    assert len(templates) > 10
    assert not [text for text in templates if "ansible_managed" in text]


@pytest.mark.parametrize("path", sorted(RESOLVED.glob("*.json")), ids=lambda path: path.stem)
def test_a_right_inventory_renders(render, path: Path) -> None:
    cluster = json.loads(path.read_text(encoding="utf-8"))
    for host in cluster["hosts"]:
        for template in templates_of(cluster, host):
            text = render(cluster, host, template)
            # Without facts no interface is known; everything else is.
            unknown = cluster["hosts"][host]["interface"] is None
            assert unknown or "None" not in text, (host, template)


@pytest.mark.parametrize("path", sorted(RESOLVED.glob("*.json")), ids=lambda path: path.stem)
def test_keepalived_conf_has_one_brace_a_line_and_is_indented_by_them(render, path: Path) -> None:
    cluster = json.loads(path.read_text(encoding="utf-8"))
    for director in cluster["directors"] if cluster["stack"] == "keepalived" else []:
        text, depth = render(cluster, director), 0
        assert "\n\n\n" not in text
        for line in text.splitlines():
            depth -= line.strip() == "}"
            assert line == (f"{'    ' * depth}{line.strip()}" if line.strip() else ""), text
            # Lines of one's own may end in a comment.
            depth += line.partition(" #")[0].endswith(" {")
        assert depth == 0, text


def test_ansible_renders_files_as_the_tests_do(play, render, tmp_path: Path) -> None:
    tasks, wanted = [], {}
    for model in ("checks_in_detail", "sync_groups", "track"):
        cluster = json.loads((RESOLVED / f"{model}.json").read_text(encoding="utf-8"))
        director = cluster["directors"][0]
        template = {"src": str(ROOT / "roles/director/templates/keepalived.conf.j2"), "dest": str(tmp_path / model)}
        variables = {"lvs_cluster": cluster, "director_host": cluster["hosts"][director]}
        variables.update({"inventory_hostname": director, "director_script_user": "root"})
        tasks.append({"ansible.builtin.template": template, "vars": variables})
        wanted[model] = render(cluster, director)
    play({"tasks": tasks})
    assert {model: (tmp_path / model).read_text(encoding="utf-8") for model in wanted} == wanted
