# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a real server: FTP whose every file holds this host's name, passive and active, until a file is there.

Usage: ftp_server.py STOP_FILE
"""

from __future__ import annotations

import os
import re
import socket
import sys
import threading
import time
from socketserver import StreamRequestHandler, ThreadingTCPServer

CONTROL, DATA = 21, 20
REPLIES = {
    "USER": "331 password?",
    "PASS": "230 welcome",
    "PWD": '257 "/"',
    "TYPE": "200 ok",
    "QUIT": "221 bye",
}


class Session(StreamRequestHandler):
    listener: socket.socket
    client: tuple[str, int] | None = None

    def handle(self) -> None:
        self.say("220 ready")
        for line in self.rfile:
            command, _blank, argument = line.decode().strip().partition(" ")
            self.answer(command.upper(), argument)

    def say(self, text: str) -> None:
        # One packet for each answer: the kernel's helper reads no further.
        self.wfile.write(f"{text}\r\n".encode())

    def answer(self, command: str, argument: str) -> None:
        if command in ("PASV", "EPSV"):
            self.listener = socket.create_server(("", 0))
            port = self.listener.getsockname()[1]
            own = self.connection.getsockname()[0].replace(".", ",")
            passive = f"227 Entering Passive Mode ({own},{port // 256},{port % 256})"
            self.say(passive if command == "PASV" else f"229 Entering Extended Passive Mode (|||{port}|)")
        elif command == "PORT":
            *address, high, low = re.findall(r"\d+", argument)
            self.client = (".".join(address), int(high) * 256 + int(low))
            self.say("200 ok")
        elif command == "RETR":
            self.say("150 here it comes")
            with self.data() as data:
                data.sendall(f"{socket.gethostname()}\n".encode())
            self.say("226 done")
        else:
            self.say(REPLIES.get(command, "502 no"))

    def data(self) -> socket.socket:
        if self.client is None:
            self.listener.settimeout(5)
            return self.listener.accept()[0]
        data = socket.socket()
        data.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        data.bind((self.connection.getsockname()[0], DATA))
        data.settimeout(5)
        data.connect(self.client)
        return data


class Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, *_request: object) -> None:
        """Checks hang up."""


threading.Thread(target=Server(("", CONTROL), Session).serve_forever, daemon=True).start()
while not os.path.exists(sys.argv[1]):
    time.sleep(0.2)
