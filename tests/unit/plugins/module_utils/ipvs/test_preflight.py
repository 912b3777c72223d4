# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.change import diff
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.parse import parse_table
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.preflight import missing_modules, mixed_families
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.types import Table


@pytest.fixture
def kernel(tmp_path):
    """A kernel with ip_vs_rr loaded, ip_vs_wrr loadable and ip_vs_lc built in, as missing_modules() looks at it."""
    folder = tmp_path / "modules" / os.uname().release
    (tmp_path / "sys" / "ip_vs_rr").mkdir(parents=True)
    folder.mkdir(parents=True)
    folder.joinpath("modules.dep").write_text("kernel/net/netfilter/ipvs/ip_vs_wrr.ko.xz: kernel/net/ip_vs.ko.xz\n")
    folder.joinpath("modules.builtin").write_text("kernel/net/netfilter/ipvs/ip_vs_lc.ko\n")
    return {"modules": str(tmp_path / "modules"), "loaded": str(tmp_path / "sys")}


def changes(rules, now=""):
    return diff(parse_table(now), parse_table(rules))


@pytest.mark.parametrize("scheduler", ["rr", "wrr", "lc"])
def test_a_scheduler_may_be_loaded_loadable_or_built_in(kernel, scheduler):
    assert missing_modules(changes(f"-A -t 192.0.2.100:80 -s {scheduler}"), **kernel) == []


def test_what_the_kernel_lacks_is_named_once_with_its_first_service(kernel):
    rules = "-A -t 192.0.2.100:80 -s mh -p 60 --pe sip\n-A -t 192.0.2.100:81 -s mh"
    scheduler, engine = missing_modules(changes(rules), **kernel)
    assert scheduler.startswith("The kernel has no scheduler mh of 192.0.2.100:80/tcp: boot a kernel that has ")
    assert engine.startswith("The kernel has no persistence engine sip of 192.0.2.100:80/tcp: ")


def test_an_edit_is_looked_at_and_a_removal_is_not(kernel):
    assert missing_modules(changes("-A -f 1 -s mh", now="-A -f 1 -s rr"), **kernel)
    assert not missing_modules(changes("", now="-A -f 1 -s mh"), **kernel)


def test_a_kernel_that_does_not_show_its_modules_is_left_to_answer_itself(tmp_path):
    nowhere = str(tmp_path)
    assert missing_modules(changes("-A -f 1 -s mh"), modules=nowhere, loaded=nowhere) == []


def test_mixed_families():
    rules = "\n".join(
        (
            "-A -t 192.0.2.100:80 -s rr",
            "-a -t 192.0.2.100:80 -r 192.0.2.21:80 -i -w 1 --tun-type ipip",
            "-a -t 192.0.2.100:80 -r [2001:db8::21]:80 -i -w 1 --tun-type ipip",
            "-A -f 1 -6 -s rr",
            "-a -f 1 -6 -r 192.0.2.21:0 -i -w 1 --tun-type ipip",
        )
    )
    mixed = [str(change) for change in mixed_families(changes(rules))]
    assert mixed == ["add [2001:db8::21]:80 of 192.0.2.100:80/tcp", "add 192.0.2.21:0 of fwmark 1 ipv6"]
    assert not list(mixed_families(diff(parse_table(rules), Table())))
