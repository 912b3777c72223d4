# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configurations with which heartbeat starts an ldirectord are read, in both folders where they may be."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils import adopt

FILES = {
    "/etc/ha.d/haresources": "lb1 192.0.2.100 ldirectord::web LVSLdirectord::mail.cf ldirectord\n",
    "/etc/ha.d/conf/web": "execute = dns\n",
    "/etc/ha.d/conf/dns": "# nothing\n",
    "/etc/ha.d/mail.cf": "# nothing\n",
    "/etc/ha.d/other.cf": "# nobody starts it\n",
}


def test_what_heartbeat_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adopt, "_text", FILES.get)
    found = adopt.texts("/etc/keepalived/keepalived.conf", "lb1")
    assert found == {name: text for name, text in FILES.items() if name != "/etc/ha.d/other.cf"}


def test_without_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adopt, "_text", {"/etc/ha.d/conf/web": ""}.get)
    assert adopt.texts("/etc/keepalived/keepalived.conf", "lb1") == {}
