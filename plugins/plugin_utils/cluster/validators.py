# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validators for the values of an inventory. Each turns the user's value into a plain Python value, or says why it is wrong."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Callable

from .addresses import BITS, LOOPBACK, Network, family_of, known, parse
from .commands import LONGEST_WORDS, WORDS, filled
from .mistakes import nearest, shown
from .regex import literal, quoted

# Ansible's own words for booleans: INI inventories and -e give them as strings.
TRUE = frozenset(("y", "yes", "on", "1", "true", "t"))
FALSE = frozenset(("n", "no", "off", "0", "false", "f"))
# `f` and `0` could also be the half of a byte
WORDS_OF_TRUTH = frozenset(("y", "yes", "on", "true", "n", "no", "off", "false"))
# hier(7): their contents, folders too, are gone after a reboot
EMPTY_AT_BOOT = ("/run", "/var/run", "/tmp", "/dev/shm")  # noqa: S108 -- nothing is written there
HTTP_VERSIONS = ("1.0", "1.0C", "1.1")

# keepalived splits at whitespace, and these are special: quotes, braces,
# backslash, comments by ! and #, variables by $ (keepalived.conf(5)).
UNSAFE = re.compile(r"""[^!-~]|["'{}\\!#$]""")
UNSAFE_QUOTED = re.compile(r"""[\x00-\x1f\x7f"{}\\$]""")
UNSAFE_FOR_LDIRECTORD = re.compile(r"""[^ -~]|["#]""")
UNSAFE_EXPECTED = re.compile(r"""[\x00-\x1f\x7f"\\^]""")
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# keepalived reads lines of 1022 characters (parser.c, read_line), some of which stand before a text
LONGEST_TEXT = 990
LONGEST_CLUSTER_NAME = 64
LONGEST_PROCESS_NAME = 15  # Linux: TASK_COMM_LEN
# RFC 1035, 2.3.4: labels of 1 to 63 characters.
DOMAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?")


class InvalidValue(ValueError):
    """An invalid value with a specific reason. For a list, `item` is the wrong element, as shown."""

    def __init__(self, reason: str, item: str | None = None):
        super().__init__(reason)
        self.item = item


def reason(wrong: ValueError, validator: Validator) -> str:
    """Why a value is wrong, as the end of a sentence."""
    return str(wrong) if isinstance(wrong, InvalidValue) else f"not {validator.what}"


@dataclass(frozen=True)
class Validator:
    """`what` completes the sentence "port is 70000, not ..."; `read` raises ValueError for a wrong value.

    `choices` are the only allowed words for it or its items; empty if any value that fits `what` is allowed.
    """

    what: str
    read: Callable[[object], object]
    choices: tuple[str, ...] = ()


def silent(validator: Validator) -> Validator:
    """The same for a secret: the reason why it is wrong does not reveal a character of it."""

    def read(value: object) -> object:
        try:
            return validator.read(value)
        except ValueError:
            raise ValueError from None

    return Validator(f"{validator.what}; it is a secret, so the reason is not told", read, validator.choices)


def _number(value: object) -> int | float:
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError
    whole = isinstance(value, int) or value.is_integer()
    return int(value) if whole else float(value)


def integer(low: int, high: int) -> Validator:
    """A whole number, also as a string, as from INI inventories and -e."""

    def read(value: object) -> int:
        number = _number(value)
        if not isinstance(number, int) or not low <= number <= high:
            raise ValueError
        return number

    return Validator(f"a whole number from {low} to {high}", read)


def seconds(low: float, high: float) -> Validator:
    """A number of seconds, fractions allowed; whole numbers become int."""

    def read(value: object) -> int | float:
        number = _number(value)
        if not low <= number <= high:  # False for nan, too
            raise ValueError
        return number

    return Validator(f"a number of seconds from {low:g} to {high:g}", read)


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return bool(value)
    word = str(value).strip().lower() if isinstance(value, (str, int)) else None
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise ValueError


def choice(*words: str) -> Validator:
    """One of a few words."""

    def read(value: object) -> str:
        if isinstance(value, str) and value in words:
            return str(value)
        near = nearest(value, words) if isinstance(value, str) else None
        hint = f" (the nearest is {near})" if near else ""
        raise InvalidValue(f"not one of {' '.join(words)}{hint}")

    return Validator(f"one of {' '.join(words)}", read, words)


def _string(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError
    return str(value)


def fitting(text: str, written: str | None = None) -> str:
    """A text that fits into a line of keepalived.conf as it is `written` there."""
    if (length := len(text if written is None else written)) > LONGEST_TEXT:
        raise InvalidValue(
            f"which makes {length} characters in keepalived.conf: at most {LONGEST_TEXT} fit into its lines"
        )
    return text


def _word(value: object) -> str:
    text = _string(value)
    if not text:
        raise ValueError
    if bad := UNSAFE.search(text):
        raise InvalidValue(f"which must not contain {_called(bad.group())}")
    return fitting(text)


def _expected(value: object) -> str:
    """Text to look for in a page. keepalived accepts all other characters in a quoted regular expression."""
    text = _string(value)
    if not text:
        raise ValueError
    if bad := UNSAFE_EXPECTED.search(text):
        raise InvalidValue(f"which must not contain {_called(bad.group())}")
    return fitting(text, literal(text))


def _quotable(value: object) -> str:
    text = _string(value)
    if not text:
        raise ValueError
    if bad := UNSAFE_QUOTED.search(text):
        raise InvalidValue(f"which must not contain {_called(bad.group())}")
    return text


def _called(character: str) -> str:
    names = {
        " ": "a space",
        "\n": "a newline",
        "\t": "a tab",
        '"': "a double quote",
        "'": "a quote",
        "\\": "a backslash",
    }
    if character in names:
        return names[character]
    return character if "!" <= character <= "~" else "a character outside printable ASCII"


def _name(value: object) -> str:
    text = _string(value)
    if not NAME.fullmatch(text):
        raise ValueError
    return fitting(text)


def _cluster_name(value: object) -> str:
    text = _name(value)
    if len(text) > LONGEST_CLUSTER_NAME:
        raise InvalidValue(
            f"which has {len(text)} characters: at most {LONGEST_CLUSTER_NAME}, since files are named after it"
        )
    return text


def _line(value: object) -> str:
    """A line of a configuration file. A backslash at the end would join it with the next line."""
    text = _string(value).rstrip(" \t")
    if not text.strip():
        raise InvalidValue("an empty line")
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", text):
        raise InvalidValue("which is more than one line: give each line as an item of the list")
    if text.endswith("\\"):
        raise InvalidValue("which must not end with a backslash")
    return fitting(text)


def _file_pattern(value: object) -> str:
    text = _absolute(value)
    if re.search(r"[*?[]", text.rpartition("/")[0]):
        raise InvalidValue("which has a wildcard before the last slash")
    return text


def _domain(value: object) -> str:
    """A domain name as DNS has it, with underscores too (_dmarc.example.com); `.` is the root."""
    text = _string(value)
    if text != "." and not (DOMAIN_NAME.fullmatch(text) and len(text) <= 253):
        raise ValueError
    return text


def _virtual_host(value: object) -> str:
    """The name of a virtual host, or an address, with a port if the request needs one."""
    text = _string(value)
    match = re.fullmatch(r"(\[[^]]+\]|[^:]+)(?::([0-9]{1,5}))?", text)
    if match is None or not 1 <= int(match[2] or 1) <= 65535:
        raise ValueError
    host = match[1]
    if host.startswith("["):
        _address(host[1:-1])
    elif not (DOMAIN_NAME.fullmatch(host) and len(host) <= 253):
        raise ValueError
    return text


def _address(value: object) -> str:
    address = parse(str(value)) if isinstance(value, str) else None
    if address is None:
        raise ValueError
    return address.text


def _network(value: object) -> str:
    """A network as its first address and its prefix length."""
    address, _slash, prefix = _string(value).partition("/")
    parsed = parse(address)
    if parsed is None or not re.fullmatch("[0-9]{1,3}", prefix) or int(prefix) > BITS[parsed.family]:
        raise ValueError
    network = Network("", parsed.family, parsed.number, int(prefix))
    if parsed.number & ((1 << BITS[parsed.family] - network.prefix) - 1):
        raise InvalidValue(f"which is an address inside a network: the network itself is {network.cidr}")
    return f"{parsed.text}/{network.prefix}"


def _host_address(value: object) -> str:
    text = _address(value)
    if special := known(text).special:
        raise InvalidValue(special)
    return text


def _host_address6(value: object) -> str:
    text = _host_address(value)
    if family_of(text) != "ipv6":
        raise ValueError
    return text


def _answering_address(value: object) -> str:
    """A host's address, or a loopback address for each director itself."""
    text = _address(value)
    if (special := known(text).special) and special != LOOPBACK:
        raise InvalidValue(special)
    return text


def list_of(validator: Validator, items: str, empty: bool = False) -> Validator:
    """A list, not empty unless it may be `empty`; a single item counts as a list of one."""
    return Validator(f"a list of {items}", _items_of(validator, empty), validator.choices)


def _items_of(validator: Validator, empty: bool = False) -> Callable[[object], list[object]]:
    def read(value: object) -> list[object]:
        # Words that contain no blank or comma may be written as `one,two`, as for ipvsadm.
        words = value.split(",") if validator.choices and isinstance(value, str) else [value]
        values = value if isinstance(value, list) else words
        if not (values or empty) or isinstance(value, dict):
            raise ValueError
        result = []
        for item in values:
            try:
                result.append(validator.read(item))
            except ValueError as wrong:
                raise InvalidValue(reason(wrong, validator), shown(item)) from None
        return result

    return read


def one_or_more(validator: Validator, items: str) -> Validator:
    """One value, or a list of different ones. Read, it is always a list."""
    several = _items_of(validator)

    def read(value: object) -> list[object]:
        if not isinstance(value, list):
            try:
                return [validator.read(value)]
            except ValueError as wrong:
                raise InvalidValue(reason(wrong, validator)) from None
        if not value:
            raise InvalidValue("which is empty")
        result: list[object] = []
        for item in several(value):
            if item in result:
                raise InvalidValue("which is there twice", shown(item))
            result.append(item)
        return result

    return Validator(f"a list of {items} or one of them", read, validator.choices)


def _absolute(value: object) -> str:
    text = _word(value)
    if not text.startswith("/"):
        raise InvalidValue("which must start with /")
    return text


def _url_path(value: object) -> str:
    """A path to fetch. Characters that are special to keepalived must be percent-encoded (RFC 3986, 2.1)."""
    text = _string(value)
    if (bad := UNSAFE.search(text)) and bad.group() in "!'$#{}\\\"":
        raise InvalidValue(f"which must not contain {_called(bad.group())}: write %{ord(bad.group()):02X}")
    return _absolute(value)


def _without_words(text: str) -> str:
    """A text without the words that are replaced in it. A brace of any other word is a mistake."""
    for word in WORDS:
        text = text.replace(word, "-")
    if bad := re.search(r"{[^ }]*}?|}", text):
        raise InvalidValue(f"which has {bad.group()}: the words in braces are {' '.join(WORDS)}")
    return text


def _command(value: object) -> str:
    text = _quotable(value)
    if not text.startswith("/"):
        raise InvalidValue("which must start with the absolute path of a program")
    return text


def _worded_command(value: object) -> str:
    text = _string(value)
    _command(_without_words(text))
    return text


def _worded_arguments(value: object) -> str:
    text = _string(value)
    _quotable(_without_words(text))
    return text


def _ldirectord_text(value: object) -> str:
    """A text between double quotes in ldirectord.cf, where `#` begins a comment everywhere."""
    text = _string(value)
    if not text:
        raise ValueError
    if bad := UNSAFE_FOR_LDIRECTORD.search(text):
        raise InvalidValue(f"which must not contain {_called(bad.group())}")
    return text


def _ldirectord_secret(value: object) -> str:
    _require_string(value)
    try:
        return _ldirectord_text(value)
    except InvalidValue:  # Its message would reveal a character of the secret
        raise ValueError from None


def _ldirectord_command(value: object) -> str:
    text = _ldirectord_text(value)
    if not text.startswith("/"):
        raise InvalidValue("which must start with the absolute path of a program")
    return text


def _script_file(value: object) -> str:
    """The path of a file on the controller. Its name becomes the name of the copy."""
    text = _string(value)
    if not NAME.fullmatch(text.rpartition("/")[2]):
        raise InvalidValue("whose last part must be a file name of letters, digits, dots, hyphens and underscores")
    return text


def _destination(value: object) -> str:
    """A network, an address, or `default`, as ip-route(8) takes them."""
    text = _string(value)
    if text == "default":
        return text
    return _network(text) if "/" in text else f"{_address(text)}/{BITS[family_of(text)]}"


def _interface(value: object) -> str:
    text = _word(value)
    if len(text) > 15 or "/" in text:  # Linux: IFNAMSIZ, dev_valid_name
        raise ValueError
    return text


def _process(value: object) -> str:
    """A name, or a command with all its arguments: only then keepalived looks at /proc/PID/cmdline (track_process.c)."""
    words = [_word(word) for word in _string(value).split()]
    if not words:
        raise ValueError
    name = words[0].rpartition("/")[2][:LONGEST_PROCESS_NAME]
    if len(words) == 1 and words[0] != name:
        way_out = f": write {name}" if name else ""
        raise InvalidValue(
            "but a process without arguments is known by its name in /proc/PID/comm, which has no path and at most"
            f" {LONGEST_PROCESS_NAME} characters{way_out}"
        )
    return fitting(" ".join(words))


def _track_file(value: object) -> str:
    """A file whose folder is there at boot: keepalived ignores a file without one when it starts (track_file.c, init_track_files)."""
    text = _absolute(value)
    if text.endswith("/"):
        raise InvalidValue("which is a folder: it must name a file")
    folder = posixpath.normpath(f"/{posixpath.dirname(text).lstrip('/')}")
    if lost := next((above for above in EMPTY_AT_BOOT if folder.startswith(f"{above}/")), None):
        raise InvalidValue(
            f"in a folder below {lost}, which a reboot removes: name a file in {lost} itself, or in a folder below /var/lib or /etc"
        )
    return fitting(text)


def _worded_track_file(value: object) -> str:
    text = _string(value)
    _track_file(_without_words(text))
    return fitting(text, filled(text, LONGEST_WORDS))


def _user(value: object) -> str:
    text = _string(value)
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*(:[A-Za-z0-9_][A-Za-z0-9._-]*)?", text):
        raise ValueError
    return text


def _status(value: object) -> int | str:
    """A status code of HTTP, or a range of them."""
    return _number_or_range(value, r"\d{3}", 100, 599)


def _number_or_range(value: object, digits: str, least: int, most: int) -> int | str:
    """A number that is written in these digits, or a range of two such numbers."""
    text = str(value).strip() if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    match = re.fullmatch(f"({digits})(?:-({digits}))?", text)
    if not match:
        raise ValueError
    first, last = int(match.group(1)), int(match.group(2) or match.group(1))
    if not least <= first <= last <= most:
        raise ValueError
    return first if first == last else f"{first}-{last}"


def _regex(value: object) -> str:
    """A regular expression that keepalived and ldirectord both understand: Python's are near enough to check its form."""
    text = _string(value)
    if not text:
        raise ValueError
    if bad := re.search(r"[\x00-\x1f\x7f]", text):
        raise InvalidValue(f"which must not contain {_called(bad.group())}")
    if text.startswith("^") or re.search(r"(?<!\\)(?:\\\\)*(?:\$|\\[zZ])\)*$", text):
        raise InvalidValue(
            "which must not begin with ^ or end with $: the answer arrives in pieces with its headers, so the ends of the"
            " page cannot be seen"
        )
    try:
        re.compile(text)
    except re.error as wrong:
        raise InvalidValue(f"which is no regular expression: {wrong}") from None
    return fitting(text, quoted(text))


def _digest(value: object) -> str:
    _require_string(value)
    text = str(value).strip().lower()
    if not re.fullmatch(r"[0-9a-f]{32}", text):
        raise ValueError
    return text


def _http_version(value: object) -> str:
    text = str(value).strip().upper() if isinstance(value, (float, str)) else ""
    if text not in HTTP_VERSIONS:
        raise InvalidValue(f"not one of {' '.join(HTTP_VERSIONS)}")
    return text


def _bytes(value: object, digits: str = "0-9a-f") -> str:
    _require_string(value)
    text = "".join(str(value).lower().split())
    if len(text) % 2 or not re.fullmatch(f"[{digits}]+", text):
        raise ValueError
    if text.endswith("ff"):  # lib/parser.c of 2.2.7, read_hex_str
        raise InvalidValue("which ends with ff: keepalived takes that for a mistake")
    return fitting(text)


def _reply(value: object) -> bool | str:
    """Whether a reply is required, or the bytes with which it has to begin; `x` is any digit."""
    if isinstance(value, bool) or (isinstance(value, str) and value.strip().lower() in WORDS_OF_TRUTH):
        return _boolean(value)
    return _bytes(value, "0-9a-fx")


def _check_source(value: object) -> str:
    """An address, or the network that holds the address of each director."""
    text = _string(value)
    return _network(text) if "/" in text else _host_address(text)


def _auth_pass(value: object) -> str:
    _require_string(value)
    try:
        text = _word(value)
    except InvalidValue:  # Its message would reveal a character of the secret
        raise ValueError from None
    if len(text) > 8:
        raise InvalidValue(f"{len(text)} characters long: VRRP version 2 takes at most 8")
    return text


def _ports(value: object) -> int | str:
    return _number_or_range(value, r"\d{1,5}", 1, 65535)


def _service_port(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\s*\d+\s*-\s*\d+\s*", value):
        raise InvalidValue("a range, which only a service by fwmark can have: set fwmark, and ports instead of port")
    return ANY_PORT.read(value)


def _mail_address(value: object) -> str:
    text = _string(value)
    if re.search(r"[<> ]", text):
        raise InvalidValue("which must be the address alone, without a name (ops@example.com)")
    text = _word(value)
    if not re.fullmatch(r"[^@]+@[^@]+", text):
        raise ValueError
    return text


def _server(value: object) -> tuple[str, int]:
    """The host and the port of `host`, `host:port`, `[IPv6]:port` or a bare IPv6 address; the default port is 25."""
    text = _word(value)
    match = re.fullmatch(r"(?:\[(?P<six>[^]]+)\]|(?P<host>[^][:]+))(?::(?P<port>[0-9]{1,5}))?", text)
    if match is None:
        return _address(text), 25
    port = int(match["port"] or 25)
    if not 1 <= port <= 65535:
        raise ValueError
    return (_address(match["six"]) if match["six"] else _name(match["host"])), port


def _require_string(value: object) -> None:
    """A secret must be a string. Without quotes YAML may read it as another number: 0123 is 83, 12:34 is 754."""
    if not isinstance(value, str):
        raise InvalidValue("not a string: put it into quotes, or YAML takes it for a number or a truth value")


def _secret(value: object) -> str:
    _require_string(value)
    try:
        text = _word(value)
    except InvalidValue:  # Its message would reveal a character of the secret
        raise ValueError from None
    if len(text) < 16:
        raise InvalidValue(f"{len(text)} characters long: the key needs at least 16")
    if any(character in text for character in "#\"'"):
        raise ValueError
    return text


BOOLEAN = Validator("true or false", _boolean)
NAMED = Validator("a name of letters, digits, dots, hyphens and underscores", _name)
CLUSTER_NAME = Validator("a name of letters, digits, dots, hyphens and underscores", _cluster_name)
DOMAIN = Validator("a domain name", _domain)
VIRTUAL_HOST = Validator("a host name, with or without a port", _virtual_host)
WORD = Validator("a word", _word)
EXPECTED = Validator("a text", _expected)
ADDRESS = Validator("an IP address", _address)
NETWORK = Validator("a network such as 192.0.2.0/24", _network)
HOST_ADDRESS = Validator("an IP address", _host_address)
HOST_ADDRESS6 = Validator("an IPv6 address", _host_address6)
ANSWERING_ADDRESS = Validator("an IP address", _answering_address)
LINE = Validator("a line", _line)
FILE_PATTERN = Validator("the path of a file, with or without wildcards", _file_pattern)
PATH = Validator("a path", _absolute)
URL_PATH = Validator("a path", _url_path)
COMMAND = Validator("a command", _command)
ARGUMENTS = Validator("words", _quotable)
SCRIPT_FILE = Validator("the path of a file", _script_file)
DESTINATION = Validator("a network such as 10.1.0.0/16, an address, or default", _destination)
INTERFACE = Validator("the name of an interface", _interface)
PROCESS = Validator("the name of a process", _process)
LDIRECTORD_TEXT = Validator("a text", _ldirectord_text)
LDIRECTORD_SECRET = Validator("a text of ASCII characters without # and double quotes", _ldirectord_secret)
LDIRECTORD_COMMAND = Validator("a command", _ldirectord_command)
WORDED_COMMAND = Validator("a command", _worded_command)
WORDED_ARGUMENTS = Validator("words", _worded_arguments)
TRACK_FILE = Validator("a path", _track_file)
WORDED_TRACK_FILE = Validator("a path", _worded_track_file)
USER = Validator("a user, or user:group", _user)
STATUS = Validator("a status code from 100 to 599 or a range such as 200-299", _status)
REGEX = Validator("a regular expression", _regex)
DIGEST = Validator("an MD5 digest of 32 hexadecimal digits", _digest)
HTTP_VERSION = Validator(f"one of {' '.join(HTTP_VERSIONS)}", _http_version, HTTP_VERSIONS)
PAYLOAD = Validator("bytes as pairs of hexadecimal digits", _bytes)
REPLY = Validator("true, false, or bytes as pairs of hexadecimal digits, with x for any digit", _reply)
CHECK_SOURCE = Validator("an IP address or a network", _check_source)
AUTH_PASS = Validator(
    "a word of 1 to 8 ASCII characters without whitespace, quotes, braces, backslash, ! # and $", _auth_pass
)
SECRET = Validator("a word of at least 16 characters, without # and quotes", _secret)
ANY_PORT = integer(0, 65535)
SERVICE_PORT = Validator(ANY_PORT.what, _service_port)
PORTS = Validator("a port or a range such as 8000-8010", _ports)
MAIL_ADDRESS = Validator("a mail address", _mail_address)
SERVER = Validator("a host or host:port", _server)
ANYTHING = Validator("anything", lambda value: value)
