# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users give playbooks with -e: the names that their headers tell, and files on the machine that runs Ansible."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import yaml
from jinja2 import Environment

PLAYBOOKS = Path(__file__).parents[3] / "playbooks"
HEADERS = {
    path.stem: (path.read_text(encoding="utf-8").partition("\n- ")[0], path.read_text(encoding="utf-8"))
    for path in sorted(PLAYBOOKS.glob("*.yml"))
}
FILES = {"status": "status_file", "doctor": "doctor_file"}


def destination(playbook: str, name: str) -> str:
    """Where a playbook writes the file that an argument names."""
    plays = yaml.safe_load((PLAYBOOKS / f"{playbook}.yml").read_text(encoding="utf-8"))
    copies = [
        task["ansible.builtin.copy"] for play in plays for task in play["tasks"] if "ansible.builtin.copy" in task
    ]
    (dest,) = (copy["dest"] for copy in copies if name in copy["dest"])
    return str(dest)


@pytest.mark.parametrize("playbook", HEADERS)
def test_a_playbook_takes_the_arguments_of_its_header(playbook):
    header, whole = HEADERS[playbook]
    for name in re.findall(r"-e '?(\w+)=", header):
        assert re.search(rf"\b{name}\b", whole.removeprefix(header)), name


@pytest.mark.parametrize("playbook", HEADERS)
def test_a_header_quotes_what_has_blanks_so_that_ansible_does_not_split_it(playbook):
    assert re.findall(r"""-e \w+="[^"]* [^"]*\"""", HEADERS[playbook][0]) == []


@pytest.mark.parametrize(
    ("playbook", "given", "said"),
    [
        ("drain", "services=www", "services is not understood: did you mean service?"),
        ("drain", "steps=4", "steps is no argument of this playbook"),
        ("undrain", "step=4", "step is not understood: did you mean steps?"),
        ("undrain", "force=true", "force is no argument of this playbook"),
        ("rolling_update", "rolling_update_host=lb1", "rolling_update_host is not understood: did you mean rolling_update_hosts?"),
    ],
)  # fmt: skip
def test_a_mistyped_argument_is_refused_before_a_host_is_asked(ansible, tmp_path, playbook, given, said):
    """`services=www` alone would drain a real server in all its services."""
    (tmp_path / "hosts.ini").write_text("[directors]\nlb1 ansible_host=127.0.0.1 ansible_port=1\n", encoding="utf-8")
    ran = ansible("ansible-playbook", "-i", "hosts.ini", f"lvs.cluster.{playbook}", "-e", f"real_server=web2 {given}")
    told = " ".join(ran.stdout.split())
    assert said in told, ran.stdout + ran.stderr
    assert "valid: -e " in told
    assert "Nothing was changed." in told
    assert "UNREACHABLE" not in ran.stdout
    assert ran.returncode != 0


@pytest.mark.parametrize("playbook", FILES)
@pytest.mark.parametrize("given", ["seen.json", "/srv/seen.json", "~/seen.json"])
def test_a_file_is_below_the_folder_of_the_caller_or_where_its_path_says(monkeypatch, playbook, given):
    monkeypatch.setenv("HOME", "/srv/ops")
    environment = Environment(autoescape=True)
    environment.filters.update(expanduser=os.path.expanduser, path_join=lambda parts: os.path.join(*parts))
    written = environment.from_string(destination(playbook, FILES[playbook])).render(
        {FILES[playbook]: given}, lookup=lambda _plugin, _variable: "/srv/ops/shop"
    )
    wanted = {
        "seen.json": "/srv/ops/shop/seen.json",
        "/srv/seen.json": "/srv/seen.json",
        "~/seen.json": "/srv/ops/seen.json",
    }
    assert written == wanted[given]
