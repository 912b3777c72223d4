# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's server that keeps connections open: on port 7000 it answers each line with this host's name and the line."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from asyncio import StreamReader, StreamWriter

PORT = 7000
HOST = socket.gethostname()


async def talk(reader: StreamReader, writer: StreamWriter) -> None:
    # Checks hang up at once, and clients whose node has lost its power never do.
    with contextlib.suppress(OSError):
        while line := await reader.readline():
            writer.write(f"{HOST} ".encode() + line)
            await writer.drain()
    writer.close()


async def main() -> None:
    await asyncio.start_server(talk, "0.0.0.0", PORT, backlog=512)
    await asyncio.Event().wait()


asyncio.run(main())
