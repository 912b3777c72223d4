# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines are those of keepalived 2.2.7 and 2.4.3 (check_*.c, ipwrapper.c) and of ldirectord 4.12 (_remove_service)."""

from __future__ import annotations

import time

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.status.reasons import (
    Reason,
    keepalived_reasons,
    ldirectord_reasons,
    printable,
)

WEB = ("172.28.0.21", 80)
RS = "[172.28.0.21]:tcp:80"
VS = "[172.28.0.100]:tcp:80"


def reasons(*texts: str):
    return keepalived_reasons(
        f"{100 + at}.5 lvs1 Keepalived_healthcheckers[42]: {text}" for at, text in enumerate(texts)
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"TCP_CHECK on service {RS} failed after 3 retries.", "TCP_CHECK failed after 3 retries"),
        (f"HTTP_CHECK on service {RS} failed.", "HTTP_CHECK failed"),
        (f"Misc check for [{RS} VS {VS}] by [/etc/lvs/check] failed (exited with status 2).", "/etc/lvs/check failed (exited with status 2)"),
        (f"Misc check for [{RS} VS FWM 7] by [/etc/lvs/check] timed out.", "/etc/lvs/check timed out"),
        (f"DNS_CHECK ({RS}) read timeout after 3 retries", "DNS_CHECK read timeout after 3 retries"),
        (f"SMTP_CHECK Bad greeting banner from server {RS}", "SMTP_CHECK Bad greeting banner"),
    ],
)  # fmt: skip
def test_what_a_check_has_said_is_the_reason(text, told):
    assert reasons(text, f"Removing service {RS} from VS {VS}")[WEB] == Reason(told, 101.5)


def test_what_was_found_stands_before_the_verdict():
    found = reasons(
        f"HTTP status code error to server {RS}.",
        f"HTTP_CHECK on service {RS} failed after 3 retries.",
        f"Removing service {RS} from VS {VS}",
    )
    assert found == {WEB: Reason("HTTP status code error; HTTP_CHECK failed after 3 retries", 102.5)}


@pytest.mark.parametrize("verb", ["Removing service {}", "Disabling service {} of", "Removing (inhibited) service {}"])
def test_it_is_out_since_the_first_service_has_lost_it(verb):
    gone = f"{verb.format(RS)} VS {VS}"
    assert reasons(gone, gone.replace("100", "101"), "TCP_CHECK on service [172.28.0.22]:tcp:80 failed.") == {
        WEB: Reason(None, 100.5),
        ("172.28.0.22", 80): Reason("TCP_CHECK failed", None),
    }


@pytest.mark.parametrize("back", [f"Adding service {RS} to VS {VS}", f"Enabling service {RS} of VS {VS}"])
def test_what_has_come_back_has_no_reason(back):
    failed = (f"TCP_CHECK on service {RS} failed.", f"Removing service {RS} from VS {VS}")
    assert reasons(*failed, back) == {}
    assert reasons(*failed, back, *failed)[WEB] == Reason("TCP_CHECK failed", 104.5)


@pytest.mark.parametrize(
    "text",
    [
        f"TCP connection to {RS} success.",
        f"Remote Web server {RS} succeed on service.",
        f"Adding sorry server {RS} to VS {VS}",
        f"Changing weight from 1 to 2 for active service {RS} of VS {VS}",
        f"Shutting down service {RS} from VS {VS}",
        "Got SIGHUP, reloading checker configuration",
    ],
)
def test_other_lines_are_no_reason(text):
    assert reasons(text) == {}
    assert keepalived_reasons([text, "-- Boot 1234 --", ""]) == {}


@pytest.mark.parametrize("asked", [" www.example.org/a?key=t0ken:", "(/a?key=t0ken)", " /a?key=t0ken:"])
def test_what_was_asked_for_is_not_said(asked):
    """keepalived writes it, but the check may be `sensitive`, and the page of lvs-status is for others than the journal."""
    line = f"http_check for RS {RS} VS {VS} url{asked} content_length (5) does not match received bytes (6)"
    said = reasons(line, f"HTTP_CHECK on service {RS} failed.", f"Removing service {RS} from VS {VS}")[WEB].text
    assert "t0ken" not in said and "example" not in said
    assert said.endswith(" content_length (5) does not match received bytes (6); HTTP_CHECK failed")


def test_ipv6():
    found = reasons("TCP_CHECK on service [2001:db8::21]:tcp:8443 failed.")
    assert found == {("2001:db8::21", 8443): Reason("TCP_CHECK failed", None)}


def test_a_script_cannot_control_a_terminal():
    assert printable("a\x1b[2Jb\r\n" + "c" * 300) == "a [2Jb  " + "c" * 192
    assert "\x1b" not in str(reasons(f"Misc check for [{RS} VS {VS}] by [/x] failed \x1b[31m.")[WEB].text)


STAMP = "[Wed Jul  1 12:00:00 2026|ldirectord.cf|412] "
AT = time.mktime(time.strptime("2026-07-01 12:00:00", "%Y-%m-%d %H:%M:%S"))


@pytest.mark.parametrize(
    "action", ["Deleted real server: {}", "Quiescent real server: {}", "Readd Quiescent real server: {}"]
)
def test_ldirectord_says_only_that_it_has_failed(action):
    line = STAMP + action.format("172.28.0.21:80 (172.28.0.100:80)")
    checks = {"172.28.0.21:80": "http"}
    assert ldirectord_reasons([line], checks) == {"172.28.0.21:80": Reason("the check http failed", AT)}
    assert ldirectord_reasons([line], {}) == {"172.28.0.21:80": Reason("its check failed", AT)}


@pytest.mark.parametrize("action", ["Added", "Restored"])
def test_what_ldirectord_has_put_back_has_no_reason(action):
    server = "172.28.0.21:80 (172.28.0.100:80) (Weight set to 1)"
    lines = [f"{STAMP}Deleted real server: {server}", f"{STAMP}{action} real server: {server}"]
    assert ldirectord_reasons(lines, {}) == {}


def test_a_line_of_ldirectord_in_the_journal_has_the_time_of_the_journal():
    line = "1772357400.25 lvs1 ldirectord[42]: Deleted real server: 172.28.0.21:80 (172.28.0.100:80)"
    assert ldirectord_reasons([line], {}) == {"172.28.0.21:80": Reason("its check failed", 1772357400.25)}
