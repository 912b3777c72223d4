# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words in braces that stand for a service's and a real server's addresses in a command or a path."""

from __future__ import annotations

from typing import Mapping

# In a service's own commands there is no real server
OF_THE_SERVICE = ("{vip}", "{vip_port}")
OF_THE_REAL_SERVER = ("{address}", "{port}")
WORDS = (*OF_THE_SERVICE, *OF_THE_REAL_SERVER)
LONGEST_WORDS = {"vip": "x" * 39, "vip_port": 65535, "address": "x" * 39, "port": 65535}


def has_words(text: str) -> bool:
    """Whether a text has a word to replace."""
    return any(word in text for word in WORDS)


def of_no_real_server(text: str) -> list[str]:
    """The words of a text that only a real server could fill."""
    return [word for word in OF_THE_REAL_SERVER if word in text]


def filled(text: str, values: Mapping[str, object]) -> str:
    """A text with its words replaced; `values` are by word, without braces. 0 stands for no port."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text
