# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from lab import choice
from lab.choice import Choice, Verdict
from lab.errors import LabError

IPVS = Verdict(True, "the kernel offers IPVS")
NO_IPVS = Verdict(False, "the kernel offers no IPVS")
KVM = Verdict(True, "KVM boots the machine")
NO_KVM = Verdict(False, "/dev/kvm is not there")


def choose(wanted, ipvs, kvm):
    return choice.choose_podman(wanted, ipvs) or choice.choose_machine(wanted, ipvs, kvm)


@pytest.mark.parametrize(
    ("wanted", "ipvs", "kvm", "kind"),
    [
        ("", IPVS, NO_KVM, "podman"),
        ("", IPVS, KVM, "podman"),
        ("", NO_IPVS, KVM, "kvm"),
        ("", NO_IPVS, NO_KVM, "tcg"),
        ("podman", NO_IPVS, KVM, "podman"),
        ("kvm", IPVS, NO_KVM, "kvm"),
        ("tcg", IPVS, KVM, "tcg"),
    ],
)
def test_the_best_that_works_unless_told_otherwise(wanted, ipvs, kvm, kind):
    assert choose(wanted, ipvs, kvm).kind == kind


def test_the_choice_says_why():
    assert choose("", NO_IPVS, NO_KVM) == Choice("tcg", "the kernel offers no IPVS; /dev/kvm is not there: emulating")
    assert choose("kvm", IPVS, NO_KVM).why == "LVS_LAB_MACHINE=kvm"


def test_an_unknown_override_is_refused(monkeypatch):
    monkeypatch.setenv("LVS_LAB_MACHINE", "docker")
    with pytest.raises(LabError, match="must be podman, kvm or tcg, not docker"):
        choice.override()
