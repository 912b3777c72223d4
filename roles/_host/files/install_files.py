# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write files, and remove others: {"files": {path: text}, "executable": [path], "folder": path} on the standard input.

Below the folder nothing stays that is not among the files. One program for all of them takes a moment, and a task for each many.
"""

import json
import os
import sys

os.umask(0o022)
given = json.load(sys.stdin)
for path, text in given["files"].items():
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(f"{path}.new", 0o755 if path in given["executable"] else 0o644)
    os.replace(f"{path}.new", path)
for folder, _folders, names in os.walk(given["folder"]):
    for name in names:
        if os.path.join(folder, name) not in given["files"]:
            os.remove(os.path.join(folder, name))
