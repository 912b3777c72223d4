# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine's process: how it is called, started, found again and ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lab import qmp, shell
from lab.errors import LabError
from lab.paths import Paths
from lab.topology import PORT_BASE

MEMORY = "6G"
PROCESSORS = 2
NETDEV = "net0"
# The plain processor is the quicker one to emulate: a fifth less for starting a Python than "max", whose vector
# units glibc would use and whose fifth level of page tables every access would walk.
CPU = {"kvm": ("kvm", "host"), "tcg": ("tcg,thread=multi,tb-size=1024", "qemu64")}
# The guest is trusted and emulated time is dear: no mitigations, audit, security modules or watchdogs.
KERNEL = (
    "root=/dev/vda rw quiet console=ttyS0 net.ifnames=0 mitigations=off audit=0 apparmor=0 selinux=0 "
    "nowatchdog rcupdate.rcu_cpu_stall_suppress=1 panic=-1"
)


@dataclass(frozen=True)
class Definition:
    """A machine to start. `memory`: file of its RAM, or None; `keep_memory`: whether what it writes goes to the file."""

    kind: str
    image: Path
    disk: Path
    ports: tuple[int, ...]
    memory: Path | None = None
    keep_memory: bool = False
    incoming: bool = False


def forward(port: int) -> str:
    """QEMU's rule for a port: the machine's own sshd, or the same port in it, where podman publishes a node's."""
    return f"tcp:127.0.0.1:{port}-:{22 if port == PORT_BASE else port}"


def command(machine: Definition, run: Path) -> list[str]:
    """QEMU's arguments."""
    accelerator, cpu = CPU[machine.kind]
    forwards = ",".join(f"hostfwd={forward(port)}" for port in (PORT_BASE, *machine.ports))
    memory = "pc"
    backend: list[str] = []
    if machine.memory:
        memory = "pc,memory-backend=ram"
        share = "on" if machine.keep_memory else "off"
        backend = ["-object", f"memory-backend-file,id=ram,size={MEMORY},mem-path={machine.memory},share={share}"]
    return [
        *("qemu-system-x86_64", "-name", "lvs-lab", "-nodefaults", "-no-user-config", "-display", "none"),
        *("-machine", memory, *backend, "-m", MEMORY, "-accel", accelerator, "-cpu", cpu, "-smp", str(PROCESSORS)),
        *("-kernel", str(machine.image / "vmlinuz"), "-initrd", str(machine.image / "initrd.img")),
        *("-append", KERNEL, "-no-reboot", "-serial", f"file:{run / 'console.log'}"),
        *("-drive", f"file={machine.disk},if=virtio,format=qcow2,cache=unsafe,discard=unmap"),
        *("-netdev", f"user,id={NETDEV},{forwards}", "-device", f"virtio-net-pci,netdev={NETDEV},romfile="),
        *("-device", "virtio-rng-pci", "-qmp", f"unix:{run / 'qmp'},server=on,wait=off"),
        *("-pidfile", str(run / "qemu.pid")),
        *(("-incoming", "defer") if machine.incoming else ()),
    ]


def overlay(disk: Path, backing: Path, form: str) -> None:
    """A disk that starts as another, which it does not change."""
    disk.unlink(missing_ok=True)
    shell.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(backing), "-F", form, str(disk)])


def pid(paths: Paths) -> int | None:
    """The running machine's process, None when there is none. A pid file alone proves nothing: pids come back."""
    try:
        number = int((paths.run / "qemu.pid").read_text(encoding="ascii"))
        arguments = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    ours = str(paths.run / "qemu.pid").encode() in arguments
    return number if ours and arguments[0].startswith(b"qemu-system") else None


def ended(paths: Paths) -> str:
    """Why the machine's process is gone, or "" while it runs."""
    return "" if pid(paths) else f"QEMU has ended:\n  {shell.last_lines(paths.run / 'qemu.log', 5)}"


def start(machine: Definition, paths: Paths) -> None:
    """Start the process and return once its control channel is there. LabError with QEMU's words otherwise."""
    paths.run.mkdir(parents=True, exist_ok=True)
    for leftover in ("qmp", "qemu.pid", "console.log"):
        (paths.run / leftover).unlink(missing_ok=True)
    with (paths.run / "qemu.log").open("wb") as log:
        process = subprocess.Popen(
            command(machine, paths.run),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=shell.environment(),
            cwd=paths.run,
            start_new_session=True,
        )
    while not (paths.run / "qmp").exists() or not pid(paths):
        if process.poll() is not None:
            said = shell.last_lines(paths.run / "qemu.log", 5)
            hint = "\n  Is another lab running, with another LVS_LAB_CACHE?" if "forwarding rule" in said else ""
            raise LabError(f"QEMU does not start:\n  {said}{hint}")
        time.sleep(0.02)


def stop(paths: Paths) -> None:
    """End the machine at once, as by pulling its plug. Nothing when it does not run."""
    number = pid(paths)
    if number is None:
        return
    os.kill(number, signal.SIGKILL)
    wait_gone(number)


def quit_(paths: Paths) -> None:
    """End the process in order, with its disk written."""
    number = pid(paths)
    with qmp.connect(paths.run / "qmp") as monitor:
        monitor.execute("quit")
    if number is not None:
        wait_gone(number)


def wait_gone(number: int) -> None:
    deadline = time.monotonic() + 20
    while Path(f"/proc/{number}").exists() and time.monotonic() < deadline:
        # Our own child stays as a zombie until it is waited for.
        with contextlib.suppress(ChildProcessError):
            os.waitpid(number, os.WNOHANG)
        time.sleep(0.02)


def forward_ports(paths: Paths, have: Iterable[int], want: Iterable[int]) -> None:
    """Change which ports of the host lead into a running machine."""
    with qmp.connect(paths.run / "qmp") as monitor:
        for port in sorted(set(have) - set(want)):
            # It answers with a word of success.
            monitor.execute(
                "human-monitor-command", **{"command-line": f"hostfwd_remove {NETDEV} tcp:127.0.0.1:{port}"}
            )
        for port in sorted(set(want) - set(have)):
            monitor.human(f"hostfwd_add {NETDEV} {forward(port)}")
