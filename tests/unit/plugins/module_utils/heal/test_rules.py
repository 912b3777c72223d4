# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lvs-vip misses, and when it is asked."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.heal import rules
from ansible_collections.lvs.cluster.plugins.module_utils.heal.part import PartlyMended
from ansible_collections.lvs.cluster.plugins.module_utils.heal.rules import Rules, missing, untold
from ansible_collections.lvs.cluster.plugins.module_utils.tools import Failure, Result

MARK, VIP = "nft mark 172.28.0.100 tcp 80 1", "address 172.28.0.100/32 lo"
CHECK, ADD = ("/usr/local/sbin/lvs-vip".rpartition("/")[2] + f" {verb} web" for verb in ("check", "add"))


def test_only_what_is_missing_is_mended():
    assert missing(f"add {VIP}\nprune {MARK}\nadd {MARK}\n") == [VIP, MARK]


@pytest.mark.parametrize(
    ("line", "legacy", "is_untold"),
    [
        (MARK, "", False),
        (VIP, "", False),
        ("fou ipv4 6080", "", True),
        ("timeouts 900 120 300", "", True),
        ("iptables mark 172.28.0.100 tcp 80 1", "", False),
        ("iptables mark 172.28.0.100 tcp 80 1", "ip_tables_names", True),
        ("iptables mark 172.28.0.100 tcp 80 1", "arp_tables_names", False),
        ("arptables 172.28.0.100 172.28.0.21", "arp_tables_names", True),
    ],
)
def test_of_some_lines_the_kernel_tells_nothing(tmp_path, line, legacy, is_untold):
    for name in ("ip_tables_names", "arp_tables_names"):
        (tmp_path / name).write_text("filter\n" if name == legacy else "")
    assert untold([line], tmp_path) is is_untold


@pytest.fixture
def part(tools, tmp_path, monkeypatch):
    monkeypatch.setattr(rules, "LISTS", tmp_path)
    (tmp_path / "lvs-vip-web.conf").write_text(f"{MARK}\n{VIP}\n")
    tools.answers["systemctl is-active lvs-vip.service"] = "active\n"
    return Rules(["web", "other"], tools)


def test_it_is_asked_at_first_and_after_a_loss(tools, part):
    assert part.is_due(0.0, set())
    assert part.find(0.0, sure=True) is None
    assert tools.commands() == [CHECK]
    assert [part.is_due(now, set()) for now in (1.0, 10.0, 100.0)] == [False] * 3
    assert not part.is_due(101.0, {"addresses"})
    assert part.is_due(102.0, {"rules"})
    part.find(102.0, sure=True)
    # Soon after another look it has to wait, and is not forgotten.
    assert not part.is_due(103.0, {"rules"})
    assert part.is_due(105.0, set())


def test_lines_of_which_the_kernel_tells_nothing_are_looked_at_from_time_to_time(part, tmp_path):
    (tmp_path / "lvs-vip-web.conf").write_text("timeouts 900 120 300\n")
    part.find(0.0, sure=True)
    assert [part.is_due(now, set()) for now in (10.0, 29.0, 30.0)] == [False, False, True]


def test_what_is_missing_is_added(tools, part):
    tools.answers[CHECK] = f"add {VIP}\nprune {MARK}\n"
    faults = part.find(0.0, sure=True)
    assert faults.texts == [f"missing {VIP}"]
    faults.mend()
    assert tools.commands()[-1] == ADD


def test_what_a_stop_of_lvs_vip_has_removed_stays_removed(tools, part):
    tools.answers = {CHECK: f"add {VIP}\n", "systemctl is-active lvs-vip.service": "deactivating\n"}
    assert part.find(0.0, sure=True) is None


def test_a_failure_of_lvs_vip_is_told(tools, part):
    tools.answers[CHECK] = 1
    with pytest.raises(Failure, match="no"):
        part.find(0.0, sure=True)


def test_after_a_failure_of_lvs_vip_it_is_asked_again(tools, part):
    tools.answers[CHECK] = 1
    with pytest.raises(Failure):
        part.find(0.0, sure=True)
    assert part.is_due(10.0, set())
    # Nor is it right as long as what is missing could not be added.
    tools.answers = {CHECK: f"add {VIP}\n", ADD: 1, "systemctl is-active lvs-vip.service": "active\n"}
    with pytest.raises(Failure):
        part.find(10.0, sure=True).mend()
    assert part.is_due(20.0, set())
    tools.answers[CHECK] = ""
    assert part.find(20.0, sure=True) is None
    assert not part.is_due(30.0, set())


def test_a_cluster_that_fails_does_not_keep_the_others_from_their_vips(tools, part, tmp_path):
    (tmp_path / "lvs-vip-other.conf").write_text(f"{VIP}\n")
    tools.answers.update({CHECK: 1, CHECK.replace("web", "other"): f"add {VIP}\n"})
    faults = part.find(0.0, sure=True)
    assert faults.texts == [f"missing {VIP}"]
    with pytest.raises(PartlyMended, match="no") as told:
        faults.mend()
    assert tools.commands()[-1] == ADD.replace("web", "other")
    assert told.value.mended == [f"missing {VIP}"]


def test_what_could_not_be_added_is_not_told_as_mended(tools, part, tmp_path):
    (tmp_path / "lvs-vip-other.conf").write_text(f"{VIP}\n")
    tools.answers.update({CHECK: f"add {MARK}\n", CHECK.replace("web", "other"): f"add {VIP}\n", ADD: 1})
    with pytest.raises(PartlyMended, match="no") as told:
        part.find(0.0, sure=True).mend()
    assert told.value.mended == [f"missing {VIP}"]


def test_a_firewalld_that_does_not_run_keeps_no_vip_away(tools, part):
    tools.answers[CHECK] = Result(1, f"add zone port 80/tcp\nadd {VIP}\n", "firewalld does not run")
    faults = part.find(0.0, sure=True)
    assert faults.texts == ["missing zone port 80/tcp", f"missing {VIP}"]
    with pytest.raises(Failure, match="firewalld does not run"):
        faults.mend()
    assert tools.commands()[-1] == ADD
