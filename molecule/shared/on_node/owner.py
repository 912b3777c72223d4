# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a director: print when a VIP came and when it went, by the clock that all nodes share, until a file is there.

Usage: owner.py VIP STOP_FILE
"""

from __future__ import annotations

import os
import socket
import sys
import time

vip, stop = sys.argv[1:]
family = socket.AF_INET6 if ":" in vip else socket.AF_INET
held = None
while not os.path.exists(stop):
    # Only an address that is there can be bound to: quicker than to ask ip(8).
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((vip, 0))
        now = True
    except OSError:
        now = False
    if now != held:
        print(time.time(), int(now), flush=True)
        held = now
    time.sleep(0.02)
print(time.time(), 0, flush=True)
