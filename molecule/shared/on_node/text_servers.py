# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a real server: protocols of lines, as far as health checks speak them, until a file is there.

SMTP, POP, IMAP, NNTP, HTTPS, an HTTP proxy, SIP, and a server that repeats what it gets. Each names this host. While another file
is there, the ports stay open and each protocol says no.

Usage: text_servers.py ADDRESS LOGIN PASSWORD REFUSING_FILE STOP_FILE
"""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from socketserver import DatagramRequestHandler, StreamRequestHandler, ThreadingTCPServer, UDPServer

address, login, password, refusing_file, stop_file = sys.argv[1:]
HOST = socket.gethostname()


def refuses() -> bool:
    return os.path.exists(refusing_file)


class Lines(StreamRequestHandler):
    """Greets, and answers line by line."""

    greeting = refusal = ""

    def handle(self) -> None:
        self.say(self.refusal if self.refusal and refuses() else self.greeting)
        for line in self.rfile:
            self.say(self.answer(line.decode().strip()))

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def answer(self, line: str) -> str:
        raise NotImplementedError(line)


class Smtp(Lines):
    greeting, refusal = f"220 {HOST} ESMTP", "554 no"

    def answer(self, line: str) -> str:
        return f"250 {HOST}"


class Nntp(Lines):
    greeting, refusal = f"200 {HOST} ready", "502 no"

    def answer(self, line: str) -> str:
        return "500 what"


class Pop(Lines):
    greeting = f"+OK {HOST} ready"

    def answer(self, line: str) -> str:
        known = (f"USER {login}", f"PASS {password}", "STAT", "QUIT")
        return "-ERR no" if line not in known or refuses() else "+OK 0 0"


class Imap(Lines):
    greeting = f"* OK {HOST} IMAP4rev1"

    def answer(self, line: str) -> str:
        tag, command, *words = [word.strip('"') for word in line.split()]
        wrong = command.upper() == "LOGIN" and words != [login, password]
        return f"{tag} NO" if wrong or refuses() else f"{tag} OK done"


class Pages(StreamRequestHandler):
    """A web server and a proxy that has every page itself, and says in it what was asked."""

    def handle(self) -> None:
        asked = self.rfile.readline().decode().split()[1]
        while self.rfile.readline().strip():
            pass
        page = f"{asked} by {HOST}\n"
        status = "502 no" if refuses() else "200 ok"
        self.wfile.write(f"HTTP/1.0 {status}\r\nContent-Length: {len(page)}\r\n\r\n{page}".encode())


class Repeats(StreamRequestHandler):
    """Simple TCP: the answer to all that came."""

    def handle(self) -> None:
        said = self.rfile.read().decode().strip()
        self.wfile.write(b"no\n" if refuses() else f"{said} to you from {HOST}\n".encode())


class Sip(DatagramRequestHandler):
    def handle(self) -> None:
        asked = self.rfile.readline().decode().split()
        right = asked == ["OPTIONS", f"sip:{login}", "SIP/2.0"] and not refuses()
        status = "200 OK" if right else "503 no"
        self.wfile.write(f"SIP/2.0 {status}\r\nServer: {HOST}\r\n\r\n".encode())


class Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        connection, client = super().get_request()
        connection.settimeout(20)
        return (self.tls.wrap_socket(connection, server_side=True) if self.tls else connection), client

    def handle_error(self, *_request: object) -> None:
        """Checks hang up."""


def certificate() -> ssl.SSLContext:
    """A certificate that names the address, as the checks of IMAP and POP demand."""
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30"
        names = f"-subj /CN={HOST} -addext subjectAltName=IP:{address} -keyout {folder}/key.pem -out {folder}/cert.pem"
        subprocess.run(f"{make} {names}".split(), check=True, stderr=subprocess.DEVNULL)
        own.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
    return own


PLAIN = {25: Smtp, 587: Smtp, 110: Pop, 143: Imap, 119: Nntp, 3128: Pages, 7: Repeats}
TLS = {995: Pop, 993: Imap, 443: Pages}
context = certificate()
servers = [Server(("", port), talk) for port, talk in {**PLAIN, **TLS}.items()]
for server in servers:
    if server.server_address[1] in TLS:
        server.tls = context
for server in (*servers, UDPServer(("", 5060), Sip)):
    threading.Thread(target=server.serve_forever, daemon=True).start()
while not os.path.exists(stop_file):
    time.sleep(0.2)
