# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When keepalived has to be restarted for its command line options."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.daemon_options import other_options


@pytest.mark.parametrize(
    ("ours", "running", "wanted", "other"),
    [
        (False, None, ["--snmp"], False),
        (True, None, None, False),
        (True, ["--snmp"], ["--snmp"], False),
        (False, ["--snmp"], ["--snmp"], False),
        (True, ["--snmp"], ["--snmp", "-D"], True),
        (False, [], ["--snmp"], True),
        (True, ["--snmp"], [], True),
        (True, ["--snmp"], None, True),
        (False, ["--snmp"], None, False),
    ],
)
def test_options_of_the_distribution_are_not_known(ours, running, wanted, other):
    assert other_options({"ours": ours, "running": running}, wanted) is other
