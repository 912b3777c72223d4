# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metrics of any host of a cluster: which VIPs a real server has, the sysctls that make it one, what lvs-heal has put back."""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Mapping

from ..sysctl_files import dotted_key
from .exposition import Sample

Data = Mapping[str, Any]


def real_server_samples(data: Data, present: Iterable[tuple[str, str]]) -> Iterator[Sample]:
    """Yield the values of a real server, nothing for a host that is none.

    `data` is the content of /etc/lvs-heal-CLUSTER.json, `present` has the addresses of the host with their interfaces.
    """
    serves = (data.get("metrics") or {}).get("serves")
    if serves is None:
        return
    cluster, there = str(data["cluster"]), set(present)
    yield Sample("lvs_host_info", (cluster, serves["host"], "real_server", str(data.get("stack") or "")), 1)
    for vip in serves["vips"]:
        held = (vip["address"], vip["device"]) in there
        yield Sample("lvs_served_vip_present", (cluster, vip["address"], vip["device"]), held)


def sysctl_samples(data: Data, wrong: Mapping[str, bool]) -> Iterator[Sample]:
    """Yield whether each of the sysctls that site.yml has set, by its path below /proc/sys, has another value now."""
    for path, differs in wrong.items():
        yield Sample("lvs_sysctl_differs", (str(data["cluster"]), dotted_key(path)), differs)


def heal_samples(heal: Data | None) -> Iterator[Sample]:
    """Yield when lvs-heal has last put something back, from its state."""
    times = [one["at"] for one in (heal or {}).get("mended") or ()]
    if times:
        yield Sample("lvs_heal_mended_timestamp_seconds", (), max(times))
