# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.module_utils import sysctl_files

DATA = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text())


@pytest.mark.parametrize(("key", "path"), DATA["key_path"].items())
def test_key_path(key, path):
    assert sysctl_files.key_path(key) == path


@pytest.mark.parametrize("path", sorted(set(DATA["key_path"].values())))
def test_dotted_key_reverses_key_path(path):
    assert sysctl_files.key_path(sysctl_files.dotted_key(path)) == path


@pytest.mark.parametrize("case", DATA["boot_values"].values(), ids=DATA["boot_values"])
def test_boot_values(case):
    found = sysctl_files.boot_values(case["files"].items(), case["expected"], case.get("later", {}).items())
    assert {path: entry and list(entry) for path, entry in found.items()} == case["expected"]


def test_live_values_are_shown_with_single_blanks(tmp_path):
    (tmp_path / "threshold").write_text("3\t50\n")
    assert sysctl_files.read_live("threshold", str(tmp_path)) == "3 50"


@pytest.mark.parametrize("path", ["missing", "threshold/deeper", "."])
def test_no_such_key_has_no_live_value(tmp_path, path):
    (tmp_path / "threshold").write_text("3\t50\n")
    assert sysctl_files.read_live(path, str(tmp_path)) is None


def test_a_live_value_is_written_as_a_line_and_its_file_closed(tmp_path):
    (tmp_path / "threshold").touch()
    opened = os.listdir("/proc/self/fd")
    sysctl_files.write_live("threshold", "3 50", str(tmp_path))
    assert (tmp_path / "threshold").read_text() == "3 50\n"
    assert os.listdir("/proc/self/fd") == opened


def test_a_key_that_the_kernel_lacks_is_not_made(tmp_path):
    with pytest.raises(FileNotFoundError):
        sysctl_files.write_live("threshold", "3 50", str(tmp_path))
    assert not (tmp_path / "threshold").exists()
