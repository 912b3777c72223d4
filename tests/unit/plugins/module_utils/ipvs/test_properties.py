# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every table: parsing undoes rendering, and changes lead from any table to any other, safely."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.address import canonical
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.change import (
    PURGES,
    diff,
    in_effect,
    simulate,
    target_table,
)
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.export import table_data
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.parse import parse_table
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.render import change_line, restore_lines
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.types import Table
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.validate import read_table
from ansible_collections.lvs.cluster.tests.unit.plugins.module_utils.ipvs.strategies import tables
from hypothesis import given, settings
from hypothesis import strategies as st

EXAMPLES = 60  # A table holds a dozen entries: more examples find no more, and take seconds


def for_any(*strategies):
    """Run a test with examples of the strategies, however slow the machine."""
    return lambda test: settings(max_examples=EXAMPLES, deadline=None)(given(*strategies)(test))


class Kernel:
    """An IPVS table that obeys lines as the kernel does, and prints itself as ipvsadm does."""

    def __init__(self, table):
        self.services = {}
        for line in restore_lines(table):
            self.obey(line)

    def obey(self, line):
        command, rest = line[:2], line[3:]
        if command in ("-A", "-E", "-D"):
            name, _sep, words = rest.partition(" -s ")
            assert (name in self.services) == (command != "-A"), line
            kept = self.services.pop(name)[1] if command == "-E" else {}
            if command == "-D":
                del self.services[name]
            else:
                self.services[name] = ("-s " + words, kept)
            return
        name, _sep, server = rest.partition(" -r ")
        place, _sep, words = server.partition(" ")
        servers = self.services[name][1]
        assert (place in servers) == (command != "-a"), line
        if command == "-d":
            del servers[place]
        else:
            servers[place] = words

    def rules(self):
        for name, (words, servers) in self.services.items():
            yield f"-A {name} {words}"
            yield from (f"-a {name} -r {place} {words.partition(' -x ')[0]}" for place, words in servers.items())

    def thresholds(self):
        yield "IP Virtual Server version 1.2.1 (size=4096)"
        yield "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn "
        yield "  -> RemoteAddress:Port"
        for name, (words, servers) in self.services.items():
            listed = {"-t": "TCP ", "-u": "UDP ", "--sctp-service": "SCTP", "-f": "FWM "}
            option, _sep, rest = name.partition(" ")
            yield f"{listed[option]} {rest.replace('-6', 'IPv6')} {words.split()[1]}"
            for place, options in servers.items():
                given = dict(zip(options.split(), options.split()[1:]))
                yield f"  -> {place:<28} {given.get('-x', '0'):<10} {given.get('-y', '0'):<10} 1          0         "

    def table(self):
        return parse_table("\n".join(self.rules()), "\n".join(self.thresholds()))


@for_any(tables)
def test_parsing_undoes_rendering(table):
    assert parse_table("\n".join(restore_lines(table))) == table


@for_any(tables)
def test_the_table_that_ipvsadm_prints_is_the_one_written(table):
    assert Kernel(table).table() == table


@for_any(tables)
def test_what_is_exported_can_be_fed_back(table):
    assert read_table(table_data(table)) == table


@for_any(tables)
def test_a_table_needs_no_change_to_become_itself(table):
    assert diff(table, table) == ()
    assert diff(table, read_table(table_data(table))) == ()


@for_any(tables, tables)
def test_changes_lead_from_any_table_to_any_other(before, after):
    changes = diff(before, after)
    assert simulate(changes, before) == after
    assert all(in_effect(change, after) for change in changes)
    assert not any(in_effect(change, before) for change in changes)


@for_any(tables, tables)
def test_the_kernel_obeys_every_line_and_ends_up_as_wanted(before, after):
    kernel = Kernel(before)
    for change in diff(before, after):
        kernel.obey(change_line(change))
    assert kernel.table() == after


@for_any(tables, tables)
def test_no_entry_is_written_twice(before, after):
    written = [(change.service.key, change.destination and change.destination.key) for change in diff(before, after)]
    assert len(written) == len(set(written))


@for_any(tables, tables)
def test_a_service_is_never_without_a_real_server_it_keeps(before, after):
    assert_never_without(before, after, lambda server: True)


@for_any(st.tuples(tables, st.randoms()).map(lambda pair: [reweighted(*pair), reweighted(*pair)]))
def test_a_service_is_never_without_a_real_server_that_takes_connections(tables):
    assert_never_without(*tables, lambda server: server.weight > 0)


def assert_never_without(before, after, counts):
    """Assert that a service with real servers that count, before and after, has one all the time."""
    changes = diff(before, after)
    steps = [simulate(changes[:step], before) for step in range(len(changes))]
    for key in before.services.keys() & after.services.keys():
        if any(map(counts, before.services[key].destinations.values())) and any(
            map(counts, after.services[key].destinations.values())
        ):
            assert all(any(map(counts, table.services[key].destinations.values())) for table in steps)


def reweighted(table, random):
    """The table with every weight 0 or 1."""
    return Table(
        {
            key: replace(
                service,
                destinations={
                    place: replace(server, weight=random.randrange(2)) for place, server in service.destinations.items()
                },
            )
            for key, service in table.services.items()
        }
    )


@for_any(tables, tables, st.sampled_from(PURGES), st.booleans())
def test_reaching_a_goal_once_is_enough(now, wanted, purge, keep_weights):
    after = target_table(now, wanted, purge, keep_weights)
    assert target_table(after, wanted, purge, keep_weights) == after


@for_any(tables, tables, st.sampled_from(PURGES), st.booleans())
def test_purge_removes_no_more_than_it_says(now, wanted, purge, keep_weights):
    after = target_table(now, wanted, purge, keep_weights)
    if purge != "all":
        assert set(after.services) == {*now.services, *wanted.services}
    for key, service in now.services.items():
        if purge == "none":
            assert set(service.destinations) <= set(after.services[key].destinations)
        elif purge == "services" and key not in wanted.services:
            assert after.services[key] == service


@for_any(tables, st.randoms())
def test_kept_weights_are_the_only_difference(table, random):
    now = reweighted(table, random)
    assert diff(now, target_table(now, table, "all", keep_weights=True)) == ()


@for_any(st.ip_addresses())
def test_an_address_has_one_spelling(address):
    text, family = canonical(address.exploded)
    assert ipaddress.ip_address(text) == address
    assert family == f"ipv{address.version}"
    assert canonical(text) == (text, family)
