# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.module_utils import node

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


class Ended(Exception):
    """The module has ended with a failure."""


class Module:
    """Stands for the AnsibleModule where a tool is run, or is not there."""

    def __init__(self, path="/sbin/ip", left=(0, "", "")):
        self.path, self.left = path, left

    def get_bin_path(self, _tool):
        return self.path

    def run_command(self, argv, environ_update):
        assert (argv, environ_update) == ([self.path, "-j", "address"], {"LC_ALL": "C"})
        return self.left

    def fail_json(self, msg):
        raise Ended(msg)


def test_a_tool_gives_what_it_prints():
    assert node.run_tool(Module(left=(0, "[]", "a warning")), "ip", ["-j", "address"], "iproute2") == "[]"


@pytest.mark.parametrize(
    ("module", "told"),
    [
        (Module(path=None), "ip was not found on this host; iproute2 is required."),
        (Module(left=(1, "", "no such option\n")), "ip -j failed (no such option): it takes iproute2."),
        (Module(left=(1, "usage\n", "")), "ip -j failed (usage): it takes iproute2."),
        (Module(left=(1, "usage\n", "no such option\n")), "ip -j failed (no such option): it takes iproute2."),
    ],
    ids=["not_there", "complains", "says_it_on_standard_output", "says_both"],
)
def test_a_tool_that_fails_ends_the_module_with_what_it_said(module, told):
    with pytest.raises(Ended) as ended:
        node.run_tool(module, "ip", ["-j", "address"], "iproute2")
    assert str(ended.value) == told
