# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers fail and return; the client is asked, and the kernel's table."""

from __future__ import annotations

import re

import pytest
from cluster import ROOT, until

pytestmark = pytest.mark.usefixtures("fresh")
GIVES_BACK = True

WEB, API, LOGIN = "172.28.0.100:80", "172.28.0.101:8080", "172.28.0.101:80"
PAGE = "/var/www/lvs-test-page/index.html"


@pytest.fixture(scope="module")
def mailbox(cluster):
    """What came by mail to the client, where the lab's lvs_mail goes."""
    host = cluster.host("client1")
    server = (ROOT / "molecule/shared/mail_server.py").read_text()
    host.run_expect(
        [0], f"cat > /run/mail_server.py <<'END'\n{server}\nEND\nsystemd-run --unit=mailbox python3 /run/mail_server.py"
    )
    yield lambda: cluster.host("client1").run("cat /run/mails").stdout.replace("\r", "")
    host.run("systemctl stop mailbox; rm -f /run/mails")


def tellers(mails, word):
    """The directors that have sent a mail of web1's with a word in its subject."""
    return set(re.findall(rf"^Subject: \[(\w+)\] Realserver \[?172\.28\.0\.21\b.* {word}$", mails, re.MULTILINE))


def weight(cluster, service, server):
    """The weight of a real server in the master's table; None when it is not there."""
    return cluster.table("lvs1").get(service, {}).get(cluster.address(server))


def test_a_stopped_httpd_and_a_page_that_stops_matching_are_removed_and_return(cluster, mailbox):
    web1, web2 = cluster.host("web1"), cluster.host("web2")
    with cluster.stream(address="172.28.0.100", port=80, rate=20) as stream:
        web1.run("systemctl stop lvs-test-page")
        web2.run(f"cp -p {PAGE} /run/index.html && echo out of order > {PAGE}")
        try:
            until(lambda: weight(cluster, WEB, "web1") is None, "web1 is removed from web")
            assert "web1" not in cluster.ask("172.28.0.100")
            # on_failure: quiesce keeps it with weight 0
            until(lambda: weight(cluster, API, "web1") == 0, "web1 has weight 0 in api")
            until(lambda: weight(cluster, LOGIN, "web2") is None, "web2 is removed from login")
            # the page still comes with status 200, which is all that web asks for
            assert weight(cluster, WEB, "web2") == 1
        finally:
            web2.run(f"cp -p /run/index.html {PAGE}")
            web1.run("systemctl start lvs-test-page")
        until(lambda: weight(cluster, WEB, "web1") == 1, "web1 is back in web")
        until(lambda: weight(cluster, API, "web1") == 1, "web1 is back in api")
        until(lambda: weight(cluster, LOGIN, "web2") == 1, "web2 is back in login")
    assert "web1" in cluster.ask("172.28.0.100")
    # Only what was asked before the check noticed: its interval of 4 s, two more tries a second apart, and their time.
    assert set(stream["errors"]) <= {"refused", "reset"}
    assert stream["last_error"] - stream["first_error"] <= 9, stream
    # Every director checks for itself, and each of them tells.
    until(
        lambda: tellers(mailbox(), "DOWN") == {"lvs1", "lvs2", "lvs3"}, "every director says by mail that web1 is down"
    )
    until(lambda: tellers(mailbox(), "UP") == {"lvs1", "lvs2", "lvs3"}, "and that it is back")
