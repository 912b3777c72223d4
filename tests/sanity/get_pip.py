# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-in for get-pip.py, which ansible-test downloads from a host that is not reachable everywhere.

It takes get-pip's arguments: what pip install takes, and ``--no-setuptools`` and ``--no-wheel``.
The pip it starts from is the one Python ships; the packages asked for come from the configured index.
"""

from __future__ import annotations

import subprocess
import sys

GET_PIP_ONLY = ("--no-setuptools", "--no-wheel")


def main() -> None:
    requested = [argument for argument in sys.argv[1:] if argument not in GET_PIP_ONLY]
    subprocess.run([sys.executable, "-m", "ensurepip", "--default-pip"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *requested], check=True)


if __name__ == "__main__":
    main()
