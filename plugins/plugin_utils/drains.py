# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What drain.yml and undrain.yml change on the directors, and what they say."""

from __future__ import annotations

import getpass
import re
import socket
from datetime import datetime
from typing import Any, Collection, Iterator, Mapping, Sequence, TypedDict

from ..module_utils.drains import decide
from ..module_utils.drains.record import data_of, from_data
from .cluster.drain_record import place_of
from .cluster.mistakes import listed
from .cluster.types import ResolvedCluster
from .owners import holders, ip_addresses
from .preflight.told import Hostvars, told
from .tables import service_key

PROGRAM = "/usr/local/sbin/lvs-drain"


class DrainChange(TypedDict):
    """What is to be done: the records of each step, and the directors in the order in which they get them. `said` is what is known before."""

    refusals: list[str]
    steps: list[dict[str, Any]]
    order: list[str]
    said: list[str]


def drain_change(
    cluster: ResolvedCluster,
    hostvars: Hostvars,
    play_hosts: Collection[str],
    options: Mapping[str, Any],
    now: datetime,
) -> DrainChange:
    """What a drain, or with the option `undrain` its end, changes.

    `options` are real_server, service, reason, force, steps and pause, as somebody has given them with -e; what is missing is None or empty.
    """
    record = from_data(cluster["drained"])
    request = decide.Request(
        real_server=str(options.get("real_server") or "") or None,
        service=str(options.get("service") or "") or None,
        reason=str(options.get("reason") or "") or None,
        by=f"{getpass.getuser()}@{socket.gethostname()}",
        force=bool(options.get("force")),
        force_word="-e force=true",
    )
    if options.get("undrain"):
        decision = decide.undrain(record, request, now, _steps(options.get("steps")))
    else:
        services = [place_of(service, cluster["stack"]) for service in cluster["services"]]
        decision = decide.drain(services, record, request, now, list(_live(cluster, hostvars)))
    order = _order(cluster, hostvars, play_hosts)
    refusals = [
        *_wrong_pause(options),
        *decision.refusals,
        *(_without_program(hostvars, order) if not decision.refusals else ()),
    ]
    return {
        "refusals": [f"{text}." for text in refusals],
        # Without a step there is nothing new, but a director may not have it yet.
        "steps": [data_of(step) for step in decision.steps or [decision.record]],
        "order": order,
        "said": [_sentence(text) for text in [*decision.said, *_silent(cluster, order)]],
    }


def _steps(given: Any) -> int:
    text = str(given or 1)
    return int(text) if text.isdigit() else 0


def _wrong_pause(options: Mapping[str, Any]) -> Iterator[str]:
    text = str(options.get("pause") or 0)
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        yield f"pause is {text}, and has to be a number of seconds, such as 30"


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _live(cluster: ResolvedCluster, hostvars: Hostvars) -> Iterator[decide.Live]:
    """Who gets connections at present, by the tables of the directors that have one."""
    names = {service_key(entry): service["name"] for service, entry in zip(cluster["services"], cluster["table"])}
    for director in cluster["directors"]:
        table = hostvars[director].get("director_drains_table") or {} if director in hostvars else {}
        found: dict[str, set[str]] = {}
        for service in table.get("services") or ():
            name = names.get(service_key(service))
            if name is not None:
                found.setdefault(name, set()).update(
                    there["address"] for there in service["destinations"] if there["weight"]
                )
        if found:
            yield found


def _order(cluster: ResolvedCluster, hostvars: Hostvars, play_hosts: Collection[str]) -> list[str]:
    """The directors of the run, the backups first, and those with VIPs last."""
    there = [name for name in cluster["directors"] if name in play_hosts]
    printed = {name: str((hostvars[name].get("director_drains_addresses") or {}).get("stdout") or "") for name in there}
    held = holders(cluster, {name: ip_addresses(text) for name, text in printed.items()})
    masters = [name for name in there if any(name in names for names in held.values())]
    return [*(name for name in reversed(there) if name not in masters), *reversed(masters)]


def _without_program(hostvars: Hostvars, order: Sequence[str]) -> list[str]:
    lacking = [name for name in order if PROGRAM not in (told(hostvars, name).get("heal") or {}).get("files", ())]
    if not lacking:
        return []
    return [f"{listed(lacking)} {'has' if len(lacking) == 1 else 'have'} no lvs-drain yet: run site.yml first"]


def _silent(cluster: ResolvedCluster, order: Collection[str]) -> list[str]:
    lacking = [name for name in cluster["directors"] if name not in order]
    if not lacking:
        return []
    does = "does" if len(lacking) == 1 else "do"
    return [
        f"{listed(lacking)} did not answer, or was left out by --limit, and {does} not know this before the next run of site.yml"
    ]


def drain_report(cluster: ResolvedCluster, hostvars: Hostvars, change: DrainChange, check: bool) -> list[str]:
    """What has happened, in lines for people. `check` is whether nothing was done."""
    after = from_data(change["steps"][-1])
    before = {str(drain) for drain in from_data(cluster["drained"]).drains}
    done = {
        name: result
        for name in change["order"]
        if isinstance(result := hostvars[name].get("director_drains_result"), Mapping)
    }
    lines = [f"{drain}." for drain in after.drains]
    lines += [f"No longer: {text}." for text in sorted(before - {str(drain) for drain in after.drains})]
    if not after.drains:
        lines.append("No real server is drained.")
    for name, result in done.items():
        lines += [
            f"{name} has {count} active connections with {server}."
            for server, count in result["connections"].items()
            if count
        ]
        lines += [f"{name}: a check fails, or has not passed yet, of {text}." for text in result["failing"]]
    if check:
        return [*lines, *change["said"], "This was a preview. Nothing was changed."]
    failed = [name for name in change["order"] if name not in done]
    if failed:
        lines.append(f"{listed(failed)} could not be changed: see above. The next run of site.yml does it.")
    return [*lines, *change["said"]]
