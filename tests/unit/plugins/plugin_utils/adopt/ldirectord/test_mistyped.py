# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of an ldirectord.cf that ldirectord refuses: as what they are read, and what is said of them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt.ldirectord_lines import Configuration, parse

GOOD = "checkinterval=3\nvirtual=192.0.2.100:80\n\treal=10.0.0.1:80 gate\n\tscheduler=wlc\n"


def texts(configuration: Configuration) -> list[tuple[str, int, str]]:
    return [(one["level"], int(one["where"].rpartition(":")[2]), one["text"]) for one in configuration.notes.all()]


def settings(configuration: Configuration) -> dict[str, Any]:
    return {
        "general": {one.name: one.value for one in configuration.general},
        **{block.virtual: {one.name: one.value for one in block.options} for block in configuration.blocks},
    }


def test_a_good_file_has_no_notes() -> None:
    found = parse("x.cf", GOOD)
    assert texts(found) == []
    assert settings(found) == {
        "general": {"checkinterval": "3"},
        "192.0.2.100:80": {"real": "10.0.0.1:80 gate", "scheduler": "wlc"},
    }
    assert [(block.line, block.six, [one.line for one in block.options]) for block in found.blocks] == [
        (2, False, [3, 4])
    ]


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("\t", "    "),
        GOOD.replace("\t", "        "),
        GOOD.replace("\tscheduler", "# by hand\n\t\t# and here\n\tscheduler"),
        GOOD.replace("=wlc", " = wlc # least"),
        GOOD.replace(":80\n", ":80 # shop\n", 1),
        f"\n# head\n\n{GOOD}\n\n# end\n",
    ],
)
def test_what_says_the_same(text: str) -> None:
    found = parse("x.cf", text)
    assert texts(found) == []
    assert settings(found) == settings(parse("x.cf", GOOD))


@pytest.mark.parametrize(
    ("good", "bad", "line", "said"),
    [
        ("virtual=", "virtusl=", 2, "virtusl is written virtual"),
        ("virtual=", "Virtual=", 2, "Virtual is written virtual"),
        ("virtual=", "  virtual=", 2, "it is indented"),
        ("\tscheduler", "\tsheduler", 4, "It is read as scheduler, the nearest"),
        ("\tscheduler", "\tScheduler", 4, "Scheduler is written scheduler"),
        ("\treal", "\treal6", 3, "real6 is written real in a service of IPv4"),
        ("\tscheduler", "  scheduler", 4, "indented by less than a tab or four spaces"),
        (
            "\tscheduler",
            "\n\tscheduler",
            5,
            "comes behind an empty or unindented line, which ends the service of line 2",
        ),
        ("\tscheduler", "scheduler", 4, "scheduler is not indented"),
        ("=wlc", "=WLC", 4, "the value of scheduler is written in small letters"),
        ("checkinterval", "checkinterval ", 1, None),
        ("checkinterval", "chekinterval", 1, "It is read as checkinterval, the nearest"),
        ("\treal", "\t\t\n\treal", 3, "this line has nothing but blanks"),
        ("=wlc\n", "=wlc\r\n", 1, "the lines end as on Windows"),
    ],
)
def test_mistyped(good: str, bad: str, line: int, said: str | None) -> None:
    found = parse("x.cf", GOOD.replace(good, bad, 1))
    assert settings(found) == settings(parse("x.cf", GOOD))
    told = texts(found)
    if said is None:
        assert told == []
        return
    [(level, at, text)] = told
    assert (level, at) == ("explained", line)
    assert said in text
    assert "ldirectord refuses the file for that" in text


def test_a_service_without_any_indent() -> None:
    found = parse("x.cf", GOOD.replace("\t", "") + "\nfallback=127.0.0.1:80\n")
    assert settings(found) == {
        **settings(parse("x.cf", GOOD)),
        "general": {"checkinterval": "3", "fallback": "127.0.0.1:80"},
    }
    [(level, line, text)] = texts(found)
    assert (level, line) == ("explained", 3)
    assert text.startswith("the lines of the virtual service of line 2 are not indented by a tab")


def test_all_of_a_service_without_any_indent_belongs_to_it() -> None:
    # fallback and quiescent could also stand for all services
    found = parse("x.cf", "virtual=192.0.2.100:80\nfallback=127.0.0.1:80\nquiescent=no\nreal=10.0.0.1:80 gate # one\n")
    assert settings(found)["192.0.2.100:80"] == {
        "fallback": "127.0.0.1:80",
        "quiescent": "no",
        "real": "10.0.0.1:80 gate",
    }


def test_settings_of_the_file_behind_a_service_are_not_its_own() -> None:
    found = parse("x.cf", "virtual=192.0.2.100:80\nquiescent=no\nautoreload=yes\n")
    assert settings(found) == {"general": {"quiescent": "no", "autoreload": "yes"}, "192.0.2.100:80": {}}
    assert texts(found) == []


@pytest.mark.parametrize(
    ("line", "option", "said"),
    [
        ('request="a#b"', ("request", "a"), "where # begins a comment even between quotes"),
        ("request=index.html", ("request", "index.html"), "the value of request is not between double quotes"),
        ("quiescent=yes ", ("quiescent", "yes"), "has a blank behind it"),
        ("quiescent=true", ("quiescent", "yes"), "is neither yes nor no"),
        ("quiescent=false", ("quiescent", "no"), "is neither yes nor no"),
        ("connecttimeout=5", ("negotiatetimeout", "5"), "connecttimeout is no setting any more"),
    ],
)
def test_values(line: str, option: tuple[str, str], said: str) -> None:
    found = parse("x.cf", f"virtual=192.0.2.100:80\n\t{line}\n")
    assert [(one.name, one.value) for one in found.blocks[0].options] == [option]
    [(level, at, text)] = texts(found)
    assert (level, at) == ("explained", 2)
    assert said in text


@pytest.mark.parametrize("line", ["zzzzzz=1", "just words"])
def test_what_means_nothing_is_told_without_its_value(line: str) -> None:
    found = parse("x.cf", f"virtual=192.0.2.100:80\n\t{line} hunter2\n")
    assert found.blocks[0].options == []
    [(level, at, text)] = texts(found)
    assert (level, at) == ("not_expressed", 2)
    assert "hunter2" not in text


def test_a_setting_of_the_file_inside_a_service() -> None:
    found = parse("x.cf", "virtual=192.0.2.100:80\n\tautoreload=yes\n")
    assert settings(found) == {"general": {"autoreload": "yes"}, "192.0.2.100:80": {}}
    assert "has no place in a service" in texts(found)[0][2]


def test_a_number_that_is_none() -> None:
    found = parse("x.cf", "checkinterval=often\n")
    assert [(level, line) for level, line, _text in texts(found)] == [("not_expressed", 1)]
