# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """The attributes that every module of this collection documents.

    ``lvs.cluster.attributes`` describes the attributes; a module adds its own ``support`` (and ``details``) to
    ``check_mode``, ``diff_mode`` and ``idempotent``. A module that only reads also extends
    ``lvs.cluster.attributes.info_module``, which fills them in.
    """

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and report whether it would change the host, without changing it.
  diff_mode:
    description: Shows in diff mode what has changed, or would change in C(check_mode).
  idempotent:
    description: A second run reports no change if nobody else has changed the host.
  platform:
    description: The operating systems a managed host can run.
    platforms: linux
    support: full
  action_group:
    description: Use C(group/lvs.cluster.all) in C(module_defaults) to set defaults for every module of the collection.
    support: full
    membership:
      - lvs.cluster.all
"""

    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - It changes nothing, so C(check_mode) makes no difference.
  diff_mode:
    support: N/A
    details:
      - It changes nothing.
  idempotent:
    support: full
    details:
      - It changes nothing. It returns the state of the host, which can differ between two runs.
"""
