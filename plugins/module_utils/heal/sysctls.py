# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sysctls that are other than at boot. The truth is the files of kernel_settings, which restores the former values by itself."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Callable, Iterable, Mapping

from ..conf_files import settings
from ..sysctl_files import dotted_key, key_path, live_or_none, normal_value, write_live
from ..tools import Failure
from .part import Faults, mend_each


def wanted(texts: Iterable[str]) -> dict[str, str]:
    """Return the values that files of sysctl.d set, by path below /proc/sys, in their order."""
    lines = [line.partition("=") for text in texts for line in settings(text)]
    return {key_path(key.strip()): normal_value(value) for key, equals, value in lines if equals and value.strip()}


def differing(values: Mapping[str, str], live: Callable[[str], str | None]) -> dict[str, str]:
    """Return the present value of each key that has another than it should. A key may have gone with its interface."""
    found = {path: live(path) for path in values}
    return {path: now for path, now in found.items() if now is not None and now != values[path]}


class Sysctls:
    """The sysctls of this host, by its files."""

    def __init__(self, files: Iterable[str]) -> None:
        self.files = [Path(file) for file in files]
        self._values: dict[str, str] = {}
        self._read: list[int] = []

    def is_due(self, now: float, events: set[str]) -> bool:
        """Always: to read a few files of /proc is cheap."""
        return True

    def find(self, now: float, sure: bool) -> Faults | None:
        """What is wrong."""
        values = self.values()
        wrong = differing(values, live_or_none)
        if not wrong:
            return None
        texts = {path: f"{dotted_key(path)} {value} instead of {values[path]}" for path, value in wrong.items()}
        groups = [([text], partial(_set, path, values[path])) for path, text in texts.items()]
        return Faults(list(texts.values()), lambda: mend_each(groups))

    def values(self) -> dict[str, str]:
        """The values of the files, which are read again when they have changed."""
        times = [file.stat().st_mtime_ns if file.exists() else 0 for file in self.files]
        if times != self._read:
            self._values = wanted(file.read_text(encoding="utf-8") for file in self.files if file.exists())
            self._read = times
        return self._values

    def forget(self) -> None:
        """It remembers nothing of the host."""


def _set(path: str, value: str) -> None:
    try:
        write_live(path, value)
    except OSError as error:
        raise Failure(f"{dotted_key(path)} can't be set to {value}: {error.strerror}") from error
