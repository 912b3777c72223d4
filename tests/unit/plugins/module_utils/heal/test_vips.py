# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VIPs of a director by what `ip -j address` prints and keepalived says."""

from __future__ import annotations

import json

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.heal.settings import Instance, Moved
from ansible_collections.lvs.cluster.plugins.module_utils.heal.vips import Addresses, KeepalivedVips, partial, wrong
from ansible_collections.lvs.cluster.plugins.module_utils.tools import Result

VIP, OTHER, ADVERT = "172.28.0.100", "172.28.0.101", "169.254.35.100"
INSTANCE = Instance("VI_1", Moved(ADVERT, 32, "lo"), (Moved(VIP, 24, "eth0"), Moved(OTHER, 24, "eth0")), vmac=False)


def printed(*placed: str, advert: bool = True, on_lo: str = "") -> str:
    def entry(address: str, prefix: int) -> dict[str, object]:
        return {"family": "inet", "local": address, "prefixlen": prefix, "scope": "global"}

    lo = [entry(address, 32) for address in ([ADVERT] if advert else []) + ([on_lo] if on_lo else [])]
    own = [entry("172.28.0.11", 24), *(entry(address, 24) for address in placed)]
    ethernet = {"link_type": "ether", "address": "52:54:00:00:00:01", "flags": ["UP", "LOWER_UP"]}
    return json.dumps([{"ifname": "lo", "addr_info": lo}, {"ifname": "eth0", "addr_info": own, **ethernet}])


class Host:
    """A host whose `ip` prints what it is given, and remembers what it was told to do."""

    def __init__(self, text: str) -> None:
        self.text, self.ran = text, []

    def find(self, tool):
        return f"/sbin/{tool}"

    def start(self, argv, stdin=""):
        if argv[1:] != ["-j", "address"]:
            self.ran.append(" ".join(argv[1:]))
        return lambda: Result(0, self.text, "")


def addresses(text: str) -> Addresses:
    found = Addresses(Host(text))
    found.update(set())
    return found


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        (printed(VIP, OTHER), False),
        (printed(advert=False), False),
        (printed(advert=False, on_lo=VIP), False),
        (printed(VIP), True),
        (printed(), True),
        (printed(VIP, OTHER, advert=False), True),
        (printed(VIP, advert=False), True),
    ],
    ids=["master", "backup", "backup_that_serves", "one_is_gone", "all_are_gone", "advert_is_gone", "added_by_hand"],
)
def test_a_master_has_all_and_a_backup_none(text, odd):
    assert partial(INSTANCE, addresses(text)) is odd


def test_a_master_lacks_and_a_backup_has_too_much():
    assert [one.text for one in wrong(INSTANCE, "master", addresses(printed(VIP, advert=False)))] == [
        f"missing VIP {OTHER} on eth0, though VI_1 is master here",
        f"missing VIP {ADVERT} on lo, though VI_1 is master here",
    ]
    for state in ("backup", "fault"):
        found = wrong(INSTANCE, state, addresses(printed(OTHER, advert=False)))
        assert [one.text for one in found] == [f"VIP {OTHER} on eth0, though VI_1 is not master here"]
    assert wrong(INSTANCE, "init", addresses(printed(OTHER, advert=False))) == []
    assert wrong(INSTANCE, None, addresses(printed(OTHER, advert=False))) == []


def test_with_an_interface_of_its_own_keepalived_adds_the_vips():
    vmac = Instance(INSTANCE.name, INSTANCE.advert, INSTANCE.vips, vmac=True)
    assert wrong(vmac, "master", addresses(printed(VIP))) == []


def part(text: str, state: str | None) -> tuple[KeepalivedVips, Host]:
    host = Host(text)
    found = Addresses(host)
    found.update(set())
    return KeepalivedVips([INSTANCE], found, lambda: {"VI_1": {"state": state}} if state else None, host), host


def test_what_passes_is_waited_for():
    healer, _host = part(printed(VIP, advert=False), "backup")
    assert [healer.is_due(now, set()) for now in (10.0, 11.9, 12.0)] == [False, False, True]
    assert healer.find(12.0, sure=True) is not None
    healer.addresses = addresses(printed(advert=False))
    assert not healer.is_due(13.0, set())
    healer.addresses = addresses(printed(VIP, advert=False))
    assert not healer.is_due(14.0, set())


def test_a_vip_on_a_backup_is_removed_with_its_own_prefix():
    healer, host = part(printed(VIP, advert=False), "backup")
    healer.is_due(0.0, set())
    healer.find(2.0, sure=True).mend()
    assert host.ran == [f"address del {VIP}/24 dev eth0"]


def test_a_master_gets_its_vips_back():
    healer, host = part(printed(VIP, advert=False), "master")
    healer.find(0.0, sure=False).mend()
    assert host.ran == [f"address replace {OTHER}/24 dev eth0", f"address replace {ADVERT}/32 dev lo scope host"]


def test_without_keepalived_nothing_is_wrong():
    healer, _host = part(printed(VIP, advert=False), None)
    assert healer.find(0.0, sure=False) is None
