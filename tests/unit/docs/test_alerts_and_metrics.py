# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every metric and every alert is documented, as it is, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.module_utils.metrics.families import METRICS

ROOT = Path(__file__).parents[3]
PAGES = ROOT / "docs/docsite/rst"
RULES = yaml.safe_load((ROOT / "extensions/prometheus/lvs.rules.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
ROW = re.compile(r"^   \* - ``(lvs_\w+)``\n     - (.*?)\n     - (.*?)\n(?=   \* |\n|$)", re.MULTILINE | re.DOTALL)
SECTION = re.compile(r"^(\w+)\n-+\n(.*?)(?=^\w+\n-+\n|\Z)", re.MULTILINE | re.DOTALL)


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_table_of_metrics_is_that_of_the_program():
    page = (PAGES / "metrics.rst").read_text(encoding="utf-8")
    documented = {name: (words(told), re.findall(r"``(\w+)``", labels)) for name, told, labels in ROW.findall(page)}
    assert documented == {name: (metric.help, [*metric.labels]) for name, metric in METRICS.items()}


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    return dict(SECTION.findall((PAGES / "alerts.rst").read_text(encoding="utf-8")))


def test_every_alert_has_a_section_in_the_order_of_the_rules(sections):
    assert [*sections] == [rule["alert"] for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_section_says_what_it_means_where_to_look_and_what_to_do(sections, rule):
    text = sections[rule["alert"]]
    means, look, do = (text.index(part) for part in (f"**{rule['labels']['severity']}.**", "Look first", "Do first"))
    assert means < look < do
    assert ".. code-block:: console" in text[look:do]


def test_what_the_pages_name_is_there():
    for page in ("metrics.rst", "alerts.rst"):
        for path in re.findall(r"``(extensions/[\w./]+)``", (PAGES / page).read_text(encoding="utf-8")):
            assert (ROOT / path).is_file(), path
