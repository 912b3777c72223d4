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
    known = [name for name in given if not name.startswith(FOREIGN)]
    mistakes = [
        *(f"{name} is no argument of this playbook" for name in sorted(known) if name in others),
        *misspelt(valid, [name for name in known if name not in others]),
    ]
    return [*mistakes, *what_is_valid(valid), "Nothing was changed."] if mistakes else []


def misspelt(valid: Mapping[str, str], given: Iterable[str]) -> list[str]:
    """Return which names are nearly those of arguments, in words."""
    return [
        f"{name} is not understood: did you mean {near[0]}?"
        for name in sorted(given)
        if name not in valid and (near := difflib.get_close_matches(name, valid, 1, 0.75))
    ]


def what_is_valid(valid: Mapping[str, str]) -> list[str]:
    """Return a line for each argument."""
    return [f"valid: -e {name}=..., {text}" for name, text in valid.items()]
