# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sysctls that somebody has set to another value."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.heal import sysctls
from ansible_collections.lvs.cluster.plugins.module_utils.heal.part import PartlyMended
from ansible_collections.lvs.cluster.plugins.module_utils.heal.sysctls import Sysctls, differing, wanted

FILE = "# Managed by Ansible\nnet.ipv4.conf.all.arp_ignore = 1\nnet.ipv4.conf.eth0/100.rp_filter = 2\nnet.ipv4.vs.sync_threshold = 3 0\n"


def test_the_files_tell_what_is_wanted_and_the_later_one_counts():
    assert wanted([FILE, "net.ipv4.conf.all.arp_ignore=2\n"]) == {
        "net/ipv4/conf/all/arp_ignore": "2",
        "net/ipv4/conf/eth0.100/rp_filter": "2",
        "net/ipv4/vs/sync_threshold": "3 0",
    }


def test_only_other_values_differ_not_keys_that_are_gone():
    live = {"a": "1", "b": "5"}
    assert differing({"a": "1", "b": "2", "gone": "3"}, live.get) == {"b": "5"}


@pytest.fixture
def host(tmp_path, monkeypatch):
    """Live values in a mapping; what is written into it."""
    live = {"net/ipv4/conf/all/arp_ignore": "0", "net/ipv4/vs/sync_threshold": "3 0"}
    monkeypatch.setattr(sysctls, "live_or_none", live.get)
    monkeypatch.setattr(sysctls, "write_live", live.__setitem__)
    return live


def test_a_value_is_named_and_set_again(tmp_path, host):
    file = tmp_path / "90-lvs.conf"
    file.write_text(FILE)
    part = Sysctls([str(file), str(tmp_path / "none")])
    faults = part.find(0.0, sure=True)
    assert faults.texts == ["net.ipv4.conf.all.arp_ignore 0 instead of 1"]
    faults.mend()
    assert host["net/ipv4/conf/all/arp_ignore"] == "1"
    assert part.find(0.0, sure=True) is None


def test_a_value_that_cannot_be_set_does_not_keep_the_others_from_it(tmp_path, host, monkeypatch):
    def refuses_the_first(path, value):
        if path.endswith("arp_ignore"):
            raise OSError(30, "Read-only file system")
        host[path] = value

    monkeypatch.setattr(sysctls, "write_live", refuses_the_first)
    host["net/ipv4/vs/sync_threshold"] = "5 0"
    file = tmp_path / "90-lvs.conf"
    file.write_text(FILE)
    with pytest.raises(PartlyMended, match="arp_ignore can't be set to 1: Read-only file system") as told:
        Sysctls([str(file)]).find(0.0, sure=True).mend()
    assert told.value.mended == ["net.ipv4.vs.sync_threshold 5 0 instead of 3 0"]


def test_a_changed_file_is_read_again(tmp_path, host):
    file = tmp_path / "90-lvs.conf"
    part = Sysctls([str(file)])
    assert part.find(0.0, sure=True) is None
    file.write_text(FILE)
    assert part.find(0.0, sure=True) is not None
    file.unlink()
    assert part.find(0.0, sure=True) is None
