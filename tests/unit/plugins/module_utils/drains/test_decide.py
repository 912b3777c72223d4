# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drain changes, and what is refused, with the valid names."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.drains.decide import (
    Request,
    drain,
    listed,
    name_of,
    one_line,
    undrain,
)
from ansible_collections.lvs.cluster.plugins.module_utils.drains.places import Place, Service
from ansible_collections.lvs.cluster.plugins.module_utils.drains.record import Record

NOW = datetime(2026, 11, 27, 7, 10, tzinfo=timezone.utc)
BY = {"reason": "new disk", "by": "alice@admin1"}


def place(number: int, weight: int = 1) -> Place:
    return Place(f"web{number}", f"10.0.0.2{number}", 80, weight)


WWW = Service("www", (place(1), place(2), place(3)))
MAIL = Service("mail", (place(1), place(2)))
SOLE = Service("sole", (place(3, 5),))
SERVICES = (WWW, WWW, MAIL, SOLE)


def drained(*names: str, services=SERVICES, record=None) -> Record:
    record = record or Record()
    for name in names:
        server, _blank, service = name.partition(" ")
        record = drain(services, record, Request(server, service or None, **BY, force=True), NOW).record
    return record


def keys(record: Record) -> list[str]:
    return [" ".join(filter(None, one.key)) for one in record.drains]


def test_a_drain_says_who_when_and_why():
    decision = drain(SERVICES, Record(), Request("web2", None, **BY), NOW)
    assert decision.refusals == [] and decision.said == []
    assert decision.steps == [decision.record]
    (one,) = decision.record.drains
    assert (one.real_server, one.addresses, one.service, one.reason) == ("web2", ("10.0.0.22",), None, "new disk")
    assert (one.by, one.since, one.weight) == ("alice@admin1", "2026-11-27T07:10:00Z", None)


def test_by_its_address_and_in_one_service():
    record = drain(SERVICES, Record(), Request("10.0.0.22", "mail"), NOW).record
    assert keys(record) == ["web2 mail"]
    assert (record.drains[0].by, record.drains[0].reason) == ("somebody", None)


@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        (Request(None), "The name of a real server is missing. There are web1, web2 and web3"),
        (Request("web9"), "There is no real server web9. There are web1, web2 and web3"),
        (Request("10.0.0.29"), "There is no real server 10.0.0.29. There are web1, web2 and web3"),
        (Request("web2", "ww"), "There is no service ww. There are www, mail and sole"),
        (
            Request("web3", "mail"),
            "web3 is no real server of service mail, which has web1 and web2. web3 is one of www and sole",
        ),
        (Request("web3", "sole"), "Without web3 service sole would have no real server with a weight"),
        (Request("web3"), "Without web3 service sole would have no real server with a weight"),
    ],
)
def test_what_is_wrong_is_refused_and_changes_nothing(request_, refusal):
    before = drained("web1")
    decision = drain(SERVICES, before, request_, NOW)
    assert decision.refusals[0] == refusal
    assert decision.record is before
    assert decision.steps == []


def test_without_any_service():
    assert drain([], Record(), Request("web1"), NOW).refusals == ["There is no real server web1. There are none"]


def test_the_last_one_needs_force_and_the_way_is_said():
    before = drained("web1")
    decision = drain(SERVICES, before, Request("web2", None, force_word="-e force=true"), NOW)
    assert decision.refusals == [
        "Without web2 service mail would have no real server with a weight, since web1 is drained",
        "To drain it anyway, so that nobody serves the new connections of these services, add -e force=true",
    ]
    forced = drain(SERVICES, before, Request("web2", None, force=True), NOW)
    assert forced.refusals == []
    assert keys(forced.record) == ["web1", "web2"]
    assert forced.said == decision.refusals[:1]


def test_a_hash_without_a_fallback_would_refuse_the_clients():
    service = Service("www", (place(1), place(2)), bound_by="sh")
    decision = drain([service], Record(), Request("web2"), NOW)
    assert decision.refusals[0] == (
        "Service www has the scheduler sh: the clients that it gives to web2 would be refused."
        " With scheduler_flags: [sh-fallback] they would get another"
    )
    assert drain([service], Record(), Request("web2", force=True), NOW).refusals == []
    bound = drain([replace(service, bound_by="dh")], Record(), Request("web2"), NOW)
    assert bound.refusals[0] == "Service www has the scheduler dh: the clients that it gives to web2 would be refused"


def test_with_two_that_are_drained():
    services = [Service("www", (place(1), place(2), place(3)))]
    decision = drain(services, drained("web1", "web2", services=services), Request("web3"), NOW)
    assert decision.refusals[0].endswith("with a weight, since web1 and web2 are drained")


@pytest.mark.parametrize(
    ("quorum", "hysteresis", "refused"),
    [
        (2, 0, None),
        (3, 0, "Without web3 the weights of service www would add up to 2, and its quorum needs 3"),
        (2, 1, "Without web3 the weights of service www would add up to 2, and its quorum needs 3"),
        # It was too little before.
        (4, 0, None),
    ],
)
def test_the_quorum_counts(quorum, hysteresis, refused):
    services = [Service("www", (place(1), place(2), place(3)), quorum, hysteresis)]
    decision = drain(services, Record(), Request("web3"), NOW)
    assert decision.refusals[:1] == ([refused] if refused else [])


@pytest.mark.parametrize(
    ("live", "refused"),
    [
        ([], False),
        ([{"mail": {"10.0.0.21", "10.0.0.22"}}], False),
        ([{"mail": {"10.0.0.22"}}], True),
        # It is down itself, or a sorry server stands in.
        ([{"mail": {"10.0.0.21"}}], False),
        ([{"mail": {"10.0.0.99"}}], False),
        ([{"mail": {"10.0.0.22", "10.0.0.99"}}], True),
        ([{"mail": set()}], False),
        ([{"mail": {"10.0.0.21", "10.0.0.22"}}, {"mail": {"10.0.0.22"}}], True),
        # Another service.
        ([{"www": {"10.0.0.22"}}], False),
    ],
)
def test_the_last_one_whose_checks_pass_needs_force(live, refused):
    decision = drain(SERVICES, Record(), Request("web2", "mail"), NOW, live)
    told = ["web2 is the only real server of service mail that gets connections at present"]
    assert decision.refusals[:1] == (told if refused else [])


def test_one_without_a_weight_can_be_drained():
    services = [Service("www", (place(1), place(2, 0)))]
    assert drain(services, Record(), Request("web2"), NOW).refusals == []


def test_twice_keeps_the_first_reason():
    before = drained("web2")
    decision = drain(SERVICES, before, Request("web2", None, reason="another", by="bob@lvs1"), NOW)
    assert decision.record is before and decision.refusals == [] and decision.steps == []
    assert decision.said == ["web2 is drained already: by alice@admin1 since 2026-11-27T07:10:00Z because: new disk."]


def test_one_whose_weight_is_being_raised_is_drained_again():
    half = undrain(drained("web2"), Request("web2"), NOW, steps=2).steps[0]
    decision = drain(SERVICES, half, Request("web2", None, reason="still bad"), NOW)
    assert [(one.weight, one.reason) for one in decision.record.drains] == [(None, "still bad")]


def test_drained_undrained_and_drained_within_one_moment():
    after = undrain(drained("web2"), Request("web2"), NOW).record
    assert keys(after) == []
    assert keys(drained("web2", record=after)) == ["web2"]


def test_an_end_in_steps():
    decision = undrain(drained("web1", "web2"), Request("10.0.0.22"), NOW, steps=4)
    assert [[one.weight for one in step.of("web2")] for step in decision.steps] == [[25], [50], [75], []]
    assert all(step.of("web1") for step in decision.steps)
    assert decision.record is decision.steps[-1]
    times = [step.drains[1].changed for step in decision.steps[:3]] + [decision.record.undrained[0].at]
    assert times == sorted(set(times))


def test_many_steps_are_never_the_whole_weight_before_the_last():
    shares = [step.of("web2")[0].weight for step in undrain(drained("web2"), Request("web2"), NOW, 100).steps[:-1]]
    assert (shares[0], shares[-1], len(shares)) == (1, 99, 99)
    assert [step.of("web2")[0].weight for step in undrain(drained("web2"), Request("web2"), NOW, 3).steps[:-1]] == [
        33,
        66,
    ]


@pytest.mark.parametrize(
    ("before", "request_", "left"),
    [
        (("web2", "web2 www"), Request("web2"), []),
        (("web2", "web2 www"), Request("web2", "www"), ["web2"]),
        (("web2 mail", "web2 www"), Request("web2", "www"), ["web2 mail"]),
        (("web2 mail", "web1"), Request("web2", "mail"), ["web1"]),
    ],
)
def test_what_is_left(before, request_, left):
    decision = undrain(drained(*before), request_, NOW)
    assert keys(decision.record) == left
    assert [text.partition(" is drained")[0] for text in decision.said] == [
        name.partition(" ")[0] for name in left if name.startswith("web2")
    ]


@pytest.mark.parametrize(
    ("before", "request_", "steps", "refusal"),
    [
        ((), Request("web2"), 1, "web2 is not drained. No real server is drained"),
        ((), Request(None), 1, "The name of a real server is missing. No real server is drained"),
        (("web1",), Request("web2"), 1, "web2 is not drained. Drained are web1 is drained in all its services"),
        (("web2",), Request("web2", "www"), 1, "web2 is not drained in service www alone. Drained are web2 is drained"),
        (("web2 www",), Request("web2", "mail"), 1, "web2 is not drained in service mail alone. Drained are web2 is"),
        (("web2",), Request("web2"), 0, "The number of steps has to be from 1 to 100"),
        (("web2",), Request("web2"), 101, "The number of steps has to be from 1 to 100"),
    ],
)
def test_there_is_nothing_to_undrain(before, request_, steps, refusal):
    record = drained(*before)
    decision = undrain(record, request_, NOW, steps)
    assert decision.refusals[0].startswith(refusal)
    assert (decision.record, decision.steps) == (record, [])
    assert decision.refusals[0].endswith("without naming a service") == (
        request_.service == "www" and before == ("web2",)
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (None, None),
        ("", None),
        (" \n", None),
        ("new\ndisk\x1b[31m", "new disk [31m"),
        ("x" * 300, "x" * 200),
        ("ä ö", "ä ö"),
    ],
)
def test_a_reason_is_one_line(text, line):
    assert one_line(text) == line


def test_words():
    assert [listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert [name_of(drained("web2"), name) for name in ("web2", "10.0.0.22", "web9")] == ["web2", "web2", "web9"]
