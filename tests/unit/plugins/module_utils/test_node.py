# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.module_utils import node
from ansible_collections.lvs.cluster.plugins.module_utils.tools import ToolFailed, ToolMissing
from ansible_collections.lvs.cluster.tests.unit.plugins.played import Played

DATA = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text())


def printed(shown):
    return "".join(f"{name}={value}\n" for name, value in shown.items())


def starts_by_script(service):
    return service == "heartbeat"


@pytest.mark.parametrize("case", DATA["units"].values(), ids=DATA["units"])
def test_unit(case):
    unit = case.get("unit", "keepalived")
    assert node.parse_units([unit], printed(case["shown"]), starts_by_script) == {unit: case["expected"]}


def test_units_come_in_the_order_in_which_they_were_asked_for():
    cases = DATA["units"]
    output = "\n".join(printed(cases[name]["shown"]) for name in ("failed", "not_installed"))
    assert node.parse_units(["a", "b"], output, starts_by_script) == {
        "a": cases["failed"]["expected"],
        "b": cases["not_installed"]["expected"],
    }


def test_a_block_too_few_is_an_error():
    with pytest.raises(ValueError, match="told of 1 units, not of 2"):
        node.parse_units(["a", "b"], printed(DATA["units"]["failed"]["shown"]), starts_by_script)


def test_addresses():
    assert node.parse_addresses(DATA["ip_address"]) == DATA["addresses"]


def test_links():
    assert node.parse_links(DATA["ip_address"]) == DATA["links"]


def ip_address(left, **tools):
    """Ask for the addresses of a host on which ip leaves something, unless `tools` says that there is none."""
    runner = Played([{"argv": "-j address", **left}], **(tools or {"ip": "/sbin/ip"}))
    return node.output_of(runner, "ip", ["-j", "address"], "iproute2")


def test_a_tool_gives_what_it_prints():
    assert ip_address({"out": "[]", "err": "a warning"}) == "[]"


def test_a_tool_that_is_not_there_is_said_to_be_required():
    with pytest.raises(ToolMissing) as missing:
        ip_address({}, systemctl="/bin/systemctl")
    assert str(missing.value) == "ip was not found on this host; iproute2 is required."


@pytest.mark.parametrize(
    ("out", "err", "told"),
    [
        ("", "no such option\n", "no such option"),
        ("usage\n", "", "usage"),
        ("usage\n", "no such option\n", "no such option"),
    ],
    ids=["complains", "says_it_on_standard_output", "says_both"],
)
def test_a_tool_that_fails_is_told_with_what_it_said(out, err, told):
    with pytest.raises(ToolFailed) as failed:
        ip_address({"rc": 1, "out": out, "err": err})
    assert str(failed.value) == f"ip -j failed ({told}): it takes iproute2."
    assert failed.value.facts == {"cmd": "ip -j address", "rc": 1, "stdout": out, "stderr": err}
