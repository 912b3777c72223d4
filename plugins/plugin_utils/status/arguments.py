# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments of status.yml: what they may be, and what is wrong with them."""

from __future__ import annotations

from typing import Iterable

from ..arguments import misspelt, what_is_valid

FORMATS = ("text", "json", "html")
VALID = {
    "status_format": f"one of {', '.join(FORMATS)}; text if left out",
    "status_file": "a file on this machine to write the status into; needed with html",
}


def status_mistakes(names: Iterable[str], form: str, file: str) -> list[str]:
    """Return what is wrong, and then what is valid; nothing if all is right. `names` are the variables that begin with status."""
    # A variable of somebody else's may begin like this, too.
    mistakes = misspelt(VALID, names)
    if form not in FORMATS:
        mistakes.append(f"status_format is {form}, which is not one of {', '.join(FORMATS)}")
    elif form == "html" and not file:
        mistakes.append("status_format is html, and status_file is missing: a page needs a file")
    return [*mistakes, *what_is_valid(VALID)] if mistakes else []
