# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of `python3 molecule/lab`."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from lab import choice, commands, paths, up
from lab.errors import LabError
from lab.progress import complain


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python3 molecule/lab",
        description="Real nodes with systemd and SSH to run a cluster on.",
        epilog=f"Environment: {choice.VARIABLE}=podman|kvm|tcg, LVS_LAB_CACHE=FOLDER (~/.cache/lvs-cluster), "
        "LVS_LAB_MIRROR=URL of a Debian mirror, LVS_LAB_SNAPSHOTS=no.",
    )
    sub = top.add_subparsers(dest="command", required=True)

    start = sub.add_parser("up", help="bring up the nodes of an inventory; may be repeated at any time")
    start.add_argument("-i", "--inventory", action="append", default=[], help="default: inventories/lab")
    start.add_argument("--fresh", action="store_true", help="all nodes bare, whatever ran before")
    start.set_defaults(run=lambda given: up.up(paths.find(), given.inventory, fresh=given.fresh))

    end = sub.add_parser("down", aliases=["destroy"], help="take everything down; only the image cache stays")
    end.add_argument("-i", "--inventory", action="append", help=argparse.SUPPRESS)
    end.add_argument("--cache", action="store_true", help="drop the images and snapshots too")
    end.set_defaults(run=lambda given: commands.down(paths.find(), cache=given.cache))

    status = sub.add_parser("status", help="what runs, and whether each node answers")
    status.set_defaults(run=lambda given: commands.status(paths.find()))

    listing = sub.add_parser("inventory", help="the running nodes as an inventory")
    listing.set_defaults(run=lambda given: commands.inventory(paths.find()))

    node = sub.add_parser("ssh", help="a shell on a node, or one command")
    node.add_argument("node")
    node.add_argument("remote", nargs=argparse.REMAINDER, metavar="COMMAND")
    node.set_defaults(run=lambda given: commands.ssh_node(paths.find(), given.node, given.remote))

    machine = sub.add_parser("exec-machine", help="a shell or a command where podman runs")
    machine.add_argument("remote", nargs=argparse.REMAINDER, metavar="COMMAND")
    machine.set_defaults(run=lambda given: commands.exec_machine(paths.find(), given.remote))

    for name, function, text in (
        ("kill", commands.kill, "power nodes off, hard"),
        ("start", commands.start, "switch nodes on and wait until they answer"),
        ("reboot", commands.reboot, "shut nodes down in order and start them again"),
    ):
        power = sub.add_parser(name, help=text)
        power.add_argument("nodes", nargs="+", metavar="NODE", help="names, or all")
        power.set_defaults(run=lambda given, function=function: function(paths.find(), given.nodes))
    return top


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
        complain(f"error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
