# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts of the controller: where they are looked for, what they may be, and what the directors run."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster import schema
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.mistakes import (
    InventoryMistakes,
    InventoryPath,
    Mistakes,
)
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.scripts import FOLDER, ScriptFiles, read_script


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of an inventory with two scripts of one name, a program, an encrypted one, and a text."""
    (tmp_path / "a").mkdir()
    for name, content in (
        ("check", b"#!/bin/sh\n"),
        ("a/check", b"#!/bin/sh\n"),
        ("program", b"\x7fELF\x02"),
        ("secret", b"$ANSIBLE_VAULT;1.1;AES256\n"),
        ("text", b"echo\n"),
    ):
        (tmp_path / name).write_bytes(content)
    return tmp_path


def read(folder: Path | None, *given: object) -> tuple[list[str | None], ScriptFiles, list[str]]:
    """The commands of scripts, what is known of them then, and what was said."""
    mistakes = Mistakes()
    files = ScriptFiles(str(folder) if folder else None)
    read = [read_script(one, InventoryPath("notify", mistakes), files) for one in given]
    return [one and one["command"] for one in read], files, list(mistakes)


def test_a_relative_path_begins_at_the_folder_of_the_inventory(folder: Path, inventory: Callable) -> None:
    hostvars, groups = inventory({"all": {"lvs_vrrp": {"notify": {"master": {"src": "a/check"}}}}})
    hostvars["lvs1"]["inventory_dir"] = str(folder)
    scripts = resolve(hostvars, groups)["hosts"]["lvs2"]["scripts"]
    assert scripts["installed"] == [{"src": str(folder / "a/check"), "path": f"{FOLDER}/check"}]


def test_scripts_programs_and_encrypted_files_can_be_copied(folder: Path) -> None:
    commands, files, said = read(
        folder, {"src": "check"}, {"src": "./check", "arguments": "a 'b c'"}, {"src": "program"}, {"src": "secret"}
    )
    assert said == []
    assert commands == [f"{FOLDER}/{words}" for words in ("check", "check a 'b c'", "program", "secret")]
    assert [one["src"] for one in files.resolved()["installed"]] == [
        str(folder / name) for name in ("check", "program", "secret")
    ]


def test_another_file_of_the_same_name_is_refused(folder: Path) -> None:
    _commands, _files, said = read(folder, {"src": "check"}, {"src": "a/check"})
    assert said == [
        f'notify: src is "a/check", but {folder}/check has the same name: rename one, both are copied to {FOLDER}'
    ]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("text", "has no interpreter in its first line"),
        ("gone", "the controller has no file"),
        ("a", "the controller has no file"),
    ],
)
def test_what_cannot_be_run_is_refused(folder: Path, name: str, reason: str) -> None:
    commands, _files, said = read(folder, {"src": name})
    assert commands == [None]
    assert len(said) == 1
    assert reason in said[0]
    assert str(folder / name) in said[0]


def test_a_script_of_another_user_is_run_by_chroot_and_checked_on_the_director(folder: Path) -> None:
    commands, files, said = read(
        folder, {"src": "check", "arguments": "-x", "user": "nobody"}, {"command": "/bin/true a", "user": "nobody"}
    )
    assert said == []
    assert commands == [
        f"/usr/sbin/chroot --userspec=nobody / {FOLDER}/check -x",
        "/usr/sbin/chroot --userspec=nobody / /bin/true a",
    ]
    assert files.resolved()["users"] == [
        {"user": "nobody", "program": f"{FOLDER}/check"},
        {"user": "nobody", "program": "/bin/true"},
    ]


def test_a_script_of_root_is_looked_at_on_the_director() -> None:
    """keepalived leaves out what it cannot run, and its check of a configuration does not say so."""
    files, path = ScriptFiles(None), InventoryPath("notify", Mistakes())
    for given in ("/bin/true --quick", "/bin/true", "/bin/one-{port} now", {"command": "/bin/false", "user": "nobody"}):
        assert read_script(given, path, files, schema.WORDED_SCRIPT)
    assert files.resolved()["programs"] == ["/bin/true"]


def test_a_program_whose_path_has_words_is_looked_at_for_each_real_server(inventory: Callable) -> None:
    """keepalived leaves out the check of a real server whose program is missing, and that real server counts as healthy."""
    notify = {"up": "/bin/true {address}", "down": "/bin/down-{address} {port}"}
    service = {
        "vip": ["172.28.0.100", "172.28.0.101"],
        "health": {"type": "script", "command": "/bin/check-{vip} {address}"},
        "notify": {"quorum_up": "/bin/up-{vip_port}"},
        "real_servers": [{"host": "web1", "notify": notify}, "web2"],
    }
    programs = resolve(*inventory({"service": service}))["hosts"]["lvs1"]["scripts"]["programs"]
    # The checks are those of the first VIP.
    assert programs == ["/bin/true", "/bin/up-80", "/bin/check-172.28.0.100", "/bin/down-172.28.0.21"]


def test_a_command_that_is_too_long_for_a_line_is_refused() -> None:
    assert read(None, "/bin/true " + "x" * 490)[2] == []
    assert read(None, "/bin/true " + "x" * 491)[2] == [
        "notify: the command has 501 characters, and keepalived takes 500: put some of it into a script"
    ]


def test_the_longest_addresses_count_in_a_command_about_a_real_server() -> None:
    mistakes = Mistakes()
    given = {"command": "/bin/true " + "x" * 440 + " {address} {port}", "user": "nobody:daemon"}
    read_script(given, InventoryPath("notify", mistakes), ScriptFiles(None), schema.WORDED_SCRIPT)
    assert list(mistakes) == [
        "notify: the command has up to 540 characters, and keepalived takes 500: put some of it into a script"
    ]


def test_a_script_about_a_real_server_runs_as_its_user_with_the_words_in_its_arguments(
    folder: Path, inventory: Callable
) -> None:
    script = {"src": "check", "arguments": "{vip} {address}", "user": "nobody:daemon"}
    service = {
        "health": {"type": "script", **script},
        "real_servers": [{"host": "web1", "notify": {"down": script}}],
    }
    hostvars, groups = inventory({"service": service})
    for variables in hostvars.values():
        variables["inventory_dir"] = str(folder)
    cluster = resolve(hostvars, groups)
    server = cluster["keepalived"]["virtual_servers"][0]["real_servers"][0]
    command = f"/usr/sbin/chroot --userspec=nobody:daemon / {FOLDER}/check 172.28.0.100 172.28.0.21"
    assert server["notify_down"] == {"command": command, "as_root": True}
    assert [(one["command"], one["as_root"]) for one in server["checks"]] == [(f'"{command}"', True)]
    assert cluster["hosts"]["lvs1"]["scripts"] == {
        "installed": [{"src": str(folder / "check"), "path": f"{FOLDER}/check"}],
        "users": [{"user": "nobody:daemon", "program": f"{FOLDER}/check"}],
        "programs": [],
    }


@pytest.mark.parametrize(("stack", "copied"), [("static", False), ("ldirectord", True)])
def test_a_script_of_a_check_is_copied_where_something_checks(
    stack: str, copied: bool, folder: Path, inventory: Callable
) -> None:
    directors = ["lvs1"] if stack == "static" else ["lvs1", "lvs2"]
    change = {
        "all": {"lvs_stack": stack, "lvs_heartbeat": {"key": "a-key-of-an-example"}},
        "groups": {"directors": directors},
        "service": {"health": {"type": "script", "src": str(folder / "check")}},
    }
    cluster = resolve(*inventory(change))
    assert bool(cluster["hosts"]["lvs1"]["scripts"]["installed"]) is copied


def test_a_missing_script_is_told_with_every_other_mistake(inventory: Callable) -> None:
    with pytest.raises(InventoryMistakes) as wrong:
        resolve(*inventory({"all": {"lvs_vrrp": {"notify": {"master": {"src": "/gone"}}}}, "service": {"port": 0}}))
    assert len(wrong.value.messages) > 1


def test_a_script_of_another_user_is_started_by_root() -> None:
    files, path = ScriptFiles(None), InventoryPath("notify", Mistakes())
    assert read_script({"command": "/bin/true", "user": "nobody"}, path, files)["as_root"]
    assert not read_script("/bin/true", path, files)["as_root"]


def test_scripts_that_name_nobody_run_as_the_user_of_the_cluster(inventory):
    own = {"type": "script", "command": "/usr/bin/check-it", "user": "nobody"}
    health = [
        {"type": "script", "command": "/usr/bin/check"},
        {**own, "command": "/usr/bin/check-root", "user": "root"},
        own,
    ]
    change = {"service": {"health": health}, "all": {"director_script_user": "keepalived_script"}}
    cluster = resolve(*inventory(change))
    began = "/usr/sbin/chroot --userspec={} / {}"
    assert [(check["command"], check["as_root"]) for check in cluster["services"][0]["health"]] == [
        (began.format("keepalived_script", "/usr/bin/check"), True),
        (began.format("root", "/usr/bin/check-root"), True),
        (began.format("nobody", "/usr/bin/check-it"), True),
    ]
    assert cluster["hosts"]["lvs1"]["scripts"]["users"] == [
        {"user": "keepalived_script", "program": "/usr/bin/check"},
        {"user": "root", "program": "/usr/bin/check-root"},
        {"user": "nobody", "program": "/usr/bin/check-it"},
    ]


def test_scripts_of_ldirectord_run_as_root(inventory):
    health = {"type": "script", "command": "/usr/bin/check"}
    change = {"service": {"health": health}, "all": {"lvs_stack": "ldirectord", "director_script_user": "nobody"}}
    change["all"]["lvs_heartbeat"] = {"key": "a-key-of-more-than-16-letters"}
    assert resolve(*inventory(change))["ldirectord"]["virtuals"][0]["checkcommand"] == "/usr/bin/check"
