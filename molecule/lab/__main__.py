# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry point of `python3 molecule/lab COMMAND`."""

from __future__ import annotations

import sys
from pathlib import Path

# Run as a directory, Python puts the directory itself on its path; the package is found from the one above.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from lab.cli import main  # noqa: E402

sys.exit(main())
