# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a configuration differs by more than the weights of real servers."""

from __future__ import annotations

import re
from typing import Callable, Mapping

from ..module_utils.drains import keepalived_conf, ldirectord_cf
from .cluster.types import Stack

# ipvsadm --restore
_RULE_WEIGHT = re.compile(r" -w \d+")

WITHOUT_WEIGHTS: Mapping[Stack, Callable[[str], str]] = {
    "keepalived": keepalived_conf.without_weights,
    "ldirectord": ldirectord_cf.without_weights,
    "static": lambda text: _RULE_WEIGHT.sub("", text),
}


def more_than_weights(there: str, wanted: str, stack: Stack) -> bool:
    """Whether the file of a stack that is there, and what is to be written, differ by more than weights."""
    without = WITHOUT_WEIGHTS[stack]
    return without(there) != without(wanted)
