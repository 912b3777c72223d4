# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One view of a cluster, from the status of each director that was asked: of one for lvs-status, of all for status.yml.

Each director checks the real servers itself and has a table of its own. The one that holds the VIP of a service counts for that
service; what others see otherwise stands beside it.
"""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Mapping, Sequence

from .director import BACKUP, FAULT, MASTER, MISSING, STANDBY, VERSION

# States of a director that has said nothing.
UNREACHABLE, NOT_ASKED, NO_ANSWER = "unreachable", "not asked", "no answer"
HELD, NOBODY, SPLIT, NOT_HERE = "held", "nobody", "split brain", "not here"

Status = Mapping[str, Any]


def view_of(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the view as JSON. Each of `found` has the name of a director, and its status or, in `state` and `why`, why there is none."""
    said = {one["director"]: one["status"] for one in found if one.get("status")}
    asked = {one["director"]: one for one in found}
    names = list(asked)
    names += [name for status in said.values() for name in status["directors"] if name not in names]
    directors = [
        _director(name, said[name])
        if name in said
        else _silent(name, asked.get(name) or {"state": NOT_ASKED, "why": "not asked"})
        for name in dict.fromkeys(names)
    ]
    vips = list(_vips(said, all(one["state"] not in (UNREACHABLE, NOT_ASKED, NO_ANSWER) for one in directors)))
    first: Status = next(iter(said.values()), {})
    return {
        "version": VERSION,
        "at": max((status["at"] for status in said.values()), default=None),
        "cluster": first.get("cluster"),
        "stack": first.get("stack"),
        "directors": directors,
        "vips": vips,
        "services": list(_services(said, vips)),
        "problems": _problems(directors, vips, said),
    }


def _director(name: str, status: Status) -> dict[str, Any]:
    states = [instance["state"] for instance in status["instances"]]
    chosen = next((state for state in (FAULT, MASTER) if state in states), states[0] if states else BACKUP)
    return {
        "name": name,
        "state": chosen,
        "why": None,
        **{key: status[key] for key in ("at", "daemons", "instances", "sync", "split_brain", "problems")},
    }


def _silent(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "state": found["state"],
        "why": found["why"],
        "at": None,
        "daemons": {},
        "instances": [],
        "sync": None,
        "split_brain": [],
        "problems": [],
    }


def _vips(said: Mapping[str, Status], all_said: bool) -> Iterator[dict[str, Any]]:
    """Each VIP, with the directors that hold it."""
    found: dict[str, dict[str, Any]] = {}
    for name, status in said.items():
        for instance in status["instances"]:
            for vip in instance["vips"]:
                entry = found.setdefault(
                    vip["address"],
                    {
                        "address": vip["address"],
                        "gateway": vip["gateway"],
                        "instance": instance["name"],
                        "held_by": [],
                        "since": None,
                        "others": [],
                    },
                )
                if vip["held"]:
                    entry["held_by"].append(name)
                    entry["since"] = vip["since"]
        for split in status["split_brain"]:
            if split["vip"] in found:
                found[split["vip"]]["others"] += list(split["macs"])
    for entry in found.values():
        split_brain = len(entry["held_by"]) > 1 or bool(entry["others"])
        free = NOBODY if all_said else NOT_HERE
        yield {**entry, "state": SPLIT if split_brain else HELD if entry["held_by"] else free}


def _services(said: Mapping[str, Status], vips: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    holders = {vip["address"]: vip["held_by"] for vip in vips}
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for name, status in said.items():
        for service in status["services"]:
            found.setdefault(service["service"], {})[name] = service
    for versions in found.values():
        name = _counts(versions, holders)
        service = versions[name]
        elsewhere = {other: _states(version) for other, version in versions.items() if other != name}
        yield {
            **service,
            "director": name,
            "real_servers": [
                {
                    **server,
                    "elsewhere": {
                        other: states[_id(server)]
                        for other, states in elsewhere.items()
                        if states.get(_id(server), server["state"]) not in (server["state"], STANDBY)
                    },
                }
                for server in service["real_servers"]
            ],
        }


def _counts(versions: Mapping[str, Mapping[str, Any]], holders: Mapping[str, Sequence[str]]) -> str:
    """The director whose table counts for a service."""
    live = [name for name, version in versions.items() if version["state"] not in (MISSING, STANDBY)]
    holding = [name for name in live or versions if any(name in holders.get(vip, ()) for vip in versions[name]["vips"])]
    return next(iter([*holding, *live, *versions]))


def _id(server: Mapping[str, Any]) -> tuple[str, int]:
    return (server["address"], server["port"])


def _states(service: Mapping[str, Any]) -> dict[tuple[str, int], str]:
    return {_id(server): server["state"] for server in service["real_servers"]}


def _problems(
    directors: Iterable[Mapping[str, Any]], vips: Iterable[Mapping[str, Any]], said: Mapping[str, Status]
) -> list[dict[str, Any]]:
    """What is wrong, each text once, with the directors that say so."""
    found: dict[str, list[str]] = {}
    for director in directors:
        if director["state"] in (UNREACHABLE, NO_ANSWER):
            found.setdefault(f"{director['state']}: {director['why']}", []).append(director["name"])
        for text in director["problems"]:
            found.setdefault(text, []).append(director["name"])
    for vip in vips:
        if vip["state"] == NOBODY:
            found[f"VIP {vip['address']} is held by nobody"] = []
        elif len(vip["held_by"]) > 1 and next(iter(said.values()))["stack"] != "static":
            found[f"split brain: VIP {vip['address']} is held by {' and '.join(vip['held_by'])}"] = []
    return [{"directors": names, "text": text} for text, names in found.items()]
