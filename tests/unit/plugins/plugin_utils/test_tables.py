# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which real servers are drained before they leave, and how tables are told apart."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.tables import (
    differences,
    drained_services,
    missing_services,
    removed_real_servers,
    undescribed_services,
    undrained_services,
    wrong_thresholds,
)


def destination(address, weight=1):
    return {"address": address, "port": 80, "weight": weight, "forward": "dr"}


def service(*destinations, address="10.0.0.100", scheduler="rr", flags=()):
    return {
        "protocol": "tcp",
        "address": address,
        "port": 80,
        "fwmark": None,
        "scheduler": scheduler,
        "scheduler_flags": list(flags),
        "destinations": list(destinations),
    }


def cluster(*table, sorry=None):
    return {"table": list(table), "services": [{"sorry_server": sorry and {"address": sorry}} for _service in table]}


def leaving(live, wanted):
    return [entry["label"] for entry in removed_real_servers(live, wanted)]


def test_a_real_server_that_left_a_service_is_drained():
    live = [service(destination("10.0.0.1"), destination("10.0.0.2"))]
    assert leaving(live, cluster(service(destination("10.0.0.1")))) == ["10.0.0.2 of 10.0.0.100:80/tcp"]


def test_one_that_an_interrupted_run_has_drained_is_waited_for_again():
    live = [service(destination("10.0.0.1"), destination("10.0.0.2", weight=0))]
    assert leaving(live, cluster(service(destination("10.0.0.1")))) == ["10.0.0.2 of 10.0.0.100:80/tcp"]


def test_a_service_is_never_left_without_weight():
    live = [service(destination("10.0.0.1", weight=0), destination("10.0.0.2"))]
    assert leaving(live, cluster(service(destination("10.0.0.1")))) == []


@pytest.mark.parametrize("scheduler, flags", [("dh", ()), ("sh", ()), ("sh", ("sh-port",)), ("mh", ())])
def test_a_service_that_would_refuse_the_clients_of_a_drained_real_server_is_not_drained(scheduler, flags):
    live = [service(destination("10.0.0.1"), destination("10.0.0.2"), scheduler=scheduler, flags=flags)]
    assert leaving(live, cluster(service(destination("10.0.0.1")))) == []


@pytest.mark.parametrize("scheduler, flags", [("sh", ("sh-fallback",)), ("mh", ("mh-port", "mh-fallback"))])
def test_with_fallback_it_is(scheduler, flags):
    live = [service(destination("10.0.0.1"), destination("10.0.0.2"), scheduler=scheduler, flags=flags)]
    assert leaving(live, cluster(service(destination("10.0.0.1")))) == ["10.0.0.2 of 10.0.0.100:80/tcp"]


def test_a_sorry_server_in_action_is_left_alone():
    live = [service(destination("10.0.0.1"), destination("10.0.0.9"))]
    assert leaving(live, cluster(service(destination("10.0.0.1")), sorry="10.0.0.9")) == []


def test_a_service_that_leaves_as_a_whole_is_not_drained():
    assert leaving([service(destination("10.0.0.1"))], cluster()) == []


def test_missing_services_are_named():
    wanted = [service(), service(address="2001:db8::1"), {"fwmark": 99, "family": "ipv4", "destinations": []}]
    assert missing_services([service()], wanted) == ["[2001:db8::1]:80/tcp", "fwmark 99"]


def test_surplus_services_are_named_by_options_of_the_module():
    live = [
        service(),
        service(address="2001:db8::1"),
        {**service(), "fwmark": 99, "address": None, "port": None, "protocol": None},
    ]
    assert undescribed_services(live, [service()]) == [
        {"address": "2001:db8::1", "port": 80, "protocol": "tcp"},
        {"fwmark": 99},
    ]


def test_weight_zero_differs_from_one():
    live, wanted = service(destination("10.0.0.1", weight=0)), service(destination("10.0.0.1"))
    assert [said for _change, said in differences([live], [wanted])] == ["real server 10.0.0.1:80: weight is 0, not 1"]


def test_flags_that_differ_are_told_in_words():
    live = {**service(), "scheduler": "sh", "scheduler_flags": ["sh-fallback", "sh-port"]}
    wanted = {**service(), "scheduler": "sh"}
    assert [said for _change, said in differences([live], [wanted])] == [
        "scheduler_flags is sh-fallback, sh-port, not none"
    ]


def test_what_is_too_much_differs_too():
    extra = service(address="10.0.0.101")
    assert [said for _change, said in differences([extra], [])] == ["in the table, but not in the inventory"]


def test_of_a_service_that_is_missing_no_real_server_is_told():
    missing = service(destination("10.0.0.1"), destination("10.0.0.2"))
    assert [said for _change, said in differences([], [missing])] == ["not in the table"]
    assert [said for _change, said in differences([service(destination("10.0.0.1"))], [missing])] == [
        "real server 10.0.0.2:80 is not in the table"
    ]


def test_a_live_table_is_read_whatever_somebody_else_has_put_there():
    foreign = {**service(destination("10.0.0.9", weight=100000), address="10.0.0.200"), "scheduler": "none"}
    assert [str(change.service.key) for change, _said in differences([foreign], [])] == ["10.0.0.200:80/tcp"]


def test_all_that_leave_are_drained_at_once_and_nothing_else_is_told():
    live = [
        service(destination("10.0.0.1"), destination("10.0.0.2", 3)),
        service(destination("10.0.0.2"), address="10.0.0.101"),
    ]
    wanted = cluster(service(destination("10.0.0.1")), service(destination("10.0.0.1"), address="10.0.0.101"))
    leaving = removed_real_servers(live, wanted)
    assert drained_services(live, leaving) == [service(destination("10.0.0.2", 0))]


def kept(*destinations, on_failure="remove"):
    return {"table": [service(*destinations)], "services": [{"sorry_server": None, "on_failure": on_failure}]}


def test_what_an_interrupted_run_has_drained_gets_its_weight_again_if_it_stays():
    was = [service(destination("10.0.0.1"), destination("10.0.0.2"), destination("10.0.0.3"))]
    noted = removed_real_servers(was, cluster(service(destination("10.0.0.1"))))
    now = [service(destination("10.0.0.1", 0), destination("10.0.0.2", 0), destination("10.0.0.3", 0))]
    # 10.0.0.1 somebody has drained by hand, and 10.0.0.3 leaves
    inventory = kept(destination("10.0.0.1"), destination("10.0.0.2", 5))
    assert undrained_services(now, inventory, noted) == [service(destination("10.0.0.2", 5))]
    assert undrained_services(was, inventory, noted) == []
    assert undrained_services(now, kept(destination("10.0.0.2", 0)), noted) == []


def test_one_whose_check_may_fail_is_not_sent_to():
    noted = [{"service": {"protocol": "tcp", "address": "10.0.0.100", "port": 80}, "address": "10.0.0.2", "port": 80}]
    now = [service(destination("10.0.0.2", 0))]
    assert undrained_services(now, kept(destination("10.0.0.2"), on_failure="quiesce"), noted) == []


def test_thresholds_that_have_changed_are_those_of_the_inventory_again():
    """keepalived leaves them as they are at a reload."""
    limited = {**destination("10.0.0.1", 3), "upper_threshold": 500, "lower_threshold": 400}
    free = {**destination("10.0.0.2"), "upper_threshold": 0, "lower_threshold": 0}
    down = {**destination("10.0.0.3"), "upper_threshold": 7, "lower_threshold": 0}
    inventory = cluster({**service(limited, free, down), "scheduler": "wlc"})
    was = service({**limited, "weight": 1, "upper_threshold": 300}, free)
    assert wrong_thresholds([was], inventory) == [{**service(limited), "scheduler": "wlc"}]
    assert wrong_thresholds([service({**free, "upper_threshold": 9})], inventory) == [
        {**service(free), "scheduler": "wlc"}
    ]
    assert wrong_thresholds([service(limited, free)], inventory) == []
    assert wrong_thresholds([], inventory) == []
