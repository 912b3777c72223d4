# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception that ends a command with a message instead of a traceback."""

from __future__ import annotations


class LabError(Exception):
    """What went wrong, and what to do about it, in words for the person at the terminal."""
