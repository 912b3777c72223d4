# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find a Python of a version: the system's, pyenv's, or Debian 13's, which is unpacked into the cache."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Iterable

UNPACK = Path(__file__).with_name("unpack-python")
UNPACKED = "3.13"  # of Debian 13


def candidates(version: str, home: Path | None = None) -> list[Path]:
    """Where a Python of a version may be. Shims of pyenv are none: they run the version of the folder."""
    pyenv = (home or Path.home()) / ".pyenv/versions"
    return [
        *(Path(folder) / f"python{version}" for folder in ("/usr/bin", "/usr/local/bin")),
        *sorted(pyenv.glob(f"{version}.*/bin/python{version}"), reverse=True),
    ]


def find_python(versions: Iterable[str], cache: Path) -> Path:
    """The first of these Pythons that is here and can make a virtual environment."""
    versions = list(versions)
    for version in versions:
        for python in candidates(version):
            if python.exists() and works(python):
                return python
    if UNPACKED in versions and shutil.which("apt-get"):
        unpacked = cache / f"python{UNPACKED}"
        if not unpacked.exists():
            subprocess.run([UNPACK, unpacked], check=True)
        return unpacked / f"usr/bin/python{UNPACKED}"
    raise SystemExit(f"Needed: a Python {' or '.join(versions)}, from the distribution or pyenv.")


def works(python: Path) -> bool:
    return subprocess.run([python, "-c", "import venv, ssl"], check=False, capture_output=True).returncode == 0
