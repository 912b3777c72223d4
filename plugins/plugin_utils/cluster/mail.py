# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail alerts."""

from __future__ import annotations

from typing import Any

from . import keys, schema
from .mistakes import InventoryPath, Mistakes
from .types import Mail


def resolve_mail(given: Any, mistakes: Mistakes) -> Mail | None:
    """Who gets mail about what, and through which server; None if nobody does."""
    if given is None:
        return None
    own = keys.read(given, schema.MAIL, InventoryPath("lvs_mail", mistakes))
    # A missing value has been reported, so the result is not used.
    server, port = own["server"] or ("", 0)
    return {
        "to": own["to"] or [],
        "from": own["from"] or "",
        "server": server,
        "port": port,
        "timeout": own["timeout"],
        "instances": own["instances"],
        "real_servers": own["real_servers"],
    }
