# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """The options that several filters have in common.

    The input of ``lvs.cluster.cluster`` is the resolved cluster, that of ``lvs.cluster.cluster.live`` is a director's table.
    ``lvs.cluster.cluster.hostvars``, ``lvs.cluster.cluster.resolved`` and ``lvs.cluster.cluster.wanted`` each have one option.
    """

    DOCUMENTATION = r"""
options:
  _input:
    description: The cluster as P(lvs.cluster.resolve#filter) returns it.
    type: dict
    required: true
"""

    HOSTVARS = r"""
options:
  hostvars:
    description: C(hostvars), with the network facts of the hosts and what M(lvs.cluster.deployed_facts) found on the directors.
    type: dict
    required: true
"""

    LIVE = r"""
options:
  _input:
    description: The RV(lvs.cluster.ipvs_info#module:services) of M(lvs.cluster.ipvs_info).
    type: list
    elements: dict
    required: true
"""

    RESOLVED = r"""
options:
  cluster:
    description: The cluster as P(lvs.cluster.resolve#filter) returns it.
    type: dict
    required: true
"""

    WANTED = r"""
options:
  wanted:
    description: The C(table) of the resolved cluster.
    type: list
    elements: dict
    required: true
"""
