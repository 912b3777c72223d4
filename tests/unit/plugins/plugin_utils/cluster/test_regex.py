# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keepalived is asked to look for is the text itself, whatever characters it has."""

from __future__ import annotations

import re

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.regex import literal


# Sets within sets, which Python may know one day, are nothing to PCRE.
@pytest.mark.filterwarnings("ignore:Possible nested set:FutureWarning")
@pytest.mark.parametrize("text", ["ok", "version 1.0", "a+b*c?", "[x](y){z}", "one|two", "100$", "#1 !"])
def test_the_text_matches_itself_and_nothing_else(text):
    assert re.search(literal(text), f"before {text} after")
    assert not re.search(literal(text), "version 1x0 aab")
