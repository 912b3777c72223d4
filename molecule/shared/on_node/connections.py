# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a client: keep connections open and ask over each again and again, until a file is there; then tell of each.

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
PAUSE = 1.5  # s between requests: an httpd closes a connection that is silent for 5 s, or after 100 requests


def talk() -> None:
    told = {"server": None, "answers": 0, "longest": 0.0, "error": None}
    try:
        with socket.create_connection((vip, port), 5) as connection:
            while not os.path.exists(stop):
                began = time.monotonic()
                connection.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
                told["server"] = connection.recv(4096).decode().split()[-1]
                told["answers"] += 1
                told["longest"] = max(told["longest"], round(time.monotonic() - began, 3))
                time.sleep(PAUSE)
    except (OSError, IndexError) as error:
        told["error"] = repr(error)
    print(json.dumps(told), flush=True)


threads = [threading.Thread(target=talk) for _ in range(count)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
