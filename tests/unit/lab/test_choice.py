# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from lab import choice
from lab.errors import LabError


@pytest.mark.parametrize(("lacking", "kind"), [("", "podman"), ("offers no IPVS", "uml")])
def test_podman_where_this_kernel_can_and_else_a_kernel_for_each_node(monkeypatch, lacking, kind):
    monkeypatch.delenv(choice.VARIABLE, raising=False)
    monkeypatch.setattr(choice, "what_containers_lack", lambda: lacking)
    chosen = choice.choose()
    assert chosen.kind == kind
    assert (lacking or "offers IPVS") in str(chosen)
    assert "LVS_LAB_MACHINE=podman|uml overrides" in str(chosen)


@pytest.mark.parametrize("wanted", choice.MACHINES)
def test_the_users_own_choice_counts_whatever_the_kernel_can(monkeypatch, wanted):
    monkeypatch.setenv(choice.VARIABLE, wanted)
    monkeypatch.setattr(choice, "what_containers_lack", lambda: pytest.fail("not asked for"))
    assert choice.choose().kind == wanted


def test_an_unknown_override_is_refused(monkeypatch):
    monkeypatch.setenv(choice.VARIABLE, "docker")
    with pytest.raises(LabError, match="must be podman or uml, not docker"):
        choice.choose()
