# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail alerts."""

from __future__ import annotations

from typing import Any

from . import schema
from .mistakes import InventoryPath, Mistakes


def resolve_mail(given: Any, mistakes: Mistakes) -> dict[str, Any] | None:
    """Who gets mail about what, and through which server; None where nobody does."""
    if given is None:
        return None
    mail = schema.read(given, schema.MAIL, InventoryPath("lvs_mail", mistakes))
    server, port = mail["server"] or (None, None)
    return {**mail, "server": server, "port": port}
