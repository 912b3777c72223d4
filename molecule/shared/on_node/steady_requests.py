# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a client: ask several services at a steady pace, until a file is there; then print every request.

Usage: steady_requests.py TARGETS STOP_FILE

TARGETS is JSON: a list of [name, address, port, how, requests a second, phase]. `phase`, from 0 to 1, is when in each interval
the request comes, by the clock that all nodes share. `how` is http (a page, whose last word is who
answered) or line (a line, to which the first word of the answer is who answered). Printed is "asking" when the first
requests were made; at the end one line for each request, in JSON: [start, end, name, who answered or null, error or null],
by the same clock.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time

TIMEOUT = 2.0  # s for a whole request
STEP = 0.2


async def fetch(address: str, port: int, how: str) -> str:
    """Who answered. ValueError where it is no good answer."""
    reader, writer = await asyncio.open_connection(address, port)
    try:
        if how == "http":
            writer.write(f"GET / HTTP/1.0\r\nHost: {address}\r\n\r\n".encode())
            head, _blank, body = (await reader.read()).partition(b"\r\n\r\n")
            if b" 200 " not in head.partition(b"\r\n")[0] + b" ":
                raise ValueError("status" if head else "reset")
            return body.split()[-1].decode()
        writer.write(b"who\n")
        return (await reader.readuntil(b"\n")).split()[0].decode()
    finally:
        writer.close()


async def ask(name: str, address: str, port: int, how: str) -> None:
    start, who, error = time.time(), None, None
    try:
        who = await asyncio.wait_for(fetch(address, port, how), TIMEOUT)
    except asyncio.TimeoutError:
        error = "timeout"
    except ConnectionRefusedError:
        error = "refused"
    except (ConnectionResetError, BrokenPipeError, asyncio.IncompleteReadError):
        error = "reset"
    except OSError:
        error = "unreachable"
    except (ValueError, IndexError) as problem:
        error = str(problem) if str(problem) in ("status", "reset") else "incomplete"
    samples.append((start, time.time(), name, who, error))


async def keep_asking(name: str, address: str, port: int, how: str, rate: float, phase: float) -> None:
    """The schedule is absolute: a slow answer delays no other request."""
    clock = asyncio.get_running_loop().time
    # By the shared clock for the first, then by one that does not jump.
    due = clock() + (phase / rate - time.time()) % (1 / rate)
    await asyncio.sleep(due - clock())
    running: set[asyncio.Task[None]] = set()
    while not ending.is_set():
        task = asyncio.create_task(ask(name, address, port, how))
        running.add(task)
        task.add_done_callback(running.discard)
        due += 1 / rate
        await asyncio.sleep(max(0.0, due - clock()))
    if running:
        await asyncio.wait(running)


async def main() -> None:
    asking = [asyncio.create_task(keep_asking(*target)) for target in targets]
    await asyncio.sleep(STEP)
    print("asking", flush=True)
    while not os.path.exists(stop):
        await asyncio.sleep(STEP)
    ending.set()
    await asyncio.wait(asking)


targets, stop = json.loads(sys.argv[1]), sys.argv[2]
samples: list[tuple[float, float, str, str | None, str | None]] = []
ending = asyncio.Event()
asyncio.run(main())
for sample in samples:
    print(json.dumps(sample))
