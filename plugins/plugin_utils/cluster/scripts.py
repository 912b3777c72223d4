# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts that directors run: those that are there already, and those that are copied from the controller.

Before 2.2.8 keepalived exits when it checks the script of a user other than root. So keepalived runs such a script as
root by chroot(1), which changes to the user and not to another root folder.
"""

from __future__ import annotations

import os
from typing import Any, Mapping

from ...module_utils.deployed import SCRIPTS
from . import keys, schema
from .commands import LONGEST_WORDS, WORDS, filled, has_words
from .keys import Key
from .mistakes import InventoryPath, shown
from .types import Command, InstalledScript, Scripts, ScriptUser

# Only root can write there and in the folders above: keepalived refuses a script otherwise.
FOLDER = SCRIPTS
AS_USER = "/usr/sbin/chroot --userspec={user} / {command}"
LONGEST = 500  # characters; keepalived reads lines of 1023 (parser.h, MAXBUF)
# A script, a program, and a file that Ansible decrypts when it copies it.
BEGINNINGS = (b"#!", b"\x7fELF", b"$ANSIBLE_VAULT")


class ScriptFiles:
    """The scripts of one inventory; `folder` is where its relative paths begin, `user` whoever runs those that name nobody."""

    def __init__(self, folder: str | None, user: str = schema.ROOT) -> None:
        self.folder, self.user = folder or "", user
        self._sources: dict[str, str] = {}
        self._users: dict[tuple[str, str], None] = {}
        self._programs: dict[str, None] = {}

    def command(self, own: Mapping[str, Any], path: InventoryPath) -> Command | None:
        """The command of a script with the keys of schema.SCRIPT or schema.WORDED_SCRIPT; None if it is wrong."""
        if own["command"] is not None and own["src"] is not None:
            path.report(
                "has both command and src: command is a program that the directors have, src a file that is copied there"
            )
            return None
        if own["command"] is None and own["src"] is None:
            path.report("has neither command nor src: set one of them")
            return None
        if own["src"] is None and own["arguments"] is not None:
            path.report(
                "has command and arguments, but only a script that is copied (src) has its arguments apart: write them into the"
                " command, behind the program"
            )
        program = own["command"] if own["src"] is None else self._installed(own["src"], path)
        if program is None:
            return None
        hidden = bool(own.get("sensitive"))
        user = own["user"] or self.user
        changes = own["user"] is not None or user != schema.ROOT
        file = program.split()[0]
        if not changes and not has_words(file):
            self._programs[file] = None
        if changes:
            if has_words(file):
                path.report(
                    f"command begins with {'a word in braces' if hidden else shown(file)}, so with each real server another program"
                    f" would run, and it could not be checked whether the user {user} can run it: give {' '.join(WORDS)} as arguments"
                )
            self._users[user, file] = None
            program = AS_USER.format(user=user, command=program)
        words = program if own["arguments"] is None else f"{program} {own['arguments']}"
        if (length := len(filled(words, LONGEST_WORDS))) > LONGEST:
            path.report(
                f"the command has {'up to ' if has_words(words) else ''}{length} characters, and keepalived takes {LONGEST}: put"
                " some of it into a script"
            )
        if words.count("'") % 2:
            given = "arguments" if own["arguments"] else "command"
            path.report(f"{given if hidden else shown(own[given])} has a quote (') that does not end")
        return {"command": words, "as_root": changes}

    def resolved(self) -> Scripts:
        """What the directors need of the scripts."""
        return {
            "installed": [
                InstalledScript(src=source, path=f"{FOLDER}/{name}") for name, source in self._sources.items()
            ],
            "users": [ScriptUser(user=user, program=program) for user, program in self._users],
            "programs": list(self._programs),
        }

    def _installed(self, src: str, path: InventoryPath) -> str | None:
        """Where a file of the controller will be on the directors."""
        source, name = os.path.normpath(os.path.join(self.folder, src)), os.path.basename(src)
        if wrong := _wrong_file(source):
            path.report(f"src is {shown(src)}, {wrong}")
            return None
        if (other := self._sources.setdefault(name, source)) != source:
            path.report(f"src is {shown(src)}, but {other} has the same name: rename one, both are copied to {FOLDER}")
        return f"{FOLDER}/{name}"


def _wrong_file(source: str) -> str | None:
    """Why a file cannot be a script, as the end of a sentence."""
    if not os.path.isfile(source):
        return f"but the controller has no file {source}"
    try:
        with open(source, "rb") as file:
            beginning = file.read(max(map(len, BEGINNINGS)))
    except OSError as error:
        return f"but the controller cannot read {source}: {error.strerror}"
    if not beginning.startswith(BEGINNINGS):
        return f"but {source} has no interpreter in its first line (#!/bin/sh), so it cannot be run"
    return None


def read_script(
    given: object, path: InventoryPath, files: ScriptFiles, level: Mapping[str, Key] | None = None
) -> Command | None:
    """The command of a script that is given as a command alone, or as a mapping; None if it is wrong.

    `level` are the keys of the mapping, those of schema.SCRIPT if it is None.
    """
    own = {"command": given} if isinstance(given, str) else given
    missing = len(path.messages)
    read = keys.read(own, level or schema.SCRIPT, path, "a command or a mapping")
    return files.command(read, path) if len(path.messages) == missing else None
