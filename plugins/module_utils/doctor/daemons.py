# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs on a host for doctor_info: the daemons and when they read their configuration, the clock, SELinux, the kernel's log."""

from __future__ import annotations

import calendar
import os
import re
import time
from typing import Any, Iterable

from ..tools import Runner, ToolMissing, run

# By the name of the process (at most 15 characters), or of the script that an interpreter runs
DAEMONS = (
    "keepalived",
    "ldirectord",
    "heartbeat",
    "lvs-heal",
    "firewalld",
    "chronyd",
    "ntpd",
    "ntpd-rs",
    "systemd-timesyn",
)
PID_FILES = {
    "keepalived": ("/run/keepalived.pid", "/run/keepalived/keepalived.pid"),
    "ldirectord": ("/run/ldirectord.ldirectord.cf.pid", "/run/ldirectord.ldirectord.pid"),
    "heartbeat": ("/run/heartbeat.pid", "/run/heartbeat/heartbeat.pid"),
}
# By their starts it is seen whether the clock was set since
CLOCK_UNITS = (
    "keepalived.service",
    "heartbeat.service",
    "ssh.service",
    "sshd.service",
    "cron.service",
    "crond.service",
)
LOG_LINES = re.compile(r"IPVS|nf_conntrack: .*table full|martian source|avc:\s+denied", re.IGNORECASE)
MOST_LINES = 60
_MOMENT = re.compile(r"(?:start_time=\[|=)\w{3} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")


def processes(proc: str = "/proc") -> list[dict[str, Any]]:
    """Return the running DAEMONS that no other of them has started: `{name, pid, started, arguments}`.

    `started` is in seconds since the host booted.
    """
    found: list[dict[str, Any]] = []
    for entry in os.listdir(proc):
        if not entry.isdigit():
            continue
        try:
            with open(f"{proc}/{entry}/stat", encoding="utf-8", errors="replace") as file:
                stat = file.read()
            with open(f"{proc}/{entry}/cmdline", encoding="utf-8", errors="replace") as file:
                arguments = file.read().split("\0")[:-1]
        except OSError:
            continue
        name = daemon_name(stat, arguments)
        if name:
            fields = stat.rpartition(")")[2].split()
            started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
            found.append(
                {"name": name, "pid": int(entry), "parent": int(fields[1]), "started": started, "arguments": arguments}
            )
    pids = {one["pid"] for one in found}
    return [one for one in sorted(found, key=lambda one: one["pid"]) if one.pop("parent") not in pids]


def daemon_name(stat: str, arguments: list[str]) -> str | None:
    """Return which of DAEMONS a process is, by /proc/PID/stat and its arguments."""
    comm = stat.partition("(")[2].rpartition(")")[0]
    words = [os.path.basename(word) for word in arguments[:3]]
    # heartbeat names its processes "heartbeat: master control process"
    names = [comm, words[0].partition(":")[0] if words else "", *words[1:]]
    if not arguments:
        return None
    return next((daemon for daemon in DAEMONS if daemon in names), None)


def option(arguments: list[str], short: str, long: str) -> str | None:
    """Return the value of an option in a process's arguments: -f FILE, -fFILE, --use-file FILE or --use-file=FILE."""
    for position, word in enumerate(arguments):
        if word in (short, long):
            return arguments[position + 1] if position + 1 < len(arguments) else None
        if word.startswith(long + "="):
            return word[len(long) + 1 :]
        if word.startswith(short) and not word.startswith("--") and len(word) > len(short):
            return word[len(short) :]
    return None


def last_reads(runner: Runner, running: Iterable[dict[str, Any]], clock: dict[str, float]) -> dict[str, float]:
    """Return when each running daemon last read its configuration, in seconds since 1970, as far as that can be told.

    A daemon reads it when it starts, and when systemd has reloaded its unit. The roles set the time of the pid file then, too.
    """
    read: dict[str, float] = {}
    for one in running:
        moments = [clock["now"] - clock["uptime"] + one["started"]]
        moments += [os.stat(path).st_mtime for path in PID_FILES.get(one["name"], ()) if os.path.exists(path)]
        if one["name"] in PID_FILES:
            moments += unit_moments(_shown(runner, one["name"]))
        read[one["name"]] = max([*moments, read.get(one["name"], 0.0)])
    return read


def _shown(runner: Runner, name: str) -> str:
    env, systemctl = runner.find("env"), runner.find("systemctl")
    if not env or not systemctl:
        return ""
    question = ["show", f"{name}.service", "--property=ExecReload,ExecMainStartTimestamp"]
    return run(runner, [env, "TZ=UTC", systemctl, *question]).out


def unit_moments(shown: str) -> list[float]:
    """Return the moments in what `TZ=UTC systemctl show --property=ExecReload,ExecMainStartTimestamp` printed."""
    return [float(calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M:%S"))) for text in _MOMENT.findall(shown)]


def clock(runner: Runner, proc: str = "/proc") -> dict[str, Any]:
    """Return `{now, monotonic, uptime, synchronized, starts}`.

    `starts` has {unit, clock, monotonic} of some units: when each started by the clock, and by the one that nobody sets.
    `synchronized` is what timedatectl says, null if it is not there.
    """
    with open(f"{proc}/uptime", encoding="ascii") as file:
        uptime = float(file.read().split()[0])
    return {
        "now": time.time(),
        "monotonic": time.monotonic(),
        "uptime": uptime,
        "synchronized": _synchronized(runner),
        "starts": unit_starts(_unit_starts(runner)),
    }


def _unit_starts(runner: Runner) -> str:
    env, systemctl = runner.find("env"), runner.find("systemctl")
    if not env or not systemctl:
        return ""
    question = ["show", "--property=Id,ExecMainStartTimestamp,ExecMainStartTimestampMonotonic", "--", *CLOCK_UNITS]
    return run(runner, [env, "TZ=UTC", systemctl, *question]).out


def unit_starts(shown: str) -> list[dict[str, Any]]:
    """Return the starts in what `TZ=UTC systemctl show` printed of some units, a block for each."""
    found = []
    for block in shown.strip().split("\n\n"):
        facts = dict(line.partition("=")[::2] for line in block.splitlines())
        moments = unit_moments(f"={facts.get('ExecMainStartTimestamp', '')}")
        monotonic = facts.get("ExecMainStartTimestampMonotonic", "0")
        if moments and monotonic.isdigit() and int(monotonic):
            found.append({"unit": facts.get("Id"), "clock": moments[0], "monotonic": int(monotonic) / 1e6})
    return found


def _synchronized(runner: Runner) -> bool | None:
    path = runner.find("timedatectl")
    try:
        result = run(runner, [path, "show", "--property=NTPSynchronized", "--value"]) if path else None
    except ToolMissing:
        return None
    return {"yes": True, "no": False}.get(result.out.strip()) if result else None


def selinux(root: str = "/sys/fs/selinux") -> bool | None:
    """Return whether SELinux enforces its policy; None on a host without SELinux."""
    try:
        with open(os.path.join(root, "enforce"), encoding="ascii") as file:
            return file.read().strip() == "1"
    except OSError:
        return None


def denials(path: str = "/var/log/audit/audit.log", seconds: float = 3600, now: float | None = None) -> list[str]:
    """Return the last refusals of SELinux in the log of auditd, of the last `seconds`."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.stat(path).st_size - 1024 * 1024))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return []
    since = (time.time() if now is None else now) - seconds
    kept = []
    for line in lines:
        match = re.search(r"avc:\s+denied.*", line)
        moment = re.search(r"audit\((\d+)", line)
        if match and moment and int(moment[1]) >= since:
            kept.append(match[0])
    return kept[-MOST_LINES:]


def kernel_log(runner: Runner) -> list[dict[str, Any]]:
    """Return the last lines of the kernel's log on IPVS, connection tracking, martians and SELinux: `{seconds, text}` since boot."""
    path = runner.find("dmesg")
    try:
        result = run(runner, [path]) if path else None
    except ToolMissing:
        return []
    return parse_kernel_log(result.out) if result and result.rc == 0 else []


def parse_kernel_log(printed: str) -> list[dict[str, Any]]:
    """Return the lines of LOG_LINES in what dmesg printed."""
    found = []
    for line in printed.splitlines():
        match = re.match(r"(?:<\d+>)?\[\s*(\d+\.\d+)\]\s*(.*)", line)
        if match and LOG_LINES.search(match[2]):
            found.append({"seconds": float(match[1]), "text": match[2]})
    return found[-MOST_LINES:]
