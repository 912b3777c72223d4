# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a real server: an httpd that is not well, on a port of its own, until a file is there.

Usage: unwell_httpd.py PORT slow|error STOP_FILE

slow answers each request after some seconds, error with the status 500.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SLOW = 10  # s, longer than any check or client waits

port, how, stop = int(sys.argv[1]), sys.argv[2], sys.argv[3]


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if how == "slow":
            time.sleep(SLOW)
        self.send_response(500 if how == "error" else 200)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """No log."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_request: object) -> None:
        """Who asks does not wait."""


threading.Thread(target=Server(("", port), Page).serve_forever, daemon=True).start()
print("listening", flush=True)
while not os.path.exists(stop):
    time.sleep(0.2)
