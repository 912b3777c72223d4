# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.parse import parse_table
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.render import restore_lines

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text())


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_table(case):
    assert restore_lines(parse_table(case["rules"], case.get("thresholds", ""))) == case["lines"]


@pytest.mark.parametrize(
    "line",
    [
        "-A -t 192.0.2.100:80 -s wrr --colour blue",
        "-A -x 192.0.2.100:80 -s wrr",
        "-A -t 192.0.2.100:http -s wrr",
        "-a -t 192.0.2.100:80 -r 192.0.2.1:80 -g -w 1",
        "IP Virtual Server version 1.2.1",
    ],
)
def test_a_line_that_is_not_understood_is_named(line):
    with pytest.raises(ValueError, match="printed a line that is not understood: ") as error:
        parse_table(line)
    assert str(error.value).endswith(line)
