# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters configured by hand, and the inventories that become of them.

After a change that is meant to change inventories: LVS_WRITE_MODELS=1 pytest, and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.filter.adopted import adopted
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt.facts import as_facts
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.adopt.conftest import facts_and_groups, read_case

HERE = Path(__file__).parent
CASES = sorted(HERE.glob("clusters/*.yml"))
# What keepalived's package has of examples. Images of containers come without them.
SAMPLES = sorted(Path("/usr/share/doc/keepalived/samples").glob("keepalived.conf.*"))
INTERFACES = {f"eth{number}": [f"10.99.{number}.1/24"] for number in range(4)}
# Those that site.yml refuses, and why: examples of single words, which no cluster could have as they are.
REFUSED = {
    "SSL_GET": "no instance has the VIP",
    "fwmark": "vip is a list, which is empty",
    "sample": "no instance has the VIP",
    "virtual_server_group": "vip is a list, which is empty",
    "vrrp.localcheck": "speaks VRRP there: without it the director gives up the VIPs",
}
every_case = pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)


def texts(found: dict[str, Any]) -> str:
    """All that is written, as one text."""
    parts = {**found["files"], **({"group_vars/all/secrets.yml": found["secrets"]} if found["secrets"] else {})}
    return "\n".join(f"=== {name}\n{text}" for name, text in parts.items())


def loaded(found: dict[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Hostvars and groups of a written inventory; references to secrets are replaced as Ansible would."""
    inventory = yaml.safe_load(found["files"]["hosts.yml"])["all"]["children"]
    secrets = yaml.safe_load(found["secrets"]) if found["secrets"] else {}
    text = found["files"]["group_vars/all/cluster.yml"]
    for name, secret in secrets.items():
        text = text.replace(f"'{{{{ {name} }}}}'", f'"{secret}"')
    variables = yaml.safe_load(text)
    hostvars: dict[str, Any] = {}
    for group in inventory.values():
        for name, own in group["hosts"].items():
            hostvars.setdefault(name, {}).update({**variables, **(own or {})})
    return hostvars, {group: list(one["hosts"]) for group, one in inventory.items()}


@every_case
def test_the_inventory_is_the_expected_one(path):
    found = adopted(*facts_and_groups(read_case(path)))
    expected = path.with_suffix(".txt")
    if os.environ.get("LVS_WRITE_MODELS"):
        expected.write_text(texts(found), encoding="utf-8")
    assert texts(found) == expected.read_text(encoding="utf-8")


@every_case
def test_the_inventory_resolves(path):
    case = read_case(path)
    facts, groups = facts_and_groups(case)
    found = adopted(facts, groups)
    refused = [note["text"] for note in found["notes"] if "site.yml would refuse" in note["text"]]
    assert len(refused) == case.get("refused", 0), refused
    if refused:
        return
    assert resolved(found, facts)["services"]


def resolved(found: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """The cluster by a written inventory."""
    hostvars, groups = loaded(found)
    with_facts = {name: {**own, "ansible_facts": as_facts(facts[name])} for name, own in hostvars.items()}
    return resolve(with_facts, groups, lambda _text: None)


@pytest.mark.skipif(not SAMPLES, reason="keepalived's examples are not installed")
def test_keepalived_publishes_examples():
    assert {path.name.partition(".conf.")[2] for path in SAMPLES} >= {*REFUSED, "IPv6", "quorum", "vrrp", "vrrp.sync"}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name.partition(".conf.")[2])
def test_what_keepalived_publishes_is_adopted_or_refused_with_a_reason(path):
    described = {"keepalived": path.read_text(encoding="utf-8"), "addresses": INTERFACES}
    facts, groups = facts_and_groups({"directors": {"lb1": described}})
    found = adopted(facts, groups)
    refused = [note["text"] for note in found["notes"] if "site.yml would refuse" in note["text"]]
    reason = REFUSED.get(path.name.partition(".conf.")[2])
    if reason:
        assert any(reason in text for text in refused), refused
    else:
        assert refused == []
        cluster = resolved(found, facts)
        assert cluster["services"] or cluster["vips"]
