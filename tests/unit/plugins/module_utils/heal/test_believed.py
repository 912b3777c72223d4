# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keepalived 2.2.7 has written at SIGUSR1, and the table that follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.heal.believed import parse, table_of
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.parse import parse_table
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.render import restore_lines
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.types import Table

WRITTEN = (Path(__file__).parent / "keepalived_check.data").read_text(encoding="utf-8")
# A service with two addresses, a sorry server behind NAT, one that stays in the table when it fails, and a mark of IPv6.
DEPLOYED = """\
-A -t 172.28.0.100:80 -s wrr
-a -t 172.28.0.100:80 -r 172.28.0.21:80 -g -w 3
-A -t 172.28.0.101:80 -s wrr
-a -t 172.28.0.101:80 -r 172.28.0.21:80 -g -w 3
-A -t [2001:db8::100]:443 -s rr -p 300
-a -t [2001:db8::100]:443 -r [2001:db8::21]:8443 -m -w 1
-A -f 7 -6 -s sh
-a -f 7 -6 -r [2001:db8::21]:0 -g -w 1
"""
GROUP, SIX = "172.28.0.21, RPORT = 80", "2001:db8::21, RPORT = 8443"


def lines(text: str, drained=(), deployed: str = DEPLOYED) -> list[str]:
    return restore_lines(table_of(parse(text), parse_table(deployed), drained))


def changed(server: str, **facts: str) -> str:
    """The text with other facts about one real server."""
    before, found, after = WRITTEN.partition(f"RIP = {server}")
    mine, end, rest = after.partition("reloaded = ")
    for given, value in facts.items():
        name = {"placed": "RS set"}.get(given, given)
        kept = [line if not line.startswith(f"   {name} = ") else f"   {name} = {value}" for line in mine.split("\n")]
        assert kept != mine.split("\n"), name
        mine = "\n".join(kept)
    return before + found + mine + end + rest


def test_all_that_keepalived_has_placed_is_expected_as_it_was_deployed():
    assert "".join(f"{line}\n" for line in lines(WRITTEN)) == DEPLOYED


def test_a_failed_real_server_is_not_expected_at_any_address():
    assert [line for line in lines(changed(GROUP, alive="0", placed="0")) if "172.28.0.21" in line] == []


def test_a_failed_real_server_that_stays_has_weight_0():
    assert "-a -t [2001:db8::100]:443 -r [2001:db8::21]:8443 -m -w 0" in lines(changed(SIX, alive="0"))


def test_a_weight_that_a_check_has_chosen_counts():
    text = WRITTEN.replace("WEIGHT = 3 EFF WEIGHT = 3", "WEIGHT = 9 EFF WEIGHT = 9")
    assert "-a -t 172.28.0.101:80 -r 172.28.0.21:80 -g -w 9" in lines(text)


def test_without_a_quorum_the_sorry_server_stands_in():
    text = changed(GROUP, placed="0").replace("quorum_state_up = 1", "quorum_state_up = 0", 1)
    assert [line for line in lines(text) if "172.28.0.10" in line and line.startswith("-a")] == [
        "-a -t 172.28.0.100:80 -r 172.28.0.23:80 -m -w 1",
        "-a -t 172.28.0.101:80 -r 172.28.0.23:80 -m -w 1",
    ]


@pytest.mark.parametrize(
    ("method", "words"), [("DR", "-r 172.28.0.23:80 -g -w 1"), ("TUN, type = IPIP", "-r 172.28.0.23:80 -i -w 1")]
)
def test_a_sorry_server_has_its_own_method(method, words):
    text = WRITTEN.replace("     forwarding method = NAT", f"     forwarding method = {method}")
    text = text.replace("[172.28.0.23]:tcp:80", "[172.28.0.23]:tcp:8080").replace("state_up = 1", "state_up = 0", 1)
    assert f"-a -t 172.28.0.100:80 {words}" in lines(text)


def test_a_real_server_that_a_hand_has_drained_stays_drained():
    key = next(iter(parse_table(DEPLOYED).services))
    drained = [(key, "172.28.0.21:80")]
    found = lines(WRITTEN, drained)
    assert "-a -t 172.28.0.100:80 -r 172.28.0.21:80 -g -w 0" in found
    assert "-a -t 172.28.0.101:80 -r 172.28.0.21:80 -g -w 3" in found


def test_weight_0_of_one_that_stays_when_it_fails_is_not_taken_for_a_drain():
    key = list(parse_table(DEPLOYED).services)[2]
    assert "-a -t [2001:db8::100]:443 -r [2001:db8::21]:8443 -m -w 1" in lines(WRITTEN, [(key, "[2001:db8::21]:8443")])


def test_services_that_nobody_deployed_are_left_to_keepalived():
    assert table_of(parse(WRITTEN), Table(), ()) == Table()


def test_a_service_to_which_somebody_has_given_another_scheduler_is_left_alone():
    assert [line for line in lines(WRITTEN.replace("lvs_sched = rr", "lvs_sched = lc")) if ":443" in line] == []


def test_a_service_that_keepalived_does_not_have_is_not_expected():
    more = DEPLOYED + "-A -t 172.28.0.102:80 -s wrr\n-a -t 172.28.0.102:80 -r 172.28.0.21:80 -g -w 1\n"
    assert "".join(f"{line}\n" for line in lines(WRITTEN, deployed=more)) == DEPLOYED


def test_what_follows_the_services_belongs_to_none_of_them():
    after = WRITTEN + "------< Checker track files >------\n   alive = 0\n   RS set = 0\n"
    assert parse(after) == parse(WRITTEN)


def test_real_servers_of_one_address_are_told_apart_by_their_ports():
    other = "-a -t [2001:db8::100]:443 -r [2001:db8::21]:9443 -m -w 5"
    deployed = DEPLOYED.replace("-A -f 7", f"{other}\n-A -f 7")
    start, end = (
        WRITTEN.index("   RIP = 2001:db8::21, RPORT = 8443"),
        WRITTEN.index(" ------< Virtual server >------\n VS FWMARK"),
    )
    block = "   ------< Real server >------\n" + WRITTEN[start:end].replace("8443", "9443").replace(
        "RS set = 1", "RS set = 0"
    )
    found = lines(WRITTEN[:end] + block + WRITTEN[end:], deployed=deployed)
    assert "-a -t [2001:db8::100]:443 -r [2001:db8::21]:8443 -m -w 1" in found
    assert not any("9443" in line for line in found)
