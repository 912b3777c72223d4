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
import subprocess
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs import command, daemon, drain, preflight

IPVSADM = "/usr/sbin/ipvsadm"


def cases():
    for path in sorted(Path(__file__).parent.glob("ipvs_*.yml")):
        data = yaml.safe_load(path.read_text())
        for name, case in data["cases"].items():
            yield pytest.param(path.stem, case, id=f"{path.stem}-{name}")


class Player:
    """Stands for subprocess.Popen and plays the runs of a case."""

    def __init__(self, runs):
        self.runs = list(runs)

    def __call__(self, argv, stdin=None, stdout=None, stderr=None, env=None):
        assert env["LC_ALL"] == "C"
        assert self.runs, f"one process too many: {argv}"
        run = self.runs.pop(0)
        assert argv == [IPVSADM, *str(run["argv"]).split()]
        return Process(argv, run, stdout)


class Process:
    """A process that has ended before it began."""

    def __init__(self, argv, run, stdout):
        self.args, self.run, self.returncode = argv, run, run.get("rc", 0)
        self.out = run.get("out", "").encode()
        if hasattr(stdout, "write"):
            stdout.write(self.out)

    def communicate(self, given=None, timeout=None):
        assert (given or b"").decode() == self.run.get("stdin", "")
        return self.out, self.run.get("err", "").encode()

    def poll(self):
        return self.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        return None


@pytest.mark.parametrize(("name", "case"), list(cases()))
def test_module(name, case, monkeypatch, tmp_path, capsys):
    player, host = Player(case.get("runs", [])), case.get("host", "ready")
    monkeypatch.setattr(subprocess, "Popen", player)
    monkeypatch.setattr(AnsibleModule, "get_bin_path", lambda *_: None if host == "bare" else IPVSADM)
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
    }
    with patch_module_args(params), pytest.raises(SystemExit):
        module.main()
    result = json.loads(capsys.readouterr().out)
    assert not player.runs, "processes not started"
    expected = {"failed": False, **case["result"]}
    assert {key: result.get(key, False if key == "failed" else None) for key in expected} == expected
