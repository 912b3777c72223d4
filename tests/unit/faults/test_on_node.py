# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts that run on nodes during a fault, on this host."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest

SCRIPTS = Path(__file__).parents[3] / "molecule/shared/on_node"


class Talk(StreamRequestHandler):
    """As talk_server.py; "die" as the second line of a connection ends it."""

    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(b"web1 " + line)
            if self.server.deaf.is_set():
                return


@pytest.fixture
def server():
    with ThreadingTCPServer(("127.0.0.1", 0), Talk) as server:
        server.daemon_threads = True
        server.request_queue_size = 100
        server.deaf = threading.Event()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def started(tmp_path):
    """Start a script, wait for its first line; then a function that ends it and returns the other lines."""
    stop = tmp_path / "stop"

    def start(script, *arguments):
        command = [sys.executable, str(SCRIPTS / script), *map(str, arguments), str(stop)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        first = process.stdout.readline().strip()

        def end():
            stop.touch()
            lines = process.stdout.read().splitlines()
            assert process.wait(timeout=20) == 0
            return first, lines

        return end

    return start


def test_connections_that_go_on(server, started):
    end = started("open_connections.py", "127.0.0.1", server.server_address[1], 2, 3)
    time.sleep(0.5)
    first, lines = end()
    told = [json.loads(line) for line in lines]
    assert first == "open"
    assert [one["kind"] for one in told] == ["busy"] * 2 + ["idle"] * 3
    assert {(one["server"], one["error"]) for one in told} == {("web1", None)}


def test_connections_that_end_busy_ones_and_idle_ones(server, started):
    end = started("open_connections.py", "127.0.0.1", server.server_address[1], 1, 1)
    server.deaf.set()
    time.sleep(0.5)
    _first, lines = end()
    errors = {told["kind"]: told["error"] for told in map(json.loads, lines)}
    assert errors["busy"]
    # Its own last line still got an answer.
    assert errors["idle"] is None


def test_connections_that_cannot_be_opened_say_so(started):
    _first, lines = started("open_connections.py", "127.0.0.1", 1, 0, 1)()
    assert json.loads(lines[0])["error"].startswith("not opened")


def test_requests_are_steady_and_told_with_who_answered(server, started):
    port = server.server_address[1]
    targets = [["talk", "127.0.0.1", port, "line", 20, 0], ["www", "127.0.0.1", 1, "http", 5, 0.5]]
    end = started("steady_requests.py", json.dumps(targets))
    time.sleep(1)
    first, lines = end()
    told = [json.loads(line) for line in lines]
    assert first == "asking"
    answered = [one for one in told if one[2] == "talk"]
    refused = [one for one in told if one[2] == "www"]
    assert 3 * len(refused) < len(answered) < 5 * len(refused)
    assert {(who, error) for _start, _end, _name, who, error in answered} == {("web1", None)}
    assert {(who, error) for _start, _end, _name, who, error in refused} == {(None, "refused")}
    assert all(time.time() - 20 < start <= end for start, end, *_rest in told)


def test_two_clients_take_turns(server, started):
    """A gap is as long as the requests can show it: two clients that ask at the same moments show no more than one."""
    port = server.server_address[1]
    targets = [["first", "127.0.0.1", port, "line", 5, 0], ["second", "127.0.0.1", port, "line", 5, 0.5]]
    end = started("steady_requests.py", json.dumps(targets))
    time.sleep(1)
    _first, lines = end()
    moments = {
        name: [start % 0.2 for start, _end, told, *_rest in map(json.loads, lines) if told == name]
        for name in ("first", "second")
    }
    assert min(moments["first"]) < 0.1
    assert min(moments["second"]) >= 0.1


def test_an_httpd_with_errors_is_no_answer(started, tmp_path):
    end = started("unwell_httpd.py", 18999, "error")
    targets = json.dumps([["www", "127.0.0.1", 18999, "http", 10, 0]])
    stop = tmp_path / "other"
    asking = subprocess.Popen(
        [sys.executable, str(SCRIPTS / "steady_requests.py"), targets, str(stop)], stdout=subprocess.PIPE, text=True
    )
    asking.stdout.readline()
    stop.touch()
    lines = asking.stdout.read().splitlines()
    asking.wait(timeout=10)
    assert end()[0] == "listening"
    assert {json.loads(line)[4] for line in lines} == {"status"}


def test_a_director_tells_what_it_has(started):
    end = started("watch_director.py", "127.0.0.1", "192.0.2.100")
    time.sleep(0.3)
    first, lines = end()
    told = [json.loads(first), *map(json.loads, lines)]
    assert {one["vip"]: one["held"] for one in told if "vip" in one} == {"127.0.0.1": True, "192.0.2.100": False}
    assert [one["table"] for one in told if "table" in one] == [{}]
    assert told[-1]["end"]
