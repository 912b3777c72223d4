# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody has given a playbook with -e, beside what it understands."""

from __future__ import annotations

import difflib
from typing import Collection, Iterable, Mapping

# Variables of the inventory may be given with -e, too.
FOREIGN = ("lvs_", "ansible_")


def argument_mistakes(valid: Mapping[str, str], given: Iterable[str], others: Collection[str] = ()) -> list[str]:
    """Return which names are not understood, and then what is valid; nothing if all is right.

    `valid` has what each argument may be, `others` are arguments of other playbooks. Of other names only those that are nearly
    valid are mistakes: an inventory may need variables that nobody here knows.
    """
    mistakes = []
    for name in sorted(given):
        if name in valid or name.startswith(FOREIGN):
            continue
        near = difflib.get_close_matches(name, valid, 1, 0.75)
        if name in others:
            mistakes.append(f"{name} is no argument of this playbook")
        elif near:
            mistakes.append(f"{name} is not understood: {near[0]} is meant?")
    if not mistakes:
        return []
    return [*mistakes, *(f"valid: -e {name}=..., {text}" for name, text in valid.items()), "Nothing was changed."]
