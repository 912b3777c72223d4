# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""keepalived is asked only if the signal does not end it, and heard only when it has written everything."""

from __future__ import annotations

import os
import signal

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.heal import checker
from ansible_collections.lvs.cluster.plugins.module_utils.tools import Failure

BLOCKED = "SigBlk:\t4000000000004203\nSigCgt:\t0000000000000000\n"
CAUGHT = "SigBlk:\t0000000000000000\nSigCgt:\t0000000000000200\n"
NEITHER = "SigBlk:\t4000000000004003\nSigCgt:\t0000000000000000\n"


@pytest.mark.parametrize(("status", "takes"), [(BLOCKED, True), (CAUGHT, True), (NEITHER, False)])
def test_the_signal_must_be_blocked_or_caught(status, takes):
    assert checker.takes_signal(status) is takes


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A /proc with keepalived's process 7, and its pid file."""
    monkeypatch.setattr(checker, "PAUSE", 0.001)
    own = tmp_path / "proc/7"
    for folder in ("fd", "root/tmp"):
        (own / folder).mkdir(parents=True)
    (own / "comm").write_text("keepalived\n")
    (own / "environ").write_bytes(b"")
    (own / "status").write_text(BLOCKED)
    (tmp_path / "pid").write_text("7\n")
    return tmp_path


def ask(host, kill):
    return checker.ask(host / "pid", host / "proc", 0.3, kill)


def test_what_it_writes_is_returned_and_removed(host):
    file = host / "proc/7/root/tmp/keepalived_check.data"
    file.write_text("old")
    told = []

    def kill(pid, number):
        told.append((pid, number))
        assert not file.exists()
        file.write_text("new")

    assert ask(host, kill) == "new"
    assert told == [(7, signal.SIGUSR1)]
    assert not file.exists()


def test_a_file_that_is_still_written_is_waited_for(host):
    file = host / "proc/7/root/tmp/keepalived_check.data"
    os.symlink("/tmp/keepalived_check.data", host / "proc/7/fd/9")
    with pytest.raises(Failure, match="what it believes"):
        ask(host, lambda _pid, _number: file.write_text("half"))


def test_a_keepalived_that_does_not_run_or_starts_is_not_asked(host):
    def kill(_pid, _number):
        raise AssertionError

    (host / "proc/7/status").write_text(NEITHER)
    assert ask(host, kill) is None
    (host / "pid").unlink()
    assert ask(host, kill) is None
