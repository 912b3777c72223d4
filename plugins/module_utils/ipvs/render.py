# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes and tables as lines for `ipvsadm -R`, and a table as text for people.

Every line has the whole entry, because ipvsadm resets options that `-E` and `-e` leave out.
"""

from __future__ import annotations

from .change import Change, diff
from .types import Destination, Service, ServiceKey, Table, endpoint

SERVICE_COMMAND_OF = {"add": "-A", "edit": "-E"}
DESTINATION_COMMAND_OF = {"add": "-a", "edit": "-e"}
OPTION_OF = {"tcp": "-t", "udp": "-u", "sctp": "--sctp-service"}
SWITCH_OF = {"dr": "-g", "nat": "-m", "tun": "-i"}
CHECKSUM_OPTION_OF = {"none": "--tun-nocsum", "csum": "--tun-csum", "remcsum": "--tun-remcsum"}


def restore_lines(table: Table) -> list[str]:
    """Return the lines that fill an empty table. They include thresholds, which `ipvsadm -Sn` leaves out."""
    return [change_line(change) for change in diff(Table(), table)]


def change_line(change: Change) -> str:
    """Return the line for a change."""
    key = key_words(change.service.key)
    destination = change.destination
    if destination is None:
        if change.action == "delete":
            return f"-D {key}"
        return f"{SERVICE_COMMAND_OF[change.action]} {key} {service_words(change.service)}"
    if change.action == "delete":
        return f"-d {key} -r {destination}"
    return f"{DESTINATION_COMMAND_OF[change.action]} {key} -r {destination} {destination_words(destination)}"


def key_words(key: ServiceKey) -> str:
    """Return the words that name a service."""
    if key.fwmark is not None:
        return f"-f {key.fwmark} -6" if key.family == "ipv6" else f"-f {key.fwmark}"
    return f"{OPTION_OF[str(key.protocol)]} {endpoint(str(key.address), int(key.port or 0))}"


def service_words(service: Service) -> str:
    """Return the words that follow a service's name, in ipvsadm's own order."""
    words = ["-s", service.scheduler]
    if service.persistence is not None:
        words += ["-p", str(service.persistence)]
    if service.persistence_netmask is not None:
        words += ["-M", service.persistence_netmask]
    if service.persistence_engine is not None:
        words += ["--pe", service.persistence_engine]
    if service.one_packet:
        words.append("-o")
    if service.scheduler_flags:
        words += ["-b", ",".join(service.scheduler_flags)]
    return " ".join(words)


def destination_words(destination: Destination) -> str:
    """Return the words that follow a destination's name."""
    words = f"{SWITCH_OF[destination.forward]} -w {destination.weight}"
    tunnel = destination.tunnel
    # Plain IP in IP needs no option, and ipvsadm has one only since 1.31.
    if tunnel is not None and tunnel.type != "ipip":
        words += " --tun-type " + tunnel.type
        if tunnel.port is not None:
            words += f" --tun-port {tunnel.port}"
        if tunnel.checksum is not None:
            words += " " + CHECKSUM_OPTION_OF[tunnel.checksum]
    if destination.upper_threshold:
        words += f" -x {destination.upper_threshold}"
    if destination.lower_threshold:
        words += f" -y {destination.lower_threshold}"
    return words


def describe(table: Table) -> str:
    """Return a table as text for people, one line for each entry, without values that are off or default."""
    lines = []
    for service in table.services.values():
        lines.append(f"{service.key} {_service_text(service)}")
        lines += [f"  -> {server} {_destination_text(server)}" for server in service.destinations.values()]
    return "".join(f"{line}\n" for line in lines)


def _service_text(service: Service) -> str:
    words = [service.scheduler, *service.scheduler_flags]
    if service.persistence is not None:
        words.append(f"persistence {service.persistence}")
    if service.persistence_netmask is not None:
        words.append(f"netmask {service.persistence_netmask}")
    if service.persistence_engine is not None:
        words.append(f"engine {service.persistence_engine}")
    if service.one_packet:
        words.append("one-packet")
    return " ".join(words)


def _destination_text(destination: Destination) -> str:
    words = [destination.forward]
    if destination.tunnel is not None:
        known = (destination.tunnel.type, destination.tunnel.port, destination.tunnel.checksum)
        words += [str(word) for word in known if word not in (None, "none")]
    words.append(f"weight {destination.weight}")
    if destination.upper_threshold:
        words.append(f"thresholds {destination.upper_threshold}/{destination.lower_threshold}")
    return " ".join(words)
