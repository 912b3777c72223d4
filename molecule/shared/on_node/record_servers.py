# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a real server: protocols of binary records, as far as health checks speak them, until a file is there.

DNS, RADIUS, LDAP with and without TLS, MySQL and PostgreSQL. While another file is there, the ports stay open and each protocol says no.

Usage: record_servers.py LOGIN PASSWORD SECRET REFUSING_FILE STOP_FILE
"""

from __future__ import annotations

import os
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from hashlib import md5, sha1
from socketserver import DatagramRequestHandler, StreamRequestHandler, ThreadingTCPServer, UDPServer

*texts, refusing_file, stop_file = sys.argv[1:]
login, password, secret = (text.encode() for text in texts)
# As the protocols have it.
MD5, SHA1 = partial(md5, usedforsecurity=False), partial(sha1, usedforsecurity=False)
SALT = b"twenty-bytes-of-salt"


def refuses() -> bool:
    return os.path.exists(refusing_file)


class Dns(DatagramRequestHandler):
    """RFC 1035: one address for every name, or SERVFAIL."""

    def handle(self) -> None:
        query = self.rfile.read()
        end = query.index(b"\0", 12) + 5
        flags, count = (0x8182, 0) if refuses() else (0x8180, 1)
        header = query[:2] + struct.pack("!5H", flags, 1, count, 0, 0)
        # The name is that of the question, at byte 12.
        address = struct.pack("!HHHIH4B", 0xC00C, 1, 1, 60, 4, 192, 0, 2, 1)
        self.wfile.write(header + query[12:end] + address * count)


class Radius(DatagramRequestHandler):
    """RFC 2865: Access-Accept for the right name and password under the shared secret, or Access-Reject."""

    def handle(self) -> None:
        request = self.rfile.read()
        number, authenticator, attributes = request[1:2], request[4:20], {}
        rest = request[20:]
        while rest:
            attributes[rest[0]], rest = rest[2 : rest[1]], rest[rest[1] :]
        stream = MD5(secret + authenticator).digest()
        told = bytes(one ^ other for one, other in zip(attributes.get(2, b""), stream)).rstrip(b"\0")
        right = (attributes.get(1), told) == (login, password) and not refuses()
        head = (b"\2" if right else b"\3") + number + struct.pack("!H", 20)
        self.wfile.write(head + MD5(head + authenticator + secret).digest())


class Records(StreamRequestHandler):
    def take(self, size: int) -> bytes:
        data = self.rfile.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def give(self, *records: bytes) -> None:
        self.wfile.write(b"".join(records))


class Ldap(Records):
    """RFC 4511: a bind with the right name and password, then one entry for every search. Lengths are below 128."""

    BIND, SEARCH = 0x60, 0x63

    def handle(self) -> None:
        while True:
            message = self.take(self.take(2)[1])
            number, operation = message[:3], message[3]
            right = not refuses() and (operation != self.BIND or (login in message and password in message))
            result = b"\x0a\1" + bytes([0 if right else 49]) + b"\4\0\4\0"
            if operation == self.BIND:
                self.give(self.record(0x30, number + self.record(0x61, result)))
            elif operation == self.SEARCH:
                base = message[5 : 7 + message[6]]
                entry = self.record(0x64, base + self.record(0x30, b""))
                done = self.record(0x65, result)
                self.give(*(self.record(0x30, number + one) for one in ((entry, done) if right else (done,))))

    @staticmethod
    def record(tag: int, content: bytes) -> bytes:
        return bytes([tag, len(content)]) + content


class MySql(Records):
    """Protocol version 10: mysql_native_password, then one row for every query."""

    CAPABILITIES = 0x000A_A20D  # long password, database, 4.1, transactions, secure connection, plug-ins
    OK, EOF = b"\0\0\0\2\0\0\0", b"\xfe\0\0\2\0"

    def handle(self) -> None:
        low, high = struct.pack("<H", self.CAPABILITIES & 0xFFFF), struct.pack("<H", self.CAPABILITIES >> 16)
        plugin = b"mysql_native_password\0"
        greeting = b"\x0a5.7.0-lab\0" + bytes(4) + SALT[:8] + b"\0" + low + b"\x21\2\0" + high + b"\x15" + bytes(10)
        self.send(0, greeting + SALT[8:] + b"\0" + plugin)
        number, response = self.receive()
        once = SHA1(password).digest()
        proof = bytes(one ^ other for one, other in zip(once, SHA1(SALT + SHA1(once).digest()).digest()))
        if refuses() or login + b"\0\x14" + proof not in response:
            self.send(number + 1, b"\xff\x15\x04#28000no")
            return
        self.send(number + 1, self.OK)
        while True:
            _number, command = self.receive()
            if command[:1] == b"\1":  # COM_QUIT
                return
            if command[:1] == b"\3" and command[1:7].upper() == b"SELECT":
                column = b"\3def\0\0\0\1n\1n\x0c\x21\0\1\0\0\0\xfd\0\0\0\0\0"
                for index, record in enumerate((b"\1", column, self.EOF, b"\0011", self.EOF), start=1):
                    self.send(index, record)
            else:
                self.send(1, self.OK)

    def receive(self) -> tuple[int, bytes]:
        head = self.take(4)
        return head[3], self.take(int.from_bytes(head[:3], "little"))

    def send(self, number: int, record: bytes) -> None:
        self.give(len(record).to_bytes(3, "little") + bytes([number]) + record)


class PostgreSql(Records):
    """Protocol 3.0: a password in the clear, then one row for every query, simple or extended."""

    NEGOTIATIONS = (80877103, 80877104)  # for TLS, for GSSAPI

    def handle(self) -> None:
        start = self.take(struct.unpack("!I", self.take(4))[0] - 4)
        while struct.unpack("!I", start[:4])[0] in self.NEGOTIATIONS:
            self.give(b"N")
            start = self.take(struct.unpack("!I", self.take(4))[0] - 4)
        self.give(self.record(b"R", struct.pack("!I", 3)))
        _kind, told = self.receive()
        if refuses() or told != password + b"\0" or b"user\0" + login + b"\0" not in start:
            self.give(self.record(b"E", b"SFATAL\0C28P01\0Mno\0\0"))
            return
        settings = {"server_version": "15.0", "client_encoding": "UTF8", "standard_conforming_strings": "on"}
        told_settings = (self.record(b"S", f"{name}\0{value}\0".encode()) for name, value in settings.items())
        ready = self.record(b"Z", b"I")
        self.give(self.record(b"R", bytes(4)), *told_settings, ready)
        columns = self.record(b"T", b"\0\1n\0" + struct.pack("!IHIhih", 0, 0, 23, 4, -1, 0))
        rows = self.record(b"D", b"\0\1\0\0\0\0011") + self.record(b"C", b"SELECT 1\0")
        answers = {
            b"P": self.record(b"1", b""),
            b"B": self.record(b"2", b""),
            b"C": self.record(b"3", b""),
            b"D": columns,
            b"E": rows,
            b"S": ready,
            b"Q": columns + rows + ready,
        }
        while True:
            kind, _content = self.receive()
            if kind == b"X":
                return
            self.give(answers.get(kind, b""))

    def receive(self) -> tuple[bytes, bytes]:
        kind = self.take(1)
        return kind, self.take(struct.unpack("!I", self.take(4))[0] - 4)

    @staticmethod
    def record(kind: bytes, content: bytes) -> bytes:
        return kind + struct.pack("!I", len(content) + 4) + content


class Tls(StreamRequestHandler):
    """What another class says, inside TLS."""

    inside = Ldap

    def handle(self) -> None:
        with context.wrap_socket(self.connection, server_side=True) as connection:
            self.inside(connection, self.client_address, self.server)

    def finish(self) -> None:
        """The connection is TLS's."""


class Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, *_request: object) -> None:
        """Checks hang up."""


def certificate() -> ssl.SSLContext:
    """A certificate of nobody: the check takes any."""
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=lab"
        files = f"-keyout {folder}/key.pem -out {folder}/cert.pem"
        subprocess.run(f"{make} {files}".split(), check=True, stderr=subprocess.DEVNULL)
        own.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
    return own


context = certificate()
for listening in (
    UDPServer(("", 53), Dns),
    UDPServer(("", 1812), Radius),
    Server(("", 389), Ldap),
    Server(("", 636), Tls),
    Server(("", 3306), MySql),
    Server(("", 5432), PostgreSql),
):
    threading.Thread(target=listening.serve_forever, daemon=True).start()
while not os.path.exists(stop_file):
    time.sleep(0.2)
