# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the kernel schedules keepalived's processes, and whether it may swap them out."""

from __future__ import annotations

from .types import KeepalivedProcess

# keepalived lets the kernel limit a process with real-time priority in its CPU time between two sleeps (RLIMIT_RTTIME). Before each
# reload it sets this limit to 0, and to its value again only after it has got the real-time priority back (lib/process.c of 2.2.7 to
# 2.4.3, orig_rlimit_rt). A clock tick in between kills the process, and without CAP_SYS_RESOURCE the limit stays at 0. So there is no
# value that is large enough. With this one the kernel refuses the limit, because the soft one is above the hard one (process.c reads
# it as -2), and keepalived then never touches it. It says so at each start and reload: "child process cannot set realtime rlimit".
# A keepalived that would understand it gets more than an hour. One that spins cannot take a whole CPU: sched_rt_runtime_us.
NO_LIMIT = 2**32 - 2


def processes(realtime_priority: int, no_swap: bool, *, bfd: bool) -> list[KeepalivedProcess]:
    """The processes that get more than the kernel's usual; `bfd` is whether there is one for BFD.

    The checker has one less than VRRP: of two with the same real-time priority one can wait 100 ms for the other, as long as several
    adverts of a fast cluster.
    """
    if not realtime_priority and not no_swap:
        return []
    priorities = {
        "vrrp": realtime_priority,
        "checker": max(realtime_priority - 1, 1) if realtime_priority else 0,
        **({"bfd": realtime_priority} if bfd else {}),
    }
    return [
        {
            "name": name,
            "realtime_priority": priority or None,
            "rlimit_rttime": NO_LIMIT if priority else None,
            "no_swap": no_swap,
        }
        for name, priority in priorities.items()
    ]
