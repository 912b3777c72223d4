# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence


class Unavailable(Exception):
    """What a benchmark needs is not there; the message says what."""


@dataclass(frozen=True)
class Figure:
    """One measured value; `bound` is the most it may be, None where there is no bound."""

    name: str
    value: float
    unit: str = ""
    bound: float | None = None

    @property
    def holds(self) -> bool:
        return self.bound is None or self.value <= self.bound


def table(figures: Sequence[Figure]) -> str:
    """The figures as lines of text: name, value, bound and whether it holds."""
    width = max(len(figure.name) for figure in figures)
    return "\n".join(
        f"{figure.name:<{width}}  {figure.value:>10.4g} {figure.unit:<8}" + _verdict(figure) for figure in figures
    )


def _verdict(figure: Figure) -> str:
    if figure.bound is None:
        return ""
    return f" at most {figure.bound:g}: {'ok' if figure.holds else 'MISSED'}"
