# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages that are made from data and kept in the repository."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Mapping

ROOT = Path(__file__).resolve().parents[2]


def write(pages: Mapping[Path, str], check: bool) -> int:
    """Write the pages that are not current. With `check` nothing is written: SystemExit names those that are not current."""
    stale = {
        path: text for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    names = " ".join(sorted(str(path.relative_to(ROOT)) for path in stale))
    if stale and check:
        sys.exit(f"Not current, run make readmes: {names}")
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8")
    print(f"Written: {names}" if stale else "What is written from data is current.")
    return 0
