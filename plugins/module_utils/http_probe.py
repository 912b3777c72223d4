# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request of a probe: TCP, HTTP or HTTPS over a new connection, and its outcome."""

from __future__ import annotations

import errno
import re
import socket
import time
from dataclasses import dataclass
from typing import Any, Mapping

DEFAULT_PORTS = {"http": 80, "https": 443}
CONNECTED = "(connected)"
EMPTY = "(empty)"
_NAME_LENGTH = 100
_BODY_LIMIT = 1 << 20
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_INTERIM = re.compile(r"HTTP/[0-9.]+ 1[0-9][0-9]\b")
_HEXADECIMAL = re.compile(rb"[0-9a-fA-F]+\Z")
_UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EADDRNOTAVAIL)


@dataclass(frozen=True)
class Target:
    """Where to send a request and how: `sockaddr` of `family`, `timeout` in seconds for the whole request.

    `request` has the bytes of an HTTP request, None for plain TCP; `tls` is an ssl.SSLContext or None.
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
    """Return the target for vip_probe's parameters.

    Raises ValueError with a sentence for the user, and OSError if the name or the CA file does not exist.
    """
    scheme, address = params["scheme"], params["address"]
    port = DEFAULT_PORTS.get(scheme) if params["port"] is None else params["port"]
    if port is None or not 1 <= port <= 65535:
        raise ValueError(f"port must be 1 to 65535, not {port}.")
    for name in ("path", "host_header", "sni"):
        if _CONTROL.search(params[name] or ""):
            raise ValueError(f"{name} must not contain control characters: {params[name]!r}.")
    family, _type, _protocol, _name, sockaddr = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
    source = params["source_address"]
    name = params["host_header"]
    server_name = params["sni"] or host_of(name or "") or (address if params["validate_certs"] else None)
    if scheme == "https" and server_name:
        _check_server_name(server_name)
    return Target(
        family=family,
        sockaddr=sockaddr,
        timeout=params["timeout"],
        request=None if scheme == "tcp" else http_request(params["path"], name or _authority(address, port, scheme)),
        statuses=tuple(params["expected_status"]),
        tls=_tls_context(params["validate_certs"], params["ca_path"]) if scheme == "https" else None,
        server_name=server_name,
        source=socket.getaddrinfo(source, 0, family, socket.SOCK_STREAM)[0][4] if source else None,
    )


def host_of(authority: str) -> str:
    """Return the host of `www.example.com:8443` or `[2001:db8::1]:8443`: a TLS handshake sends no port (RFC 6066, 3)."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    host, _colon, port = authority.rpartition(":")
    return host if host and port.isdigit() and ":" not in host else authority


def _check_server_name(name: str) -> None:
    try:
        name.encode("idna")
    except UnicodeError as error:
        raise ValueError(f"{name} can't be the name of a server in TLS ({error}).") from None


def _authority(address: str, port: int, scheme: str) -> str:
    host = f"[{address}]" if ":" in address else address
    return host if port == DEFAULT_PORTS[scheme] else f"{host}:{port}"


def _tls_context(validate: bool, ca_file: str | None) -> Any:
    # Imported here, because the import takes longer than a probe without TLS.
    import ssl  # noqa: PLC0415

    if validate:
        return ssl.create_default_context(cafile=ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def http_request(path: str, host: str) -> bytes:
    """Return a GET of HTTP/1.0 (RFC 1945) with a Host header. No server answers HTTP/1.0 in chunks."""
    lines = [f"GET {path} HTTP/1.0", f"Host: {host}", "User-Agent: lvs.cluster.vip_probe", "Accept: */*"]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("utf-8")


def ask(target: Target) -> Outcome:
    """Make one request over a new connection. Never raises: the outcome includes any error."""
    deadline = time.monotonic() + target.timeout
    connection = None
    try:
        connection = socket.socket(target.family, socket.SOCK_STREAM)
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
        return judge(_read_response(connection, deadline), target.statuses)
    except OSError as error:
        return Outcome(error=error_kind(error), message=error.strerror or str(error))
    except Exception as error:
        return Outcome(error="other", message=f"{type(error).__name__}: {error}")
    finally:
        if connection is not None:
            connection.close()


def judge(response: bytes, statuses: tuple[int, ...]) -> Outcome:
    """Return the outcome for a complete HTTP response; the name is the first line of its body."""
    if not response:
        return Outcome(error="reset", message="closed without an answer")
    head, body = split_response(response)
    words = head[0].split(None, 2)
    if body is None or len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        return Outcome(error="other", message=f"not an HTTP response: {head[0][:_NAME_LENGTH]!r}")
    if int(words[1]) not in statuses:
        return Outcome(error="status", message=" ".join(words[1:]))
    if _is_chunked(head):
        whole = unchunked(body)
        if whole is None and len(body) < _BODY_LIMIT:
            return Outcome(error="reset", message="closed within a chunk")
        body = whole or b""
    length = _content_length(head)
    if length is not None and len(body) < min(length, _BODY_LIMIT):
        return Outcome(error="reset", message=f"closed after {len(body)} of {length} bytes")
    first_line = body.lstrip().split(b"\n", 1)[0].strip()
    return Outcome(name=first_line[:_NAME_LENGTH].decode("utf-8", "replace") or EMPTY)


def split_response(response: bytes) -> tuple[list[str], bytes | None]:
    """Return the lines of a response's head, and its body, which is None until the head is complete.

    Skips interim responses (100 Continue). A line may end without a carriage return (RFC 9112, 2.2).
    """
    match = _BLANK_LINE.search(response)
    head = (response[: match.start()] if match else response).decode("latin-1").splitlines() or [""]
    if match is None:
        return head, None
    body = response[match.end() :]
    return split_response(body) if body and _INTERIM.match(head[0]) else (head, body)


def is_complete(response: bytes) -> bool:
    """Whether a response is complete although the connection is still open."""
    head, body = split_response(response)
    if body is None or _INTERIM.match(head[0]):
        return False
    if head[0].split(None, 2)[1:2] in (["204"], ["304"]):
        return True
    if _is_chunked(head):
        return unchunked(body) is not None
    length = _content_length(head)
    return length is not None and len(body) >= length


def unchunked(body: bytes) -> bytes | None:
    """Join a chunked body (RFC 9112, 7.1); None until its end has arrived."""
    parts: list[bytes] = []
    while True:
        line, newline, rest = body.partition(b"\n")
        size = line.split(b";")[0].strip()
        if not newline or not _HEXADECIMAL.match(size):
            return None
        length = int(size, 16)
        if length == 0:
            return b"".join(parts)
        if len(rest) < length:
            return None
        parts.append(rest[:length])
        body = rest[length:].lstrip(b"\r")[1:]


def error_kind(error: OSError) -> str:
    """Return the kind of a failure: refused, timeout, reset, unreachable, tls or other."""
    if isinstance(error, socket.timeout) or error.errno == errno.ETIMEDOUT:
        return "timeout"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    # Check for Python's ssl errors before errno: they are OSErrors too, but have OpenSSL's numbers in errno.
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


def _read_response(connection: socket.socket, deadline: float) -> bytes:
    """Read until the response is complete, or the other side closes."""
    response = b""
    while len(response) < _BODY_LIMIT + 65536 and not is_complete(response):
        connection.settimeout(_left(deadline))
        part = connection.recv(65536)
        if not part:
            break
        response += part
    return response


def _is_chunked(head: list[str]) -> bool:
    return any(re.match(r"transfer-encoding:.*\bchunked\b", line, re.IGNORECASE) for line in head[1:])


def _content_length(head: list[str]) -> int | None:
    for header in head[1:]:
        name, _colon, value = header.partition(":")
        if name.strip().lower() == "content-length" and value.strip().isdigit():
            return int(value)
    return None
