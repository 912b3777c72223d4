# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is deployed on the hosts, from the facts of this run."""

from __future__ import annotations

from typing import Any, Mapping

from ..cluster.hosts import own_interfaces

Hostvars = Mapping[str, Any]


def facts_of(hostvars: Hostvars, host: str) -> Mapping[str, Any]:
    """The facts of a host; empty if none were gathered."""
    return (hostvars[host].get("ansible_facts") or {}) if host in hostvars else {}


def told(hostvars: Hostvars, director: str) -> Mapping[str, Any]:
    """What is deployed on a director; empty if it was not asked."""
    return facts_of(hostvars, director).get("deployed_lvs") or {}


def addressed_interfaces(facts: Mapping[str, Any]) -> frozenset[str]:
    """The interfaces that have an address of their own network, by the facts of a host."""
    return frozenset(one.name for one in own_interfaces(facts) if not one.address.special and one.primary)
