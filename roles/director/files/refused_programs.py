# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say which programs keepalived would not run as root: paths on the standard input, a sentence for each such one on the output.

By lib/notify.c of keepalived 2.2.7 to 2.4.3, check_script_secure and check_security. A version that follows no links, from 2.3.0 on,
walks the path as it is written, too, and takes a link in it for a wrong folder. It looks at the first word of a command alone: a script
that is an argument of a shell is run without a look, so whoever may write it is root there.
"""

import os
import re
import stat
import subprocess
import sys

KEEPALIVED = "/usr/sbin/keepalived"


def follows_links(said):
    """Whether a version of keepalived, by what it says of itself, resolves the links in a path before it looks at it."""
    version = re.search(r"Keepalived v(\d+)\.(\d+)", said)
    return version is None or (int(version[1]), int(version[2])) < (2, 3)


def steps(path):
    """The folders that lead to a file, from the root folder on, and the file."""
    parts = path.strip("/").split("/")
    return ["/", *("/" + "/".join(parts[:end]) for end in range(1, len(parts) + 1))]


def others_write(there):
    """Whether others than root may write to what lstat has told of."""
    if stat.S_ISDIR(there.st_mode):
        if there.st_mode & stat.S_ISVTX:
            return False
    elif not stat.S_ISREG(there.st_mode):
        return False
    return bool((there.st_gid and there.st_mode & stat.S_IWGRP) or there.st_mode & stat.S_IWOTH)


def refusal(program, follows):
    """Why keepalived would not run a program, or None."""
    path, real = os.path.normpath(program), os.path.realpath(program)
    if not os.path.isfile(real):
        return f"{program} is not there"
    if not os.stat(real).st_mode & 0o111:
        return f"{program} may not be executed"
    for walked in [real] if follows else dict.fromkeys([path, real]):
        for step in steps(walked):
            there = os.lstat(step)
            if step != walked and stat.S_ISLNK(there.st_mode):
                folder, name = os.path.split(path)
                right = os.path.join(os.path.realpath(folder), name)
                return f"{program} is below {step}, which is a link: write {right}"
            if there.st_uid:
                return f"{program} needs {step} to belong to root"
            if others_write(there):
                return f"{program} needs {step} to be writable by root alone"
    return None


def main():
    try:
        said = subprocess.run([KEEPALIVED, "--version"], stderr=subprocess.PIPE, check=False).stderr.decode()
    except FileNotFoundError:
        said = ""
    for program in sys.stdin.read().splitlines():
        found = refusal(program, follows_links(said))
        if found:
            print(found)


if __name__ == "__main__":
    main()
