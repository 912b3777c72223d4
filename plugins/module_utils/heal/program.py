# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""lvs-heal puts back on this host what was deployed and what somebody has removed or changed by mistake.

  lvs-heal          the service: look and mend, until it is stopped
  lvs-heal --check  print what differs from what was deployed, and change nothing; the exit status is 1 if anything differs

`systemctl stop lvs-heal` stops it until the next boot or run of site.yml. While /run/lvs-heal-pause is there, and for at most 15
minutes, nothing is mended.
"""

from __future__ import annotations

import os
import sys
from typing import Sequence

from ..tools import Failure
from .service import Service, check

USAGE = "usage: lvs-heal [--check]"


def main(words: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    if words not in ([], ["--check"]):
        sys.stderr.write(f"{USAGE}\n")
        return 2
    if os.geteuid() != 0:
        sys.stderr.write("lvs-heal must run as root\n")
        return 2
    if not words:
        Service().run()
    try:
        found = check()
    except (Failure, OSError, ValueError) as error:
        sys.stderr.write(f"lvs-heal: {error}\n")
        return 2
    sys.stdout.write("".join(f"{text}\n" for text in found))
    return 1 if found else 0
