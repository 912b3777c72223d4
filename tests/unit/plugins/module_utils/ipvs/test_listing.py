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


@pytest.mark.parametrize(
    ("parse", "text", "told"),
    [
        (listing.parse_timeouts, "", "--timeout printed a line that is not understood: "),
        (
            listing.parse_daemons,
            "master sync daemon (mcast=eth0)",
            "--daemon printed a line that is not understood: master",
        ),
        (
            listing.parse_traffic,
            "TCP  192.0.2.100 many",
            "--stats printed a line that is not understood: TCP 192.0.2.100",
        ),
        (
            listing.parse_connections,
            "title\ntitle\nTCP 01:16 ESTABLISHED 192.0.2.1 192.0.2.2:80 192.0.2.3:80",
            "--connection printed a line that is not understood: TCP 01:16",
        ),
    ],
)
def test_a_line_that_is_not_understood_is_named(parse, text, told):
    with pytest.raises(ValueError) as error:
        parse(text)
    assert str(error.value).startswith(f"ipvsadm -Ln {told}")
