# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks with other versions of ansible-core: what they compare, where they run, and what the collection says of the versions."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.modules import deployed_facts
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.cluster.conftest import hostvars_and_groups

ROOT = Path(__file__).resolve().parents[3]
MATRIX = ROOT / "tests/matrix"
# The SHA-1 of a text of a file.
RESTART = "16f766f2f5d7ff50934fb25604a14e9fd4126771"


def record(path: Path, *entries: tuple[str, str, str, dict]) -> Path:
    lines = [json.dumps({"host": h, "task": t, "module": m, "args": a}) for h, t, m, a in entries]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_the_order_counts_on_each_host_alone(matrix, tmp_path):
    here = ("lb1", "Write", "copy", {"dest": "/a"}), ("lb1", "Run", "command", {}), ("lb2", "Run", "command", {})
    one = record(tmp_path / "one.jsonl", *here)
    assert matrix.differences(one, record(tmp_path / "same.jsonl", here[2], *here[:2])) == []
    swapped = matrix.differences(one, record(tmp_path / "swapped.jsonl", here[1], here[0], here[2]))
    assert "+Run | command | {}" in swapped
    other = record(tmp_path / "other.jsonl", ("lb1", "Write", "copy", {"dest": "/b"}), *here[1:])
    assert [line for line in matrix.differences(one, other) if line[:4] in ("-Wri", "+Wri")] == [
        '-Write | copy | {"dest": "/a"}',
        '+Write | copy | {"dest": "/b"}',
    ]


def test_versions_that_did_nothing_are_not_the_same(matrix, tmp_path, monkeypatch):
    monkeypatch.setattr(matrix, "ROOT", tmp_path)
    monkeypatch.setattr(matrix, "OUT", tmp_path)
    assert not matrix.same("site.yml", {"2.16": tmp_path / "none.jsonl", "2.21": tmp_path / "none_too.jsonl"})


def test_a_run_that_stops_before_its_end_proves_nothing(matrix, tmp_path, monkeypatch):
    monkeypatch.setattr(matrix, "ROOT", tmp_path)
    monkeypatch.setattr(matrix, "OUT", tmp_path)
    here = ("lb1", "Write", "copy", {"dest": "/a"})
    one, other = record(tmp_path / "one.jsonl", here), record(tmp_path / "other.jsonl", here)
    assert matrix.same("site.yml", {"2.16": one, "2.21": other})
    assert not matrix.same("site.yml", {"2.16": one, "2.21": None})
    assert not matrix.same("site.yml", {"2.16": None, "2.21": None})
    assert matrix.ended("site", True, "")
    assert not matrix.ended("site", False, "msg: The filter plugin failed")
    assert matrix.ended("verify", False, "msg:\n    - '61 faults:'")
    assert not matrix.ended("verify", False, "msg: The filter plugin failed")
    assert set(matrix.FAILS) <= {playbook for _case, playbooks in matrix.PLAYS for playbook in playbooks}


def test_all_but_site_is_played_on_hosts_that_it_has_deployed(matrix):
    assert {playbooks[0] for _case, playbooks in matrix.PLAYS} == {"site"}
    known = matrix.with_deployed({"facts": {}, "deployed": {"lb1": {"stacks": []}}}, matrix.DRAINED)
    assert known["deployed"]["lb1"]["stacks"] == []
    assert known["deployed"]["lb1"]["drained"]["drains"][0]["real_server"] == "web1"


@pytest.fixture
def made_up(matrix, tmp_path, monkeypatch):
    """without_hosts.py, with a file of a host."""
    (tmp_path / "world.json").write_text(json.dumps({"facts": {}, "contents": {"lb1": {"/etc/a": "text"}}}))
    monkeypatch.setattr(sys, "argv", ["without_hosts.py", str(tmp_path / "record")])
    monkeypatch.setenv("PLAYED_WORLD", str(tmp_path / "world.json"))
    spec = importlib.util.spec_from_file_location("lvs_without_hosts", MATRIX / "without_hosts.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_made_up_of_bare_hosts_is_all_that_deployed_facts_finds(made_up):
    described = yaml.safe_load(deployed_facts.RETURN)["ansible_facts"]["contains"]["deployed_lvs"]
    assert set(made_up.NOTHING_DEPLOYED) == set(described["contains"])


def test_files_that_are_not_there_are_made_up_as_such(made_up):
    """Otherwise a play fails where it reads one, and all that comes after it is compared by nobody."""
    said = {path: made_up.commanded("lb1", {"_raw_params": f"cat {path}"}, {}) for path in ("/etc/a", "/etc/b")}
    assert [(one["rc"], one["stdout"]) for one in said.values()] == [(0, "text"), (1, "")]
    skipped = made_up.commanded("lb1", {"cmd": "cat /etc/b", "removes": "/etc/b"}, {})
    assert (skipped["rc"], skipped["start"], skipped["changed"]) == (0, None, False)
    assert made_up.commanded("lb1", {"cmd": "true"}, {})["start"] is not None
    assert made_up.answer("slurp", "lb1", {"src": "/etc/a"}, {})["content"] == "dGV4dA=="


def test_what_a_run_has_written_is_deployed_afterwards(matrix, tmp_path):
    programs = {"files": {"/usr/local/sbin/lvs-heal": "x"}, "executable": []}
    entries = (
        (
            "lb1",
            "Write",
            "copy",
            {"dest": "/etc/systemd/system/keepalived.service.d/lvs-cluster.conf", "checksum": "1"},
        ),
        ("lb1", "Write", "copy", {"dest": "/etc/lvs-heal-shop.json", "checksum": RESTART}),
        ("lb1", "Write", "copy", {"dest": "/etc/lvs-sync.conf", "checksum": "3"}),
        ("lb1", "Write", "copy", {"dest": "/etc/systemd/system/lvs-vip.service", "checksum": "4"}),
        ("lb1", "Install", "command", {"stdin": json.dumps(programs)}),
        ("lb1", "Check", "command", {"stdin": None}),
    )
    texts = (("", "Write", "file content", {"text": "restart"}),)
    after = matrix.world_after(record(tmp_path / "record.jsonl", *texts, *entries))
    deployed = after["deployed"]["lb1"]
    assert after["contents"]["lb1"] == {"/etc/lvs-heal-shop.json": "restart"}
    assert (deployed["stacks"], deployed["lvs_vip"], deployed["sync"]) == (
        ["keepalived.service"],
        True,
        {"/etc/lvs-sync.conf": "3"},
    )
    assert deployed["heal"]["mends"] == ["/etc/lvs-heal-shop.json"]
    assert deployed["heal"]["files"] == {
        "/etc/lvs-heal-shop.json": RESTART,
        "/usr/local/sbin/lvs-heal": "11f6ad8ec52a2984abaafd7c3b516503785c2072",
    }


def test_texts_with_braces_are_no_templates(matrix):
    text = matrix.cases.inventory("everything")
    assert "!unsafe '# {{ not_a_template }} {% nor_this %} {# nor_this #}'" in text
    assert "vip: 172.28.0.100" in text


def test_every_inventory_that_is_played_is_right(matrix):
    for case in {case for case, _playbooks in matrix.PLAYS}:
        assert resolve(*hostvars_and_groups(matrix.cases.read(case)))["services"]


def test_every_playbook_that_is_played_is_there(matrix):
    played = {playbook for _case, playbooks in matrix.PLAYS for playbook in playbooks}
    assert played <= {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    assert set(matrix.OPTIONS) <= played


def test_the_pythons_of_all_versions_are_all_that_ansible_runs_with(matrix):
    preferred = [pythons[0] for pythons in matrix.VERSIONS.values()]
    assert {"3.10", "3.11", "3.12", "3.13"} == set(preferred)


def test_a_python_is_the_newest_of_its_version_in_pyenv(matrix, tmp_path):
    for version in ("3.12.1", "3.12.7", "3.13.0"):
        (tmp_path / f".pyenv/versions/{version}/bin").mkdir(parents=True)
        (tmp_path / f".pyenv/versions/{version}/bin/python{version[:4]}").touch()
    found = matrix.candidates("3.12", tmp_path)
    assert [path.parents[1].name for path in found if tmp_path in path.parents] == ["3.12.7", "3.12.1"]


def test_programs_of_hosts_without_a_suffix_are_among_those_that_every_python_reads(matrix):
    names = {path.name for path in matrix.on_hosts()}
    assert {"lvs-heal", "lvs_vip.py", "node_info.py", "connections.py", "tools.py"} <= names
    assert not {"lvs-stand-by", "lvs-heal.service", "resolve.py"} & names
    assert "resolve.py" in {path.name for path in matrix.on_controllers()}


def test_what_the_collection_says_of_its_versions_agrees(matrix):
    def text(file: str) -> str:
        return (ROOT / file).read_text(encoding="utf-8")

    assert yaml.safe_load(text("meta/runtime.yml"))["requires_ansible"] == f">={matrix.OLDEST}.0"
    roles = [yaml.safe_load(path.read_text("utf-8"))["galaxy_info"] for path in ROOT.glob("roles/*/meta/main.yml")]
    assert {role["min_ansible_version"] for role in roles} == {matrix.OLDEST}
    assert f"ansible-core>={matrix.PINNED}," in text("requirements.txt")
    assert f"ansible-core {matrix.OLDEST} or later" in text("README.md")
    assert f"ansible-core {matrix.OLDEST} to {matrix.NEWEST}" in text("docs/docsite/rst/platforms.rst")


def test_distributions_have_the_same_variables(matrix):
    """What a task reads of vars/Debian.yml is in vars/RedHat.yml, too. Heartbeat is Debian's alone."""
    for role in ("director", "real_server"):
        debian, red_hat = (
            yaml.safe_load((ROOT / f"roles/{role}/vars/{family}.yml").read_text("utf-8"))
            for family in ("Debian", "RedHat")
        )
        assert set(debian) - set(red_hat) <= {"director_driver_packages"}
        assert set(red_hat) <= set(debian)
    stacks = [
        yaml.safe_load((ROOT / f"roles/director/vars/{family}.yml").read_text("utf-8"))
        for family in ("Debian", "RedHat")
    ]
    assert set(stacks[0]["director_packages"]) - set(stacks[1]["director_packages"]) == {"ldirectord"}
    host = yaml.safe_load((ROOT / "roles/_host/vars/main.yml").read_text("utf-8"))
    tools = host["_host_tool_packages"]
    assert set(tools["Debian"]) == set(tools["RedHat"])
    assert set(host["_host_package_query"]) == {"Debian", "RedHat"}
    # Every file of a family is read by its name.
    assert re.search(r"include_vars: .*os_family", (ROOT / "roles/director/tasks/prepare.yml").read_text("utf-8"))
