# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.arguments import argument_mistakes

VALID = {"real_server": "a name", "service": "a service", "force": "true"}
RIGHT = [
    "valid: -e real_server=..., a name",
    "valid: -e service=..., a service",
    "valid: -e force=..., true",
    "Nothing was changed.",
]


@pytest.mark.parametrize(
    ("given", "mistakes"),
    [
        ([], []),
        (["real_server", "service", "force"], []),
        # The inventory may need them.
        (["ansible_force", "lvs_service", "lvs_services", "region", "stage"], []),
        (["services"], ["services is not understood: did you mean service?"]),
        (["realserver", "forse"], ["forse is not understood: did you mean force?", "realserver is not understood: did you mean real_server?"]),
        (["steps"], ["steps is no argument of this playbook"]),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_named_with_what_is(given, mistakes):
    assert argument_mistakes(VALID, given, ["steps"]) == ([*mistakes, *RIGHT] if mistakes else [])
