# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The weights that a record leaves."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.drains.places import (
    Place,
    Service,
    held,
    servers_of,
    settled,
    share,
    weights,
)
from ansible_collections.lvs.cluster.plugins.module_utils.drains.record import Drain, Record


def place(number: int, weight: int = 1, chosen: bool = False) -> Place:
    return Place(f"web{number}", f"10.0.0.2{number}", 80, weight, chosen)


def www(*places: Place, **more: int) -> Service:
    return Service("www", places, **more)


def drained(*shares: tuple[str, int | None] | tuple[str, int | None, str | None]) -> Record:
    return Record(
        tuple(
            Drain(
                name,
                (),
                service[0] if service else None,
                None,
                "a@b",
                "2026-11-27T07:10:00Z",
                "2026-11-27T07:10:00.0Z",
                part,
            )
            for name, part, *service in shares
        )
    )


@pytest.mark.parametrize(
    ("service", "record", "wanted", "kept"),
    [
        (www(place(1), place(2)), drained(), [1, 1], [False, False]),
        (www(place(1), place(2)), drained(("web2", None)), [1, 0], [False, False]),
        (www(place(1), place(2)), drained(("web2", None, "www")), [1, 0], [False, False]),
        (www(place(1), place(2)), drained(("web2", None, "mail")), [1, 1], [False, False]),
        (www(place(1), place(2)), drained(("web9", None)), [1, 1], [False, False]),
        # In steps, and never less than 1.
        (www(place(1, 40), place(2, 30)), drained(("web2", 25)), [40, 7], [False, False]),
        (www(place(1), place(2)), drained(("web2", 25)), [1, 1], [False, False]),
        (www(place(1, 10), place(2, 10)), drained(("web2", 99)), [10, 9], [False, False]),
        # What is drained in one service and raised in all is drained.
        (www(place(1), place(2, 4)), drained(("web2", 50), ("web2", None, "www")), [1, 0], [False, False]),
        # A weight of 0 in the inventory stays.
        (www(place(1), place(2, 0)), drained(("web2", 50)), [1, 0], [False, False]),
        (www(place(1), place(2, 0)), drained(("web2", None)), [1, 0], [False, False]),
        # keepalived takes no service without weight, or with less than the quorum.
        (www(place(1), place(2)), drained(("web1", None), ("web2", None)), [0, 0], [True, True]),
        (www(place(1), place(2), quorum=2), drained(("web2", None)), [1, 0], [False, True]),
        (www(place(1, 3), place(2), quorum=2), drained(("web2", None)), [3, 0], [False, False]),
        (www(place(1, 0), place(2)), drained(("web2", None)), [0, 0], [False, True]),
        # A part that is too little for the quorum is the whole.
        (www(place(1, 4), place(2, 8), quorum=7), drained(("web2", 25)), [4, 8], [False, False]),
        (www(place(1, 4), place(2, 8), quorum=6), drained(("web2", 25)), [4, 2], [False, False]),
        # A check would choose the weight again.
        (www(place(1), place(2, 8, chosen=True)), drained(("web2", None)), [1, 0], [False, True]),
        (www(place(1), place(2, 8, chosen=True)), drained(("web2", 25)), [1, 8], [False, False]),
        (www(place(1), place(2, 8, chosen=True)), drained(("web1", None)), [0, 8], [False, False]),
    ],
)
def test_weights(service, record, wanted, kept):
    assert weights(service, record) == wanted
    assert held(service, wanted) == kept


def test_the_smallest_share_counts():
    record = drained(("web2", 25), ("web2", 50, "www"))
    assert share(record, "www", "web2") == share(record, "mail", "web2") == 25
    assert share(record, "www", "web1") == 100


def test_real_servers_are_listed_once():
    assert servers_of([www(place(2), place(1)), Service("mail", (place(1), place(3)))]) == ["web2", "web1", "web3"]


@pytest.mark.parametrize(
    ("drain", "found"),
    [
        (("web2", ("10.0.0.99",), None), ("web2", ("10.0.0.22",), None)),
        # Renamed in the inventory.
        (("old2", ("10.0.0.22",), None), ("web2", ("10.0.0.22",), None)),
        (("web2", (), "www"), ("web2", ("10.0.0.22",), "www")),
        (("web2", ("10.0.0.22",), "mail"), None),
        (("web9", ("10.0.0.99",), None), None),
        # Its old address is another's now.
        (("web2", ("10.0.0.21",), None), ("web2", ("10.0.0.22",), None)),
    ],
)
def test_what_leaves_the_inventory_leaves_the_record(drain, found):
    name, addresses, service = drain
    one = Drain(name, addresses, service, None, "a@b", "2026-11-27T07:10:00Z", "2026-11-27T07:10:00.0Z")
    services = [www(place(1), place(2)), Service("mail", (place(1),))]
    record, lost = settled(Record((one,)), services)
    assert [(kept.real_server, kept.addresses, kept.service) for kept in record.drains] == ([found] if found else [])
    assert lost == ([] if found else [one])
