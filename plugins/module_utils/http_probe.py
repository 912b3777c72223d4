# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request of a probe: TCP, HTTP or HTTPS over a connection of its own, and what came of it."""

from __future__ import annotations

import errno
import socket
import time
from dataclasses import dataclass
from typing import Any, Mapping

DEFAULT_PORTS = {"http": 80, "https": 443}
CONNECTED = "(connected)"
EMPTY = "(empty)"
_NAME_LENGTH = 100
_BODY_LIMIT = 1 << 20
_UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EADDRNOTAVAIL)


@dataclass(frozen=True)
class Target:
    """Whom to ask and how: `sockaddr` of `family`, `timeout` in seconds for a whole request.

    `request` are the bytes of an HTTP request, None for plain TCP; `tls` is an ssl.SSLContext or None.
    """

    family: int
    sockaddr: tuple[Any, ...]
    timeout: float
    request: bytes | None = None
    statuses: tuple[int, ...] = (200,)
    tls: Any = None
    server_name: str | None = None
    source: tuple[Any, ...] | None = None


@dataclass(frozen=True)
class Outcome:
    """A good answer has a `name`, anything else an `error` (its kind) and a `message`."""

    name: str | None = None
    error: str | None = None
    message: str = ""


def target_from(params: Mapping[str, Any]) -> Target:
    """Return whom to ask, from vip_probe's parameters. Raises OSError: no such name, no such CA file."""
    scheme, address = params["scheme"], params["address"]
    port = params["port"] or DEFAULT_PORTS[scheme]
    family, _type, _protocol, _name, sockaddr = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
    source = params["source_address"]
    name = params["host_header"]
    return Target(
        family=family,
        sockaddr=sockaddr,
        timeout=params["timeout"],
        request=None if scheme == "tcp" else http_request(params["path"], name or _authority(address, port, scheme)),
        statuses=tuple(params["expected_status"]),
        tls=_tls_context(params["validate_certs"], params["ca_path"]) if scheme == "https" else None,
        server_name=params["sni"] or name or (address if params["validate_certs"] else None),
        source=socket.getaddrinfo(source, 0, family, socket.SOCK_STREAM)[0][4] if source else None,
    )


def _authority(address: str, port: int, scheme: str) -> str:
    host = f"[{address}]" if ":" in address else address
    return host if port == DEFAULT_PORTS[scheme] else f"{host}:{port}"


def _tls_context(validate: bool, ca_file: str | None) -> Any:
    # Here, because importing it takes longer than a probe without TLS needs.
    import ssl  # noqa: PLC0415

    if validate:
        return ssl.create_default_context(cafile=ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def http_request(path: str, host: str) -> bytes:
    """Return a GET of HTTP/1.0 (RFC 1945), which no server answers in chunks, with the Host for virtual hosts."""
    lines = [f"GET {path} HTTP/1.0", f"Host: {host}", "User-Agent: lvs.cluster.vip_probe", "Accept: */*"]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("utf-8")


def ask(target: Target) -> Outcome:
    """Make one request over a new connection. Never raises: what goes wrong is part of the outcome."""
    deadline = time.monotonic() + target.timeout
    connection = socket.socket(target.family, socket.SOCK_STREAM)
    try:
        if target.source:
            connection.bind(target.source)
        connection.settimeout(target.timeout)
        connection.connect(target.sockaddr)
        if target.request is None:
            return Outcome(name=CONNECTED)
        if target.tls:
            connection.settimeout(_left(deadline))
            connection = target.tls.wrap_socket(connection, server_hostname=target.server_name)
        connection.settimeout(_left(deadline))
        connection.sendall(target.request)
        return judge(_read_all(connection, deadline), target.statuses)
    except OSError as error:
        return Outcome(error=error_kind(error), message=error.strerror or str(error))
    finally:
        connection.close()


def judge(response: bytes, statuses: tuple[int, ...]) -> Outcome:
    """Return what a whole HTTP response means; the name is the first line of its body."""
    if not response:
        return Outcome(error="reset", message="closed without an answer")
    head, blank, body = response.partition(b"\r\n\r\n")
    status, *headers = head.decode("latin-1").split("\r\n")
    words = status.split(None, 2)
    if not blank or len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        return Outcome(error="other", message=f"not an HTTP response: {status[:_NAME_LENGTH]!r}")
    if int(words[1]) not in statuses:
        return Outcome(error="status", message=" ".join(words[1:]))
    length = _content_length(headers)
    if length is not None and len(body) < min(length, _BODY_LIMIT):
        return Outcome(error="reset", message=f"closed after {len(body)} of {length} bytes")
    first_line = body.lstrip().split(b"\n", 1)[0].strip()
    return Outcome(name=first_line[:_NAME_LENGTH].decode("utf-8", "replace") or EMPTY)


def error_kind(error: OSError) -> str:
    """Return the kind of a failure: refused, timeout, reset, unreachable, tls or other."""
    if isinstance(error, socket.timeout) or error.errno == errno.ETIMEDOUT:
        return "timeout"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    # Before Python's ssl errors, which are OSErrors too, but hold OpenSSL's numbers in errno.
    if type(error).__module__ == "ssl":
        return "tls"
    if isinstance(error, (ConnectionResetError, ConnectionAbortedError, BrokenPipeError)):
        return "reset"
    return "unreachable" if error.errno in _UNREACHABLE else "other"


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise socket.timeout("timed out")
    return left


def _read_all(connection: socket.socket, deadline: float) -> bytes:
    """Read until the other side closes, which is the end of an HTTP/1.0 response."""
    parts: list[bytes] = []
    size = 0
    while size < _BODY_LIMIT + 65536:
        connection.settimeout(_left(deadline))
        part = connection.recv(65536)
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _content_length(headers: list[str]) -> int | None:
    for header in headers:
        name, _colon, value = header.partition(":")
        if name.strip().lower() == "content-length" and value.strip().isdigit():
            return int(value)
    return None
