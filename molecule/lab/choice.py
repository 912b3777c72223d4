# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the nodes run: the local podman, a machine on KVM, or an emulated one. The best that really works."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from lab import shell
from lab.errors import LabError
from lab.paths import Paths
from lab.podman import digest

PODMAN, KVM, TCG = "podman", "kvm", "tcg"
VARIABLE = "LVS_LAB_MACHINE"
PROBE_LIMIT = 20.0  # s for a kernel to reach its first process: with KVM it needs one or two
PROBE_MARK = "Run /init as init process"


@dataclass(frozen=True)
class Verdict:
    """Whether a way works, and why or why not."""

    works: bool
    why: str


@dataclass(frozen=True)
class Choice:
    """What was chosen (podman, kvm or tcg), and why."""

    kind: str
    why: str


def override() -> str:
    """The user's own choice, or "". LabError when it is none of the three."""
    given = os.environ.get(VARIABLE, "")
    if given not in ("", PODMAN, KVM, TCG):
        raise LabError(f"{VARIABLE} must be {PODMAN}, {KVM} or {TCG}, not {given}")
    return given


def choose_podman(wanted: str, ipvs: Verdict) -> Choice | None:
    """The local podman, or None for a machine."""
    if wanted:
        return Choice(PODMAN, f"{VARIABLE}={wanted}") if wanted == PODMAN else None
    return Choice(PODMAN, ipvs.why) if ipvs.works else None


def choose_machine(wanted: str, ipvs: Verdict, kvm: Verdict) -> Choice:
    """How the machine runs."""
    if wanted:
        return Choice(wanted, f"{VARIABLE}={wanted}")
    if kvm.works:
        return Choice(KVM, f"{ipvs.why}; {kvm.why}")
    return Choice(TCG, f"{ipvs.why}; {kvm.why}: emulating")


def probe_ipvs() -> Verdict:
    """Whether containers of this kernel can be directors, and systemd can run in them."""
    kernel = f"the kernel {platform.release()}"
    table = Path("/proc/net/ip_vs")
    if not table.exists() and shell.has("modprobe"):
        load = shell.as_root(["modprobe", "ip_vs"])
        subprocess.run(load, capture_output=True, env=shell.environment(), check=False)
    if not table.exists():
        return Verdict(False, f"{kernel} offers no IPVS")
    if not Path("/sys/fs/cgroup/cgroup.controllers").exists():
        return Verdict(False, f"{kernel} has IPVS, but not cgroups v2 alone, which podman needs")
    return Verdict(True, f"{kernel} offers IPVS")


def qemu_version() -> str:
    return shell.run(["qemu-system-x86_64", "--version"]).splitlines()[0]


def probe_kvm(paths: Paths, image: Path) -> Verdict:
    """Whether KVM boots the machine's kernel here: tried once per host kernel, QEMU and image, and remembered."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return Verdict(False, "/dev/kvm is not there or not ours to use")
    key = digest(platform.release(), qemu_version(), image.name)
    memory = probe_memory(paths)
    known = json.loads(memory.read_text(encoding="utf-8")) if memory.exists() else {}
    if key not in known:
        known = {key: asdict(boot_on_kvm(image, paths.logs / "kvm-probe.log"))}
        fresh = memory.with_suffix(".new")
        fresh.write_text(json.dumps(known), encoding="utf-8")
        fresh.rename(memory)
    return Verdict(**known[key])


def probe_memory(paths: Paths) -> Path:
    """Where the last probe's outcome is kept."""
    return paths.cache / "kvm-probe.json"


def boot_on_kvm(image: Path, log: Path) -> Verdict:
    """Boot the image's kernel until it runs its first process, or the time is over."""
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    argv = [
        *("qemu-system-x86_64", "-accel", "kvm", "-cpu", "host", "-m", "512", "-nodefaults", "-no-user-config"),
        *("-display", "none", "-no-reboot", "-kernel", str(image / "vmlinuz"), "-initrd", str(image / "initrd.img")),
        *("-append", "console=ttyS0 panic=-1", "-serial", f"file:{log}"),
    ]
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + PROBE_LIMIT
        while time.monotonic() < deadline:
            if log.exists() and PROBE_MARK in log.read_text(encoding="utf-8", errors="replace"):
                return Verdict(True, "KVM boots the machine")
            if process.poll() is not None:
                return Verdict(False, "KVM is there, but QEMU ends at once with it")
            time.sleep(0.1)
        return Verdict(False, f"KVM is there, but no kernel boots on it within {PROBE_LIMIT:.0f} s")
    finally:
        process.kill()
        process.communicate()


def processor() -> str:
    """The host processor's name: what KVM passes on to the guest."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
