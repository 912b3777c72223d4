# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The view of a cluster from what status.yml has got from its directors."""

from __future__ import annotations

import json
from typing import Any, Iterable, Mapping

from ...module_utils.status.director import VERSION
from ...module_utils.status.view import NO_ANSWER, NOT_ASKED, UNREACHABLE, view_of

RESULT = "lvs_director_status"


def status_view(directors: Iterable[str], hostvars: Mapping[str, Any], asked: Iterable[str]) -> dict[str, Any]:
    """Return the view of all directors; those that are not in `asked` were left out by --limit."""
    hosts = set(asked)
    return view_of([_found(name, hostvars, name in hosts) for name in directors])


def _found(name: str, hostvars: Mapping[str, Any], asked: bool) -> dict[str, Any]:
    result = hostvars[name].get(RESULT) if asked else None
    if result is None:
        return _without(name, NOT_ASKED, "not asked: --limit has left it out")
    if result.get("unreachable"):
        said = " ".join(str(result.get("msg") or "no reason given").split())
        return _without(name, UNREACHABLE, said.replace("Task failed: ", "", 1))
    if result.get("rc") != 0:
        # It says itself what is wrong, unless it was not started.
        said = str(result.get("stderr") or "").strip() or "lvs-status can't be started. Run site.yml, which installs it"
        return _without(name, NO_ANSWER, " ".join(said.split()))
    try:
        status = json.loads(result["stdout"])
    except ValueError:
        return _without(name, NO_ANSWER, "lvs-status has not printed JSON. Run site.yml")
    if status.get("version") != VERSION:
        return _without(
            name, NO_ANSWER, f"its lvs-status has version {status.get('version')}, not {VERSION}. Run site.yml"
        )
    # As in the inventory, which may call a host otherwise since the last site.yml.
    return {"director": name, "status": {**status, "director": name}}


def _without(name: str, state: str, why: str) -> dict[str, Any]:
    return {"director": name, "status": None, "state": state, "why": why}
