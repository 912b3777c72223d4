# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs import listing

DATA = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text())
PARSERS = {
    "traffic": listing.parse_traffic,
    "counts": listing.parse_counts,
    "connections": listing.parse_connections,
    "daemons": lambda text: [asdict(daemon) for daemon in listing.parse_daemons(text)],
    "timeouts": lambda text: asdict(listing.parse_timeouts(text)),
}
CASES = [
    pytest.param(PARSERS[kind], case, id=f"{kind}-{name}")
    for kind, cases in DATA.items()
    for name, case in cases.items()
]


@pytest.mark.parametrize(("parse", "case"), CASES)
def test_listing(parse, case):
    assert parse(case["text"]) == case["expected"]


def test_no_timeouts_are_an_error():
    with pytest.raises((TypeError, ValueError)):
        listing.parse_timeouts("")
