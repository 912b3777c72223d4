# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import errno
import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading
from dataclasses import replace

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils import http_probe
from ansible_collections.lvs.cluster.plugins.module_utils.http_probe import Outcome, ask, judge, target_from

PARAMS = {
    "address": "127.0.0.1",
    "port": None,
    "scheme": "http",
    "path": "/",
    "host_header": None,
    "sni": None,
    "expected_status": [200],
    "validate_certs": False,
    "ca_path": None,
    "source_address": None,
    "timeout": 30.0,
}
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nweb1\n"
RESPONSES = [
    (OK, Outcome(name="web1")),
    (b"HTTP/1.0 200 OK\r\n\r\n", Outcome(name="(empty)")),
    (b"HTTP/1.0 200 OK\r\n\r\n\n  web2 \r\nmore", Outcome(name="web2")),
    (b"HTTP/1.0 200\r\n\r\nweb\xff", Outcome(name="web\ufffd")),
    (b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 500, Outcome(name="x" * 100)),
    (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", Outcome(error="status", message="503 Service Unavailable")),
    (b"HTTP/1.1 204\r\n\r\n", Outcome(error="status", message="204")),
    (
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nweb1",
        Outcome(error="reset", message="closed after 4 of 100 bytes"),
    ),
    (b"", Outcome(error="reset", message="closed without an answer")),
    (b"220 mail ESMTP\r\n", Outcome(error="other", message="not an HTTP response: '220 mail ESMTP'")),
    (b"HTTP/1.1 200 OK\r\nContent-Le", Outcome(error="other", message="not an HTTP response: 'HTTP/1.1 200 OK'")),
]


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
RESPONSES += [
    (b"HTTP/1.1 200 OK\nContent-Length: 5\n\nweb1\n", Outcome(name="web1")),
    (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, Outcome(name="web1")),
    (CHUNKED + b"3;x=y\r\nweb\r\n2\r\n1\n\r\n0\r\n\r\n", Outcome(name="web1")),
    (CHUNKED + b"A\r\nweb1 is up\r\n00\r\n\r\n", Outcome(name="web1 is up")),
    (CHUNKED + b"5\r\nweb", Outcome(error="reset", message="closed within a chunk")),
]


@pytest.mark.parametrize(("response", "outcome"), RESPONSES)
def test_judge(response, outcome):
    assert judge(response, (200,)) == outcome


@pytest.mark.parametrize(
    ("response", "complete"),
    [
        (OK, True),
        (OK[:-1], False),
        (OK[: OK.index(b"web1") - 2], False),
        (b"HTTP/1.0 200 OK\r\n\r\nweb1", False),
        (b"HTTP/1.1 204\r\n\r\n", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", True),
        (b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n", False),
        (CHUNKED + b"0\r\n\r\n", True),
        (CHUNKED + b"4\r\nweb1", False),
    ],
    ids=["whole", "a_byte_missing", "head_alone", "no_length", "204", "304", "interim", "last_chunk", "cut_off_chunk"],
)
def test_what_is_whole_while_the_connection_is_open(response, complete):
    assert http_probe.is_complete(response) is complete


@pytest.mark.parametrize(("size", "error"), [(2**20, None), (2**20 - 1, "reset")])
def test_of_a_long_page_a_mebibyte_is_enough(size, error):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n"
    assert judge(head + b"x" * size, (200,)).error == error


def test_several_statuses_can_be_good():
    assert judge(b"HTTP/1.1 302 Found\r\n\r\nmoved", (200, 302)).name == "moved"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (socket.timeout("timed out"), "timeout"),
        (OSError(errno.ETIMEDOUT, "x"), "timeout"),
        (OSError(errno.ECONNREFUSED, "x"), "refused"),
        (OSError(errno.ECONNRESET, "x"), "reset"),
        (OSError(errno.EPIPE, "x"), "reset"),
        (OSError(errno.EHOSTUNREACH, "x"), "unreachable"),
        (OSError(errno.ENETUNREACH, "x"), "unreachable"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"), "tls"),
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), "tls"),
        (OSError(errno.EMFILE, "x"), "other"),
    ],
)
def test_error_kind(error, kind):
    assert http_probe.error_kind(error) == kind


@pytest.mark.parametrize(
    ("params", "host"),
    [
        ({}, b"127.0.0.1"),
        ({"port": 8080}, b"127.0.0.1:8080"),
        ({"address": "::1"}, b"[::1]"),
        ({"address": "::1", "port": 8080}, b"[::1]:8080"),
        ({"port": 443, "scheme": "https"}, b"127.0.0.1"),
        ({"host_header": "www.example.com", "port": 8080}, b"www.example.com"),
    ],
)
def test_the_host_that_a_request_names(params, host):
    assert target_from({**PARAMS, **params}).request == (
        b"GET / HTTP/1.0\r\nHost: " + host + b"\r\nUser-Agent: lvs.cluster.vip_probe\r\nAccept: */*\r\n"
        b"Connection: close\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({}, None),
        ({"host_header": "www.example.com"}, "www.example.com"),
        ({"host_header": "www.example.com", "sni": "a.example.com"}, "a.example.com"),
        ({"validate_certs": True}, "127.0.0.1"),
        ({"host_header": "www.example.com:8443"}, "www.example.com"),
        ({"host_header": "[2001:db8::1]:8443"}, "2001:db8::1"),
    ],
)
def test_the_server_name_of_the_tls_handshake(params, name):
    assert target_from({**PARAMS, "scheme": "https", **params}).server_name == name


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"port": 65536}, "port must be 1 to 65535, not 65536."),
        ({"port": 70000}, "port must be 1 to 65535, not 70000."),
        ({"port": 0}, "port must be 1 to 65535, not 0."),
        ({"scheme": "tcp"}, "port must be 1 to 65535, not None."),
        ({"path": "/\r\nX: y"}, "path must not contain control characters: '/\\r\\nX: y'."),
        ({"host_header": "a\nb"}, "host_header must not contain control characters: 'a\\nb'."),
    ],
)
def test_wrong_parameters_are_refused(params, sentence):
    with pytest.raises(ValueError) as wrong:
        target_from({**PARAMS, **params})
    assert str(wrong.value) == sentence


@pytest.mark.parametrize("port", [1, 65535])
def test_every_port_can_be_asked(port):
    assert target_from({**PARAMS, "port": port}).sockaddr == ("127.0.0.1", port)


@pytest.mark.parametrize("name", ["www..example.com", ".example.com", "a" * 64 + ".example.com"])
def test_a_name_that_tls_cannot_send_is_refused(name):
    with pytest.raises(ValueError, match="can't be the name of a server in TLS"):
        target_from({**PARAMS, "scheme": "https", "host_header": name})
    assert target_from({**PARAMS, "host_header": name}).request is not None


@pytest.fixture
def serve():
    """Serve one connection with the function given, and return the port."""
    listeners = []

    def start(handle):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def accept():
            connection, _peer = listener.accept()
            # The probe may have gone before everything was sent.
            with connection, contextlib.suppress(OSError):
                handle(connection)

        threading.Thread(target=accept, daemon=True).start()
        return listener.getsockname()[1]

    yield start
    for listener in listeners:
        listener.close()


def answer(connection):
    connection.recv(4096)
    for piece in (OK[:10], OK[10:]):
        connection.sendall(piece)


def reset(connection):
    connection.recv(4096)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang(connection):
    connection.recv(4096)
    connection.recv(4096)


def keep_open(connection):
    connection.recv(4096)
    connection.sendall(OK)
    connection.recv(4096)


def keep_open_in_chunks(connection):
    connection.recv(4096)
    connection.sendall(CHUNKED + b"4\r\nweb1\r\n0\r\n\r\n")
    connection.recv(4096)


def long_page(connection):
    connection.recv(4096)
    with contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\nlong\n" + b"x" * 9999994)


def tell_source(connection):
    source = connection.getpeername()[0].encode()
    connection.recv(4096)
    connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + source)


def drip(connection):
    """Keep every single read within the timeout, but not the whole request."""
    try:
        for _turn in range(100):
            connection.sendall(b"H")
            threading.Event().wait(0.05)
    except OSError:
        pass


@pytest.mark.parametrize(
    ("handle", "params", "outcome"),
    [
        (answer, {}, Outcome(name="web1")),
        (tell_source, {"source_address": "127.0.0.9"}, Outcome(name="127.0.0.9")),
        (long_page, {}, Outcome(name="long")),
        (hang, {"scheme": "tcp"}, Outcome(name="(connected)")),
        (reset, {}, Outcome(error="reset", message=os.strerror(errno.ECONNRESET))),
        (keep_open, {}, Outcome(name="web1")),
        (keep_open_in_chunks, {}, Outcome(name="web1")),
        (hang, {"timeout": 0.2}, Outcome(error="timeout", message="timed out")),
        (drip, {"timeout": 0.2}, Outcome(error="timeout", message="timed out")),
    ],
)
def test_ask(serve, handle, params, outcome):
    assert ask(target_from({**PARAMS, "port": serve(handle), **params})) == outcome


def test_a_request_that_cannot_be_made_is_an_outcome(monkeypatch):
    target = target_from({**PARAMS, "port": 80})

    def broken(*_arguments):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(http_probe.socket, "socket", broken)
    assert ask(target) == Outcome(error="other", message="Too many open files")


def test_an_error_that_nobody_has_thought_of_is_an_outcome(serve):
    target = replace(target_from({**PARAMS, "port": serve(answer)}), request="text")
    assert ask(target).error == "other"


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert ask(target_from({**PARAMS, "port": port})).error == "refused"


def test_https_at_a_server_without_tls(serve):
    assert ask(target_from({**PARAMS, "scheme": "https", "port": serve(answer)})).error == "tls"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate of 127.0.0.1 with its key, in one file."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl")
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    new = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=web1"
    command = [*new.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "-", "-out", "-"]
    file.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    return str(file)


@pytest.mark.parametrize(
    ("validate", "trusted", "outcome"),
    [(False, False, ("web1", None)), (True, True, ("web1", None)), (True, False, (None, "tls"))],
    ids=["of_anybody", "of_a_known_authority", "of_an_unknown_authority"],
)
def test_https_with_a_certificate(serve, certificate, validate, trusted, outcome):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def answer_with_tls(connection):
        with context.wrap_socket(connection, server_side=True) as encrypted:
            answer(encrypted)

    checked = {"validate_certs": validate, "ca_path": certificate if trusted else None}
    asked = ask(target_from({**PARAMS, "scheme": "https", "port": serve(answer_with_tls), **checked}))
    assert (asked.name, asked.error) == outcome
