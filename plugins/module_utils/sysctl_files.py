# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kernel parameters: their keys, their live values, and the values that the next boot will set.

Source: sysctl(8), sysctl.d(5) and systemd's sysctl.c. A key is stored as its path below /proc/sys
(`net/ipv4/ip_forward`), which is unambiguous even if an interface's name has a dot.
"""

from __future__ import annotations

import fnmatch
import os
from typing import Iterable

from .conf_files import settings

PROC_SYS = "/proc/sys"
_SWAP = str.maketrans("./", "/.")


def key_path(key: str) -> str:
    """Return the path below /proc/sys of `key`, as sysctl(8) reads it.

    Dots and slashes swap their meaning, unless the first separator is a slash:
    `net.ipv4.conf.eth0/100.rp_filter` and `net/ipv4/conf/eth0.100/rp_filter` are the same key.
    """
    separators = [char for char in key if char in "./"]
    path = key.translate(_SWAP) if separators[:1] == ["."] else key
    return "/".join(part for part in path.split("/") if part)


def dotted_key(path: str) -> str:
    """Return the usual spelling of the key at `path`: the reverse of key_path."""
    return path.translate(_SWAP)


def normal_value(value: str) -> str:
    """Return `value` with its fields separated by single spaces: the kernel prints tabs."""
    return " ".join(value.split())


def read_live(path: str, proc_sys: str = PROC_SYS) -> str | None:
    """Return the live value of the key at `path`, or None if the kernel has no such key.

    Raises OSError if the key exists but cannot be read.
    """
    try:
        with open(os.path.join(proc_sys, path), encoding="utf-8", errors="surrogateescape") as stream:
            return normal_value(stream.read())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def live_or_none(path: str) -> str | None:
    """Return the live value of the key at `path`, None if it does not exist or cannot be read."""
    try:
        return read_live(path)
    except OSError:
        return None


def write_live(path: str, value: str, proc_sys: str = PROC_SYS) -> None:
    """Set the key at `path` in the running kernel, by one write(2). Raises OSError if the kernel refuses."""
    handle = os.open(os.path.join(proc_sys, path), os.O_WRONLY)
    try:
        os.write(handle, (value + "\n").encode())
    finally:
        os.close(handle)


def boot_values(
    files: Iterable[tuple[str, str]], paths: Iterable[str], later: Iterable[tuple[str, str]] = ()
) -> dict[str, tuple[str, str] | None]:
    """Return, for each key of `paths`, `(value, file)` as systemd-sysctl would set it from `files`, or None.

    `later` are files that something else reads after that: what they set prevails.

    `files` are `(path, text)` in the order in which they are read. The last assignment wins. A pattern
    (`net.ipv4.conf.*.rp_filter`) never changes a key that is set by its own name, wherever the pattern is. `-key` without
    a value exempts a key from patterns.
    """
    paths = list(paths)
    first, last = _values(files, paths), _values(later, paths)
    return {path: last[path] or first[path] for path in paths}


def _values(files: Iterable[tuple[str, str]], paths: Iterable[str]) -> dict[str, tuple[str, str] | None]:
    assignments = _assignments(files)
    globs = [(pattern.split("/"), found) for pattern, found in assignments.items() if _is_glob(pattern)]
    return {path: assignments[path] if path in assignments else _last_match(globs, path) for path in paths}


def _assignments(files: Iterable[tuple[str, str]]) -> dict[str, tuple[str, str] | None]:
    found: dict[str, tuple[str, str] | None] = {}
    for file, text in files:
        for line in settings(text):
            key, equals, value = line.partition("=")
            if not equals and not key.startswith("-"):
                continue
            path = key_path((key[1:] if key.startswith("-") else key).strip())
            # Writing an empty value changes nothing.
            entry = (normal_value(value), file) if value.strip() else None
            if path in found and _value(found[path]) == _value(entry):
                # systemd-sysctl drops a repeated assignment, so the first one keeps its place among the patterns.
                continue
            found.pop(path, None)
            found[path] = entry
    return found


def _value(entry: tuple[str, str] | None) -> str | None:
    return entry[0] if entry else None


def _is_glob(path: str) -> bool:
    return any(char in path for char in "*?[")


def _last_match(globs: list[tuple[list[str], tuple[str, str] | None]], path: str) -> tuple[str, str] | None:
    parts = path.split("/")
    for pattern, entry in reversed(globs):
        # A star in a pattern never matches a slash, as in glob(7).
        if entry and len(pattern) == len(parts) and all(map(fnmatch.fnmatchcase, parts, pattern)):
            return entry
    return None
