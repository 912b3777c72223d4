# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration of a director's daemons for doctor_info, as they would read it now, without its secrets.

In place of a secret stands a hash with a salt of the run: two directors' secrets can be compared, and nothing can be learnt of them.
"""

from __future__ import annotations

import glob
import hashlib
import hmac
import os
import re
from typing import Any

KEEPALIVED = "/etc/keepalived/keepalived.conf"
LDIRECTORD = ("/etc/ha.d/ldirectord.cf", "/etc/ldirectord.cf")  # ldirectord(8): the first that is there
HEARTBEAT = ("/etc/ha.d/ha.cf", "/etc/ha.d/haresources", "/etc/ha.d/authkeys")
RULES = ("/etc/ipvsadm.rules", "/etc/sysconfig/ipvsadm")
BIGGEST = 4 * 1024 * 1024
DEEPEST = 8  # files that include files

# keepalived.conf(5): include, includer, includem, includew, includeb, includea
_INCLUDE = re.compile(r"^\s*include[rmwba]*\s+(\S.*?)\s*$")
# A word that names a secret, and its value: auth_pass x, passwd="x", $WEB_SECRET=x, --password x
_NAMED = re.compile(
    r"""(?ix) ([\w$.-]*(?:pass(?:wd|word)?|secret|token|credential)[\w.-]*) ([^\S\n]*=[^\S\n]*|[^\S\n]*:[^\S\n]*|[^\S\n]+) ("[^"\n]*"|'[^'\n]*'|[^\s"']+)"""
)
_IN_URL = re.compile(r"(?<=://)[^/@\s\"]+(?=@)")
_REFERENCE = re.compile(r"\$\{?[A-Za-z_]\w*\}?\Z")
# With this line in ldirectord.cf, which the roles write, what checks send is secret: request="x", and the first text of a real server
_SENSITIVE = "# What the checks send is secret."
_SENT = re.compile(r"""(?m)^(\s+(?:(?:request|login|virtualhost)\s*=\s*|real6?\s*=[^"\n]*))"([^"\n]*)\"""")
_KEY_LINE = re.compile(r"(?m)^(\s*\d+\s+(?:md5|sha1|crc|sha\d+)\s+)(\S.*?)\s*$")


def hashed(secret: str, salt: str) -> str:
    """Return what stands for a secret: equal for equal secrets of one run, and for those alone."""
    return "hash-" + hmac.new(salt.encode(), secret.encode(), hashlib.sha256).hexdigest()[:16]


def without_secrets(text: str, salt: str, keys: bool = False) -> str:
    """Return a configuration with a hash in place of each secret; `keys` is whether it is heartbeat's authkeys."""
    if keys:
        return _KEY_LINE.sub(lambda match: match[1] + hashed(match[2], salt), text)
    if re.search(rf"(?m)^{re.escape(_SENSITIVE)}$", text):
        text = _SENT.sub(lambda match: f'{match[1]}"{hashed(match[2], salt)}"', text)
    defined = set(re.findall(r"(?m)^\s*\$([A-Za-z_]\w*)\s*=", text))

    def replaced(match: re.Match[str]) -> str:
        value = match[3].strip("\"'")
        # A name for a value that is defined elsewhere in the text, and replaced there
        if _REFERENCE.match(value) and value.strip("${}") in defined:
            return match[0]
        return f"{match[1]}{match[2]}{hashed(value, salt)}"

    return _IN_URL.sub(lambda match: hashed(match[0], salt), _NAMED.sub(replaced, text))


def keepalived(path: str, salt: str) -> dict[str, Any] | None:
    """Return `{path, text, files, missing}`: the text with what it includes in its place. None without the file."""
    files: list[dict[str, Any]] = []
    missing: list[str] = []
    text = _included(path, files, missing, 0)
    if text is None:
        return None
    return {"path": path, "text": without_secrets(text, salt), "files": files, "missing": missing}


def _included(path: str, files: list[dict[str, Any]], missing: list[str], depth: int) -> str | None:
    text = _read(path)
    if text is None:
        return None
    files.append({"path": path, "mtime": os.stat(path).st_mtime})
    lines = []
    for line in text.splitlines():
        match = _INCLUDE.match(line)
        if not match or depth >= DEEPEST:
            lines.append(line)
            continue
        pattern = os.path.join(os.path.dirname(path), match[1].strip("\"'"))
        found = [
            _included(name, files, missing, depth + 1) for name in sorted(glob.glob(pattern)) if os.path.isfile(name)
        ]
        lines += [inner for inner in found if inner is not None]
        if not found and not glob.has_magic(pattern):
            missing.append(pattern)
    return "\n".join(lines)


def one(path: str, salt: str) -> dict[str, Any] | None:
    """Return `{path, text, files}` of a file that includes nothing. None without it."""
    text = _read(path)
    if text is None:
        return None
    text = without_secrets(text, salt, keys=os.path.basename(path) == "authkeys")
    return {"path": path, "text": text, "files": [{"path": path, "mtime": os.stat(path).st_mtime}]}


def first(paths: tuple[str, ...], salt: str) -> dict[str, Any] | None:
    """Return the first of some files that is there, as `one` does."""
    return next((found for found in (one(path, salt) for path in paths) if found), None)


def configurations(salt: str, keepalived_path: str = KEEPALIVED, ldirectord_path: str | None = None) -> dict[str, Any]:
    """Return the configuration of every daemon: keepalived, ldirectord, ha.cf, haresources, authkeys and rules, null without."""
    return {
        "keepalived": keepalived(keepalived_path, salt),
        "ldirectord": one(ldirectord_path, salt) if ldirectord_path else first(LDIRECTORD, salt),
        **{os.path.basename(path): one(path, salt) for path in HEARTBEAT},
        "rules": first(RULES, salt),
    }


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(BIGGEST)
    except OSError:
        return None
