# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lvs-heal keeps on this host: /etc/lvs-heal-CLUSTER.json, which site.yml writes for each cluster.

The rest of what was deployed is read from where it was deployed: the sysctls from the files that set them at boot, the rules and
the VIPs of a real server by `lvs-vip check`, the table of a static director from the file that restores it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Mapping

from ..ipvs.parse import parse_table
from ..ipvs.types import Table

FOLDER = Path("/etc")
PATTERN = "lvs-heal-*.json"


@dataclass(frozen=True)
class Moved:
    """An address that moves with a VRRP instance."""

    address: str
    prefix: int
    device: str


@dataclass(frozen=True)
class Instance:
    """A VRRP instance: its VIPs, and the address that only a master has, on lo. With `vmac` keepalived makes the interface."""

    name: str
    advert: Moved
    vips: tuple[Moved, ...]
    vmac: bool


@dataclass(frozen=True)
class Mail:
    """Who gets mail about the VIPs, and through which server."""

    to: tuple[str, ...]
    sender: str
    server: str
    port: int
    timeout: int


@dataclass(frozen=True)
class Cluster:
    """One cluster's part of this host. On a real server `stack` is None, and all that follows it is empty.

    `quiesced` are the services whose failed real servers stay in the table. `rules` is the file that restores a static table.
    `active` is what cl_status says on the director with the VIPs. `program` tells the version of the programs.
    """

    name: str
    sysctls: tuple[str, ...]
    stack: str | None
    table: Table
    quiesced: frozenset[str]
    rules: str | None
    instances: tuple[Instance, ...]
    vips: tuple[str, ...]
    active: tuple[str, ...]
    log: str
    mail: Mail | None
    program: str = ""


def cluster_from(data: Mapping[str, Any]) -> Cluster:
    """Return a cluster from the content of its file."""
    mail = data.get("mail")
    return Cluster(
        name=data["cluster"],
        sysctls=tuple(data["sysctls"]),
        stack=data.get("stack"),
        table=parse_table("\n".join(data.get("table", ()))),
        quiesced=frozenset(data.get("quiesced", ())),
        rules=data.get("rules"),
        instances=tuple(_instance(one) for one in data.get("instances", ())),
        vips=tuple(data.get("vips", ())),
        active=tuple(data.get("active", ())),
        log=data.get("log") or "",
        mail=Mail(tuple(mail["to"]), mail["from"], mail["server"], mail["port"], mail["timeout"]) if mail else None,
        program=data.get("program") or "",
    )


class Version:
    """Notices that the programs were installed anew by a run that was interrupted before it has started them again."""

    def __init__(self) -> None:
        self._began: set[str] = set()

    def is_old(self, found: Iterable[str]) -> bool:
        """Whether the clusters of the host were deployed with other programs by now."""
        now = set(filter(None, found))
        self._began = self._began or now
        return bool(now) and now != self._began


def _instance(data: Mapping[str, Any]) -> Instance:
    host_bits = 128 if ":" in data["advert_address"] else 32
    return Instance(
        name=data["name"],
        advert=Moved(data["advert_address"], host_bits, "lo"),
        vips=tuple(Moved(one["address"], one["prefix"], one["device"]) for one in data["addresses"]),
        vmac=data["vmac"],
    )


def read(folder: Path = FOLDER) -> list[Cluster]:
    """Return the clusters of this host of which something is to be kept.

    Raises OSError, and ValueError or KeyError for a file that somebody has broken.
    """
    return [cluster_from(data) for data in read_files(folder) if data.get("heal", True)]


def read_files(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """Return the content of each file. Raises OSError, and ValueError for a file that somebody has broken."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(PATTERN))]


def age(folder: Path = FOLDER) -> tuple[tuple[str, int], ...]:
    """Return what changes when a file comes, goes or is written."""
    return tuple((path.name, path.stat().st_mtime_ns) for path in sorted(folder.glob(PATTERN)) if path.exists())
