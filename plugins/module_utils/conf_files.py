# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The `*.d` directories of systemd, and which file of the same name wins. The file that ufw reads after sysctl.d.

Source: systemd's conf-files.c and sysctl.d(5), modules-load.d(5); ufw's ufw-init-functions.
"""

from __future__ import annotations

import os
import shlex

# Highest priority first: a file masks files of the same name in the directories after it.
ROOTS = ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib")


def conf_files(folder: str, root: str = "") -> list[tuple[str, str]]:
    """Return `(path, text)` of every file in use in `folder` (such as `sysctl.d`), in order of name.

    A masked file (a link to /dev/null) has an empty text. `root` is a prefix of the paths that are read, but not of the
    paths that are returned.
    """
    winners: dict[str, str] = {}
    for base in ROOTS:
        directory = os.path.join(base, folder)
        for name in _names(root + directory):
            winners.setdefault(name, os.path.join(directory, name))
    return [(path, _text(root + path)) for _name, path in sorted(winners.items(), key=_byte_order)]


def with_file(files: list[tuple[str, str]], path: str, text: str) -> list[tuple[str, str]]:
    """Return `files` with `text` in `path`, a file of /etc; if `text` is empty, without this file."""
    name = os.path.basename(path)
    winners = {os.path.basename(other): (other, body) for other, body in files}
    if text:
        winners[name] = (path, text)
    elif winners.get(name, ("",))[0] == path:
        del winners[name]
    return [entry for _name, entry in sorted(winners.items(), key=_byte_order)]


UFW_PROGRAMS = ("/lib/ufw/ufw-init", "/usr/lib/ufw/ufw-init", "/usr/libexec/ufw/ufw-init")


def ufw_files(root: str = "") -> list[tuple[str, str]]:
    """Return `(path, text)` of the sysctls that ufw sets when it starts; nothing if ufw is not there or not enabled.

    ufw does so at boot, and whenever it is enabled or reloaded. Its values replace those of sysctl.d.
    """
    if not any(os.path.exists(root + program) for program in UFW_PROGRAMS):
        return []
    said = {**_shell_variables(_text(f"{root}/etc/default/ufw")), **_shell_variables(_text(f"{root}/etc/ufw/ufw.conf"))}
    path = said.get("IPT_SYSCTL", "")
    return [(path, _text(root + path))] if path and said.get("ENABLED") in ("yes", "YES") else []


def _shell_variables(text: str) -> dict[str, str]:
    """Return the variables that a file of a shell sets to plain values."""
    found = {}
    for line in settings(text):
        name, equals, value = line.partition("=")
        try:
            words = shlex.split(value, comments=True)
        except ValueError:
            continue
        if equals and len(words) <= 1:
            found[name] = "".join(words)
    return found


def settings(text: str) -> list[str]:
    """Return the non-empty, non-comment lines of a configuration file, stripped."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and line[0] not in "#;"]


def _byte_order(item: tuple[str, object]) -> bytes:
    return os.fsencode(item[0])


def _names(directory: str) -> list[str]:
    try:
        return [name for name in os.listdir(directory) if name.endswith(".conf") and not name.startswith(".")]
    except OSError:
        return []


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            return stream.read()
    except OSError:
        # A dangling link or an unreadable file sets nothing at boot either.
        return ""
