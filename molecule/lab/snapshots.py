# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bare lab, frozen just after it first came up: memory, disk and devices. Restoring one takes a second.

The memory is a file. A restored machine maps it privately, so nothing is read before it is used and the file stays
as it was; the devices' state is a few hundred kilobytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab import choice, images, shell
from lab.paths import Paths
from lab.podman import digest
from lab.qemu import CPU, KERNEL, MEMORY, PROCESSORS
from lab.topology import Topology

KEEP = 8  # topologies whose snapshots stay, about 1.5 GB each


@dataclass(frozen=True)
class Snapshot:
    """The files of a snapshot."""

    folder: Path

    @property
    def memory(self) -> Path:
        return self.folder / "memory"

    @property
    def disk(self) -> Path:
        return self.folder / "disk.qcow2"

    @property
    def devices(self) -> Path:
        return self.folder / "devices"

    @property
    def exists(self) -> bool:
        return self.devices.exists()


def key(kind: str, image: Path, topology: Topology) -> str:
    """All that a frozen machine depends on; devices' state fits only the QEMU and the processor it came from."""
    here = choice.processor() if kind == choice.KVM else ""
    return digest(kind, image.name, topology.digest, choice.qemu_version(), here, CPU, KERNEL, MEMORY, PROCESSORS)


def find(paths: Paths, kind: str, image: Path, topology: Topology) -> Snapshot:
    """The snapshot of a topology on an image, whether it exists or not."""
    return Snapshot(paths.snapshots / f"{image.name}-{key(kind, image, topology)}")


def copy_memory(source: Path | None, target: Path) -> None:
    """A memory file to record into: a copy of another, or empty. Only what is used takes space."""
    if source:
        shell.run(["cp", "--sparse=always", "--reflink=auto", str(source), str(target)])
    else:
        shell.run(["truncate", f"--size={MEMORY}", str(target)])


def forget(snapshot: Snapshot) -> None:
    images.remove(snapshot.folder)


def prune(paths: Paths, used: tuple[Snapshot, ...]) -> None:
    """Remove snapshots of images that are gone, and of topologies not used for longest; never those given."""
    keep = {snapshot.folder.name for snapshot in used}
    found = sorted(paths.snapshots.glob("machine-*"), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for position, folder in enumerate(found):
        image = paths.images / folder.name.rpartition("-")[0]
        if folder.name not in keep and (position >= KEEP or not image.exists()):
            images.remove(folder)
