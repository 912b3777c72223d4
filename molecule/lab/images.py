# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images: what the nodes are made of, and the machine that carries them. Keyed by the content of what builds them."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lab import paths as places
from lab import shell
from lab.errors import LabError
from lab.paths import Paths

SUITE = "bookworm"
BUILDING = ".building-"
DISK_SIZE = "12G"  # sparse: the machine's whole disk
SPACE = 6 * 2**30  # bytes that building and running take at most
KEEP = 2  # images of a kind that stay: this checkout's and the one before


def content(folder: Path) -> Iterator[bytes]:
    """All that makes a folder of files what it is: names, the executable bit, content; in a fixed order."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        yield str(file.relative_to(folder)).encode()
        yield b"x" if os.access(file, os.X_OK) else b"-"
        yield hashlib.sha256(file.read_bytes()).digest()


def key(folder: Path, *inputs: str) -> str:
    """The key of an image built from a folder of definitions and further inputs."""
    digest = hashlib.sha256()
    for part in (*content(folder), *(text.encode() for text in inputs)):
        digest.update(len(part).to_bytes(4, "big") + part)
    return digest.hexdigest()[:16]


def package_list(file: Path) -> str:
    """Package names of a file, one a line with comments, as mmdebstrap's --include wants them."""
    lines = (line.partition("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    return ",".join(line for line in lines if line)


def mirror() -> list[str]:
    """Where Debian comes from: mmdebstrap's own idea unless LVS_LAB_MIRROR gives another."""
    given = os.environ.get("LVS_LAB_MIRROR", "")
    return [given] if given else []


def node_key() -> str:
    definition = places.IMAGES / "node"
    return key(definition, *options(definition, "tar"), SUITE, *mirror())


def machine_key(public_key: str) -> str:
    definition = places.IMAGES / "machine"
    recipe = (*options(definition, "directory"), SUITE, *mirror(), DISK_SIZE)
    return key(definition, node_key(), public_key, *recipe)


def reference() -> str:
    """The name of the nodes' image in podman."""
    return f"localhost/lvs-lab-node:{node_key()}"


@contextmanager
def building(target: Path) -> Iterator[Path]:
    """A folder to build in, which takes the target's name only when all went well."""
    folder = target.parent / f"{BUILDING}{target.name}"
    remove(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder.parent).free
    if free < SPACE:
        raise LabError(f"{folder.parent} has {free / 2**30:.1f} GiB left, the lab needs {SPACE / 2**30:.0f}")
    folder.mkdir()
    try:
        yield folder
        folder.rename(target)
    finally:
        remove(folder)


def remove(folder: Path) -> None:
    """Remove a folder that may hold a root's files, never what is mounted in it."""
    if folder.exists():
        shell.run(shell.as_root(["rm", "-rf", "--one-file-system", str(folder)]))


def prune(folder: Path, kind: str, keep: int = KEEP) -> None:
    """Remove all but the newest images of a kind."""
    found = sorted(folder.glob(f"{kind}-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in found[keep:]:
        remove(old)


def options(definition: Path, form: str) -> list[str]:
    """What mmdebstrap is told of an image, but for places."""
    return [
        *("--variant=minbase", f"--format={form}", f"--include={package_list(definition / 'packages.txt')}"),
        *(["--skip=cleanup/apt/lists", "--skip=cleanup/apt/cache"] if form == "tar" else []),
    ]


def mmdebstrap(definition: Path, form: str, target: Path, log: Path, variables: Mapping[str, str]) -> None:
    # Mounts and processes of its own: an interrupted build leaves neither on the host.
    argv = [
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "mmdebstrap"),
        *(*options(definition, form), f"--customize-hook={definition / 'customize.sh'}"),
        *(SUITE, str(target), *mirror()),
    ]
    shell.run_logged(shell.as_root(argv), log, env=variables)


def node_image(paths: Paths) -> Path:
    """The nodes' root file system as a tar file, built when its key is not in the cache."""
    target = paths.images / f"node-{node_key()}"
    if not target.exists():
        with building(target) as folder:
            mmdebstrap(places.IMAGES / "node", "tar", folder / "node.tar", paths.logs / "node-image.log", {})
        prune(paths.images, "node")
    os.utime(target)
    return target / "node.tar"


def machine_image(paths: Paths, public_key: str) -> Path:
    """The folder of the machine's disk.raw, vmlinuz and initrd.img, built when its key is not in the cache."""
    target = paths.images / f"machine-{machine_key(public_key)}"
    if not target.exists():
        with building(target) as folder:
            root = folder / "root"
            variables = {
                "NODE_TAR": str(node_image(paths)),
                "NODE_IMAGE": reference(),
                "PUBLIC_KEY": public_key,
            }
            mmdebstrap(places.IMAGES / "machine", "directory", root, paths.logs / "machine-image.log", variables)
            disk, owner = folder / "disk.raw", f"{os.getuid()}:{os.getgid()}"
            shell.run(shell.as_root(["mkfs.ext4", "-q", "-F", "-m", "0", "-d", str(root), str(disk), DISK_SIZE]))
            for name in ("vmlinuz", "initrd.img"):
                shell.run(shell.as_root(["cp", "--dereference", str(root / name), str(folder / name)]))
                shell.run(shell.as_root(["chown", owner, str(folder / name)]))
            shell.run(shell.as_root(["chown", owner, str(disk)]))
            remove(root)
        prune(paths.images, "machine")
    os.utime(target)
    return target
