# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.module_utils import kernel_settings
from ansible_collections.lvs.cluster.plugins.module_utils.kernel_settings import SettingsError, run
from ansible_collections.lvs.cluster.plugins.module_utils.kernel_settings_plan import settings_from
from ansible_collections.lvs.cluster.plugins.module_utils.tools import Failure, Result, ToolFailed

DATA = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text())
REFUSALS = {"refused": errno.EINVAL, "denied": errno.EACCES, "forbidden": errno.EPERM, "read-only": errno.EROFS}
FORWARD, REDIRECTS = "net/ipv4/ip_forward", "net/ipv4/conf/all/accept_redirects"


class Host:
    """A host in memory that also stands for the AnsibleModule and the runner; *journal* tells what was written, in order."""

    def __init__(self, live=(), brings=(), files=(), ufw=(), modprobe="/sbin/modprobe"):
        self.ufw = dict(ufw)
        self.live, self.brings, self.files, self.modprobe = dict(live), dict(brings), dict(files), modprobe
        self.modprobe_says: tuple[str, ...] = ()
        self.loaded: set[str] = set()
        self.journal: list[tuple[str, str]] = []
        self.check_mode = False

    def find(self, tool):
        assert tool == "modprobe"
        return self.modprobe

    def start(self, argv, stdin=""):
        name = argv[-1]
        assert argv == [self.modprobe, *(["--dry-run"] if self.check_mode else []), "--", name]
        if self.modprobe_says:
            return lambda: Result(1, *self.modprobe_says)
        if "--dry-run" not in argv:
            self.journal.append(("load", name))
            if name in self.brings:
                self.loaded.add(name)
                self.live.update(self.brings[name])
        return lambda: Result(0, "", "")

    def write_live(self, path, value):
        self.journal.append(("set", path))
        if value in REFUSALS:
            number = REFUSALS[value]
            raise OSError(number, os.strerror(number))
        self.live[path] = str(int(value, 16)) if value.startswith("0x") else value
        if path == FORWARD:
            # As the kernel does.
            self.live[REDIRECTS] = "0" if value == "1" else "1"
            for switch in [key for key in self.live if key.endswith("/forwarding")]:
                self.live[switch] = value

    def write_file(self, _module, path, text):
        self.journal.append(("write", path))
        if text is None:
            del self.files[path]
        else:
            self.files[path] = text

    def names(self):
        return [path.rpartition("/")[2][:-5] for path in self.files if path.endswith(".json")]

    def forwarding(self):
        return [path for path, value in self.live.items() if path.endswith("/forwarding") and value == "1"]

    def run(self, wanted, check_mode=False):
        self.journal.clear()
        self.check_mode = check_mode
        settings = settings_from(wanted.get("name", "lvs"), wanted.get("modules", []), wanted.get("sysctls", {}))
        return run(self, self, settings, wanted.get("purge", True), wanted.get("keep", []))


@pytest.fixture
def make_host(monkeypatch):
    def make(**kwargs):
        host = Host(**kwargs)
        monkeypatch.setattr(kernel_settings, "_read", host.files.get)
        monkeypatch.setattr(kernel_settings, "_write", host.write_file)
        monkeypatch.setattr(kernel_settings, "_recorded_names", host.names)
        monkeypatch.setattr(kernel_settings, "_forwarding", host.forwarding)
        monkeypatch.setattr(kernel_settings, "conf_files", lambda _folder: sorted(host.files.items()))
        monkeypatch.setattr(kernel_settings, "ufw_files", lambda: sorted(host.ufw.items()))
        monkeypatch.setattr(kernel_settings.sysctl_files, "read_live", host.live.get)
        monkeypatch.setattr(kernel_settings.sysctl_files, "write_live", host.write_live)
        monkeypatch.setattr(kernel_settings.kernel_modules, "loaded_modules", host.loaded.intersection)
        return host

    return make


@pytest.mark.parametrize("case", DATA["refused"], ids=lambda case: case["error"][:40])
def test_wrong_parameters_are_refused(case):
    with pytest.raises(ValueError) as caught:
        settings_from(**case["params"])
    assert str(caught.value) == case["error"]


@pytest.mark.parametrize("life", DATA["lives"].values(), ids=DATA["lives"])
def test_life_of_a_host(make_host, life):
    host = make_host(**life["host"])
    for step in life["runs"]:
        happened = {"result": host.run(step["wanted"]), "live": host.live, "files": host.files}
        happened["result"].pop("diff")
        told = {name: happened[name] for name in step if name != "wanted"}
        assert told
        assert told == {name: step[name] for name in told}
        assert host.run(step["wanted"])["changed"] is False
        assert host.journal == []


@pytest.mark.parametrize("life", DATA["lives"].values(), ids=DATA["lives"])
def test_check_mode_foretells_and_changes_nothing(make_host, life):
    host = make_host(**life["host"])
    for step in life["runs"]:
        before = dict(host.live), dict(host.files), set(host.loaded)
        foretold = host.run(step["wanted"], check_mode=True)
        assert (host.live, host.files, host.loaded) == before
        assert host.journal == []
        done = host.run(step["wanted"])
        assert foretold["changed"] == done["changed"]
        assert foretold["files_changed"] == done["files_changed"]
        assert foretold["modules_loaded"] == done["modules_loaded"]
        assert [*foretold["sysctls_set"], *foretold["sysctls_restored"]] == [
            *done["sysctls_set"],
            *done["sysctls_restored"],
        ]


@pytest.mark.parametrize("case", DATA["failing"].values(), ids=DATA["failing"])
def test_what_stands_in_the_way_is_one_sentence(make_host, case):
    with pytest.raises(Failure) as caught:
        make_host(**case["host"]).run(case["wanted"])
    assert str(caught.value) == case["error"]


def test_check_mode_tells_of_a_key_that_no_module_will_bring(make_host):
    with pytest.raises(Failure, match="no_such_key"):
        make_host().run({"sysctls": {"net.ipv4.no_such_key": 1}}, check_mode=True)


@pytest.mark.parametrize("says", [("", "not today\n"), ("not today\n", ""), ("more\n", "not today\n")])
@pytest.mark.parametrize("check_mode", [False, True])
def test_what_modprobe_says_is_passed_on(make_host, monkeypatch, says, check_mode):
    host = make_host()
    host.modprobe_says = says
    monkeypatch.setattr(kernel_settings.kernel_modules, "why_not_loadable", lambda name, said: f"{name}: {said}")
    with pytest.raises(ToolFailed) as caught:
        host.run({"modules": ["ip_vs"]}, check_mode)
    assert str(caught.value) == "ip_vs: not today\n"
    command = "modprobe --dry-run -- ip_vs" if check_mode else "modprobe -- ip_vs"
    assert caught.value.facts == {"cmd": command, "rc": 1, "stdout": says[0], "stderr": says[1]}


def test_former_values_are_on_disk_before_the_first_write(make_host):
    host = make_host(live={FORWARD: "0", REDIRECTS: "1"}, brings={"ip_vs": {}})
    host.run({"modules": ["ip_vs"], "sysctls": {"net.ipv4.ip_forward": 1}})
    assert host.journal == [
        ("load", "ip_vs"),
        ("write", "/var/lib/lvs-cluster/lvs.json"),
        ("set", FORWARD),
        ("write", "/etc/modules-load.d/lvs.conf"),
        ("write", "/etc/sysctl.d/90-lvs.conf"),
    ]


def test_an_interrupted_run_loses_no_former_value(make_host):
    filters = {f"net/ipv4/conf/{name}/rp_filter": "1" for name in ("all", "default")}
    host = make_host(live=filters)
    with pytest.raises(SettingsError):
        host.run({"sysctls": {"net.ipv4.conf.all.rp_filter": 0, "net.ipv4.conf.default.rp_filter": "refused"}})
    assert host.live["net/ipv4/conf/all/rp_filter"] == "0"
    host.run({"sysctls": {"net.ipv4.conf.all.rp_filter": 0, "net.ipv4.conf.default.rp_filter": 2}})
    host.run({})
    assert host.live == filters
    assert host.files == {}


def test_an_interrupted_restore_loses_no_former_value(make_host):
    host = make_host(live={"a/x": "0", "a/y": "0"})
    host.run({"sysctls": {"a.x": 1, "a.y": 1}})
    with pytest.raises(SettingsError):
        host.run({"sysctls": {"a.y": "refused"}})
    host.run({})
    assert host.live == {"a/x": "0", "a/y": "0"}


def test_a_key_that_another_one_changes_is_set_once_more(make_host):
    host = make_host(live={FORWARD: "0", REDIRECTS: "1"})
    host.run({"sysctls": {"net.ipv4.conf.all.accept_redirects": 1, "net.ipv4.ip_forward": 1}})
    assert host.live == {FORWARD: "1", REDIRECTS: "1"}


class Mover:
    """Stands for the AnsibleModule where a file is written."""

    def __init__(self, folder):
        self.tmpdir = str(folder)
        self.atomic_move = os.replace


def test_files_are_written_for_everybody_to_read_and_leave_no_empty_folder(tmp_path, monkeypatch):
    state = tmp_path / "state"
    monkeypatch.setattr(kernel_settings, "STATE_DIR", str(state))
    kernel_settings._write(Mover(tmp_path), str(state / "lvs.json"), "{}\n")
    assert (state / "lvs.json").read_text() == "{}\n"
    assert (state / "lvs.json").stat().st_mode & 0o777 == 0o644
    assert state.stat().st_mode & 0o777 == 0o755
    assert kernel_settings._recorded_names() == ["lvs"]
    kernel_settings._write(Mover(tmp_path), str(state / "lvs.json"), None)
    assert not state.exists()
    assert kernel_settings._recorded_names() == []


def test_a_file_that_has_vanished_is_removed_already(tmp_path):
    kernel_settings._write(Mover(tmp_path), str(tmp_path / "gone"), None)


def test_who_may_not_write_is_told_so(tmp_path, monkeypatch):
    def refuse(*_arguments, **_options):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(kernel_settings.os, "makedirs", refuse)
    with pytest.raises(SettingsError) as caught:
        kernel_settings._write(Mover(tmp_path), "/var/lib/lvs-cluster/lvs.json", "{}")
    assert (
        str(caught.value)
        == "/var/lib/lvs-cluster/lvs.json can't be written: Permission denied. It takes root: use become."
    )


def test_check_mode_on_a_bare_host_without_modprobe(make_host):
    host = make_host(modprobe=None)
    result = host.run({"modules": ["ip_vs"], "sysctls": {"net.ipv4.vs.conntrack": 1}}, check_mode=True)
    assert result["changed"] is True
    assert result["sysctls_set"] == {"net.ipv4.vs.conntrack": {"before": None, "after": "1"}}


def test_diff_shows_the_kernel_and_the_files(make_host):
    host = make_host(live={FORWARD: "0", REDIRECTS: "1"}, brings={"ip_vs": {}})
    diff = host.run({"modules": ["ip_vs"], "sysctls": {"net.ipv4.ip_forward": 1}})["diff"]
    assert diff[0] == {
        "before_header": "running kernel",
        "after_header": "running kernel",
        "before": "module ip_vs = not loaded\nnet.ipv4.ip_forward = 0\n",
        "after": "module ip_vs = loaded\nnet.ipv4.ip_forward = 1\n",
    }
    assert {entry["after_header"]: entry["after"] for entry in diff[1:]} == host.files
    assert {entry["before"] for entry in diff[1:]} == {""}
