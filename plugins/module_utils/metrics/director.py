# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metrics of a director, from what lvs-status knows of it. Pure functions."""

from __future__ import annotations

import calendar
import time
from typing import Any, Iterator, Mapping, Sequence

from ..ipvs.types import endpoint
from ..status.director import (
    BACKUP,
    DEGRADED,
    DOWN,
    DRAINED,
    FAILED,
    FAULT,
    FOREIGN,
    MASTER,
    MISSING,
    QUIESCED,
    SORRY,
    STANDBY,
    UNKNOWN,
    UP,
    WAITING,
    Record,
    Seen,
)
from ..status.table import COUNTED
from .exposition import Sample

INSTANCE_STATES = (MASTER, BACKUP, FAULT, "init", "stop", "stopped", UNKNOWN)
SERVICE_STATES = (UP, DEGRADED, SORRY, DOWN, MISSING, STANDBY, FOREIGN)
SERVER_STATES = (UP, DRAINED, QUIESCED, FAILED, WAITING, MISSING, STANDBY, FOREIGN)
# What makes a director refuse an advert, as module_utils/vrrp_state.py counts it.
REFUSED = (
    "authentication_failures",
    "authentication_type_mismatches",
    "interval_mismatches",
    "address_list_mismatches",
)
VRRP_COUNTERS = {
    "lvs_vrrp_became_master_total": "became_master",
    "lvs_vrrp_released_master_total": "released_master",
    "lvs_vrrp_adverts_sent_total": "adverts_sent",
    "lvs_vrrp_adverts_received_total": "adverts_received",
}

Status = Mapping[str, Any]
Labels = Sequence[str]


def director_samples(record: Record, seen: Seen, status: Status) -> Iterator[Sample]:
    """Yield the values of a director. `status` is what lvs-status makes of `record` and `seen`."""
    cluster = str(status["cluster"])
    yield Sample("lvs_host_info", (cluster, str(status["director"]), "director", record.stack), 1)
    yield Sample("lvs_problems", (cluster,), len(status["problems"]))
    for daemon, runs in status["daemons"].items():
        # One that the inventory does not want is nothing to wake anybody for.
        if daemon != "lvs-heal" or record.data["heal"]:
            yield Sample("lvs_daemon_running", (cluster, daemon), runs)
    for instance in status["instances"]:
        yield from _instance(cluster, instance, seen)
        directors = (record.data.get("metrics") or {}).get("directors") or {}
        number = directors.get(instance["name"], len(status["directors"]))
        yield Sample("lvs_vrrp_directors", (cluster, str(instance["name"])), number)
    yield from _split_brain(cluster, status, seen)
    yield from _sync(cluster, status["sync"], record, seen)
    held = {vip["address"] for one in status["instances"] for vip in one["vips"] if vip["held"]}
    for service in status["services"]:
        yield from _service(cluster, service, held, record, seen)


def one_of(name: str, labels: Labels, states: Sequence[str], state: str) -> Iterator[Sample]:
    """Yield a series for each state, so that one that ends is 0 and not gone."""
    for one in dict.fromkeys((*states, state)):
        yield Sample(name, (*labels, one), one == state)


def seconds(text: str | None) -> float | None:
    """Return a time of lvs-status in seconds since 1970, None if it is unknown or was written otherwise."""
    try:
        return None if text is None else calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        return None


def _known(name: str, labels: Labels, value: float | None) -> Iterator[Sample]:
    if value is not None:
        yield Sample(name, labels, value)


# VIPs


def _instance(cluster: str, instance: Mapping[str, Any], seen: Seen) -> Iterator[Sample]:
    labels = (cluster, str(instance["name"]))
    told = (seen.vrrp or {}).get(instance["name"]) or {}
    yield from one_of("lvs_vrrp_state", labels, INSTANCE_STATES, instance["state"])
    yield from _known("lvs_vrrp_state_since_timestamp_seconds", labels, seconds(instance["since"]))
    yield from _known("lvs_vrrp_priority", labels, instance["priority"])
    for name, key in VRRP_COUNTERS.items():
        yield from _known(name, labels, told.get(key))
    for reason in REFUSED:
        yield from _known("lvs_vrrp_adverts_refused_total", (*labels, reason), told.get(reason))
    for vip in instance["vips"]:
        yield Sample("lvs_vip_held", (*labels, vip["address"]), vip["held"])
        yield from _known("lvs_vip_held_since_timestamp_seconds", (*labels, vip["address"]), seconds(vip["since"]))


def _split_brain(cluster: str, status: Status, seen: Seen) -> Iterator[Sample]:
    if seen.heal is None:
        return  # Only lvs-heal looks.
    found = {one["vip"] for one in status["split_brain"]}
    for vip in dict.fromkeys([*(vip["address"] for one in status["instances"] for vip in one["vips"]), *found]):
        yield Sample("lvs_vip_split_brain", (cluster, vip), vip in found)


def _sync(cluster: str, sync: Mapping[str, Any] | None, record: Record, seen: Seen) -> Iterator[Sample]:
    wanted = record.data.get("sync")
    yield Sample("lvs_sync_daemons_wanted", (cluster,), 0 if not wanted else 2 if wanted["both"] else 1)
    if sync is None:
        return
    for direction in ("sends", "receives"):
        yield Sample("lvs_sync_daemon_running", (cluster, direction), sync[direction])
    if seen.sync_told is not None:
        yield Sample("lvs_sync_peers_heard", (cluster,), len(sync["heard"]))
    for peer, heard in sync["heard"].items():
        yield from _known("lvs_sync_heard_timestamp_seconds", (cluster, peer), seconds(heard["at"]))
        yield Sample("lvs_sync_heard_connections", (cluster, peer), heard["connections"])


# Services


def _service(cluster: str, service: Mapping[str, Any], held: set[str], record: Record, seen: Seen) -> Iterator[Sample]:
    key = service["service"]
    labels = (cluster, service["name"], key)
    counted, of_servers = seen.counters.get(key, ((), {}))
    yield from one_of("lvs_service_state", labels, SERVICE_STATES, service["state"])
    yield Sample("lvs_service_active", labels, any(vip in held for vip in service["vips"]))
    if service["sorry_server"] is not None:
        yield Sample("lvs_service_sorry_server_in_use", labels, service["sorry_server"]["in_use"])
    yield from _counters("lvs_service", labels, counted)
    chosen = record.is_weighed(key)
    for server in service["real_servers"]:
        text = endpoint(server["address"], server["port"])
        yield from _server(labels, server, key, text, chosen)
        yield from _counters("lvs_real_server", (*labels, server["name"], text), of_servers.get(text, ()))


def _server(labels: Labels, server: Mapping[str, Any], key: str, text: str, chosen: bool) -> Iterator[Sample]:
    own = (*labels, server["name"], text)
    more = (server["forward"], *node_labels(key), server["address"], str(server["port"]))
    yield Sample("lvs_real_server_info", (*own, *more), 1)
    yield from one_of("lvs_real_server_state", own, SERVER_STATES, server["state"])
    yield from _known("lvs_real_server_weight", own, server["weight"])
    if not chosen:
        yield from _known("lvs_real_server_wanted_weight", own, server["weight_wanted"])
    if server["drain"] is not None:
        yield from _known("lvs_real_server_drained_since_timestamp_seconds", own, seconds(server["drain"].get("since")))


def _counters(prefix: str, labels: Labels, counted: Sequence[int]) -> Iterator[Sample]:
    for name, value in zip(COUNTED, counted):
        yield Sample(f"{prefix}_{name}_total", labels, value)


def node_labels(key: str) -> tuple[str, str, str, str]:
    """Return what node-exporter has for the text of a service's key: local_address, local_port, proto and local_mark."""
    words = key.split()
    if words[0] == "fwmark":
        return "", "0", "FWM", f"{int(words[1]):08X}"
    at, _slash, protocol = key.rpartition("/")
    address, _colon, port = at.rpartition(":")
    return address.strip("[]"), port, protocol.upper(), ""
