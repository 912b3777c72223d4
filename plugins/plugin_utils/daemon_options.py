# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the command line options of a running keepalived with those of the inventory."""

from __future__ import annotations

from typing import Any, Mapping, Sequence


def other_options(found: Mapping[str, Any], wanted: Sequence[str] | None) -> bool:
    """Whether a running keepalived has other options than it should have.

    `found` is the key `options` of what lvs.cluster.deployed_facts tells. Without `wanted` options the distribution has its own, which are
    not known: they are other ones if the roles have set the options before.
    """
    if found["running"] is None:
        return False
    return bool(found["ours"]) if wanted is None else list(found["running"]) != list(wanted)
