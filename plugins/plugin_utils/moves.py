# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned move of all VIPs to a director: whether it is fit for them, and what there is to do.

Everything is decided from what was seen on the directors before one of them is touched.
"""

from __future__ import annotations

from typing import Any, Collection, Iterator, Mapping, TypedDict

from .cluster.mistakes import listed
from .cluster.types import Instance, ResolvedCluster
from .owners import holders, ip_addresses
from .tables import destination_key, service_key

HIGHEST = 254  # a higher priority would be the owner's of RFC 5798
FEW = 10  # open connections: so few tell nothing about sync
MOST_LISTED = 10
STAND_BY, PREFERRED = "/run/lvs-stand-by", "/run/lvs-preferred"
SETTLED = ("none", "local", "foreign", "all")  # cl_status(1), rscstatus


class Seen(TypedDict):
    """What a director has at present. What could not be read is None.

    `services` and `daemons` are those of ipvs_info, `instances` those of vrrp_info. `resources` is what heartbeat says of its
    resources, `peers` the nodes that it does not hear. `unreached` are real servers that did not answer this director.
    """

    addresses: list[str]
    services: list[dict[str, Any]] | None
    daemons: list[dict[str, Any]]
    connections: int
    running: bool
    instances: dict[str, dict[str, Any]]
    files: dict[str, int]
    tracks: bool
    resources: str
    deaf: list[str]
    checksum: str
    unreached: list[str]


class Move(TypedDict):
    """What a planned move would do.

    `impossible` is why there can be none, whatever the state of the directors, and `reasons` are why it is refused now. `masters` are
    the directors that hold VIPs and are not the target. With `needed` there is something to do. `keeps` is whether the target keeps
    the VIPs without a higher priority.
    """

    target: str
    impossible: list[str]
    reasons: list[str]
    masters: list[str]
    needed: bool
    keeps: bool


def collect(hostvars: Mapping[str, Mapping[str, Any]], directors: Collection[str]) -> dict[str, Seen]:
    """What roles/director/tasks/move/look.yml has registered on each director that answered."""
    return {name: _seen(hostvars[name]) for name in directors if "stdout" in _result(hostvars, name, "addresses")}


def _result(hostvars: Mapping[str, Mapping[str, Any]], name: str, what: str) -> Mapping[str, Any]:
    found = hostvars[name].get(f"director_move_{what}") if name in hostvars else None
    return found if isinstance(found, Mapping) else {}


def _seen(variables: Mapping[str, Any]) -> Seen:
    def of(what: str) -> Mapping[str, Any]:
        found = variables.get(f"director_move_{what}")
        return found if isinstance(found, Mapping) else {}

    return {
        "addresses": ip_addresses(of("addresses")["stdout"]),
        "services": of("table").get("services"),
        "daemons": of("table").get("daemons") or [],
        "connections": _number(of("connections").get("stdout")),
        "running": bool(of("state").get("running")),
        "instances": of("state").get("instances") or {},
        "files": _files(of("files").get("stdout") or ""),
        "tracks": of("tracks").get("rc") == 0,
        "resources": str(of("resources").get("stdout") or ""),
        "deaf": [
            str(result["item"]["name"])
            for result in of("nodes").get("results") or ()
            if result.get("stdout") not in ("active", "ping", None)
        ],
        "checksum": str((of("configuration").get("stat") or {}).get("checksum") or ""),
        "unreached": [
            f"{result['item']['address']}:{result['item']['port']}"
            for result in of("reach").get("results") or ()
            if result.get("failed")
        ],
    }


def _number(text: Any) -> int:
    return int(text) if str(text or "").strip().isdigit() else 0


def _files(printed: str) -> dict[str, int]:
    """The numbers in tracked files, from the lines FILE:NUMBER that grep prints. What is no number counts as 0, as in keepalived."""
    numbers: dict[str, int] = {}
    for line in printed.splitlines():
        path, _colon, text = line.partition(":")
        numbers.setdefault(path, _number(text))
    return numbers


def planned_move(cluster: ResolvedCluster, target: Any, hostvars: Mapping[str, Mapping[str, Any]]) -> Move:
    """What a move of all VIPs to a director would do, by what the directors have registered."""
    return planned(cluster, target, collect(hostvars, cluster["directors"]))


def successor(cluster: ResolvedCluster, leaving: str, hostvars: Mapping[str, Mapping[str, Any]]) -> str:
    """The director that takes the VIPs of another one: the first that is fit. If none is, the first, so that it says why."""
    others = [name for name in cluster["directors"] if name != leaving]
    moves = [planned_move(cluster, name, hostvars) for name in others]
    return next((move["target"] for move in moves if not move["impossible"] + move["reasons"]), others[0])


def impossible(cluster: ResolvedCluster, target: Any) -> list[str]:
    """Why there can be no planned move to a director, whatever the state of the directors."""
    names = cluster["directors"]
    if cluster["stack"] == "static":
        return ["lvs_stack is static: the VIPs belong to one director, and nothing moves them"]
    if len(names) < 2:
        return [f"{listed(names)} is the only director, so there is no other one for its VIPs"]
    if not target:
        return [f"to is missing: name the director that is to hold the VIPs, such as -e to={names[-1]}"]
    if target not in names:
        return [f"to is {target}, which is no director: name one of {listed(names)}"]
    return [
        f"{target} is no director of VRRP instance {instance['name']}, so it cannot hold {listed(_vips(instance))}"
        for instance in (cluster["vrrp"]["instances"] if cluster["vrrp"] else [])
        if target not in [director["host"] for director in instance["directors"]]
    ]


def planned(cluster: ResolvedCluster, target: Any, seen: Mapping[str, Seen]) -> Move:
    """What a move of all VIPs to a director would do, and why it is refused."""
    held = holders(cluster, {name: one["addresses"] for name, one in seen.items()})
    masters = [name for name in seen if name != target and any(name in names for names in held.values())]
    keeps = _keeps(cluster, target)
    there = all(names == [target] for names in held.values())
    preferred = [name for name, one in seen.items() if one["files"].get(PREFERRED)]
    settled = there and set(preferred) <= {target} and (keeps or preferred == [target])
    never = impossible(cluster, target)
    unfit = [] if never or settled else [*_owners(cluster, held, seen), *_fitness(cluster, target, masters, seen)]
    return {
        "target": target,
        "impossible": never,
        "reasons": unfit,
        "masters": masters,
        "needed": not settled,
        "keeps": keeps,
    }


def _keeps(cluster: ResolvedCluster, target: Any) -> bool:
    """Whether no other director takes the VIPs from the target because of its priority."""
    own = cluster["hosts"][target]["instances"] if target in cluster["hosts"] else []
    return cluster["stack"] != "keepalived" or all(one["takes_over"] or not one["preempt"] for one in own)


def _owners(cluster: ResolvedCluster, held: Mapping[str, list[str]], seen: Mapping[str, Seen]) -> Iterator[str]:
    silent = [name for name in cluster["directors"] if name not in seen]
    for vip, names in held.items():
        if not names:
            maybe = f", and {listed(silent)} did not answer" if silent else ""
            yield f"no director holds VIP {vip}{maybe}"
        elif len(names) > 1:
            yield f"{listed(names)} hold VIP {vip} at the same time"


def _fitness(
    cluster: ResolvedCluster, target: str, masters: Collection[str], seen: Mapping[str, Seen]
) -> Iterator[str]:
    """Why a director is not fit for the VIPs."""
    if target not in seen:
        yield f"{target} did not answer"
        return
    one = seen[target]
    if cluster["stack"] == "keepalived":
        yield from _vrrp(cluster, target, one)
        for master in masters:
            yield from _table(cluster, target, one, master, seen[master])
    else:
        yield from _heartbeat(target, masters, seen)
    yield from _sync(cluster, target, masters, seen)


def _vrrp(cluster: ResolvedCluster, target: str, one: Seen) -> Iterator[str]:
    if not one["running"]:
        yield f"keepalived does not run on {target}"
        return
    if not one["tracks"]:
        yield f"keepalived.conf of {target} does not track {PREFERRED}: run site.yml"
    if one["files"].get(STAND_BY):
        yield f"{target} stands by: remove {STAND_BY} there"
    for instance in cluster["vrrp"]["instances"] if cluster["vrrp"] else []:
        name = instance["name"]
        state = one["instances"].get(name, {}).get("state")
        if state is None:
            yield f"keepalived has no VRRP instance {name} on {target}"
        elif state not in ("backup", "master"):
            yield f"VRRP instance {name} is in the state {state} on {target}"
        # With the same priority the addresses would decide.
        yield from (
            f"{other['host']} has priority {HIGHEST} in VRRP instance {name}, and {target} cannot get a higher one: set it to at"
            f" most {HIGHEST - 1}"
            for other in instance["directors"]
            if other["host"] != target and other["priority"] >= HIGHEST
        )


def _table(cluster: ResolvedCluster, target: str, one: Seen, master: str, other: Seen) -> Iterator[str]:
    """Where the target's table would serve less than that of the master."""
    if one["services"] is None or other["services"] is None:
        yield f"the table of {target if one['services'] is None else master} could not be read"
        return
    wanted = [service_key(entry) for entry in cluster["table"]]
    own = {service_key(service): _weights(service) for service in one["services"]}
    found = []
    for service in other["services"]:
        key = service_key(service)
        if key not in wanted:
            continue
        if key not in own:
            found.append(f"service {key} is in the table of {master}, and not in that of {target}")
            continue
        for (address, port), weight in _weights(service).items():
            if weight and not own[key].get((address, port)):
                there = "at weight 0" if (address, port) in own[key] else "not"
                found.append(
                    f"real server {address} of {key} is in the table of {master}, and {there} in that of {target}: look whether"
                    f" its checks pass there"
                )
    yield from found[:MOST_LISTED]
    if len(found) > MOST_LISTED:
        yield f"the tables of {master} and {target} have {len(found) - MOST_LISTED} more such differences"


def _weights(service: Mapping[str, Any]) -> dict[tuple[str, int], int]:
    return {destination_key(entry): entry["weight"] for entry in service["destinations"]}


def _heartbeat(target: str, masters: Collection[str], seen: Mapping[str, Seen]) -> Iterator[str]:
    for name in (target, *masters):
        if not seen[name]["resources"]:
            yield f"heartbeat does not run on {name}"
        elif seen[name]["resources"] not in SETTLED:
            yield f"heartbeat of {name} is still moving resources ({seen[name]['resources']})"
        elif seen[name]["deaf"]:
            yield f"heartbeat of {name} does not hear {listed(seen[name]['deaf'])}"
    for master in masters:
        if seen[target]["checksum"] != seen[master]["checksum"]:
            yield f"ldirectord.cf of {target} differs from that of {master}: run site.yml"
    for server in seen[target]["unreached"]:
        yield f"real server {server} does not answer {target}"


def _sync(cluster: ResolvedCluster, target: str, masters: Collection[str], seen: Mapping[str, Seen]) -> Iterator[str]:
    """Connections that the target does not know would be reset."""
    sync = cluster["hosts"][target]["sync"]
    if sync is None or not masters:
        return
    roles = [daemon["role"] for daemon in seen[target]["daemons"]]
    # Without `both` a director that has VIPs runs the other daemon.
    holds = any(vip["address"] in seen[target]["addresses"] for vip in cluster["vips"])
    if "backup" not in roles and (sync["both"] or not holds):
        yield f"the sync daemon of {target} does not run, so it does not know the open connections"
    for master in masters:
        opened, known = seen[master]["connections"], seen[target]["connections"]
        if opened >= FEW and known < opened / 2:
            yield f"sync has not caught up: {target} knows {known} open connections, and {master} has {opened}"


def _vips(instance: Instance) -> list[str]:
    return [vip["address"] for vip in instance["vips"]]
