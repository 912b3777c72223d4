# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import shutil
import subprocess

import host
import pytest
import quiet

VIPS = {host.packed(vip): 6 for vip in ("fd00::64", "172.28.0.101", "172.28.0.100")}


def test_a_vip_that_this_director_does_not_have_is_quiet_for_some_seconds_when_it_comes():
    lines = quiet.elements(VIPS).splitlines()
    assert "add element inet lvs-sync new4 { 172.28.0.100 timeout 6s, 172.28.0.101 timeout 6s }" in lines
    assert "add element inet lvs-sync new6 { fd00::64 timeout 6s }" in lines
    assert quiet.SECONDS > quiet.INTERVAL


def test_the_time_of_a_vip_begins_when_it_was_last_elsewhere():
    first, second, third = VIPS
    assert quiet.left({first: 100.0, second: 97.0, third: 94.0}, 100.2) == {first: 6, second: 3}


def test_a_director_with_all_vips_has_an_empty_set():
    assert "add element" not in quiet.elements({})


def test_a_refresh_deletes_no_rule_and_no_chain():
    assert all(line.startswith(("flush set ", "add element ")) for line in quiet.elements(VIPS).splitlines())


@pytest.mark.parametrize("vips", [VIPS, {host.packed("fd00::64"): 3}, {}])
def test_nft_takes_the_rules(vips):
    """It asks the kernel for what is there, so that needs a namespace of its own. Twice: they are refreshed."""
    command = ["unshare", "--net", "--user", "--map-root-user"]
    if not shutil.which("nft") or subprocess.run([*command, "nft", "list", "ruleset"], check=False).returncode:
        pytest.skip("needs nft, and a kernel with nf_tables")
    both = [quiet.rules() + quiet.elements(vips), quiet.elements(vips)]
    script = 'nft -f - <<< "$1" && nft -f - <<< "$1" && nft -f - <<< "$2" && nft list table inet lvs-sync'
    shown = subprocess.run([*command, "bash", "-c", script, "bash", *both], check=True, capture_output=True, text=True)
    assert shown.stdout.count(" drop\n") == 2
