# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.render import restore_lines
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.validate import read_table

DATA = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text())


@pytest.mark.parametrize("case", DATA["accepted"].values(), ids=DATA["accepted"])
def test_accepted(case):
    assert restore_lines(read_table(case["services"])) == case["lines"]


@pytest.mark.parametrize("case", DATA["refused"].values(), ids=DATA["refused"])
def test_refused(case):
    with pytest.raises(ValueError) as refusal:
        read_table(case["services"])
    assert str(refusal.value).splitlines() == case["mistakes"]


@pytest.mark.parametrize("word", ["true", "Yes", "on", "1", 1])
def test_words_that_are_true(word):
    service = {"address": "192.0.2.100", "port": 53, "protocol": "udp"}
    assert read_table([{**service, "one_packet": word}]) == read_table([{**service, "one_packet": True}])


@pytest.mark.parametrize("word", ["false", "No", "off", "0", 0])
def test_words_that_are_false(word):
    service = {"address": "192.0.2.100", "port": 53, "protocol": "udp"}
    assert read_table([{**service, "one_packet": word}]) == read_table([service])
