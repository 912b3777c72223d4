# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lvs-sync tells other directors the whole connection table: the kernel's sync daemon tells of connections that get packets.

A director that boots, or whose keepalived starts again, has not heard of the connections that were idle since then. When it takes the
VIPs back they would be lost. So lvs-sync on that director asks the others, as soon as its kernel receives, and a few times more. Who
is asked multicasts its table in the kernel's own messages, and the kernel of the director that asked takes them for what they are.
A table is also told now and then without a question.

When a director gives up a VIP, lvs-sync tells at once what it knows of it, since the kernel keeps news for up to three seconds. Packets of
these connections may reach the next director before that: see quiet.py.

Each director tells the connections of the VIPs that it has, or has just had. Only directors of the inventory are answered, by a table that goes to the
group and not to them, and never more than a fifth of the time: see turns.py.

  lvs-sync            do that, by /etc/lvs-sync.conf; lvs-sync.service runs it
  lvs-sync --status   what it has told and heard; exit status 1 while this director waits for its first answer

It starts itself again when its configuration or program has changed.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from typing import Any, Iterator

import host
import quiet
import talk
import turns
from messages import Entry, connections_in, messages
from selection import Selection, marks

CONFIG = "/etc/lvs-sync.conf"
STATUS = "/run/lvs-sync/status.json"
HERE = os.path.dirname(os.path.abspath(__file__))
LOOK_INTERVAL = 0.5
# A receiving kernel takes as much as fits its socket's buffer (net.core.rmem_default): 20 messages at once, 1,000 a second, each of 40
# connections with IPv4.
BURST = 20
PAUSE = 0.02
HELD_FOR = 0.5  # seconds for which the addresses of the host count as known
LAST_SECONDS = 3.0  # the longest last round
# Seconds from one telling of a table whose VIP has left to the next: messages may be lost, and the kernel still handles what came before.
HAND_OVER = (0.0, 0.1, 0.3)


class Stopped(Exception):
    """systemd stops the unit."""


class Director:
    """This director among the others."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.id = config["id"]
        self.peers = {host.packed(peer): peer for peer in config["peers"]}
        self.marks = marks(config["marks"], host.packed)
        self.vips = frozenset(host.packed(vip) for vip in config["vips"])
        self.talking = host.talking_socket(config)
        self.changes = host.address_changes()
        self.had = self.vips & host.held_addresses()
        self.elsewhere: dict[bytes, float] = {}  # when this director was last without a VIP
        self.quietened: float | None = None  # when resets were kept back last
        self.has_rules = False
        self.quiet_fails = False
        self.held: tuple[float, frozenset[bytes]] = (float("-inf"), frozenset())
        self.receiving_since: float | None = None
        self.asked: float | None = None
        self.told: float | None = None
        self.took = 0.0
        self.waiting: set[Any] = set()  # who has asked
        self.status: dict[str, Any] = {"sends": False, "receives": False, "told": None, "heard": {}}
        self.noted = ""

    def turn(self, now: float) -> None:
        """Ask and tell, if it is time for that."""
        sends, receives = host.sync_daemons()
        if not receives:
            self.receiving_since = None
        elif self.receiving_since is None:
            self.receiving_since = now
            self.status["heard"] = {}
        since, answered = self.receiving_since, bool(self.status["heard"])
        if since is not None and turns.may_ask(now, since, self.asked, answered):
            self.asked = now
            for peer in self.peers.values():
                self.say(talk.question(self.id, first=not answered), (peer, self.config["port"]))
        if not sends:
            self.waiting.clear()
        elif turns.may_tell(now, self.told, self.took, bool(self.waiting)):
            self.tell()
        if receives and (self.quietened is None or now - self.quietened >= quiet.INTERVAL):
            self.quietened = now
            self.quieten(now)
        self.note(sends=sends, receives=receives)

    def quieten(self, now: float) -> None:
        """Keep the kernel from resetting connections when this director has just got a VIP."""
        try:
            self.elsewhere.update(dict.fromkeys(self.vips - host.all_addresses(), now))
            vips = quiet.left(self.elsewhere, now)
            if not self.has_rules or (vips and not self.filters(quiet.elements(vips))):
                host.filter_packets(quiet.rules() + quiet.elements(vips))
            self.has_rules, self.quiet_fails = True, False
        except (OSError, subprocess.SubprocessError) as error:
            if not self.quiet_fails:
                said = getattr(error, "stderr", None) or error
                print(f"cannot keep back resets when a VIP comes here: {said}", file=sys.stderr, flush=True)
            self.quiet_fails = True

    def filters(self, rules: str) -> bool:
        """Give rules to nft; whether it takes them: not if somebody has removed the table with the sets."""
        try:
            host.filter_packets(rules)
        except subprocess.CalledProcessError:
            return False
        return True

    def listen(self) -> None:
        """Wait a moment for what another director says, or for a change of the addresses."""
        readable, _writable, _wrong = select.select([self.talking, self.changes], [], [], LOOK_INTERVAL)
        if self.changes in readable:
            host.forget_messages(self.changes)
            self.look_for_lost_vips()
        if self.talking in readable:
            self.hear()

    def look_for_lost_vips(self) -> None:
        """Tell the connections of VIPs that this director had and has no more."""
        had, self.had = self.had, self.vips & host.held_addresses()
        lost = had - self.had
        if not lost:
            return
        end = time.monotonic() + LAST_SECONDS
        for pause in HAND_OVER:
            time.sleep(pause)
            try:
                count = self.multicast(end, lost)
            except OSError as error:
                print(f"cannot tell the connections of a VIP that moves: {error}", file=sys.stderr, flush=True)
                return
            if pause == 0:
                print(f"told {count} connections of VIPs that move", flush=True)

    def hear(self) -> None:
        """Read what another director says."""
        datagram, sender = self.talking.recvfrom(talk.LONGEST + 1)
        peer = self.peers.get(host.packed(sender[0].partition("%")[0]))
        said = talk.read(datagram, self.id) if peer else None
        if said is None:
            return
        if said["kind"] == talk.ASK:
            self.waiting.add(sender)
            if said["first"]:
                print(f"{peer} asks for the connections", flush=True)
        elif self.receiving_since is not None:
            if peer not in self.status["heard"]:
                print(f"{peer} has told {said['connections']} connections", flush=True)
            self.status["heard"][peer] = {"at": time.time(), "connections": said["connections"]}

    def tell(self, at_most: float = float("inf")) -> None:
        """Multicast the table, and say so to those that have asked. Who asks meanwhile has missed a part, and gets the next one."""
        began = time.monotonic()
        answered, self.waiting = self.waiting, set()
        count: int | None = None
        try:
            count = self.multicast(began + at_most)
        except OSError as error:
            # Such as a link that is down: that is no reason to end, and the next round comes.
            print(f"cannot tell the connections: {error}", file=sys.stderr, flush=True)
        self.told = time.monotonic()
        self.took = self.told - began
        if count is not None:
            self.status["told"] = {"at": time.time(), "connections": count, "seconds": round(self.took, 3)}
            for sender in answered:
                self.say(talk.answer(self.id, count), sender)

    def multicast(self, end: float, lost: frozenset[bytes] = frozenset()) -> int:
        """Send the table until a time of the monotonic clock, or what it has for VIPs that were lost; how many connections that were."""
        count = 0
        sender, group = host.sending_socket(self.config)
        with sender:
            for number, message in enumerate(
                messages(self.entries(lost), self.id, host.longest_message(self.config)), 1
            ):
                sender.sendto(message, group)
                count += connections_in(message)
                if time.monotonic() > end:
                    break
                if number % BURST == 0:
                    time.sleep(PAUSE)
        return count

    def entries(self, lost: frozenset[bytes]) -> Iterator[Entry]:
        if not (lost or self.addresses()):
            return
        selection = Selection(host.read_services(), self.marks, handshakes=bool(lost))
        for connection in host.read_connections():
            entry = selection.entry(connection, lost or self.addresses())
            if entry:
                yield entry

    def addresses(self) -> frozenset[bytes]:
        """The addresses of this host, as they are or were a moment ago: a VIP may leave while a large table is told."""
        now = time.monotonic()
        if now - self.held[0] > HELD_FOR:
            self.held = (now, host.held_addresses())
        return self.held[1]

    def say(self, datagram: bytes, to: Any) -> None:
        """Send a question or an answer. If it cannot be sent, the question comes again."""
        with contextlib.suppress(OSError):
            self.talking.sendto(datagram, to)

    def note(self, **now: Any) -> None:
        """Write the status for people, if it has changed."""
        self.status.update(now)
        text = json.dumps(self.status)
        if text != self.noted:
            with open(f"{STATUS}.new", "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(f"{STATUS}.new", STATUS)
            self.noted = text


def configuration(text: str) -> dict[str, Any]:
    """The director's part of the resolved cluster, in JSON behind a comment."""
    read: dict[str, Any] = json.loads("".join(line for line in text.splitlines() if not line.startswith("#")))
    return read


def stamps() -> list[tuple[str, int]]:
    """When the configuration and the program were written."""
    files = [CONFIG, *(entry.path for entry in os.scandir(HERE) if entry.name.endswith(".py"))]
    return [(file, os.stat(file).st_mtime_ns) for file in sorted(files)]


def stop(_signal: int, _frame: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Stopped


def run(director: Director) -> None:
    """Ask, listen and tell until the unit is stopped, or there is another configuration or program."""
    began = before = stamps()
    try:
        signal.signal(signal.SIGTERM, stop)
        while True:
            director.turn(time.monotonic())
            director.listen()
            now = stamps()
            # Not while files are being written, one after the other.
            if now != began and now == before:
                break
            before = now
    except Stopped:
        if host.sync_daemons()[0]:
            director.tell(at_most=LAST_SECONDS)
        return
    os.execv(sys.executable, [sys.executable, "-B", HERE])


def described(status: dict[str, Any], now: float) -> list[str]:
    """The status in words."""
    daemons = [word for word, runs in (("sends", status["sends"]), ("receives", status["receives"])) if runs]
    lines = [f"The kernel's sync daemon {' and '.join(daemons) or 'does not run'}."]
    told = status["told"]
    if told:
        lines.append(
            f"Told {told['connections']} connections {now - told['at']:.0f} seconds ago, in {told['seconds']} seconds."
        )
    for peer, heard in sorted(status["heard"].items()):
        lines.append(f"Heard {heard['connections']} connections of {peer} {now - heard['at']:.0f} seconds ago.")
    if waits(status):
        lines.append("No director has answered yet.")
    return lines


def waits(status: dict[str, Any]) -> bool:
    """Whether this director receives, and has not heard a whole table since it began to."""
    return bool(status["receives"] and not status["heard"])


def main(arguments: list[str]) -> int:
    if arguments == ["--status"]:
        try:
            with open(STATUS, encoding="utf-8") as file:
                status = json.load(file)
        except FileNotFoundError:
            print("lvs-sync does not run.")
            return 1
        print("\n".join(described(status, time.time())))
        return int(waits(status))
    if arguments:
        print("usage: lvs-sync [--status]", file=sys.stderr)
        return 2
    with open(CONFIG, encoding="utf-8") as file:
        run(Director(configuration(file.read())))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
