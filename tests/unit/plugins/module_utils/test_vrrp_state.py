# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import shutil
import subprocess
import time

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils import vrrp_state
from ansible_collections.lvs.cluster.plugins.module_utils.tools import HOST, Failure, ToolMissing
from ansible_collections.lvs.cluster.tests.unit.plugins.played import Played

# What keepalived 2.2.7 writes, shortened.
DUMP = [
    {
        "data": {
            "iname": "main",
            "ifp_ifname": "eth0",
            "last_transition": 1772357400.25,
            "vrid": 100,
            "base_priority": 200,
            "effective_priority": 180,
            "state": 2,
            "auth_data": "secret",
        },
        "stats": {"advert_rcvd": 2, "advert_sent": 86400, "become_master": 1, "release_master": 0, "auth_failure": 3},
    }
]
STATE = {
    "main": {
        "state": "master",
        "since": 1772357400.25,
        "interface": "eth0",
        "virtual_router_id": 100,
        "priority": 180,
        "base_priority": 200,
        "adverts_sent": 86400,
        "adverts_received": 2,
        "became_master": 1,
        "released_master": 0,
        "authentication_failures": 3,
        "authentication_type_mismatches": 0,
        "interval_mismatches": 0,
        "address_list_mismatches": 0,
    }
}
CAN = {"argv": "--signum=JSON", "out": "36\n"}


@pytest.fixture
def process(tmp_path):
    """A keepalived as /proc shows it, with files for temporary files of its own."""
    entry = tmp_path / "proc/42"
    (entry / "root/run/k").mkdir(parents=True)
    (entry / "comm").write_text("keepalived\n")
    (entry / "environ").write_bytes(b"LANG=C\0TMPDIR=/run/k\0")
    (tmp_path / "k.pid").write_text("42\n")
    return entry


def read(process, runner, kill):
    return vrrp_state.read(runner, process.parents[1] / "k.pid", 0.2, process.parent, kill)


def played(run):
    return Played([run], keepalived="/usr/sbin/keepalived")


@pytest.mark.parametrize("version", [1, 2])
def test_the_state_is_read_and_the_file_is_removed(process, version):
    file = process / "root/run/k/keepalived.json"
    file.write_text("from yesterday")
    sent = []

    def kill(pid, number):
        assert not file.exists()
        sent.append((pid, number))
        file.write_text(json.dumps(DUMP if version == 1 else {"vrrp": DUMP}))

    assert read(process, played(CAN), kill) == STATE
    assert sent == [(42, 36)]
    assert not file.exists()


def test_a_state_that_never_began_has_no_time():
    entry = {"data": {**DUMP[0]["data"], "last_transition": 0.0, "state": 55}}
    assert {name: vrrp_state.parse([entry])["main"][name] for name in ("since", "state", "adverts_sent")} == {
        "since": None,
        "state": "unknown",
        "adverts_sent": 0,
    }


def test_a_file_that_stays_half_written_is_no_answer(process):
    file = process / "root/run/k/keepalived.json"
    with pytest.raises(Failure, match="did not report"):
        read(process, played(CAN), lambda *_: file.write_text('[{"data"'))


def test_the_files_are_in_tmp_unless_the_service_says_otherwise(process):
    (process / "environ").write_bytes(b"TMPDIR=relative\0")
    assert vrrp_state.dump_file(42, process.parent) == process / "root/tmp/keepalived.json"


@pytest.mark.parametrize("run", [{**CAN, "rc": 1}, {**CAN, "out": "Unknown signal\n"}])
def test_a_keepalived_without_json_gets_no_signal(process, run):
    with pytest.raises(ToolMissing, match="built without JSON"):
        read(process, played(run), lambda *_: pytest.fail("it would be killed"))


def test_a_keepalived_that_is_not_found_gets_no_signal(process):
    with pytest.raises(ToolMissing, match="not installed"):
        read(process, Played([]), lambda *_: pytest.fail("it would be killed"))


@pytest.mark.parametrize("broken", ["no_file", "no_number", "gone", "another"])
def test_without_a_process_there_is_no_state(process, broken):
    file = process.parents[1] / "k.pid"
    if broken == "no_file":
        file.unlink()
    elif broken == "no_number":
        file.write_text("")
    elif broken == "gone":
        file.write_text("43")
    else:
        (process / "comm").write_text("sshd\n")
    assert read(process, Played([]), lambda *_: pytest.fail("another process would be killed")) is None


CONFIGURATION = """
vrrp_instance up {
    state BACKUP
    interface up0
    virtual_router_id 7
    priority 120
    virtual_ipaddress { 192.0.2.100/32 }
}
vrrp_instance down {
    state BACKUP
    interface down0
    virtual_router_id 8
    priority 100
    virtual_ipaddress { 192.0.2.101/32 }
}
"""
# Until it is stopped by its pid file; the interfaces end with the namespace.
START = """
for name in up down; do ip link add ${name}0 type veth peer name ${name}1; ip link set ${name}1 up; done
ip link set up0 up
ip address add 192.0.2.11/24 dev up0
ip address add 192.0.2.12/24 dev down0
exec keepalived --dont-fork --log-console --vrrp --use-file TMP/k.conf --pid TMP/k.pid --vrrp_pid TMP/vrrp.pid
"""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("keepalived"), reason="needs root and keepalived")
def test_a_real_keepalived_tells_its_state(tmp_path):
    (tmp_path / "k.conf").write_text(CONFIGURATION)
    with subprocess.Popen(
        ["unshare", "--net", "sh", "-ec", START.replace("TMP", str(tmp_path))],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            end = time.monotonic() + 30
            state = None
            while time.monotonic() < end and (state is None or state["up"]["state"] == "init"):
                time.sleep(0.1)
                state = vrrp_state.read(HOST, tmp_path / "k.pid", 30)
        finally:
            process.terminate()
    assert state is not None
    assert state["up"]["state"] in ("backup", "master")
    assert (state["up"]["interface"], state["up"]["virtual_router_id"], state["up"]["priority"]) == ("up0", 7, 120)
    assert state["down"]["state"] == "fault"
    assert not (tmp_path / "keepalived.json").exists()


def test_two_who_ask_do_it_one_after_the_other(tmp_path):
    lock = tmp_path / "lock"
    with vrrp_state.alone(lock):
        began = time.monotonic()
        # The other one has died with it, or takes too long: asking goes on.
        with vrrp_state.alone(lock, 0.2):
            assert time.monotonic() - began >= 0.2
    began = time.monotonic()
    with vrrp_state.alone(lock):
        assert time.monotonic() - began < 0.2
    # Nobody else can hold it: flock needs an open file.
    assert lock.stat().st_mode & 0o777 == 0o600


def test_without_a_place_for_the_lock_asking_goes_on(tmp_path):
    with vrrp_state.alone(tmp_path / "missing/lock"):
        pass
