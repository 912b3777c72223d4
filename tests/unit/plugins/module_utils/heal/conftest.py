# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose tools answer as a test tells."""

from __future__ import annotations

from typing import Callable

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.tools import Result


class Tools:
    """A runner: `answers` are outputs, exit statuses or both by the command without its path; `ran` is every command with its input."""

    def __init__(self) -> None:
        self.answers: dict[str, str | int | Result] = {}
        self.ran: list[tuple[str, str]] = []

    def find(self, tool: str) -> str | None:
        return f"/sbin/{tool}"

    def start(self, argv, stdin="") -> Callable[[], Result]:
        command = " ".join([argv[0].rpartition("/")[2], *argv[1:]])
        self.ran.append((command, stdin))
        answer = self.answers.get(command, "")
        if isinstance(answer, Result):
            return lambda: answer
        return lambda: Result(answer, "", "no") if isinstance(answer, int) else Result(0, answer, "")

    def commands(self) -> list[str]:
        return [command for command, _stdin in self.ran]


@pytest.fixture
def tools() -> Tools:
    return Tools()
