# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A table as plain data, in the format that the modules take and return. All keys are there; absent values are null."""

from __future__ import annotations

from typing import Any

from .types import Destination, Service, ServiceKey, Table, Tunnel


def table_data(table: Table) -> list[dict[str, Any]]:
    """Return the services of a table as ipvs_table takes them."""
    return [service_data(service) for service in table.services.values()]


def service_data(service: Service) -> dict[str, Any]:
    """Return a service with its destinations."""
    data = key_data(service.key)
    data["scheduler"] = service.scheduler
    data["scheduler_flags"] = list(service.scheduler_flags)
    data["persistence"] = service.persistence
    data["persistence_netmask"] = service.persistence_netmask
    data["persistence_engine"] = service.persistence_engine
    data["one_packet"] = service.one_packet
    data["destinations"] = [destination_data(destination) for destination in service.destinations.values()]
    return data


def key_data(key: ServiceKey) -> dict[str, Any]:
    """Return what identifies a service."""
    return {
        "address": key.address,
        "port": key.port,
        "protocol": key.protocol,
        "fwmark": key.fwmark,
        "family": key.family,
    }


def destination_data(destination: Destination) -> dict[str, Any]:
    """Return a destination."""
    return {
        "address": destination.address,
        "port": destination.port,
        "forward": destination.forward,
        "weight": destination.weight,
        "upper_threshold": destination.upper_threshold,
        "lower_threshold": destination.lower_threshold,
        "tunnel": tunnel_data(destination.tunnel),
    }


def tunnel_data(tunnel: Tunnel | None) -> dict[str, Any] | None:
    """Return a destination's tunnel; null without the forwarding method tun."""
    if tunnel is None:
        return None
    return {"type": tunnel.type, "port": tunnel.port, "checksum": tunnel.checksum}
