# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a host's packet filter that mark packets for IPVS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from ..doctor.rules import chains_of, marks


@dataclass(frozen=True)
class Mark:
    """Packets to a VIP that get a mark. No ports are all of them; a range is `8000-8010`."""

    fwmark: int
    vip: str
    protocol: str | None
    ports: tuple[int | str, ...]


def marked(filters: Mapping[str, Any] | None) -> list[Mark]:
    """All rules that mark packets to some address."""
    return [
        Mark(
            one.mark,
            str(one.address),
            one.protocol,
            tuple(first if first == last else f"{first}-{last}" for first, last in one.ports),
        )
        for one in marks(chains_of(filters))
        if one.address
    ]
