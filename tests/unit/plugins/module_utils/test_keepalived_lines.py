# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""keepalived.conf is read line by line as keepalived reads it."""

from __future__ import annotations

from fnmatch import fnmatch

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.keepalived_lines import Reader, counted, listed, uncommented


def lines(text, own="lb1", **files):
    """The lines of /k.conf, and what was told of it. Further files are in /."""
    texts = {"/k.conf": text, **{f"/{name}.inc": text for name, text in files.items()}}
    told = []
    reader = Reader(
        texts.get,
        lambda pattern: [name for name in sorted(texts) if fnmatch(name, pattern)],
        own,
        lambda where, text: told.append((where, text)),
    )
    return [text for _where, text in reader.lines("/k.conf")], told


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("  weight 1 # one", "weight 1"),
        ("weight 1! two", "weight 1"),
        ('script "a # b" # c', 'script "a # b"'),
        (r"auth_pass a\#b", "auth_pass a#b"),
        (r'regex "a\#b"', r'regex "a\#b"'),
        ("# all", ""),
    ],
)
def test_comments(line, rest):
    assert uncommented(line) == rest


def test_only_the_word_behind_at_counts():
    text = "@lb1 a\n@lb1.example.org b\n@lb2 c\n@^lb2 d\n@^lb1 e\n@lb2 $X=1\n$X\n@lb1\n"
    assert lines(text)[0] == ["a", "d", "$X"]
    assert lines(text, own="lb2")[0] == ["c", "e", "1"]


def test_a_value_of_several_lines():
    text = "$A=one \\\n  two \\\n# not the end\n  three\n$B=\\\n$A \\\nfour\n\nbegin $B\nend\n"
    assert lines(text)[0] == ["begin one", "two", "three", "four", "end"]


def test_an_empty_line_ends_a_value():
    assert lines("$A=one \\\n\ntwo\n$A\n$EMPTY=\\\n\n$EMPTY\n")[0] == ["two", "one"]


def test_the_last_value_before_a_line_counts():
    assert lines("$A=1\n$A\n$A=2\n${A}x $B\n")[0] == ["1", "2x $B"]


def test_a_value_that_names_itself_ends():
    assert len(lines("$A=$B x\n$B=$A\nword $A\n")[0]) == 1


def test_files_are_found_by_values_too():
    text = "$DIR=/\ninclude ${DIR}*.inc\n@lb2 include ${_PWD}/none\nincluder none.conf\n"
    found, told = lines(text, b="two $DIR\n", a="one\n")
    assert found == ["one", "two /"]
    assert told == [("/k.conf:4", "include none.conf: no such file, keepalived includes nothing")]


def test_lines_that_are_repeated():
    text = "$LAST=2\n~SEQ(I, $LAST) ~LST({N, P}, {a, 1}, {b, 2}) x $I $N$P\n~SEQ(I) y\n"
    found, told = lines(text)
    assert found == ["x 1 a1", "x 1 b2", "x 2 a1", "x 2 b2"]
    assert told == [("/k.conf:3", "~SEQ(I) cannot be read: write these lines by hand")]


@pytest.mark.parametrize(
    ("parameters", "values"),
    [
        ("I, 3", ["1", "2", "3"]),
        ("I, -2", ["-1", "-2"]),
        ("I, 5, 4", ["5", "4"]),
        ("I, 1, 3, 8", ["1", "4", "7"]),
        ("I, 1, -1, 8", None),
        ("I, 1, 0, 8", None),
        ("I, 1, 2, 3, 4", None),
        ("I, x", None),
        ("I", None),
        ("I, 99999", None),
    ],
)
def test_values_of_seq(parameters, values):
    assert counted(parameters) == (values and [{"I": value} for value in values])


def test_values_of_seq_for_ipv6():
    assert counted("I, 9, 11", hexadecimal=True) == [{"I": "9"}, {"I": "a"}, {"I": "b"}]


@pytest.mark.parametrize("parameters", ["I", "", "{A, B}, {1}", "{A, B}, {1, }"])
def test_no_values_of_lst(parameters):
    assert listed(parameters) is None


def test_values_of_lst():
    assert listed("I, a, b") == [{"I": "a"}, {"I": "b"}]
