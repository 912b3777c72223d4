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
