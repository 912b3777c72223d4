# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: wrong_weights
short_description: Find where a host is not in a table, or gets connections against the resolved cluster
version_added: 1.0.0
positional: cluster, host
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Compares only whether the weight is 0, since a check may choose it.
options:
  host:
    description: The name of the host.
    type: str
    required: true
extends_documentation_fragment:
  - lvs.cluster.cluster.live
  - lvs.cluster.cluster.resolved
"""

EXAMPLES = r"""
- name: Wait until the checks of www1 pass
  lvs.cluster.ipvs_info:
  register: ipvs
  until: ipvs.services | lvs.cluster.wrong_weights(lvs_cluster, 'www1') == []
"""

RETURN = r"""
_value:
  description: One message for each.
  type: list
  elements: str
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.updates import wrong_weights


class FilterModule:
    """The filter."""

    def filters(self):
        return {"wrong_weights": wrong_weights}
