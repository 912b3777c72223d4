# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lvs-status knows of one director: what was deployed, compared with what was read. Pure functions; read.py reads.

The result is what `lvs-status --json` prints; docs/docsite/rst/status.rst explains its keys.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Iterator, Mapping, Sequence, Tuple

from ..ipvs.parse import parse_endpoint, parse_table
from ..ipvs.types import Destination, ServiceKey
from ..ipvs.types import Service as WantedService
from .addresses import Address
from .reasons import Reason
from .table import Counters, Rates, Server, Service

VERSION = 1
# States of a real server. The first four are in the table.
UP, DRAINED, QUIESCED, FOREIGN = "up", "drained", "quiesced", "foreign"
FAILED, MISSING, WAITING, STANDBY = "failed", "missing", "waiting", "standby"
# States of a service, besides up, missing, standby and foreign.
DEGRADED, SORRY, DOWN = "degraded", "sorry", "down"
MASTER, BACKUP, FAULT, UNKNOWN = "master", "backup", "fault", "unknown"

Pair = Tuple[str, str]  # A service by the text of its key, and a real server by its text


@dataclass(frozen=True)
class Record:
    """What the inventory wants of this director: its part of /etc/lvs-heal-CLUSTER.json, with the wanted table read."""

    data: Mapping[str, Any]
    table: Mapping[str, WantedService]
    drains: Sequence[Mapping[str, Any]] = ()
    endpoints: frozenset[tuple[str, int]] = frozenset()

    @property
    def stack(self) -> str:
        return str(self.data["stack"])

    def names(self, kind: str) -> Mapping[str, str]:
        """The names of "services" by the text of their keys, or of "real_servers" by address."""
        found: Mapping[str, str] = (self.data.get("names") or {}).get(kind) or {}
        return found

    def has_checks(self, key: str) -> bool:
        """Whether the real servers of a service are checked."""
        return bool((self.data.get("checks") or {}).get(key))

    def keeps_failed(self, key: str) -> bool:
        """Whether a failed real server stays in the table with weight 0."""
        return key in self.data.get("quiesced", ())

    def is_weighed(self, key: str) -> bool:
        """Whether a check chooses weights of a service."""
        return key in self.data.get("weighed", ())


def record_from(data: Mapping[str, Any], drains: Sequence[Mapping[str, Any]] = ()) -> Record:
    """Return the record of a director from the content of the file."""
    table = parse_table("\n".join(data.get("table", ())))
    endpoints = frozenset(server for service in table.services.values() for server in service.destinations)
    return Record(data, {str(key): service for key, service in table.services.items()}, drains, endpoints)


@dataclass(frozen=True)
class Seen:
    """What was read on the director.

    runs: whether keepalived, heartbeat, ldirectord, lvs-heal and lvs-sync run. vrrp: what keepalived says of its instances, None if it
    cannot be asked. alive: what keepalived's checks say of real servers, reasons: why they failed, as far as that was asked.
    """

    at: float
    live: Mapping[str, Service] = field(default_factory=dict)
    rates: Rates = field(default_factory=dict)
    counters: Counters = field(default_factory=dict)
    addresses: Sequence[Address] = ()
    runs: Mapping[str, bool] = field(default_factory=dict)
    vrrp: Mapping[str, Mapping[str, Any]] | None = None
    sends: bool = False
    receives: bool = False
    sync_told: Mapping[str, Any] | None = None
    heal: Mapping[str, Any] | None = None
    alive: Mapping[Pair, bool] = field(default_factory=dict)
    reasons: Mapping[tuple[str, int], Reason] = field(default_factory=dict)
    notes: Sequence[str] = ()


def doubtful(record: Record, live: Mapping[str, Service]) -> list[Pair]:
    """Return the real servers of which the table alone does not tell what is wrong: only these are worth asking and searching for."""
    found = []
    for key, service in record.table.items():
        present = live.get(key)
        if present is None or not record.has_checks(key):
            continue
        for destination in service.destinations.values():
            server = present.servers.get(str(destination))
            if server is None or (server.weight == 0 and destination.weight and record.keeps_failed(key)):
                found.append((key, str(destination)))
    return found


def utc(seconds: float | None) -> str | None:
    """A time as JSON has it: ISO 8601, in UTC."""
    return None if seconds is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def director_status(record: Record, seen: Seen) -> dict[str, Any]:
    """Return the status of a director, as JSON."""
    instances = _instances(record, seen)
    services = [*_services(record, seen), *_foreign_services(record, seen)]
    sync = _sync(record, seen)
    return {
        "version": VERSION,
        "at": utc(seen.at),
        "director": record.data.get("director"),
        "directors": list(record.data.get("directors") or ()),
        "cluster": record.data["cluster"],
        "stack": record.stack,
        "daemons": dict(seen.runs),
        "instances": instances,
        "sync": sync,
        "split_brain": [
            {"vip": vip, "macs": list(found["macs"]), "since": utc(found["since"])}
            for vip, found in ((seen.heal or {}).get("split_brain") or {}).items()
        ],
        "services": services,
        "problems": list(_problems(record, seen, instances, services)),
    }


# VIPs


def _instances(record: Record, seen: Seen) -> list[dict[str, Any]]:
    # A host that also serves has the VIPs on lo, whoever holds them.
    there = {one.address: one for one in seen.addresses if one.interface != "lo"}
    if record.stack == "keepalived":
        return [_instance(record, one, seen, there) for one in record.data.get("instances", ())]
    vips = [_vip(record, vip, there) for vip in record.data.get("vips", ())]
    held = [vip for vip in vips if vip["held"]]
    if record.stack == "static":
        state, name = MASTER if len(held) == len(vips) else FAULT, "static"
    else:
        state, name = MASTER if vips and len(held) == len(vips) else FAULT if held else BACKUP, "heartbeat"
        if not seen.runs.get("heartbeat") and not held:
            state = "stopped"
    since = max((vip["since"] for vip in held), default=None) if state == MASTER else None
    return [
        {
            "name": name,
            "state": state,
            "since": since,
            "priority": None,
            "interface": None,
            "transitions": None,
            "vips": vips,
        }
    ]


def _instance(record: Record, wanted: Mapping[str, Any], seen: Seen, there: Mapping[str, Address]) -> dict[str, Any]:
    told = (seen.vrrp or {}).get(wanted["name"]) or {}
    vips = [_vip(record, one["address"], there) for one in wanted["addresses"]]
    state = told.get("state") or (UNKNOWN if seen.runs.get("keepalived") else "stopped")
    return {
        "name": wanted["name"],
        "state": state,
        "since": utc(told.get("since")),
        "priority": told.get("priority"),
        "interface": told.get("interface"),
        "transitions": told.get("became_master"),
        "vips": vips,
    }


def _vip(record: Record, vip: str, there: Mapping[str, Address]) -> dict[str, Any]:
    found = there.get(vip)
    return {
        "address": vip,
        "gateway": vip in record.data.get("gateways", ()),
        "held": found is not None,
        "interface": found.interface if found else None,
        "since": utc(found.since) if found else None,
    }


def _sync(record: Record, seen: Seen) -> dict[str, Any] | None:
    wanted = record.data.get("sync")
    if not wanted and not seen.sends and not seen.receives:
        return None
    told = seen.sync_told or {}
    return {
        "wanted": bool(wanted),
        "id": wanted["id"] if wanted else None,
        "interface": wanted["interface"] if wanted else None,
        "sends": seen.sends,
        "receives": seen.receives,
        "heard": {
            peer: {"at": utc(heard["at"]), "connections": heard["connections"]}
            for peer, heard in (told.get("heard") or {}).items()
        },
    }


# Services


def _services(record: Record, seen: Seen) -> Iterator[dict[str, Any]]:
    names = record.names("services")
    sorry = record.data.get("sorry_servers") or {}
    for key, wanted in record.table.items():
        # Without a name it is no service of the inventory: a host that also serves has some to deliver to itself.
        if names and key not in names:
            continue
        live = seen.live.get(key)
        rate, rates = seen.rates.get(key, (None, {}))
        present = live.servers if live else {}
        expected = {str(destination): destination for destination in wanted.destinations.values()}
        servers = [
            _server(record, seen, key, destination, present.get(name), rates.get(name))
            for name, destination in expected.items()
        ]
        more = [name for name in present if name not in expected and name != sorry.get(key)]
        servers += [_foreign(record, name, present, rates.get(name)) for name in more]
        sorry_server = _sorry(record, sorry[key], present, rates) if key in sorry else None
        yield {
            "name": names.get(key, key),
            "service": key,
            "vips": _vips_of(record, wanted.key),
            "state": _service_state(record, seen, live, servers, sorry_server),
            "scheduler": live.scheduler if live else wanted.scheduler,
            "checks": list((record.data.get("checks") or {}).get(key) or ()),
            "active": sum(server.active for server in present.values()) if live else None,
            "inactive": sum(server.inactive for server in present.values()) if live else None,
            "rate": rate,
            "real_servers": servers,
            "sorry_server": sorry_server,
        }


def _vips_of(record: Record, key: ServiceKey) -> list[str]:
    return [key.address] if key.address is not None else list((record.data.get("marked") or {}).get(str(key)) or ())


def _foreign_services(record: Record, seen: Seen) -> Iterator[dict[str, Any]]:
    """The services that are not of the inventory."""
    for key, live in seen.live.items():
        if key in record.table:
            continue
        rate, rates = seen.rates.get(key, (None, {}))
        yield {
            "name": key,
            "service": key,
            "vips": [parse_endpoint(key.rpartition("/")[0])[0]] if "/" in key else [],
            "state": FOREIGN,
            "scheduler": live.scheduler,
            "checks": [],
            "active": sum(server.active for server in live.servers.values()),
            "inactive": sum(server.inactive for server in live.servers.values()),
            "rate": rate,
            "real_servers": [_foreign(record, name, live.servers, rates.get(name)) for name in live.servers],
            "sorry_server": None,
        }


def _service_state(
    record: Record,
    seen: Seen,
    live: Service | None,
    servers: Sequence[Mapping[str, Any]],
    sorry_server: Mapping[str, Any] | None,
) -> str:
    if live is None:
        return STANDBY if _stands_by(record, seen) else MISSING
    if sorry_server is not None and sorry_server["in_use"]:
        return SORRY
    if not any(server["weight"] for server in servers):
        return DOWN
    return DEGRADED if any(server["state"] in (FAILED, MISSING, WAITING) for server in servers) else UP


def _stands_by(record: Record, seen: Seen) -> bool:
    """Whether the table is empty as it should: ldirectord runs only on the director with the VIPs."""
    return record.stack == "ldirectord" and not seen.runs.get("ldirectord")


def _server(
    record: Record, seen: Seen, key: str, wanted: Destination, live: Server | None, rate: int | None
) -> dict[str, Any]:
    drain = _drain(record, key, wanted)
    reason = _reason_of(record, seen, wanted)
    state, why = _server_state(record, seen, key, wanted, live, drain)
    return {
        "name": record.names("real_servers").get(wanted.address, wanted.address),
        "address": wanted.address,
        "port": wanted.port,
        "forward": wanted.forward,
        "state": state,
        "reason": why,
        "since": utc(reason.since) if state == FAILED and reason else None,
        "drain": drain,
        "weight_wanted": wanted.weight,
        "weight": live.weight if live else None,
        "active": live.active if live else None,
        "inactive": live.inactive if live else None,
        "rate": rate,
    }


def _server_state(
    record: Record,
    seen: Seen,
    key: str,
    wanted: Destination,
    live: Server | None,
    drain: Mapping[str, Any] | None,
) -> tuple[str, str | None]:
    """The state of a real server, and why it has it."""
    if live is None:
        if key not in seen.live:
            return (STANDBY if _stands_by(record, seen) else MISSING), None
        return _absent(record, seen, key, wanted)
    if live.weight == 0:
        return _without_weight(record, seen, key, wanted, drain)
    if drain is None:
        return UP, None
    if drain["weight"] is None:
        return UP, f"recorded as drained, but has weight {live.weight}"
    return DRAINED, f"back at {drain['weight']} % of its weight"


def _absent(record: Record, seen: Seen, key: str, wanted: Destination) -> tuple[str, str]:
    """The state of a real server that is not in the table."""
    if not record.has_checks(key):
        return MISSING, "not in the table, though nothing checks it"
    if seen.alive.get((key, str(wanted))):
        return WAITING, "its checks pass, but the service has not reached its quorum"
    return FAILED, _why(record, key, _reason_of(record, seen, wanted))


def _without_weight(
    record: Record, seen: Seen, key: str, wanted: Destination, drain: Mapping[str, Any] | None
) -> tuple[str, str | None]:
    """The state of a real server with weight 0."""
    reason, alive = _reason_of(record, seen, wanted), seen.alive.get((key, str(wanted)))
    out = alive is False or (alive is None and reason is not None)
    if out and wanted.weight and record.keeps_failed(key):
        return FAILED, _why(record, key, reason)
    if drain is not None:
        return DRAINED, None
    if wanted.weight == 0:
        return QUIESCED, "weight 0 in the inventory"
    return QUIESCED, "weight 0 chosen by a check, or set by hand" if record.is_weighed(key) else "weight 0 set by hand"


def _reason_of(record: Record, seen: Seen, wanted: Destination) -> Reason | None:
    """What the daemon has said of a real server. With dr and tun the table has the port of the service, whatever the daemon has."""
    if not seen.reasons:
        return None
    found = seen.reasons.get(wanted.key)
    if found is not None:
        return found
    others = ((server, reason) for server, reason in seen.reasons.items() if server not in record.endpoints)
    return next((reason for (address, _port), reason in others if address == wanted.address), None)


def _why(record: Record, key: str, reason: Reason | None) -> str:
    if reason is not None and reason.text:
        return reason.text
    return f"its check fails ({', '.join(record.data['checks'][key])}); the log tells no more"


def _drain(record: Record, key: str, wanted: Destination) -> dict[str, Any] | None:
    """The record of a drain that concerns this real server of this service."""
    if not record.drains:
        return None
    name = record.names("services").get(key)
    for drain in record.drains:
        if wanted.address in drain.get("addresses", ()) and drain.get("service") in (None, name):
            return {one: drain.get(one) for one in ("reason", "by", "since", "weight")}
    return None


def _foreign(record: Record, name: str, present: Mapping[str, Any], rate: int | None) -> dict[str, Any]:
    address, port = parse_endpoint(name)
    live = present[name]
    return {
        "name": record.names("real_servers").get(address, address),
        "address": address,
        "port": port,
        "forward": live.forward,
        "state": FOREIGN,
        "reason": "not in the inventory",
        "since": None,
        "drain": None,
        "weight_wanted": None,
        "weight": live.weight,
        "active": live.active,
        "inactive": live.inactive,
        "rate": rate,
    }


def _sorry(record: Record, name: str, present: Mapping[str, Any], rates: Mapping[str, int]) -> dict[str, Any]:
    address, port = parse_endpoint(name)
    live = present.get(name)
    return {
        "name": record.names("real_servers").get(address, address),
        "address": address,
        "port": port,
        "in_use": live is not None,
        "active": live.active if live else None,
        "inactive": live.inactive if live else None,
        "rate": rates.get(name),
    }


# Problems


def _problems(
    record: Record, seen: Seen, instances: Sequence[Mapping[str, Any]], services: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """What is not as it should be on this director, in words."""
    yield from seen.notes
    daemon = {"keepalived": "keepalived", "ldirectord": "heartbeat"}.get(record.stack)
    stopped = bool(daemon) and not seen.runs.get(str(daemon))
    if stopped:
        yield f"{daemon} does not run"
    if record.data.get("heal", True) and not seen.runs.get("lvs-heal"):
        yield "lvs-heal does not run: nothing mends what is removed by mistake, or sees a second owner of a VIP"
    for instance in instances:
        yield from _instance_problems(instance)
    for vip, found in ((seen.heal or {}).get("split_brain") or {}).items():
        yield f"split brain: this director has VIP {vip}, and {' and '.join(found['macs'])} answers for it, too"
    wanted = record.data.get("sync")
    if wanted:
        if not seen.runs.get("lvs-sync"):
            yield "lvs-sync does not run: other directors are not told connections that are idle"
        if not seen.sends and not seen.receives:
            yield "connections are not synchronised: the kernel runs no sync daemon"
        elif wanted.get("both") and not (seen.sends and seen.receives):
            yield f"the kernel's sync daemon that {'receives' if seen.sends else 'sends'} is missing"
    for service in services:
        # A daemon takes its services with it when it stops. That is one problem, not as many as there are services.
        if not (stopped and service["state"] == MISSING):
            yield from _service_problems(service)


def _instance_problems(instance: Mapping[str, Any]) -> Iterator[str]:
    name, state = instance["name"], instance["state"]
    held = [vip["address"] for vip in instance["vips"] if vip["held"]]
    lacking = [vip["address"] for vip in instance["vips"] if not vip["held"]]
    if state == FAULT and name not in ("static", "heartbeat"):
        yield f"{name} is in the state fault: this director would not take over"
    if state in (MASTER, FAULT) and lacking and (state == MASTER or name in ("static", "heartbeat")):
        yield f"{name} lacks {', '.join(lacking)}"
    if state in (BACKUP, FAULT) and held and name not in ("static", "heartbeat"):
        yield f"{name} is not master here, but this director has {', '.join(held)}"


def _service_problems(service: Mapping[str, Any]) -> Iterator[str]:
    title = service["name"] if service["name"] == service["service"] else f"{service['name']} {service['service']}"
    state = service["state"]
    if state == MISSING:
        yield f"{title} is not in the table"
    elif state == SORRY:
        yield f"{title} is answered by its sorry server {service['sorry_server']['name']}"
    elif state == DOWN:
        yield f"{title} has no real server with a weight"
    for server in service["real_servers"] if state not in (MISSING, STANDBY, FOREIGN) else ():
        if server["state"] in (FAILED, MISSING, WAITING):
            yield f"{title}: {server['name']} {server['state']}: {server['reason']}"
        elif server["state"] == UP and server["reason"]:
            yield f"{title}: {server['name']} is {server['reason']}"
