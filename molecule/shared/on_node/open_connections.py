# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a client: open many connections to talk_server.py, use some of them all the time, and leave the others idle, until a
file is there; then ask over each once more, and print what became of it.

Usage: open_connections.py ADDRESS PORT BUSY IDLE STOP_FILE

Printed is "open" when all are open; at the end one line for each connection, in JSON: kind (busy or idle), server, error
(null where it goes on), stall (the longest time in seconds that an answer took).

Idle connections have TCP's own keepalive, as long-lived ones have in practice: without a single packet no director could
learn of them once it has lost what it knew.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time

PAUSE = 0.1  # s between two lines on a busy connection
KEEPALIVE = 15  # s without a packet, after which the kernel sends one
ANSWER = 10.0  # s until the last answer must be there
OPEN = 5.0
STEP = 0.2
AT_ONCE = 20  # that are opened at the same time


class Connection:
    def __init__(self, kind: str) -> None:
        self.told = {"kind": kind, "server": None, "error": None, "stall": 0.0}

    async def open(self) -> None:
        async with room:
            try:
                self.reader, self.writer = await asyncio.wait_for(asyncio.open_connection(address, port), OPEN)
                own = self.writer.get_extra_info("socket")
                own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                own.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE)
                own.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE)
                await asyncio.wait_for(self.talk(), OPEN)
            except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError) as error:
                self.told["error"] = f"not opened: {error!r}"

    async def talk(self) -> None:
        begun = time.monotonic()
        self.writer.write(b"who\n")
        self.told["server"] = (await self.reader.readuntil(b"\n")).split()[0].decode()
        self.told["stall"] = max(self.told["stall"], round(time.monotonic() - begun, 3))

    async def live(self) -> None:
        """Until the end; the last answer of all counts."""
        if self.told["error"]:
            return
        try:
            if self.told["kind"] == "busy":
                await self.be_busy()
            else:
                await ending.wait()
            await asyncio.wait_for(self.talk(), ANSWER)
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError) as error:
            self.told["error"] = repr(error)

    async def be_busy(self) -> None:
        while not ending.is_set():
            talking = asyncio.create_task(self.talk())
            while not talking.done() and not ending.is_set():
                await asyncio.wait({talking}, timeout=STEP)
            # An answer that has not come by the end may still come in the time that all have.
            await asyncio.wait_for(talking, ANSWER)
            await asyncio.sleep(PAUSE)


async def main() -> None:
    await asyncio.gather(*(connection.open() for connection in connections))
    print("open", flush=True)
    living = [asyncio.create_task(connection.live()) for connection in connections]
    while not os.path.exists(stop):
        await asyncio.sleep(STEP)
    ending.set()
    await asyncio.wait(living)


address, port, stop = sys.argv[1], int(sys.argv[2]), sys.argv[5]
connections = [Connection("busy") for _number in range(int(sys.argv[3]))]
connections += [Connection("idle") for _number in range(int(sys.argv[4]))]
ending = asyncio.Event()
room = asyncio.Semaphore(AT_ONCE)
asyncio.run(main())
for connection in connections:
    print(json.dumps(connection.told))
