# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the IPVS table a director has with the one the cluster describes.

Both are lists of services in the shape that lvs.cluster.ipvs_table takes and lvs.cluster.ipvs_info returns.
"""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Mapping, Tuple

Service = Mapping[str, Any]
Key = Tuple[Any, ...]

KEY_FIELDS = ("address", "port", "protocol", "fwmark", "family")
SERVICE_FIELDS = (
    "scheduler",
    "scheduler_flags",
    "persistence",
    "persistence_netmask",
    "persistence_engine",
    "one_packet",
)
DESTINATION_FIELDS = ("forward", "weight", "upper_threshold", "lower_threshold", "tunnel")


def service_key(service: Service) -> Key:
    """What tells one virtual service from another: ipvsadm(8), SERVICE-ADDRESS."""
    if service.get("fwmark") is not None:
        return ("fwmark", service["fwmark"], service.get("family"))
    return (service["protocol"], service["address"], service["port"])


def destination_key(destination: Mapping[str, Any]) -> Key:
    """What tells one real server of a service from another: (address, port)."""
    return (destination["address"], destination["port"])


def label(key: Key) -> str:
    """A service in words: "172.28.0.100:80/tcp", "[2001:db8::1]:80/tcp" or "fwmark 99"."""
    if key[0] == "fwmark":
        return f"fwmark {key[1]}"
    protocol, address, port = key
    return f"[{address}]:{port}/{protocol}" if ":" in address else f"{address}:{port}/{protocol}"


def missing_services(live: Iterable[Service], wanted: Iterable[Service]) -> list[str]:
    """The services, in words, that the cluster describes and the live table lacks."""
    there = {service_key(service) for service in live}
    return [label(key) for key in map(service_key, wanted) if key not in there]


def departing(live: Iterable[Service], model: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The real servers in the live table that a service of the resolved cluster no longer has.

    A service that would be left with no weight at all is passed over: drained, it would refuse
    its clients until its new real servers are in. So is a service that leaves as a whole, and a
    sorry server in action.
    """
    wanted = {service_key(service): service for service in model["table"]}
    sorry = {
        service_key(entry): service["sorry_server"]["address"]
        for service, entry in zip(model["services"], model["table"])
        if service["sorry_server"]
    }
    leaving: list[dict[str, Any]] = []
    for service in live:
        key = service_key(service)
        if key not in wanted:
            continue
        kept = {destination_key(destination) for destination in wanted[key]["destinations"]}
        going = [
            destination
            for destination in service["destinations"]
            if destination["weight"] > 0
            and destination_key(destination) not in kept
            and destination["address"] != sorry.get(key)
        ]
        staying = any(
            destination["weight"] > 0 and destination_key(destination) in kept
            for destination in service["destinations"]
        )
        if staying:
            leaving += [
                {
                    "service": {field: service[field] for field in KEY_FIELDS if service.get(field) is not None},
                    "address": destination["address"],
                    "port": destination["port"],
                    "label": f"{destination['address']} of {label(key)}",
                }
                for destination in going
            ]
    return leaving


def differences(live: Iterable[Service], wanted: Iterable[Service]) -> Iterator[tuple[Key, str]]:
    """What the live table lacks, has too much or has otherwise: (service key, in words)."""
    here = {service_key(service): service for service in live}
    there = {service_key(service): service for service in wanted}
    for key, service in there.items():
        if key not in here:
            yield key, "not in the table"
        else:
            yield from ((key, difference) for difference in _service_differences(here[key], service))
    for key in here:
        if key not in there:
            yield key, "in the table, and not in the inventory"


def _service_differences(live: Service, wanted: Service) -> Iterator[str]:
    yield from _field_differences("", live, wanted, SERVICE_FIELDS)
    here = {destination_key(destination): destination for destination in live["destinations"]}
    there = {destination_key(destination): destination for destination in wanted["destinations"]}
    for key, destination in there.items():
        name = f"real server {key[0]}:{key[1]}"
        if key not in here:
            yield f"{name} is not in the table"
        else:
            yield from _field_differences(f"{name}: ", here[key], destination, DESTINATION_FIELDS)
    for key in here:
        if key not in there:
            yield f"real server {key[0]}:{key[1]} is in the table, and not in the inventory"


def _field_differences(prefix: str, live: Service, wanted: Service, fields: Iterable[str]) -> Iterator[str]:
    for field in fields:
        if (live.get(field) or None) != (wanted.get(field) or None):
            yield f"{prefix}{field} is {live.get(field)}, not {wanted.get(field)}"
