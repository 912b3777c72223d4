# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Count the modules that Ansible really executes on each host.

A task is not a module: debug and include_tasks execute none, a loop one per item, template two or three. So what is
counted is each call of the one method through which every action plugin executes a module.
"""

from __future__ import annotations

import functools
import json
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: module_count
type: aggregate
short_description: Counts the modules executed on each host
description:
  - Prints at the end of a run how many modules were executed on each host, and which.
  - It works with Ansible's own strategies. Mitogen executes modules in its own way.
options:
  output:
    description: A file that takes the counts as JSON, host to module to count.
    type: path
    env:
      - name: LVS_MODULE_COUNT_OUTPUT
"""


def record_executions(log: str) -> None:
    """Let every module execution append a line "host module" to the file `log`.

    Workers are forks of the process that loads this plugin, so they have the patched method, but share no memory.
    A short line appended with one write is whole whoever else appends.
    """
    execute = ActionBase._execute_module

    @functools.wraps(execute)
    def counted(self: ActionBase, *args: Any, **kwargs: Any) -> Any:
        task_vars = kwargs.get("task_vars") or {}
        host = self._task.delegate_to or task_vars.get("inventory_hostname", "unknown")
        module = kwargs.get("module_name") or (args[0] if args else None) or self._task.action
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)
        os.write(descriptor, f"{host} {module}\n".encode())
        os.close(descriptor)
        return execute(self, *args, **kwargs)

    ActionBase._execute_module = counted


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "module_count"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        descriptor, self.log = tempfile.mkstemp(prefix="module_count-")
        os.close(descriptor)
        record_executions(self.log)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        log = Path(self.log)
        lines = Counter(log.read_text(encoding="utf-8").splitlines())
        log.unlink()
        counts: dict[str, dict[str, int]] = {}
        for line, count in sorted(lines.items()):
            host, module = line.split()
            counts.setdefault(host, {})[module.removeprefix("ansible.legacy.").removeprefix("ansible.builtin.")] = count

        self._display.banner("MODULES EXECUTED")
        for host, modules in counts.items():
            listed = ", ".join(f"{module} {count}" for module, count in sorted(modules.items()))
            self._display.display(f"{host}: {sum(modules.values())} ({listed})")
        if output := self.get_option("output"):
            Path(output).write_text(json.dumps(counts, indent=2) + "\n", encoding="utf-8")
