# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Change the live table: read it, write the difference with one `ipvsadm -R`, read it again, compare."""

from __future__ import annotations

from typing import Any, Callable, Sequence

from ..tools import Failure, Result, process_facts
from .capabilities import lacking, needs_of_changes
from .change import Change, diff, in_effect
from .command import Ipvsadm, IpvsError, explain
from .listing import parse_daemons
from .parse import parse_table
from .preflight import missing_modules, mixed_families
from .render import change_line, describe
from .types import Table

# How many entries an error names at most.
NAMED = 10


def start_reading(ipvsadm: Ipvsadm | None) -> Callable[[], Table]:
    """Start to read the table, and return the function that waits for it. Without ipvsadm the table is empty."""
    if ipvsadm is None:
        return Table
    rules, thresholds = ipvsadm.start("-Sn"), ipvsadm.start("-Ln", "--thresholds")
    return lambda: parse_table(rules(), thresholds())


def apply_table(ipvsadm: Ipvsadm | None, before: Table, after: Table, check: bool, with_diff: bool) -> dict[str, Any]:
    """Change the table from `before` to `after`, or in check mode only find the changes. Return the module's result.

    Raises IpvsError if a change would be refused, or if the table is not as wanted afterwards.
    """
    changes = diff(before, after)
    refuse_impossible(ipvsadm, changes)
    lines = [change_line(change) for change in changes]
    result: dict[str, Any] = {"changed": bool(changes), "changes": lines}
    if with_diff:
        result["diff"] = {
            "before_header": "IPVS table",
            "after_header": "IPVS table",
            "before": describe(before),
            "after": describe(after),
        }
    if changes and ipvsadm is not None and not check:
        written = ipvsadm.run("-R", stdin="".join(f"{line}\n" for line in lines))
        left = process_facts([ipvsadm.path, "-R"], written)
        try:
            now = start_reading(ipvsadm)()
        except Failure as error:
            said = "; ".join(dict.fromkeys(written.err.strip().splitlines())) or "nothing"
            raise IpvsError(
                f"The table was written (ipvsadm -R said: {said}), but could not be read again: {error}",
                **{**result, **left},
            ) from error
        try:
            verify_applied(changes, now, written)
        except IpvsError as error:
            done = any(in_effect(change, now) for change in changes)
            error.facts.update({**result, "changed": done, **left})
            raise
    return result


def refuse_impossible(ipvsadm: Ipvsadm | None, changes: Sequence[Change]) -> None:
    """Raise IpvsError for changes that ipvsadm or the kernel is known to refuse. Nothing has been written yet."""
    sentences = missing_modules(changes)
    if ipvsadm is not None:
        sentences += lacking(ipvsadm, needs_of_changes(changes))
    mixed = next(mixed_families(changes), None)
    if mixed is not None and ipvsadm is not None and parse_daemons(ipvsadm.output("-Ln", "--daemon")):
        sentences.append(
            f"The kernel refuses to {mixed.action} real server {mixed.destination} to service {mixed.service.key} while a connection sync "
            "daemon runs: real servers of the other address family cannot be synchronised. Stop the daemon "
            "(lvs.cluster.ipvs_daemon), or use one family."
        )
    if sentences:
        raise IpvsError("\n".join(sentences))


def verify_applied(changes: Sequence[Change], now: Table, written: Result) -> None:
    """Raise IpvsError that names every change that is not in effect, with ipvsadm's message."""
    failed = [change for change in changes if not in_effect(change, now)]
    if not failed:
        return
    said = written.err.strip().splitlines()
    if "Permission denied" in written.err:
        raise IpvsError(explain(written, ["ipvsadm", "-R"]))
    # ipvsadm -R prints one message for each line that the kernel refuses, in their order, but not which line.
    paired = len(said) == len(failed)
    sentences = [f"{change}: {message}" for change, message in zip(failed, said)] if paired else map(str, failed)
    sentences = ["These changes are not in effect:", *list(sentences)[:NAMED]]
    if len(failed) > NAMED:
        sentences.append(f"and {len(failed) - NAMED} more")
    if said and not paired:
        sentences.append(f"ipvsadm said: {'; '.join(dict.fromkeys(said))}")
    raise IpvsError("\n".join(sentences))
