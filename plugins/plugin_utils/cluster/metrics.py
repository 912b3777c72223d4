# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics for Prometheus: where lvs-metrics writes them on each host, and how often."""

from __future__ import annotations

from typing import Any

from . import keys, schema
from .mistakes import InventoryPath, Mistakes
from .types import Metrics

# lvs-metrics may write nowhere else (roles/_host/files/lvs-metrics.service).
WRITABLE = ("/opt/", "/run/", "/srv/", "/var/")
DEBIANS = str(schema.METRICS["textfile_directory"].default)


def resolve_metrics(given: Any, mistakes: Mistakes) -> Metrics | None:
    """The keys of lvs_metrics; None if no metrics are wanted."""
    path = InventoryPath("lvs_metrics", mistakes)
    own = keys.read({} if given is None else given, schema.METRICS, path)
    folder = own["textfile_directory"]
    if not folder.startswith(WRITABLE):
        below = ", ".join(part.rstrip("/") for part in WRITABLE)
        path.report(f"textfile_directory is {folder}, but lvs-metrics may write only below {below}")
    elif own["enabled"] and own["exporter"] and folder.rstrip("/") != DEBIANS:
        path.report(
            f"textfile_directory is {folder}, but the prometheus-node-exporter that the roles install reads {DEBIANS}: leave"
            " textfile_directory out, or set exporter to false if you run one of your own"
        )
    if not own["enabled"]:
        return None
    return {
        "exporter": own["exporter"],
        "textfile_directory": folder,
        "interval": own["interval"],
    }
