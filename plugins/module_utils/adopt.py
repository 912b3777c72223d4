# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What adopt_info reads of a cluster that somebody has configured by hand: texts of files, packages, and units that start at boot."""

from __future__ import annotations

import glob
import os
import re
from typing import Iterable, Iterator

from . import deployed
from .doctor import daemons
from .keepalived_lines import Reader
from .tools import Runner, ToolMissing, run

# Besides keepalived.conf with what it includes
FILES = (
    "/etc/ha.d/ldirectord.cf",
    "/etc/ldirectord.cf",
    "/etc/ha.d/ha.cf",
    "/etc/ha.d/haresources",
    "/etc/ha.d/authkeys",
    "/etc/default/ldirectord",
    "/etc/sysconfig/ldirectord",
    "/etc/default/keepalived",
    "/etc/sysconfig/keepalived",
    "/etc/default/ipvsadm",
    "/etc/ipvsadm.rules",
    "/etc/sysconfig/ipvsadm",
    # ldirectord takes names of hosts and ports
    "/etc/hosts",
    "/etc/services",
)
UNITS = ("keepalived", "ldirectord", "heartbeat", "pacemaker", "ipvsadm", "firewalld", "nftables", "ufw")
PACKAGES = (
    *(
        "keepalived",
        "ipvsadm",
        "ldirectord",
        "heartbeat",
        "resource-agents",
        "arptables",
        "firewalld",
        "nftables",
        "iptables",
    ),
    "pacemaker",
)
BIGGEST = 4 * 1024 * 1024
DEEPEST = 8  # configurations of ldirectord that start others
# In ldirectord.cf: the files of other configurations that it starts
_EXECUTE = re.compile(r"^\s*execute\s*=\s*(\S+)")


def configuration_of(arguments: Iterable[list[str]]) -> str:
    """Return the file that keepalived reads, by the arguments of the processes with this name."""
    named = (daemons.option(one, "-f", "--use-file") for one in arguments)
    return next((path for path in named if path), deployed.KEEPALIVED)


def config_id(arguments: Iterable[list[str]], hostname: str) -> str:
    """Return the word that lines such as "@lb1 ..." have to name to count: that of the option -i, or the host without its domain."""
    named = (daemons.option(one, "-i", "--config-id") for one in arguments)
    return next((word for word in named if word), hostname.partition(".")[0])


def texts(keepalived: str, own: str, paths: Iterable[str] = FILES) -> dict[str, str]:
    """Return the texts of all files that are there, by path: keepalived.conf with what it includes, and the others.

    `own` is the config_id of the host.
    """
    found: dict[str, str] = {}

    def kept(path: str) -> str | None:
        text = _text(path)
        if text is not None:
            found[path] = text
        return text

    for _line in Reader(kept, _matching, own).lines(keepalived):
        pass
    for path in paths:
        _add(found, path, _included_by_ldirectord if path.endswith("ldirectord.cf") else _nothing)
    for path in _started_by_heartbeat(found):
        _add(found, path, _included_by_ldirectord)
    return found


def _add(found: dict[str, str], path: str, included: object, depth: int = 0) -> None:
    if path in found or depth > DEEPEST:
        return
    text = _text(path)
    if text is None:
        return
    found[path] = text
    for other in included(path, text):  # type: ignore[operator]
        _add(found, other, included, depth + 1)


def inlined(path: str, own: str) -> str:
    """Return keepalived.conf as keepalived reads it: with included files, without lines of other hosts, and with values for $NAMES.

    deployed_facts needs it for files that somebody else has written. `own` is the config_id of the host.
    """
    return "".join(f"{line}\n" for _where, line in Reader(_text, _matching, own).lines(path))


def _matching(pattern: str) -> list[str]:
    """The files for a pattern, which may have braces."""
    return [name for one in _alternatives(pattern) for name in sorted(glob.glob(one)) if os.path.isfile(name)]


def _nothing(_path: str, _text: str) -> Iterator[str]:
    return iter(())


def _included_by_ldirectord(path: str, text: str) -> Iterator[str]:
    for line in text.splitlines():
        match = _EXECUTE.match(line)
        if match:
            yield os.path.join(os.path.dirname(path), match[1].strip("\"'"))


def _started_by_heartbeat(files: dict[str, str]) -> Iterator[str]:
    """The configurations with which heartbeat starts an ldirectord. Each may be in two folders."""
    for resource in deployed.resources(files):
        name, *arguments = resource.split("::")
        if name in ("ldirectord", "LVSLdirectord") and arguments:
            yield from (f"{folder}/{arguments[0]}" for folder in ("/etc/ha.d", "/etc/ha.d/conf"))


def _alternatives(pattern: str) -> list[str]:
    match = re.search(r"\{([^{}]*)\}", pattern)
    if not match:
        return [pattern]
    before, after = pattern[: match.start()], pattern[match.end() :]
    found = (whole for part in match[1].split(",") for whole in _alternatives(before + part + after))
    return list(dict.fromkeys(found))


def _text(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(BIGGEST)
    except OSError:
        return None


def ours(files: dict[str, str]) -> list[str]:
    """Return the paths of files that the roles of this collection have written."""
    return [path for path, mark in deployed.MARKS.items() if path in files and re.search(mark, files[path])]


def packages(runner: Runner) -> dict[str, str]:
    """Return the versions of the installed PACKAGES, from dpkg or rpm."""
    dpkg, rpm = runner.find("dpkg-query"), runner.find("rpm")
    commands = []
    if dpkg:
        commands.append([dpkg, "--show", "--showformat", "${db:Status-Status} ${Package} ${Version}\\n", *PACKAGES])
    if rpm:
        commands.append([rpm, "--query", "--queryformat", "installed %{NAME} %{VERSION}-%{RELEASE}\\n", *PACKAGES])
    found: dict[str, str] = {}
    for command in commands:
        try:
            # Their exit status is 1 if one of the packages is not there
            printed = run(runner, command).out
        except ToolMissing:
            continue
        found.update(parse_packages(printed))
    return found


def parse_packages(printed: str) -> dict[str, str]:
    """Return {package: version} of what dpkg-query or rpm printed."""
    lines = (line.split() for line in printed.splitlines())
    return {words[1]: words[2] for words in lines if len(words) == 3 and words[0] == "installed"}
