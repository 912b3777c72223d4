# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kernel modules: whether a module is loaded now, and whether it will be loaded after the next boot."""

from __future__ import annotations

import os
import re
from typing import Iterable, Sequence

from ansible_collections.lvs.cluster.plugins.module_utils.conf_files import settings

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*\Z")


def normal_name(name: str) -> str:
    """Return a module's name as the kernel shows it: modprobe(8) treats - and _ alike."""
    return name.replace("-", "_")


def loaded_modules(names: Iterable[str], root: str = "") -> frozenset[str]:
    """Return the modules in `names` that the running kernel has, loaded or built in.

    A container sees its host's modules in /proc/modules and /sys/module.
    """
    listed = _first_fields(root + "/proc/modules")
    built_in = built_in_modules(root)
    return frozenset(
        name
        for name in names
        if normal_name(name) in listed
        or normal_name(name) in built_in
        or os.path.isdir(os.path.join(root + "/sys/module", normal_name(name)))
    )


def built_in_modules(root: str = "", release: str = "") -> frozenset[str]:
    """Return the modules that are built into the kernel, from modules.builtin of the kernel's package."""
    lines = _first_fields(os.path.join(root + modules_directory(release), "modules.builtin"))
    return frozenset(normal_name(os.path.basename(line).split(".")[0]) for line in lines)


def modules_directory(release: str = "") -> str:
    """Return the directory in which modprobe(8) looks for the running kernel's modules."""
    return os.path.join("/lib/modules", release or os.uname().release)


def boot_modules(files: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Return the modules that systemd-modules-load loads from `files`, `(path, text)` of modules-load.d(5)."""
    return frozenset(normal_name(line) for _path, text in files for line in settings(text))


def blacklisted_modules(files: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Return the modules that systemd-modules-load skips: those with `blacklist` in `(path, text)` of modprobe.d(5)."""
    words = [line.split() for _path, text in files for line in settings(text)]
    return frozenset(normal_name(line[1]) for line in words if line[0] == "blacklist" and len(line) > 1)


def module_states(
    names: Sequence[str], boot_files: Iterable[tuple[str, str]], modprobe_files: Iterable[tuple[str, str]] = ()
) -> dict[str, dict[str, bool]]:
    """Return `{name: {loaded, boot}}`: loaded now, and loaded after the next boot by `boot_files` or built in.

    Modules that `modprobe_files` blacklist are not loaded at boot.
    """
    loaded = loaded_modules(names)
    at_boot = (boot_modules(boot_files) - blacklisted_modules(modprobe_files)) | built_in_modules()
    return {name: {"loaded": name in loaded, "boot": normal_name(name) in at_boot} for name in names}


def why_not_loadable(name: str, modprobe_said: str, root: str = "") -> str:
    """Return one sentence on why modprobe(8) could not load `name`, and what to do."""
    release = os.uname().release
    directory = modules_directory(release)
    if not os.path.isdir(root + directory):
        return (
            f"The kernel module {name} is not loaded, and {directory} does not exist: in a container load the module "
            "on the container's host; after a kernel upgrade reboot into the new kernel."
        )
    said = " ".join(modprobe_said.split()) or "modprobe failed"
    if "Operation not permitted" in said or "Permission denied" in said:
        return f"The kernel module {name} may not be loaded ({said}): use become; in a container load it on the container's host."
    return (
        f"The kernel {release} offers no usable module {name} ({said}): install and boot a kernel that has it (on "
        "Debian linux-image-amd64 in place of a -kvm or other cut-down kernel, on Ubuntu "
        f"linux-modules-extra-{release}, on Red Hat kernel-modules); in a container load it on the container's host."
    )


def _first_fields(path: str) -> frozenset[str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            return frozenset(line.split(None, 1)[0] for line in stream if line.strip())
    except OSError:
        return frozenset()
