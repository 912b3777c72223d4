# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All faults, in the order of the table."""

from __future__ import annotations

# Each adds its faults.
from faults import of_directors, of_networks, of_servers, of_sites
from faults.fault import FAULTS, Fault, chosen

__all__ = ["FAULTS", "Fault", "chosen", "of_directors", "of_networks", "of_servers", "of_sites"]
