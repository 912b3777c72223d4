# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a verification: one finding for each fault, with the host, what was found, and what to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One fault: where it is, what was expected, what was found, and what to do."""

    host: str
    fault: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.host}: {self.fault}. {self.remedy}"
