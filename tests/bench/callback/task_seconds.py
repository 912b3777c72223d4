# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes how long each task took, in seconds, as JSON {name: [seconds]} to the file LVS_TASK_SECONDS_OUTPUT."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: task_seconds
type: aggregate
short_description: Time each task
description: Writes how long each task took. For a play with one host.
"""


class CallbackModule(CallbackBase):
    """Times tasks from their start on the controller to their result."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "task_seconds"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.began = 0.0
        self.taken: dict[str, list[float]] = {}

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.began = time.monotonic()

    def v2_runner_on_ok(self, result):
        self.taken.setdefault(result.task.get_name(), []).append(time.monotonic() - self.began)

    def v2_playbook_on_stats(self, stats):
        Path(os.environ["LVS_TASK_SECONDS_OUTPUT"]).write_text(json.dumps(self.taken), encoding="utf-8")
