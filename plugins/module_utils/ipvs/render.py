# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table as lines for C(ipvsadm -R), which are also its arguments once split.

Every line states the whole entry: ipvsadm resets what C(-E) and C(-e) leave out.
"""

from __future__ import annotations

from typing import List

from .model import Destination, Service, ServiceKey, Table, endpoint

OPTION_OF = {"tcp": "-t", "udp": "-u", "sctp": "--sctp-service"}
SWITCH_OF = {"dr": "-g", "nat": "-m", "tun": "-i"}
CHECKSUM_OPTION_OF = {"none": "--tun-nocsum", "csum": "--tun-csum", "remcsum": "--tun-remcsum"}


def restore_lines(table: Table) -> List[str]:
    """Return the lines that fill an empty table, thresholds included, which C(ipvsadm -Sn) leaves out."""
    lines = []
    for key, service in table.services.items():
        name = key_words(key)
        lines.append("-A %s %s" % (name, service_words(service)))
        lines += [
            "-a %s -r %s %s" % (name, destination, destination_words(destination))
            for destination in service.destinations.values()
        ]
    return lines


def key_words(key: ServiceKey) -> str:
    """Return the words that name a service."""
    if key.fwmark is not None:
        return "-f %d -6" % key.fwmark if key.family == "ipv6" else "-f %d" % key.fwmark
    return "%s %s" % (OPTION_OF[key.protocol], endpoint(key.address, key.port))


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
    words = "%s -w %d" % (SWITCH_OF[destination.forward], destination.weight)
    tunnel = destination.tunnel
    if tunnel is not None:
        words += " --tun-type " + tunnel.type
        if tunnel.port is not None:
            words += " --tun-port %d" % tunnel.port
        if tunnel.checksum is not None:
            words += " " + CHECKSUM_OPTION_OF[tunnel.checksum]
    if destination.upper_threshold:
        words += " -x %d" % destination.upper_threshold
    if destination.lower_threshold:
        words += " -y %d" % destination.lower_threshold
    return words
