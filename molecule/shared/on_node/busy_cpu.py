# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take all of a node's CPU with ordinary processes, until a file is there.

Usage: busy_cpu.py HOW_MANY STOP_FILE
"""

from __future__ import annotations

import os
import sys
import time

many, stop = int(sys.argv[1]), sys.argv[2]
for _number in range(many):
    if os.fork() == 0:
        # Ends also when its parent was killed.
        while os.getppid() != 1:
            for _turn in range(100_000):
                pass
        os._exit(0)
print("busy", flush=True)
while not os.path.exists(stop):
    time.sleep(0.5)
