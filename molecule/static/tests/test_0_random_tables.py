# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random tables and the real kernel: from whatever table there is, the changes lead to exactly the one wanted.

They are written in a network namespace of their own, which has its own IPVS: the director keeps its table.
"""

from __future__ import annotations

from typing import Iterator

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.change import diff
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.parse import parse_table
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.render import change_line
from ansible_collections.lvs.cluster.plugins.module_utils.ipvs.types import SCHEDULERS, Table
from ansible_collections.lvs.cluster.tests.unit.plugins.module_utils.ipvs.strategies import tables_of
from cluster import Cluster
from hypothesis import HealthCheck, given, settings, strategies
from testinfra.host import Host

TABLES = 200
NAMESPACE = "random-tables"
IPVSADM = f"ip netns exec {NAMESPACE} ipvsadm"


class Kernel:
    """The IPVS of the namespace."""

    def __init__(self, host: Host) -> None:
        self.host, self.table = host, Table()
        # `twos` came with Linux 5.12.
        self.schedulers = tuple(name for name in SCHEDULERS if host.run(f"modprobe ip_vs_{name}").rc == 0)

    def reach(self, wanted: Table) -> str:
        """Write the changes that make the table the one wanted, and read it; return what ipvsadm had to say."""
        lines = "".join(f"{change_line(change)}\n" for change in diff(self.table, wanted))
        ran = self.host.run(f"{IPVSADM} -R <<END\n{lines}END\n{IPVSADM} -Sn; echo ===; {IPVSADM} -Ln --thresholds")
        self.table = parse_table(*ran.stdout.split("===\n"))
        return ran.stderr


@pytest.fixture(scope="module")
def kernel(cluster: Cluster) -> Iterator[Kernel]:
    host = cluster.host(cluster.group("directors")[0])
    host.run_expect([0], f"ip netns add {NAMESPACE} && ip -n {NAMESPACE} link set lo up")
    yield Kernel(host)
    host.run_expect([0], f"ip netns delete {NAMESPACE}")


@given(strategies.data())
@settings(max_examples=TABLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_kernel_becomes_what_is_wanted(kernel, data):
    wanted = data.draw(tables_of(kernel.schedulers))
    assert kernel.reach(wanted) == ""
    assert kernel.table == wanted
    assert diff(kernel.table, wanted) == ()
