# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of `python3 molecule/lab`."""

from __future__ import annotations

import argparse
import errno
import signal
from collections.abc import Sequence
from types import FrameType

from lab import choice, lab, paths, ssh
from lab.errors import LabError
from lab.lab import Lab
from lab.progress import complain, heartbeat

POWER = {
    "power-off": "take the power from nodes",
    "power-on": "start nodes that are off",
    "reboot": "shut down and start",
}
PAUSE = {"pause": "stop nodes in the middle of what they do", "resume": "let them go on"}
LINK = {"unplug": "cut a node's link, without the node seeing it unless --seen", "plug": "mend it"}
DISKS = {"save": "keep what is on the disks of all nodes, under a name", "restore": "boot all nodes from disks kept"}


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python3 molecule/lab",
        description="Real nodes with systemd, SSH and IPVS to run a cluster on.",
        epilog=f"Environment: {choice.VARIABLE}={'|'.join(choice.MACHINES)}, LVS_LAB_CACHE=FOLDER (~/.cache/lvs-cluster),"
        " LVS_LAB_MIRROR=URL of a Debian mirror.",
    )
    sub = top.add_subparsers(dest="command", required=True)
    start = sub.add_parser("up", help="bring up the nodes of an inventory; may be repeated at any time")
    start.add_argument("-i", "--inventory", action="append", default=[], help="default: inventories/lab")
    start.add_argument("--fresh", action="store_true", help="all nodes bare, whatever ran before")
    start.set_defaults(run=lambda given: lab.up(paths.find(), given.inventory, fresh=given.fresh))
    build = sub.add_parser("build", help="build what the cache lacks of what inventories' nodes are made of")
    build.add_argument(
        "-i", "--inventory", action="append", default=[], help="may be repeated; default: inventories/lab"
    )
    build.set_defaults(run=lambda given: lab.build(paths.find(), given.inventory))
    end = sub.add_parser("down", aliases=["destroy"], help="take everything down; only the image cache stays")
    end.add_argument("-i", "--inventory", action="append", help=argparse.SUPPRESS)
    end.add_argument("--cache", action="store_true", help="drop the images, too")
    end.set_defaults(run=lambda given: lab.down(paths.find(), cache=given.cache))
    sub.add_parser("status", help="what runs, and whether each node answers").set_defaults(run=status)
    node = sub.add_parser("ssh", help="a shell on a node, or one command")
    node.add_argument("node")
    node.add_argument("remote", nargs=argparse.REMAINDER, metavar="COMMAND")
    node.set_defaults(
        run=lambda given: ssh.replace_process(paths.find(), running().topology.node(given.node), given.remote)
    )
    for name, text in {**POWER, **PAUSE}.items():
        power = sub.add_parser(name, help=text)
        power.add_argument("nodes", nargs="+", metavar="NODE", help="names, or all")
        power.set_defaults(run=lambda given: event(given.command, *given.nodes))
    for name, text in LINK.items():
        link = sub.add_parser(name, help=text)
        link.add_argument("node")
        link.add_argument("network")
        link.add_argument("--seen", action="store_true", help="the node loses the link itself")
        link.set_defaults(run=lambda given: event(given.command, given.node, given.network, seen=given.seen))
    impair = sub.add_parser("impair", help="spoil what a node sends: loss, delay (tc-netem(8)); nothing given ends it")
    impair.add_argument("node")
    impair.add_argument("network")
    impair.add_argument("effect", nargs="*", help="such as: loss 2%%")
    impair.set_defaults(run=lambda given: event("impair", given.node, given.network, " ".join(given.effect)))
    for name, text in DISKS.items():
        disks = sub.add_parser(name, help=text)
        disks.add_argument("name")
        disks.set_defaults(run=lambda given: event(given.command, given.name))
    return top


def running() -> Lab:
    return Lab(paths.find())


def event(name: str, *words: str, **options: bool) -> None:
    """Let an event happen to the running lab."""
    with heartbeat(" ".join((name, *words))):
        getattr(running(), name.replace("-", "_"))(*words, **options)


def status(_given: argparse.Namespace) -> None:
    """Print where the lab runs and which nodes answer."""
    here = running()
    print(f"nodes run in {choice.WORDS[here.machine.kind]}")
    for node in here.topology.nodes:
        verdict = "answers" if ssh.answers(node.address) else "does not answer"
        addresses = " ".join(f"{network}={','.join(given)}" for network, given in node.links)
        print(f"  {node.name:<12} {node.release:<9} {verdict:<15}  {addresses}")


def interrupted(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; 0, or 1 after a message, or 130 when interrupted."""
    signal.signal(signal.SIGTERM, interrupted)
    given = parser().parse_args(argv)
    try:
        given.run(given)
    except LabError as error:
        complain(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        complain("interrupted; the same command again picks up from here")
        return 130
    except OSError as error:
        room = ": make room, or set LVS_LAB_CACHE to a folder on another disk" if error.errno == errno.ENOSPC else ""
        complain(f"error: {error}{room}")
        return 1
    return 0
