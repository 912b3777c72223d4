# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verification says: one finding a fault, with the host, what was seen, and what to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One fault: where it is, what was expected and what was found, and what a person can do."""

    host: str
    fault: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.host}: {self.fault}. {self.remedy}"
