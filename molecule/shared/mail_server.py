# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's mail server: SMTP on 25 and 587, which keeps what it gets in /run/mails, and the greeting of IMAP on 993."""

from __future__ import annotations

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from pathlib import Path

MAILS = Path("/run/mails")
HOST = socket.gethostname()


async def smtp(reader: StreamReader, writer: StreamWriter) -> None:
    writer.write(f"220 {HOST} ESMTP\r\n".encode())
    while line := await reader.readline():
        word = line.decode(errors="replace").strip().upper()
        if word == "DATA":
            writer.write(b"354 go on\r\n")
            with MAILS.open("ab") as mails:
                mails.write(await reader.readuntil(b"\r\n.\r\n"))
            writer.write(b"250 kept\r\n")
        elif word == "QUIT":
            writer.write(b"221 bye\r\n")
            break
        else:
            writer.write(b"250 well\r\n")
    writer.close()


async def imap(_reader: StreamReader, writer: StreamWriter) -> None:
    writer.write(f"* OK {HOST} IMAP4rev1\r\n".encode())
    writer.close()


async def main() -> None:
    for talk, port in ((smtp, 25), (smtp, 587), (imap, 993)):
        await asyncio.start_server(talk, "0.0.0.0", port)
    await asyncio.Event().wait()


asyncio.run(main())
