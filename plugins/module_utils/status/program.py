# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""lvs-status shows what is on this director: who is master, every service with its real servers, and what is wrong.

  lvs-status           a table for people
  lvs-status --json    the same for programs
  lvs-status --html    a page that needs nothing else

With --output FILE it goes into a file, which is replaced at once. The exit status is 0 whatever it shows, and 2 if it cannot look.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Sequence

from ..tools import Failure
from .director import director_status
from .page import page
from .read import read_record, read_seen
from .text import lines_of
from .view import view_of

USAGE = "usage: lvs-status [--json | --html] [--output FILE]"
FORMATS = ("--json", "--html")


def main(words: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    try:
        form, output = arguments(list(words))
    except ValueError as error:
        sys.stderr.write(f"lvs-status: {error}\n{USAGE}\n")
        return 2
    if os.geteuid() != 0:
        sys.stderr.write("lvs-status must run as root\n")
        return 2
    try:
        record = read_record()
        status = director_status(record, read_seen(record))
        text = rendered(status, form, coloured=output is None and coloured())
        if output is None:
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            replace(Path(output), text)
    except BrokenPipeError:  # As with lvs-status | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (Failure, OSError) as error:
        sys.stderr.write(f"lvs-status: {error}\n")
        return 2
    return 0


def arguments(words: list[str]) -> tuple[str, str | None]:
    """Return the format and the file. Raises ValueError for what is none of them."""
    form, output = "", None
    while words:
        word = words.pop(0)
        if word in FORMATS and not form:
            form = word
        elif word == "--output" and words:
            output = words.pop(0)
        else:
            raise ValueError("--output needs a file" if word == "--output" else f"{word} is not understood here")
    return form, output


def rendered(status: dict[str, object], form: str, *, coloured: bool) -> str:
    """Return a status in a format."""
    if form == "--json":
        return json.dumps(status) + "\n"
    view = view_of([{"director": status["director"], "status": status}])
    if form == "--html":
        return page(view)
    return "".join(f"{line}\n" for line in lines_of(view, coloured))


def coloured() -> bool:
    """Whether to use colours: on a terminal, unless its user wants none (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def replace(path: Path, text: str) -> None:
    """Write a file that others may read at any time, and that they may read.

    The folder may be a web server's. So the file is new: what somebody else has put there in its place, such as a link to a file of
    root, is never opened.
    """
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(file.fileno(), 0o644)
    new.replace(path)
