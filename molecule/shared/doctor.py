# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask doctor.yml what is wrong, and break one thing at a time."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cluster import Cluster


def findings(cluster: Cluster) -> list[dict[str, Any]]:
    """What doctor.yml finds, in its order. It changes nothing."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "findings.json"
        output = cluster.play("doctor", doctor_file=str(file))
        told = json.loads(file.read_text(encoding="utf-8"))
    assert told["unread"] == {}, output[-6000:]
    assert not any(f"changed={count}" in output for count in range(1, 10)), output[-2000:]
    return told["findings"]


def causes(cluster: Cluster) -> list[tuple[str, list[str]]]:
    """The findings in their order, as their keys and what shows them."""
    return [(one["key"], one["evidence"]) for one in findings(cluster)]


def named_first(cluster: Cluster, key: str, *hosts: str) -> None:
    """Assert that one cause is named before all others, on these hosts at least."""
    found = findings(cluster)
    assert found, "nothing was found"
    told = [(one["key"], one["title"], one["evidence"]) for one in found]
    assert found[0]["key"] == key, told
    assert set(hosts) <= set(found[0]["hosts"]), told
    assert found[0]["follows_from"] == [], told


@contextmanager
def broken(
    cluster: Cluster, node: str, command: str, mend: str, until_broken: Callable[[], Any] | None = None
) -> Iterator[None]:
    """During the block something is broken on a node, and lvs-heal leaves it alone."""
    with cluster.leave_alone():
        try:
            cluster.host(node).run_expect([0], command)
            if until_broken:
                until_broken()
            yield
        except BaseException:
            # The command may not have come as far as what is mended.
            cluster.host(node).run(mend)
            raise
        cluster.host(node).run_expect([0], mend)
