# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the running daemons of the connection synchronisation with a director's settings."""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Mapping

from .cluster.types import DirectorSync

# Our names for a daemon's settings, and those of ipvs_info. An older ipvsadm does not print the last four.
SETTINGS = {
    "id": "syncid",
    "interface": "interface",
    "group": "group",
    "port": "port",
    "ttl": "ttl",
    "maxlen": "maxlen",
}


def differences(daemon: Mapping[str, Any], sync: DirectorSync) -> Iterator[str]:
    """The settings that a running daemon should not have, in words. What is not known is left out."""
    for key, name in SETTINGS.items():
        seen, wanted = daemon.get(name), sync[key]  # type: ignore[literal-required]
        if None not in (seen, wanted) and seen != wanted:
            yield f"{key} {seen}, not {wanted}"


def wrong_daemons(daemons: Iterable[Mapping[str, Any]] | None, sync: DirectorSync | None) -> dict[str, Any]:
    """The roles of daemons to `stop`, because they run with other settings or should not run, and whether any is `missing`."""
    running = list(daemons or ())
    wrong = [daemon["role"] for daemon in running if sync is None or any(differences(daemon, sync))]
    wanted = 0 if sync is None else 2 if sync["both"] else 1
    return {"stop": wrong, "missing": len(running) - len(wrong) < wanted}
