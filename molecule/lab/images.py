# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images: a kernel, and what nodes are made of. Built when the cache has none of this content, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import paths as places
from lab import shell
from lab.errors import LabError
from lab.paths import Paths
from lab.progress import Phases

KERNEL_SUITE = "testing"
MIRROR = "http://deb.debian.org/debian"
BUILDING = ".building-"
DISK_SIZE = "3G"  # of a node, sparse
SPACE = 6 * 2**30  # bytes that building takes at most
KEEP = 2  # images of a kind that stay: this checkout's and the one before
KERNEL_STEPS = 2000  # lines that make prints, about
NODE = places.IMAGES / "node"
KERNEL = places.IMAGES / "kernel"


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


def reference(release: str, image: str) -> str:
    """The name of a node's image in podman."""
    return f"localhost/lvs-lab-{release}-{image}:{key(NODE, release, image, *mirror())}"


@contextmanager
def building(target: Path) -> Iterator[Path]:
    """A folder to build in, which takes the target's name only when all went well."""
    folder = target.parent / f"{BUILDING}{target.name}"
    remove(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder.parent).free
    if free < SPACE:
        raise LabError(
            f"{folder.parent} has {free / 2**30:.1f} GiB left, building needs {SPACE / 2**30:.0f}: make room, or set"
            " LVS_LAB_CACHE to a folder on another disk"
        )
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


def prune(folder: Path, kind: str) -> None:
    """Remove all but the newest images of a kind."""
    found = sorted(folder.glob(f"{kind}-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in found[KEEP:]:
        remove(old)


def kernel_path(paths: Paths) -> Path:
    """Where a kernel is kept: `linux`, its `modules`, its `release`."""
    return paths.images / f"kernel-{key(KERNEL, *mirror())}"


def kernel(paths: Paths, phases: Phases) -> Path:
    """The folder of the kernel, built from this configuration and no other."""
    target = kernel_path(paths)
    if not target.exists():
        log = paths.logs / "kernel.log"
        with phases.phase("build the kernel", lambda: kernel_progress(log)), building(target) as folder:
            recipe = [str(KERNEL / "build.sh"), str(KERNEL / "config"), KERNEL_SUITE, *(mirror() or [MIRROR])]
            user = [] if os.geteuid() == 0 else ["--user", "--map-current-user"]
            shell.run_logged("building the kernel", shell.ends_with_us([*user, *recipe]), log, cwd=folder)
        prune(paths.images, "kernel")
    os.utime(target)
    return target


def kernel_progress(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    doing = next((line for line in reversed(lines) if line.startswith("# ")), "")
    return f"{doing[2:]}, {len(lines)} of about {KERNEL_STEPS} steps" if doing == "# building" else doing[2:]


def bootstrap(paths: Paths, release: str, image: str, root: Path) -> None:
    """A node's root file system as a folder."""
    variables = {
        "SUITE": release,
        "INSTALL": "" if image == "bare" else image,
        "NODE_TREE": str(tree_path(paths, release, "bare")) if image == "podman" else "",
        "NODE_IMAGE": reference(release, "bare"),
    }
    argv = [
        *("mmdebstrap", "--variant=minbase", f"--include={package_list(NODE / 'packages.txt')}"),
        *("--skip=cleanup/apt/lists", "--skip=cleanup/apt/cache"),
        *(f"--dpkgopt={NODE / 'root/etc/dpkg/dpkg.cfg.d/lab'}", f"--customize-hook={NODE / 'customize.sh'}"),
        *(release, str(root), *mirror()),
    ]
    log = paths.logs / f"{release}-{image}.log"
    shell.run_logged(
        f"building the image {release}-{image}", shell.as_root(shell.ends_with_us(argv)), log, env=variables
    )


def tree_path(paths: Paths, release: str, image: str) -> Path:
    """Where a node's root file system is kept as a tar file."""
    return paths.images / f"tree-{release}-{image}-{key(NODE, release, image, *mirror())}" / "tree.tar"


def disk_path(paths: Paths, release: str, image: str, kernel_: Path) -> Path:
    """Where a node's disk is kept. Modules fit the very build they come from: another one of the same version crashes."""
    build = hashlib.sha256((kernel_ / "linux").read_bytes()).hexdigest()
    return (
        paths.images / f"disk-{release}-{image}-{key(NODE, release, image, DISK_SIZE, build, *mirror())}" / "disk.img"
    )


def tree(paths: Paths, release: str, image: str, phases: Phases) -> Path:
    """A node's root file system as a tar file, which podman imports."""
    pack = "tar -C '{root}' --numeric-owner --xattrs -cf '{file}' ."
    return packed(paths, tree_path(paths, release, image), release, image, pack, phases)


def disk(paths: Paths, release: str, image: str, kernel_: Path, phases: Phases) -> Path:
    """A node's disk with the kernel's modules on it, which every node of this kind starts from."""
    if image == "podman":
        tree(paths, release, "bare", phases)
    version = (kernel_ / "release").read_text(encoding="utf-8").strip()
    pack = f"""mkdir -p '{{root}}/lib/modules'
cp -a '{kernel_}/modules/lib/modules/{version}' '{{root}}/lib/modules/'
depmod -b '{{root}}' '{version}'
echo '/dev/ubda / ext4 noatime 0 0' > '{{root}}/etc/fstab'
mkfs.ext4 -q -F -m 0 -d '{{root}}' '{{file}}' {DISK_SIZE}
"""
    return packed(paths, disk_path(paths, release, image, kernel_), release, image, pack, phases)


def packed(paths: Paths, file: Path, release: str, image: str, pack: str, phases: Phases) -> Path:
    """A file made of a node's root file system by a shell script that names {root} and {file}."""
    target = file.parent
    if not target.exists():
        kind = target.name.rpartition("-")[0]
        with phases.phase(f"build the image {kind}"), building(target) as folder:
            root, fresh = folder / "root", folder / file.name
            bootstrap(paths, release, image, root)
            script = pack.format(root=root, file=fresh) + f"\nchown {os.getuid()}:{os.getgid()} '{fresh}'\n"
            log = paths.logs / f"{kind}.log"
            shell.run_logged(f"packing the image {kind}", shell.as_root(["sh", "-euc", script]), log)
            remove(root)
        prune(paths.images, kind)
    os.utime(target)
    return file
