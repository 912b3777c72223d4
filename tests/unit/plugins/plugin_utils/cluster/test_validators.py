# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edges of each kind of value: the last that is taken, and the first that is not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster import validators
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.validators import Validator, integer, list_of, seconds

LABEL = "a" * 63
IN_BRACES = "the words in braces are {{vip}} {{vip_port}} {{address}} {{port}}"
LOST = "in a folder below {0}, which a reboot removes: name a file in {0} itself, or in a folder below /var/lib or /etc"
QUOTES = "not a string: put it into quotes, or YAML takes it for a number or a truth value"
ENDS = (
    "which must not begin with ^ or end with $: the answer arrives in pieces with its headers, so the ends of the page cannot be"
    " seen"
)
FULL = "which makes 991 characters in keepalived.conf: at most 990 fit into its lines"
COMM = "but a process without arguments is known by its name in /proc/PID/comm, which has no path and at most 15 characters"
LONGEST_NAME = ".".join([LABEL, LABEL, LABEL, "a" * 61])

TAKEN = [
    (integer(1, 9), "1", 1),
    (integer(1, 9), " 9 ", 9),
    (integer(1, 9), 9.0, 9),
    (seconds(0.5, 9), 0.5, 0.5),
    (seconds(0.5, 9), "9.0", 9),
    (validators.BOOLEAN, "Yes", True),
    (validators.BOOLEAN, 0, False),
    (validators.WORD, "~", "~"),
    (validators.EXPECTED, "is {up} $1", "is {up} $1"),
    (validators.WORDED_COMMAND, "/bin/check -a 'b c'", "/bin/check -a 'b c'"),
    (validators.DOMAIN, ".", "."),
    (validators.DOMAIN, LONGEST_NAME, LONGEST_NAME),
    (validators.VIRTUAL_HOST, LONGEST_NAME + ":65535", LONGEST_NAME + ":65535"),
    (validators.VIRTUAL_HOST, "[2001:db8::1]:1", "[2001:db8::1]:1"),
    (validators.ANSWERING_ADDRESS, "127.0.0.1", "127.0.0.1"),
    (list_of(validators.NAMED, "names"), "one", ["one"]),
    (list_of(validators.choice("a", "b"), "letters"), "a,b", ["a", "b"]),
    (validators.PATH, "/", "/"),
    (validators.LINE, "  a {\t", "  a {"),
    (validators.FILE_PATTERN, "/a/[b]*.conf", "/a/[b]*.conf"),
    (validators.PROCESS, "fifteen-letters", "fifteen-letters"),
    (validators.PROCESS, "/usr/sbin/named  -u bind", "/usr/sbin/named -u bind"),
    (validators.WORD, "a" * 990, "a" * 990),
    (validators.LINE, "a" * 990 + "\t", "a" * 990),
    (validators.NAMED, "a" * 990, "a" * 990),
    (validators.EXPECTED, "." * 330, "." * 330),
    (validators.REGEX, '"' * 247 + "ab", '"' * 247 + "ab"),
    (validators.PAYLOAD, "00 " * 495, "00" * 495),
    (validators.PROCESS, "a  " * 494 + "bc", "a " * 494 + "bc"),
    (validators.WORDED_TRACK_FILE, "/" + "{vip}" * 25 + "a" * 14, "/" + "{vip}" * 25 + "a" * 14),
    (validators.AUTH_PASS, "12345678", "12345678"),
    (validators.SECRET, "0123456789abcdef", "0123456789abcdef"),
    (validators.PORTS, "1-65535", "1-65535"),
    (validators.PORTS, "80-80", 80),
    (validators.SERVER, "mail.example.com:1", ("mail.example.com", 1)),
    (validators.SERVER, "[2001:db8::1]:65535", ("2001:db8::1", 65535)),
    (validators.SERVER, "2001:db8::1", ("2001:db8::1", 25)),
    (validators.SERVER, "mail", ("mail", 25)),
    (
        validators.WORDED_COMMAND,
        "/bin/check {vip}:{vip_port} {address} {port}",
        "/bin/check {vip}:{vip_port} {address} {port}",
    ),
    (validators.WORDED_TRACK_FILE, "/run/{address}", "/run/{address}"),
    (validators.WORDED_TRACK_FILE, "/var/lib/lvs/{address}", "/var/lib/lvs/{address}"),
    *(
        (validators.TRACK_FILE, file, file)
        for file in ("/run/x", "/run/../x/y", "/var/run/x", "/tmp/x", "/dev/shm/x", "/runs/x/y", "/x")
    ),
    (validators.USER, "nobody:nogroup", "nobody:nogroup"),
    (validators.STATUS, "100", 100),
    (validators.STATUS, "200-599", "200-599"),
    (validators.STATUS, "200-200", 200),
    (validators.REGEX, r"up\$", r"up\$"),
    (validators.REGEX, "[$]", "[$]"),
    (validators.DIGEST, "D41D8CD98F00B204E9800998ECF8427E", "d41d8cd98f00b204e9800998ecf8427e"),
    (validators.HTTP_VERSION, 1.1, "1.1"),
    (validators.HTTP_VERSION, "1.0c", "1.0C"),
    (validators.PAYLOAD, "DE ad", "dead"),
    (validators.REPLY, True, True),
    (validators.REPLY, "false", False),
    (validators.REPLY, "f0", "f0"),
    (validators.REPLY, "0X", "0x"),
    (validators.CHECK_SOURCE, "10.0.0.1", "10.0.0.1"),
    (validators.CHECK_SOURCE, "2001:DB8::/32", "2001:db8::/32"),
]

NOT_IT = "not {what}"
REFUSED = [
    (integer(1, 9), 0, NOT_IT),
    (integer(1, 9), 10, NOT_IT),
    (integer(1, 9), 1.5, NOT_IT),
    (integer(0, 9), True, NOT_IT),
    (seconds(0.5, 9), 0.4, NOT_IT),
    (seconds(0.5, 9), 9.1, NOT_IT),
    (seconds(0.5, 9), float("nan"), NOT_IT),
    (seconds(0.5, 9), "1.", NOT_IT),
    (validators.BOOLEAN, "maybe", NOT_IT),
    (validators.BOOLEAN, 2, NOT_IT),
    (validators.WORD, "", NOT_IT),
    (validators.LINE, " ", "an empty line"),
    (validators.LINE, "a\nb", "which is more than one line: give each line as an item of the list"),
    (validators.LINE, "a\n", "which is more than one line: give each line as an item of the list"),
    (validators.LINE, True, NOT_IT),
    (validators.FILE_PATTERN, "/a*/b", "which has a wildcard before the last slash"),
    (validators.WORD, True, NOT_IT),
    (validators.WORD, "a b", "which must not contain a space"),
    (validators.WORD, "\xe9", "which must not contain a character outside printable ASCII"),
    (validators.WORD, "a!", "which must not contain !"),
    (validators.EXPECTED, "", NOT_IT),
    (validators.EXPECTED, "^up", "which must not contain ^"),
    (validators.COMMAND, "/bin/check {vip}", "which must not contain {{"),
    (validators.WORDED_COMMAND, "", NOT_IT),
    (validators.WORDED_COMMAND, "check", "which must start with the absolute path of a program"),
    (validators.WORDED_COMMAND, "/bin/{check", "which has {{check: " + IN_BRACES),
    (validators.WORDED_COMMAND, "/bin/check {vip} {host}", "which has {{host}}: " + IN_BRACES),
    (validators.WORDED_COMMAND, "{vip}", "which must start with the absolute path of a program"),
    (validators.WORDED_TRACK_FILE, "/run/}", "which has }}: " + IN_BRACES),
    (validators.WORDED_TRACK_FILE, "lvs/{address}", "which must start with /"),
    (validators.TRACK_FILE, "/run/lvs/", "which is a folder: it must name a file"),
    (validators.TRACK_FILE, "lvs/x", "which must start with /"),
    (validators.WORDED_TRACK_FILE, "/run/lvs/{address}", LOST.format("/run")),
    (validators.TRACK_FILE, "/run/lvs/x", LOST.format("/run")),
    (validators.TRACK_FILE, "//run/./lvs//a/../x", LOST.format("/run")),
    (validators.TRACK_FILE, "/var/run/lvs/x", LOST.format("/var/run")),
    (validators.TRACK_FILE, "/tmp/lvs/x", LOST.format("/tmp")),
    (validators.TRACK_FILE, "/dev/shm/lvs/x", LOST.format("/dev/shm")),
    (validators.USER, "-nobody", NOT_IT),
    (validators.USER, "a:b:c", NOT_IT),
    (validators.USER, "nobody:", NOT_IT),
    (validators.STATUS, 99, NOT_IT),
    (validators.STATUS, 600, NOT_IT),
    (validators.STATUS, "299-200", NOT_IT),
    (validators.STATUS, True, NOT_IT),
    (validators.REGEX, "", NOT_IT),
    (validators.REGEX, "a\nb", "which must not contain a newline"),
    (validators.REGEX, "^up", ENDS),
    (validators.REGEX, "up$", ENDS),
    (validators.REGEX, r"(up\\$)", ENDS),
    (validators.REGEX, r"up\Z", ENDS),
    (validators.REGEX, "(", "which is no regular expression: missing ), unterminated subpattern at position 0"),
    (validators.DIGEST, "d41d8cd98f00b204e9800998ecf8427", NOT_IT),
    (validators.DIGEST, 10000000000000000000000000000000, QUOTES),
    (validators.HTTP_VERSION, 2, "not one of 1.0 1.0C 1.1"),
    (validators.PAYLOAD, "abc", NOT_IT),
    (validators.PAYLOAD, "xx", NOT_IT),
    (validators.PAYLOAD, 70, QUOTES),
    (validators.PAYLOAD, "00ff", "which ends with ff: keepalived takes that for a mistake"),
    (validators.REPLY, "maybe", NOT_IT),
    (validators.CHECK_SOURCE, "10.0.0.0/33", NOT_IT),
    (validators.CHECK_SOURCE, "eth0", NOT_IT),
    *(
        (network, "10.1.2.3/16", "which is an address inside a network: the network itself is 10.1.0.0/16")
        for network in (validators.NETWORK, validators.CHECK_SOURCE, validators.DESTINATION)
    ),
    (validators.NETWORK, "10.0.0.0", NOT_IT),
    (validators.DESTINATION, "10.0.0.0/33", NOT_IT),
    (validators.DESTINATION, "somewhere", NOT_IT),
    (validators.NAMED, "-a", NOT_IT),
    (validators.DOMAIN, "", NOT_IT),
    (validators.DOMAIN, LABEL + "a", NOT_IT),
    (validators.DOMAIN, LONGEST_NAME + "a", NOT_IT),
    (validators.VIRTUAL_HOST, "", NOT_IT),
    (validators.VIRTUAL_HOST, LONGEST_NAME + "a", NOT_IT),
    (validators.VIRTUAL_HOST, "www:0", NOT_IT),
    (validators.VIRTUAL_HOST, "www:65536", NOT_IT),
    (validators.VIRTUAL_HOST, "[www]", NOT_IT),
    (validators.ADDRESS, 1, NOT_IT),
    (validators.HOST_ADDRESS, "127.0.0.1", "a loopback address"),
    (validators.HOST_ADDRESS6, "192.0.2.1", NOT_IT),
    (validators.ANSWERING_ADDRESS, "224.0.0.1", "a multicast address"),
    (list_of(validators.NAMED, "names"), [], NOT_IT),
    (list_of(validators.NAMED, "names"), {"one": 1}, NOT_IT),
    (list_of(validators.NAMED, "names"), ["one", "-"], "not a name of letters, digits, dots, hyphens and underscores"),
    (validators.PATH, "a", "which must start with /"),
    (validators.URL_PATH, "/$", "which must not contain $: write %24"),
    (validators.PROCESS, " ", NOT_IT),
    (validators.PROCESS, "sixteen-letters-", COMM + ": write sixteen-letters"),
    (validators.PROCESS, "/usr/sbin/named", COMM + ": write named"),
    (validators.PROCESS, "/usr/sbin/", COMM),
    (validators.WORD, "a" * 991, FULL),
    (validators.LINE, "a" * 991, FULL),
    (validators.NAMED, "a" * 991, FULL),
    (validators.EXPECTED, "." * 330 + "a", FULL),
    (validators.REGEX, '"' * 247 + "abc", FULL),
    (validators.PAYLOAD, "00" * 496, FULL.replace("991", "992")),
    (validators.PROCESS, "a  " * 495 + "b", FULL),
    (validators.WORDED_TRACK_FILE, "/" + "{vip}" * 25 + "a" * 15, FULL),
    (validators.AUTH_PASS, "123456789", "9 characters long: VRRP version 2 takes at most 8"),
    (validators.AUTH_PASS, "", NOT_IT),
    (validators.AUTH_PASS, "a b", NOT_IT),
    (validators.SECRET, "0123456789abcde", "15 characters long: the key needs at least 16"),
    (validators.SECRET, "0123456789abcde ", NOT_IT),
    (validators.PORTS, "0-9", NOT_IT),
    (validators.PORTS, "9-8", NOT_IT),
    (validators.PORTS, "9-65536", NOT_IT),
    (validators.PORTS, True, NOT_IT),
    (validators.MAIL_ADDRESS, "ops", NOT_IT),
    (validators.MAIL_ADDRESS, "a@b@c", NOT_IT),
    (validators.MAIL_ADDRESS, "<a@b>", "which must be the address alone, without a name (ops@example.com)"),
    (validators.SERVER, "mail:0", NOT_IT),
    (validators.SERVER, "mail:65536", NOT_IT),
    (validators.SERVER, "[mail]:25", NOT_IT),
]


@pytest.mark.parametrize(("validator", "value", "read"), TAKEN)
def test_the_last_value_that_is_taken(validator: Validator, value: Any, read: Any) -> None:
    found = validator.read(value)
    assert (found, type(found)) == (read, type(read))


@pytest.mark.parametrize(("validator", "value", "why"), REFUSED)
def test_the_first_value_that_is_not(validator: Validator, value: Any, why: str) -> None:
    with pytest.raises(ValueError) as wrong:
        validator.read(value)
    assert validators.reason(wrong.value, validator) == why.format(what=validator.what)
