# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A finding of the doctor: one cause, what shows it, and what mends it. And the order of findings."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Iterable, Sequence

# The causes, the most probable one of "the VIP does not answer" first.
ORDER = (
    "vip-on-ethernet",
    "arp-leak",
    "vip-missing",
    "wrong-prefix",
    "router-id-shared",
    "passwords-differ",
    "router-ids-differ",
    "adverts-differ",
    "vrrp-blocked",
    "vip-stranger",
    "scheduler-missing",
    "daemon-stopped",
    "not-reloaded",
    "tunnel-missing",
    "rp-filter",
    "forward-off",
    "filter-drops",
    "selinux",
    "conntrack",
    "way-back",
    "port-mismatch",
    "not-listening",
    "clients-refused",
    "two-masters",
    "vip-wrong-interface",
    "instance-fault",
    "no-master",
    "configurations-differ",
    "table-differs",
    "sync-blocked",
    "sync-missing",
    "tunnel-mtu",
    "arp-announce",
    "conn-reuse",
    "checks-fail",
    "users-fail",
    "clock",
)
# What follows from what: a finding comes after its cause.
CAUSES = {
    "arp-leak": ("vip-on-ethernet",),
    "two-masters": ("router-id-shared", "passwords-differ", "router-ids-differ", "adverts-differ", "vrrp-blocked"),
    "configurations-differ": (
        "passwords-differ",
        "router-ids-differ",
        "adverts-differ",
        "not-reloaded",
        "port-mismatch",
        "scheduler-missing",
    ),
    "no-master": ("instance-fault", "daemon-stopped", "scheduler-missing"),
    # By the clock a file may seem to be newer.
    "not-reloaded": ("scheduler-missing", "clock"),
    "table-differs": ("scheduler-missing", "not-reloaded", "daemon-stopped", "no-master", "instance-fault"),
    "vip-stranger": ("router-id-shared",),
    "sync-missing": (
        "daemon-stopped",
        "not-reloaded",
        "no-master",
        "instance-fault",
        "two-masters",
        "configurations-differ",
    ),
    "instance-fault": ("vip-wrong-interface",),
    "not-listening": ("port-mismatch",),
    "checks-fail": tuple(ORDER[: ORDER.index("checks-fail")]),
    "users-fail": tuple(ORDER[: ORDER.index("users-fail")]),
    "arp-announce": ("arp-leak", "vip-on-ethernet"),
}


@dataclass(frozen=True)
class Finding:
    """One cause on some hosts.

    The explanation has two sentences: what is wrong, and what users notice of it. The evidence are lines that name the host and
    what was read there. The commands begin with the host on which to give them.
    """

    key: str
    title: str
    explanation: str
    evidence: tuple[str, ...]
    mend: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    vips: tuple[str, ...] = field(default=())

    def data(self) -> dict[str, Any]:
        """The finding as plain data."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def ordered(findings: Iterable[Finding]) -> list[tuple[Finding, list[Finding]]]:
    """Return every finding once, the most probable cause first, with the findings that explain it. These come before it."""
    found = list(dict.fromkeys(findings))
    pairs = [(one, [other for other in found if explains(other, one)]) for one in found]
    return sorted(pairs, key=lambda pair: (bool(pair[1]), _place(pair[0])))


def explains(cause: Finding, finding: Finding) -> bool:
    """Whether a finding follows from another: by what it is, and if they have a host or a VIP in common."""
    if cause.key not in CAUSES.get(finding.key, ()):
        return False
    return _meet(cause.hosts, finding.hosts) or _meet(cause.vips, finding.vips)


def _meet(some: Sequence[str], others: Sequence[str]) -> bool:
    return not some or not others or bool(set(some) & set(others))


def _place(finding: Finding) -> tuple[int, tuple[str, ...], str]:
    return ORDER.index(finding.key), finding.hosts, finding.title
