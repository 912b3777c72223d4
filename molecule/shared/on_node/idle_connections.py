# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a client: open connections to talk_server.py and say nothing on them until a file is there; then ask over each once more.

Not even TCP's own keepalive sends a packet: that would tell a director of the connection.

Usage: idle_connections.py ADDRESS PORT COUNT STOP_FILE

Printed is "open" when all are open, and at the end one line for each connection, in JSON: port (the client's), server, and error
(null where it goes on).
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time

address, port, count, stop = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
SECONDS = 5
PAUSE = 0.2


def ask(connection: socket.socket) -> str:
    connection.sendall(b"who\n")
    answer = connection.recv(200)
    if not answer:
        raise ConnectionError("closed")
    return answer.split()[0].decode()


connections = [socket.create_connection((address, port), SECONDS) for _number in range(count)]
servers = [ask(connection) for connection in connections]
print("open", flush=True)
while not os.path.exists(stop):
    time.sleep(PAUSE)
for connection, server in zip(connections, servers):
    told = {"port": connection.getsockname()[1], "server": server, "error": None}
    try:
        answer = ask(connection)
        if answer != server:
            told["error"] = f"now {answer}"
    except OSError as error:
        told["error"] = repr(error)
    print(json.dumps(told))
