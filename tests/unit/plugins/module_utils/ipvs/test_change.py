# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.change import diff, target_table
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.parse import parse_table
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.render import change_line

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text())


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_lines(case):
    now, wanted = (parse_table("\n".join(case[name])) for name in ("now", "wanted"))
    after = target_table(now, wanted, case.get("purge", "all"), case.get("keep_weights", False))
    assert [change_line(change) for change in diff(now, after)] == case["lines"]
