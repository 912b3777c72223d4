# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lab keeps things: a cache that stays, and in it a run directory that `down` removes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

# sockaddr_un.sun_path holds 108 bytes (unix(7)); ssh adds 17 characters to a control path while it connects.
LONGEST_SOCKET = 108 - 18
REPOSITORY = Path(__file__).resolve().parents[2]
IMAGES = Path(__file__).resolve().parent / "images"


@dataclass(frozen=True)
class Paths:
    """All places under one cache directory ($LVS_LAB_CACHE, else ~/.cache/lvs-cluster)."""

    cache: Path

    @property
    def images(self) -> Path:
        return self.cache / "images"

    @property
    def ssh(self) -> Path:
        return self.cache / "ssh"

    @property
    def logs(self) -> Path:
        return self.cache / "logs"

    @property
    def run(self) -> Path:
        return self.cache / "run"

    def control(self, address: str) -> Path:
        """The socket by which all SSH to a node shares one connection, Ansible's (inventories/lab) too."""
        return self.run / f"ssh-{address}"

    @property
    def key(self) -> Path:
        return self.ssh / "id_ed25519"

    @property
    def lock(self) -> Path:
        return self.cache / "lock"


def find() -> Paths:
    """The paths of this user's lab. LabError when sockets in the run directory would have too long a name."""
    given = os.environ.get("LVS_LAB_CACHE")
    paths = Paths(Path(given).expanduser().absolute() if given else Path.home() / ".cache/lvs-cluster")
    if len(str(paths.control("255.255.255.255"))) > LONGEST_SOCKET:
        raise LabError(f"LVS_LAB_CACHE is too long a path for sockets in it ({paths.cache}): choose a shorter one")
    return paths
