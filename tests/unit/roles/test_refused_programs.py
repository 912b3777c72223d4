# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that keepalived would not run as root: what is said of them before its configuration names them."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.lvs.cluster.tests.unit.roles.test_keepalived_conf import needs_keepalived

ROLE = Path(__file__).parents[3] / "roles/director"
PROGRAM = ROLE / "files/refused_programs.py"
TOOL = runpy.run_path(str(PROGRAM))
of_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make what belongs to root")

CONFIGURATION = """global_defs {
    enable_script_security
    script_user root
}
vrrp_script asked {
    script "%s"
    interval 1
}
vrrp_instance VI_1 {
    interface eth0
    state BACKUP
    virtual_router_id 1
    priority 100
    virtual_ipaddress {
        172.28.0.100/32
    }
    track_script {
        asked
    }
}
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with programs, right and wrong ones, and links."""
    (tmp_path / "real").mkdir(mode=0o755)
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    for name, mode in (
        ("real/right", 0o755),
        ("real/text", 0o644),
        ("real/written", 0o757),
        ("real/owned", 0o755),
        ("open/any", 0o755),
    ):
        (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / name).chmod(mode)
    os.chown(tmp_path / "real/owned", 65534, 0)
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real/other").symlink_to("right")
    for above in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        above.chmod(0o755)
    return tmp_path


CASES = [
    ("real/right", None),
    ("real/other", None),
    ("real/../real//right", None),
    ("real/none", "{0}/real/none is not there"),
    ("real", "{0}/real is not there"),
    ("real/text", "{0}/real/text may not be executed"),
    ("real/written", "{0}/real/written needs {0}/real/written to be writable by root alone"),
    ("real/owned", "{0}/real/owned needs {0}/real/owned to belong to root"),
    ("open/any", "{0}/open/any needs {0}/open to be writable by root alone"),
]
LINKED = [("link/right", "{0}/link/right is below {0}/link, which is a link: write {0}/real/right")]


@of_root
@pytest.mark.parametrize(("name", "said"), [*CASES, ("link/right", None)])
def test_before_2_3_keepalived_resolves_links_first(folder, name, said):
    assert TOOL["refusal"](f"{folder}/{name}", True) == (said and said.format(folder))


@of_root
@pytest.mark.parametrize(("name", "said"), [*CASES, *LINKED])
def test_from_2_3_on_keepalived_follows_no_link_to_a_folder(folder, name, said):
    assert TOOL["refusal"](f"{folder}/{name}", False) == (said and said.format(folder))


@pytest.mark.parametrize(
    ("said", "follows"),
    [
        ("Keepalived v2.2.7 (01/16,2022)\n", True),
        ("Keepalived v2.2.8 (04/04,2023)\n", True),
        ("Keepalived v2.3.3 (03/30,2025)\n", False),
        ("Keepalived v3.0.0\n", False),
        ("", True),
    ],
)
def test_the_version_decides(said, follows):
    assert TOOL["follows_links"](said) is follows


@of_root
@needs_keepalived
def test_keepalived_says_the_same(folder):
    """Its check speaks of a program of VRRP that it refuses, unless that may not be executed, and of no other."""
    version = subprocess.run(["keepalived", "--version"], capture_output=True, text=True, check=True).stderr
    file = folder / "keepalived.conf"
    made = f"ip tuntap add mode tap name eth0 && exec keepalived --config-test --use-file {file}"
    for name in [name for name, said in [*CASES, *LINKED] if "executed" not in str(said)]:
        program = f"{folder}/{name}"
        file.write_text(CONFIGURATION % program, encoding="utf-8")
        checked = subprocess.run(["unshare", "--net", "sh", "-c", made], capture_output=True, text=True, check=False)
        refused = TOOL["refusal"](program, TOOL["follows_links"](version))
        assert bool(checked.returncode) is bool(refused), (name, checked.stderr)


def test_each_program_that_is_refused_is_told(tmp_path):
    programs = "/nowhere/check\n/usr/bin/env\n/nowhere/notify"
    done = subprocess.run([sys.executable, PROGRAM], input=programs, capture_output=True, text=True, check=True)
    assert re.findall(r"(?m)^(\S+) is not there$", done.stdout) == ["/nowhere/check", "/nowhere/notify"]


def test_the_programs_are_looked_at_before_the_configuration_names_them():
    tasks = yaml.safe_load((ROLE / "tasks/keepalived/configure.yml").read_text(encoding="utf-8"))
    names = [str(task.get("register", "")) for task in tasks]
    assert names.index("director_refused_programs") < next(at for at, task in enumerate(tasks) if "block" in task)
