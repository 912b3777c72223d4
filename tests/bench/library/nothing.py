# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The peer of lvs.cluster.ipvs_table in the benchmarks: it takes the same input and does nothing with it."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    module = AnsibleModule(argument_spec={"services": {"type": "list"}, "purge": {"type": "str"}})
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
