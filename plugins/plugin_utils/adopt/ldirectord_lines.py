# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of an ldirectord.cf: which belong to a virtual service, which to the whole file.

Source: read_config of ldirectord (resource-agents 4.12). It takes a line as part of a service if it is indented by a tab or four
spaces and directly follows. It refuses the whole file for any line that it does not know. Here such a line is read as it was
probably meant, and explained.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..cluster.mistakes import nearest
from .notes import Notes
from .types import Level

# What a service may have, and what may stand for all services
OF_A_SERVICE = frozenset(
    (
        "real",
        "request",
        "receive",
        "checktype",
        "checkcommand",
        "checktimeout",
        "negotiatetimeout",
        "checkcount",
        "failurecount",
        "checkinterval",
        "checkport",
        "login",
        "passwd",
        "database",
        "secret",
        "load",
        "scheduler",
        "persistent",
        "schedflags",
        "netmask",
        "protocol",
        "ops",
        "service",
        "httpmethod",
        "virtualhost",
        "fallback",
        "fallbackcommand",
        "quiescent",
        "emailalert",
        "emailalertfreq",
        "emailalertstatus",
        "monitorfile",
        "cleanstop",
        "smtp",
        "servicename",
        "comment",
    )
)
OF_THE_FILE = frozenset(
    (
        "checktimeout",
        "negotiatetimeout",
        "checkinterval",
        "checkcount",
        "failurecount",
        "fallback",
        "fallback6",
        "fallbackcommand",
        "autoreload",
        "callback",
        "logfile",
        "execute",
        "fork",
        "supervised",
        "quiescent",
        "readdquiescent",
        "emailalert",
        "emailalertfreq",
        "emailalertstatus",
        "emailalertfrom",
        "cleanstop",
        "smtp",
        "maintenancedir",
    )
)
FORMER = {"connecttimeout": "negotiatetimeout", "timeout": "checktimeout"}
# ldirectord takes these only in double quotes
QUOTED_IN_A_SERVICE = frozenset(("request", "receive", "login", "passwd", "database", "secret", "load"))
QUOTED_IN_THE_FILE = frozenset(("callback", "logfile"))
MAY_BE_QUOTED = frozenset(("checkcommand", "fallbackcommand", "monitorfile", "virtualhost", "emailalert"))
NEVER_QUOTED = frozenset(("maintenancedir", "execute"))
YES_OR_NO = frozenset(("ops", "quiescent", "cleanstop", "autoreload", "fork", "readdquiescent", "supervised"))
NUMBERS = frozenset(
    (
        "checktimeout",
        "negotiatetimeout",
        "checkcount",
        "failurecount",
        "checkinterval",
        "checkport",
        "persistent",
        "emailalertfreq",
    )
)
# Values that are compared with a few words
WORDS = {
    "scheduler": re.compile("[a-z]+"),
    "protocol": re.compile(r"\w+"),
    "service": re.compile(r"\w+"),
    "httpmethod": re.compile(r"\w+"),
    "schedflags": re.compile(r"\S+"),
    "checktype": re.compile(r"\d+|[\w-]+"),
}
_VIRTUAL = ("virtual", "virtual6")
_OPTION = re.compile(r"([\w-]+)\s*=\s*(.*)")
REFUSED = "ldirectord refuses the file for that"


@dataclass(frozen=True)
class Option:
    """A setting, its value without quotes."""

    line: int
    name: str
    value: str


@dataclass
class Block:
    """A virtual service as it stands in the file."""

    line: int
    virtual: str
    six: bool
    options: list[Option] = field(default_factory=list)

    def all(self, name: str) -> list[Option]:
        """Every line of a name."""
        return [option for option in self.options if option.name == name]


@dataclass
class Configuration:
    """A file, by its lines."""

    path: str
    general: list[Option] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)

    def note(self, level: Level, line: int, text: str) -> None:
        """Tell something about a line."""
        told = {"explained": self.notes.explained, "not_expressed": self.notes.lost, "raw": self.notes.raw}
        told[level](f"{self.path}:{line}", text)

    def own(self, name: str) -> Option | None:
        """The last line of a name for the whole file."""
        return next((option for option in reversed(self.general) if option.name == name), None)

    def of(self, block: Block, name: str) -> Option | None:
        """A setting of a service: its own, or that of the whole file."""
        own = block.all(name)
        return own[-1] if own else self.own(name)


def parse(path: str, text: str, notes: Notes | None = None) -> Configuration:
    """Read a file as ldirectord would, and what it would refuse as it was probably meant."""
    return _Reader(Configuration(path, notes=Notes() if notes is None else notes)).read(text)


class _Reader:
    """`block` is the service that was begun last, `inside` whether the next line may belong to it."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.block: Block | None = None
        self.inside = False
        # Lines without an indent that directly follow `virtual=`
        self.loose: list[tuple[int, str]] = []

    def read(self, text: str) -> Configuration:
        if "\r" in text:
            self.configuration.note(
                "explained", 1, f"the lines end as on Windows, which is part of every value: {REFUSED}"
            )
        for number, line in enumerate(text.replace("\r", "").split("\n"), start=1):
            self._line(number, line)
        self._settle()
        return self.configuration

    def _line(self, number: int, line: str) -> None:
        if word := _begins(line):
            self._settle()
            self._begin(number, line, word)
        elif line.lstrip().startswith("#") or (self.inside and self._indented(number, line)):
            return
        elif not line.strip():
            self._settle()
            self.inside = False
        elif self.block and line[0].isspace():
            self._settle()
            why = (
                "is indented by less than a tab or four spaces"
                if self.inside
                else f"comes behind an empty or unindented line, which ends the service of line {self.block.line}"
            )
            self.inside = False
            self.configuration.note(
                "explained", number, f"this line {why}: {REFUSED}. It is read as part of that service"
            )
            self._option(number, line, self.block)
        elif self.block and (self.loose or (self.inside and not self.block.options)):
            self.inside = False
            self.loose.append((number, line))
        else:
            self.inside = False
            self._unindented(number, line)

    def _begin(self, number: int, line: str, word: str) -> None:
        given, _sign, value = line.partition("=")
        if given.rstrip() != word:
            why = "it is indented" if given.strip() == word else f"{given.strip()} is written {word}"
            self.configuration.note("explained", number, f"this begins a virtual service, but {why}: {REFUSED}")
        self.block = Block(number, value.partition("#")[0].strip(), word.endswith("6"))
        self.configuration.blocks.append(self.block)
        self.inside = True

    def _indented(self, number: int, line: str) -> bool:
        """Whether a line is indented as ldirectord wants it inside a service."""
        match = re.match(" {4,}(.+)", line.partition("#")[0].replace("\t", "    "))
        if not match or self.block is None:
            return False
        self._settle()
        if match[1].strip():
            self._option(number, match[1], self.block)
        else:
            self.configuration.note("explained", number, f"this line has nothing but blanks: {REFUSED}")
        return True

    def _settle(self) -> None:
        """Decide where lines without an indent that directly follow `virtual=` belong."""
        loose, self.loose = self.loose, []
        block = self.block
        if block is None or not loose:
            return
        names = [_OPTION.match(line.strip()) for _number, line in loose]
        if not any(match and _meant(match[1], OF_A_SERVICE) in OF_A_SERVICE - OF_THE_FILE for match in names):
            for number, line in loose:
                self._unindented(number, line)
            return
        self.configuration.note(
            "explained",
            loose[0][0],
            f"the lines of the virtual service of line {block.line} are not indented by a tab: {REFUSED}. They are read as if they were",
        )
        for number, line in loose:
            self._option(number, line.partition("#")[0], block)

    def _unindented(self, number: int, line: str) -> None:
        match = _OPTION.match(line)
        name = _meant(match[1], OF_THE_FILE | OF_A_SERVICE) if match else None
        if self.block and name in OF_A_SERVICE - OF_THE_FILE:
            self.configuration.note(
                "explained",
                number,
                f"{name} is not indented: {REFUSED}. It is read as part of the virtual service of line {self.block.line}",
            )
            self._option(number, line.partition("#")[0], self.block)
        else:
            self._option(number, line, None)

    def _option(self, number: int, line: str, block: Block | None) -> None:
        """Take a line as a setting of a service, or of the whole file."""
        note, text = self.configuration.note, line.lstrip()
        match = _OPTION.match(text)
        if text.strip() == "supervised" and block is None:
            self.configuration.general.append(Option(number, "supervised", "yes"))
            return
        if match is None:
            note("not_expressed", number, f"this is no setting of ldirectord: {REFUSED}")
            return
        known = OF_A_SERVICE if block else OF_THE_FILE
        given, value = match[1], match[2]
        name = self._named(number, given, block)
        if name is None:
            note("not_expressed", number, f"{given} is no setting of ldirectord: {REFUSED}")
            return
        if name not in known:
            block = None
            note("explained", number, f"{name} is for the whole file and has no place in a service: {REFUSED}")
        elif name != given and given not in FORMER and f"{name}6" != given:
            if name == given.lower():
                note("explained", number, f"{given} is written {name}: {REFUSED}")
            else:
                note(
                    "explained",
                    number,
                    f"{given} is no setting of ldirectord: {REFUSED}. It is read as {name}, the nearest",
                )
        option = Option(number, name, self._value(number, name, value, block is not None))
        (self.configuration.general if block is None else block.options).append(option)

    def _named(self, number: int, given: str, block: Block | None) -> str | None:
        """The setting that a name means."""
        if given in FORMER:
            self.configuration.note(
                "explained", number, f"{given} is no setting any more, read as {FORMER[given]}: {REFUSED}"
            )
            return FORMER[given]
        if block and given in ("real", "real6", "fallback", "fallback6"):
            name = given.rstrip("6")
            if given.endswith("6") is not block.six:
                right = f"{name}6" if block.six else name
                family = "IPv6" if block.six else "IPv4"
                self.configuration.note(
                    "explained", number, f"{given} is written {right} in a service of {family}: {REFUSED}"
                )
            return name
        return _meant(given, OF_A_SERVICE if block else OF_THE_FILE)

    def _value(self, number: int, name: str, value: str, inside: bool) -> str:
        """A value as ldirectord takes it. Neither quotes nor blanks around it are part of it."""
        told = value.strip()
        if name in (QUOTED_IN_A_SERVICE if inside else QUOTED_IN_THE_FILE):
            return self._quoted(number, name, value, inside)
        if name in MAY_BE_QUOTED:
            match = re.match('"(.*)"', told)
            return match[1] if match else told
        if name in YES_OR_NO:
            return self._switch(number, name, value)
        if name in NUMBERS:
            digits = re.search(r"\d+", value)
            if digits is None:
                self.configuration.note("not_expressed", number, f"the value of {name} is no number: {REFUSED}")
            return digits[0] if digits else ""
        if name in WORDS:
            word = WORDS[name].search(told.lower())
            if told != told.lower() and name != "httpmethod":
                self.configuration.note(
                    "explained", number, f"the value of {name} is written in small letters: {REFUSED}"
                )
            told = word[0] if word else told.lower()
        elif name in NEVER_QUOTED and told.startswith('"'):
            self.configuration.note(
                "explained", number, f"ldirectord takes the quotes as part of the value of {name}. Left out"
            )
            told = told.strip('"')
        return told

    def _quoted(self, number: int, name: str, value: str, inside: bool) -> str:
        if match := re.match('"(.*)"', value):
            return match[1]
        told = value.strip()
        cut = ", where # begins a comment even between quotes" if told.startswith('"') and inside else ""
        self.configuration.note(
            "explained", number, f"the value of {name} is not between double quotes{cut}: {REFUSED}"
        )
        return told.strip('"')

    def _switch(self, number: int, name: str, value: str) -> str:
        told = value.strip().lower()
        if value not in ("yes", "no"):
            wrong = "has a blank behind it" if value.strip() in ("yes", "no") else "is neither yes nor no"
            self.configuration.note("explained", number, f"the value of {name} {wrong}: {REFUSED}")
        return "yes" if told in ("yes", "true", "on", "1") else "no"


def _begins(line: str) -> str | None:
    """The word that begins a virtual service, if the line does."""
    match = _OPTION.match(line.strip())
    word = match[1].lower() if match else ""
    if not word or word in OF_A_SERVICE | OF_THE_FILE:
        return None
    return word if word in _VIRTUAL else nearest(word, _VIRTUAL, cutoff=0.8)


def _meant(given: str, known: frozenset[str]) -> str | None:
    """The name of a setting that a word means. A setting of another place is better than a guess."""
    for name in (given, given.lower()):
        if name in known or name in OF_A_SERVICE | OF_THE_FILE:
            return name
    return nearest(given.lower(), sorted(known), cutoff=0.75)
