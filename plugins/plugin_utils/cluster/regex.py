# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A regular expression that matches a text literally."""

from __future__ import annotations

SPECIAL = frozenset(".[]{}()*+?|$")


# What keepalived reads inside quotes, in the order to replace: a backslash begins an escape, and a double quote is the end
QUOTED = (("\\", "\\\\"), ('"', "\\042"))


def quoted(regex: str) -> str:
    """A regular expression as keepalived reads it inside double quotes."""
    for character, replacement in QUOTED:
        regex = regex.replace(character, replacement)
    return regex


def literal(text: str) -> str:
    """Put every special character of a regular expression into its own character class: pcre2pattern(3).

    A backslash has another meaning inside keepalived's quotes. Double quotes, backslashes and carets cannot be expressed
    this way, and are refused when the inventory is read.
    """
    return "".join(f"[{character}]" if character in SPECIAL else character for character in text)
