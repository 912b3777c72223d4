# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find changes that the kernel would refuse, before the first change is made."""

from __future__ import annotations

import os
from typing import Iterable, Iterator

from .change import Change

MODULES = "/lib/modules"
LOADED = "/sys/module"


def missing_modules(changes: Iterable[Change], modules: str = MODULES, loaded: str = LOADED) -> list[str]:
    """Return a sentence for every scheduler and persistence engine that the kernel is known to lack."""
    wanted: dict[str, str] = {}
    for change in changes:
        if change.destination is None and change.action != "delete":
            service = change.service
            wanted.setdefault(f"ip_vs_{service.scheduler}", f"scheduler {service.scheduler} of {service.key}")
            if service.persistence_engine is not None:
                name = service.persistence_engine
                wanted.setdefault(f"ip_vs_pe_{name}", f"persistence engine {name} of {service.key}")
    return [
        f"The kernel has no {what}: boot a kernel that has the module {name} (on Red Hat it may be in the package "
        "kernel-modules-extra), or choose another."
        for name, what in wanted.items()
        if is_missing(name, modules, loaded)
    ]


def is_missing(name: str, modules: str = MODULES, loaded: str = LOADED) -> bool:
    """Whether the running kernel certainly lacks a module. False if its modules cannot be seen: then the kernel reports it."""
    if os.path.isdir(f"{loaded}/{name}"):
        return False
    folder = f"{modules}/{os.uname().release}"
    try:
        with open(f"{folder}/modules.dep", encoding="utf-8") as loadable:
            if f"/{name}.ko" in loadable.read():
                return False
        with open(f"{folder}/modules.builtin", encoding="utf-8") as built_in:
            return f"/{name}.ko" not in built_in.read()
    except OSError:
        return False


def mixed_families(changes: Iterable[Change]) -> Iterator[Change]:
    """Yield the changes that give a service a real server of the other address family.

    The kernel refuses them while a connection sync daemon runs (ip_vs_ctl.c, __ip_vs_update_dest).
    """
    for change in changes:
        destination = change.destination
        if destination is None or change.action == "delete":
            continue
        if (":" in destination.address) != (change.service.key.family == "ipv6"):
            yield change
