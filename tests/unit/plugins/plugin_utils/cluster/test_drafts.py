# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A draft that lacks something never becomes part of a resolved cluster."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.drafts import InstanceDraft, ServiceDraft
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.mistakes import InventoryPath, Mistakes


def complete(kind: type) -> Any:
    """A draft in which nothing is missing."""
    values: dict[str, Any] = {field.name: field.name for field in fields(kind)}
    values["path"] = InventoryPath("lvs_services", Mistakes(), index=0)
    if kind is ServiceDraft:
        values.update(fwmark=None, vips=["10.0.0.9"], ports=[80], protocols=["tcp"])
    else:
        values.update(delay_given=True, preempt_delay=0, family="ipv4", vips=[{"address": "10.0.0.9"}], running=[])
    return kind(**values)


@pytest.mark.parametrize(
    "missing", [{"name": None}, {"family": None}, {"vips": []}, {"ports": None}, {"vips": [], "fwmark": 1}], ids=str
)
def test_a_service_that_lacks_something_is_not_finished(missing: dict[str, Any]) -> None:
    assert [service["name"] for service in complete(ServiceDraft).finished("static")] == ["name"]
    with pytest.raises(ValueError, match=r"lvs_services\[0\] is not complete"):
        replace(complete(ServiceDraft), **missing).finished("static")


@pytest.mark.parametrize("missing", ["name", "virtual_router_id"])
def test_an_instance_that_lacks_something_is_not_finished(missing: str) -> None:
    assert complete(InstanceDraft).finished([], 0)["name"] == "name"
    with pytest.raises(ValueError, match=r"lvs_services\[0\] is not complete"):
        replace(complete(InstanceDraft), **{missing: None}).finished([], 0)
