# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a client: keep connections open until a file is there; then ask for an answer over each, and tell what came of it.

Meanwhile each sends a line of its request now and then, so it is never idle, and the httpd has not answered yet: its limits
for connections that wait do not count.

Usage: connections.py VIP PORT COUNT STOP_FILE
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time

vip, port, count, stop = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
PAUSE = 3  # s between lines: an httpd takes 100 of them, and waits for 20 s or more
STEP = 0.5


def talk() -> None:
    told = {"server": None, "error": None}
    try:
        with socket.create_connection((vip, port), 5) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n")
            due = time.monotonic() + PAUSE
            while not os.path.exists(stop):
                if time.monotonic() > due:
                    connection.sendall(b"X-Line: 1\r\n")
                    due += PAUSE
                time.sleep(STEP)
            connection.settimeout(5)
            connection.sendall(b"\r\n")
            told["server"] = connection.makefile().read().split()[-1]
    except (OSError, IndexError) as error:
        told["error"] = repr(error)
    # In one piece: print() writes the end of the line apart, and the others end at the same time.
    sys.stdout.write(json.dumps(told) + "\n")


threads = [threading.Thread(target=talk) for _number in range(count)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
