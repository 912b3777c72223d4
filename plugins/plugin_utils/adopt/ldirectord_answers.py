# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer has to match in ldirectord.cf, as `expect` or `regex` of a check."""

from __future__ import annotations

import re

from ..cluster import schema
from ..cluster.keys import Key
from ..cluster.regex import SPECIAL, literal

# What ldirectord.cf cannot have, `#` and `"`, stands there as its code
_CODED = re.compile(r"\\x2([23])|(\\.)", re.DOTALL)
_LITERAL = re.compile(r"\[([^\\^\]]|\])\]|([^\\^])")


def fits(key: Key, value: object) -> bool:
    """Whether an inventory takes a value for a key."""
    try:
        key.validator.read(value)
    except ValueError:
        return False
    return True


def answer(receive: str) -> dict[str, str] | None:
    """The key for a regular expression: none if any answer is right, `expect` for a text. None if no key can hold it."""
    if not receive:
        return {}
    regex = _CODED.sub(_decoded, receive)
    text = _text(regex)
    if text is not None and fits(schema.HEALTH_URL["expect"], text):
        return {"expect": text}
    # As a number it would come back from YAML as one
    return {"regex": regex} if fits(schema.HEALTH_URL["regex"], regex) else None


def _decoded(found: re.Match[str]) -> str:
    return found[2] or {"2": '"', "3": "#"}[found[1]]


def _text(regex: str) -> str | None:
    """The text that a regular expression matches literally, None if it is more than a text."""
    found = list(_LITERAL.finditer(regex))
    if "".join(match[0] for match in found) != regex:
        return None
    text = "".join(match[1] or match[2] for match in found)
    return text if literal(text) == regex or not SPECIAL & set(regex) else None
