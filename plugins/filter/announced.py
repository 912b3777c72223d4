# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: announced
short_description: Find what the VRRP instances of a cluster that was configured by hand announce
version_added: 1.0.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - Directors that are taken over announce the same addresses as those that are not yet. Otherwise a VIP would have two owners.
extends_documentation_fragment:
  - lvs.cluster.cluster
  - lvs.cluster.cluster.hostvars
"""

EXAMPLES = r"""
- name: Show what the instances announce
  ansible.builtin.debug:
    msg: "{{ lvs_cluster | lvs.cluster.announced(hostvars) }}"
"""

RETURN = r"""
_value:
  description: The addresses by instance. Empty if all directors announce as the roles do.
  type: dict
"""

from ansible_collections.lvs.cluster.plugins.plugin_utils.preflight.announced import announced


class FilterModule:
    """The filter."""

    def filters(self):
        return {"announced": announced}
