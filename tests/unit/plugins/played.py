# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A runner that plays processes in place of starting them."""

from __future__ import annotations

from ansible_collections.lvs.cluster.plugins.module_utils.tools import Result


class Played:
    """Plays `runs` in their order: each is what a process is given (argv, stdin) and leaves (rc, out, err).

    `tools` are the paths of the tools that the host has. Only what is at one of them can be run.
    """

    def __init__(self, runs=(), **tools):
        self.runs, self.tools = list(runs), tools

    def find(self, tool):
        return self.tools.get(tool)

    def start(self, argv, stdin=""):
        assert self.runs, f"one process too many: {argv}"
        run = self.runs.pop(0)
        assert argv[0] in self.tools.values()
        assert (argv[1:], stdin) == (str(run["argv"]).split(), run.get("stdin", ""))
        return lambda: Result(run.get("rc", 0), run.get("out", ""), run.get("err", ""))
