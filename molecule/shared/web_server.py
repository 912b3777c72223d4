# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's web server, HTTP and HTTPS: / tells this host's name, other pages are files of /srv/www/VIRTUAL HOST.

A virtual host without a folder has the pages of /srv/www/default.
"""

from __future__ import annotations

import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path("/srv/www")


class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and text in one packet
    timeout = 30

    def do_GET(self) -> None:
        host = self.headers.get("Host", "").partition(":")[0]
        folder = ROOT / host if host and (ROOT / host).is_dir() else ROOT / "default"
        page = folder / self.path.lstrip("/")
        if self.path == "/":
            self.answer(200, socket.gethostname() + "\n")
        elif page.is_file():
            self.answer(200, page.read_text())
        else:
            self.answer(404, "no such page\n")

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_words: object) -> None:
        """Checks come every second: no log."""


class Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, *_request: object) -> None:
        """Checks hang up in the middle of a handshake."""


def tls(server: Server) -> Server:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ROOT / "site.pem")
    # The handshake is for the request's own thread.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    return server


threading.Thread(target=tls(Server(("", 443), Page)).serve_forever).start()
Server(("", 80), Page).serve_forever()
