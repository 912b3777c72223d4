# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading an Ansible inventory, with the venv's Ansible and nothing else of it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from lab import shell
from lab.errors import LabError
from lab.paths import REPOSITORY
from lab.topology import Topology, from_inventory

DEFAULT = REPOSITORY / "inventories/lab"


def ansible_inventory() -> str:
    """The ansible-inventory of the repository's venv, of the active one, or on PATH."""
    places = [REPOSITORY / ".venv/bin", *(Path(place) for place in os.environ.get("PATH", "").split(":") if place)]
    for place in places:
        if (place / "ansible-inventory").is_file():
            return str(place / "ansible-inventory")
    raise LabError("no ansible-inventory: make the virtual environment first (make venv)")


def load(inventories: Sequence[str]) -> Topology:
    """The topology of the inventories together (default: inventories/lab)."""
    argv = [ansible_inventory(), "--list"]
    for path in inventories or [str(DEFAULT)]:
        argv += ["-i", str(Path(path).absolute())]
    settings = {"ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true"}
    return from_inventory(json.loads(shell.run(argv, env=settings)))
