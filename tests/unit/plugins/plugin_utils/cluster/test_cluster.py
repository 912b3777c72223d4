# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Right inventories and the models they resolve to, wrong ones and everything that is said of them.

After a change that is meant to change models: LVS_WRITE_MODELS=1 pytest, and read the difference.
"""

from __future__ import annotations

import copy
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.export import table_data
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.validate import read_table
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.mistakes import InventoryMistakes
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve

HERE = Path(__file__).parent
RIGHT = sorted(HERE.glob("right/*.yml"))
WRONG = sorted(HERE.glob("wrong/*.yml"))
DOUBTFUL = sorted(HERE.glob("doubtful/*.yml"))


def load(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_right_inventory_resolves_to_its_model(path: Path, inventory: Callable) -> None:
    cluster = resolve(*inventory(load(path)))
    expected = path.with_suffix(".json")
    if os.environ.get("LVS_WRITE_MODELS"):
        expected.write_text(json.dumps(cluster, indent=1) + "\n", encoding="utf-8")
    assert cluster == json.loads(expected.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_wrong_inventory_says_everything_that_is_wrong(path: Path, inventory: Callable) -> None:
    case = load(path)
    with pytest.raises(InventoryMistakes) as mistakes:
        resolve(*inventory(case["change"]))
    assert mistakes.value.messages == case["messages"]


@pytest.mark.parametrize("path", DOUBTFUL, ids=lambda path: path.stem)
def test_doubtful_inventory_resolves_with_a_warning(path: Path, inventory: Callable) -> None:
    case = load(path)
    warnings: list[str] = []
    resolve(*inventory(case["change"]), warnings.append)
    assert warnings == case["warnings"]


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_a_second_run_resolves_to_the_same(path: Path, inventory: Callable, second_run: Callable) -> None:
    hostvars, groups = inventory(load(path))
    first = resolve(hostvars, groups)
    assert resolve(second_run(hostvars, first), groups) == first


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_resolving_changes_nothing_and_gives_the_same_again(path: Path, inventory: Callable) -> None:
    hostvars, groups = inventory(load(path))
    before = copy.deepcopy((hostvars, groups))
    first, second = resolve(hostvars, groups), resolve(hostvars, groups)
    assert json.dumps(first) == json.dumps(second)
    assert (hostvars, groups) == before


def test_the_error_counts_the_mistakes_and_says_that_nothing_was_changed(inventory: Callable) -> None:
    with pytest.raises(InventoryMistakes) as one:
        resolve(*inventory({"service": {"one_packet": True}}))
    assert str(one.value) == (
        "1 mistake in the inventory, nothing was changed:\n"
        '- lvs_services[0] "web": one_packet is for UDP, but protocol is tcp'
    )
    with pytest.raises(InventoryMistakes) as two:
        resolve(*inventory({"service": {"scheduler": "x", "forward": "y"}}))
    assert str(two.value).startswith("2 mistakes in the inventory, nothing was changed:\n- ")


@pytest.mark.parametrize(
    "vrrp",
    [
        {"auth_pass": "hunter2hunter2"},
        {"auth_pass": "hun{er2"},
        {"auth_pass": ["hunter2"]},
        {"auth_pas": "hunter2"},
        "auth_pass=hunter2",
        {"version": 3, "auth_pass": "hunter2"},
        {"instances": "hunter2"},
        {"instances": [{"name": "A", "virtual_router_id": 1, "vips": ["172.28.0.100"], "auth_pass": "hunter2 "}]},
    ],
)
def test_a_secret_is_in_no_message(vrrp: Any, inventory: Callable) -> None:
    with pytest.raises(InventoryMistakes) as mistakes:
        resolve(*inventory({"all": {"lvs_vrrp": vrrp}}))
    assert "hun" not in str(mistakes.value)


@pytest.mark.parametrize(
    "health",
    [
        {"type": "imap", "passwd": "hun#ter2"},
        {"type": "imap", "passwd": ["hunter2"]},
        {"type": "imap", "paswd": "hunter2"},
        {"type": "tcp", "passwd": "hunter2"},
        {"type": "radius", "secret": 'hun"ter2'},
        {"type": "http", "sensitive": True, "path": "/a?token=hun$ter2"},
        {"type": "http", "sensitive": True, "path": "hunter2"},
        {"type": "http", "sensitive": True, "urls": [{"path": "/a?token=hun#ter2"}]},
        {"type": "https", "sensitive": True, "virtualhost": "hunter2:99999"},
        {"type": "https", "sensitive": True, "virtualhost": "hunter2.example.org:443"},
        {"type": "udp", "sensitive": True, "payload": "hunter2"},
        {"type": "http", "sensitive": "perhaps", "path": "/hun'ter2"},
        {"type": "ldap", "sensitive": True, "login": "hun#ter2", "request": 'hun"ter2'},
        {"type": "script", "sensitive": True, "command": "hunter2"},
        {"type": "script", "sensitive": True, "command": "/bin/x -p hun$ter2"},
        {"type": "script", "sensitive": True, "command": "/bin/x -p hun'ter2"},
        {"type": "script", "sensitive": True, "command": "/bin/x", "arguments": "hunter2"},
        {"type": "script", "sensitive": True, "command": "/bin/{address}hunter2 -p", "user": "nobody"},
        {"type": "script", "sensitive": True, "command": "/bin/x -p hun*ter2", "dynamic_weight": True},
    ],
)
def test_a_secret_of_a_check_is_in_no_message(health: dict[str, Any], inventory: Callable) -> None:
    with pytest.raises(InventoryMistakes) as mistakes:
        resolve(*inventory({"service": {"health": health}}))
    assert "hun" not in str(mistakes.value)


def test_every_wrong_inventory_has_a_message_of_its_own() -> None:
    said = Counter(tuple(load(path)["messages"]) for path in WRONG)
    assert len(said) >= 40
    assert () not in said
    # Two mistakes that are one to a reader, and said so: an absent group and an empty one, two services without a port.
    assert {messages[0].split(":")[0] for messages, cases in said.items() if cases > 1} == {
        "group directors",
        'lvs_services[0] "web" health',
    }


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_the_table_is_what_the_services_say(path: Path, inventory: Callable) -> None:
    cluster = resolve(*inventory(load(path)))
    for service, entry in zip(cluster["services"], cluster["table"]):
        assert entry["scheduler"] == service["scheduler"]
        assert [(d["address"], d["port"], d["weight"], d["forward"]) for d in entry["destinations"]] == [
            (s["address"], s["port"], s["weight"], s["forward"]) for s in service["real_servers"]
        ]


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_ipvs_table_takes_the_table_and_would_report_it_so(path: Path, inventory: Callable) -> None:
    table = resolve(*inventory(load(path)))["table"]
    assert table_data(read_table(table)) == table
