# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects the notes of a reader, each once."""

from __future__ import annotations

from .types import Level, Note


class Notes:
    """The notes in the order in which they were made."""

    def __init__(self) -> None:
        self._found: dict[tuple[Level, str, str], None] = {}

    def explained(self, where: str, text: str) -> None:
        """It was read as something else than it says, or does something else than it seems."""
        self._found["explained", where, text] = None

    def lost(self, where: str, text: str) -> None:
        """The inventory cannot say it."""
        self._found["not_expressed", where, text] = None

    def raw(self, where: str, text: str) -> None:
        """It was kept in the daemon's own words."""
        self._found["raw", where, text] = None

    def all(self) -> list[Note]:
        """All notes."""
        return [{"level": level, "where": where, "text": text} for level, where, text in self._found]
