# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module's main, run whole: what it is given, every ipvsadm process it starts, what it returns.

A case: `params`; `check` and `diff`; `host`, which is ready (default), bare (no ipvsadm) or empty (no ip_vs in the
kernel); `runs`, the processes in their order with what each is to be given and prints; `result`, what is to come out.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs import command, daemon, drain, preflight
from ansible_collections.lvs.cluster.tests.unit.ansible_versions import TELL_ARGUMENTS, patch_module_args
from ansible_collections.lvs.cluster.tests.unit.plugins.played import Played


def cases():
    for path in sorted(Path(__file__).parent.glob("ipvs_*.yml")):
        data = yaml.safe_load(path.read_text())
        for name, case in data["cases"].items():
            yield pytest.param(path.stem, case, id=f"{path.stem}-{name}")


@pytest.mark.parametrize(("name", "case"), list(cases()))
def test_module(name, case, monkeypatch, tmp_path, capsys):
    host = case.get("host", "ready")
    runner = Played(case.get("runs", []), **({} if host == "bare" else {"ipvsadm": "/usr/sbin/ipvsadm"}))
    monkeypatch.setattr(command, "PROC_TABLE", str(tmp_path if host == "ready" else tmp_path / "nothing"))
    monkeypatch.setattr(drain, "INTERVAL", 0)
    monkeypatch.setattr(daemon, "INTERFACES", str(tmp_path))
    (tmp_path / "eth0").mkdir()
    (tmp_path / "eth1").mkdir()
    monkeypatch.setattr(preflight, "is_missing", lambda name, *_: name in case.get("kernel_lacks", []))
    module = importlib.import_module(f"ansible_collections.lvs.cluster.plugins.modules.{name}")
    params = {
        **case["params"],
        "_ansible_check_mode": case.get("check", False),
        "_ansible_diff": case.get("diff", False),
        **TELL_ARGUMENTS,
    }
    with patch_module_args(params), pytest.raises(SystemExit):
        module.main(runner)
    result = json.loads(capsys.readouterr().out)
    assert not runner.runs, "processes not started"
    expected = {"failed": False, **case["result"]}
    assert {key: result.get(key, False if key == "failed" else None) for key in expected} == expected


def test_a_bug_is_not_told_as_a_failure(monkeypatch):
    """Ansible tells what leaves main() with its traceback, a ValueError, too."""

    def stumble(*_):
        raise ValueError("invalid literal for int()")

    module = importlib.import_module("ansible_collections.lvs.cluster.plugins.modules.ipvs_table")
    monkeypatch.setattr(module, "target_table", stumble)
    runner = Played([{"argv": "-Sn"}, {"argv": "-Ln --thresholds"}], ipvsadm="/usr/sbin/ipvsadm")
    with patch_module_args({"services": []}), pytest.raises(ValueError, match="invalid literal"):
        module.main(runner)
