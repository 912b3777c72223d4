# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes an inventory as a person would: short mappings and lists in one line, everything else in lines of their own."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Sequence

import yaml

from .types import Note
from .vault import Reference

WIDEST = 100
# Ansible takes these for templates
TEMPLATE = ("{{", "{%", "{#")
HOSTS = "hosts.yml"
CLUSTER = "group_vars/all/cluster.yml"
SECRETS = "group_vars/all/secrets.yml"
NOTES = "notes.txt"
# The order of the variables of a cluster
ORDER = (
    *(
        "lvs_cluster_name",
        "lvs_stack",
        "lvs_services",
        "lvs_health",
        "lvs_vrrp",
        "lvs_heartbeat",
        "lvs_ldirectord",
        "lvs_sync",
    ),
    *("lvs_nat", "lvs_arp", "lvs_timeouts", "lvs_mail", "lvs_keepalived", "lvs_start_at_boot"),
)
_SERVICE = (
    *(
        "name",
        "vip",
        "port",
        "protocol",
        "fwmark",
        "ports",
        "scheduler",
        "scheduler_flags",
        "forward",
        "tunnel",
        "persistence",
    ),
    *(
        "persistence_netmask",
        "persistence_engine",
        "one_packet",
        "health",
        "on_failure",
        "quorum",
        "hysteresis",
        "alpha",
        "omega",
    ),
    *("notify", "sorry_server", "real_servers", "raw"),
)
LEVELS = {
    "not_expressed": "What the inventory cannot say. Decide about each of these before site.yml",
    "raw": "Kept in the daemon's own words",
    "explained": "What was read as something else than it says, or will be different",
}


class _Line(dict):  # type: ignore[type-arg]
    """A mapping in one line."""


class _Row(list):  # type: ignore[type-arg]
    """A list in one line."""


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Indents lists below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent, whatever is asked."""
        super().increase_indent(flow, indentless and False)


_Dumper.add_representer(
    _Line, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=True)
)
_Dumper.add_representer(
    _Row, lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)
)


_Dumper.add_representer(Reference, lambda dumper, value: dumper.represent_str(str(value)))
_Dumper.add_representer(
    str,
    lambda dumper, value: (
        dumper.represent_scalar("!unsafe", value)
        if any(begin in value for begin in TEMPLATE)
        else dumper.represent_str(value)
    ),
)


def dumped(data: Mapping[str, Any]) -> str:
    """Variables as YAML."""
    top = {key: _compact(value) for key, value in data.items()}
    text: str = yaml.dump(
        top, Dumper=_Dumper, sort_keys=False, default_flow_style=False, width=10000, allow_unicode=True
    )
    return text


def _compact(value: Any, inside: bool = False) -> Any:
    """A value with its short parts in one line. `inside` is in a list, where a short mapping is a row of a table."""
    if isinstance(value, dict) and not isinstance(value, _Line):
        longest = WIDEST if inside else WIDEST // 2
        if value and _is_flat(value) and len(str(value)) <= longest:
            return _Line(value)
        return {key: _compact(item) for key, item in value.items()}
    if isinstance(value, list):
        if all(not isinstance(item, (dict, list)) for item in value) and len(str(value)) <= WIDEST:
            return _Row(value)
        return [_compact(item, inside=True) for item in value]
    return value


def _is_flat(value: Mapping[str, Any]) -> bool:
    return not any(isinstance(item, (dict, list)) for item in value.values())


def hosts(groups: Mapping[str, Sequence[str]], variables: Mapping[str, Mapping[str, Any]]) -> str:
    """hosts.yml. A host in two groups has its variables in the first."""
    lines = [
        "---",
        "# Written by adopt.yml from what the hosts have told. It is yours from now on.",
        "all:",
        "  children:",
    ]
    written: set[str] = set()
    for group, names in groups.items():
        if not names:
            continue
        lines += [f"    {group}:", "      hosts:"]
        for name in names:
            own = {} if name in written else variables.get(name, {})
            written.add(name)
            value = dumped({name: _Line(own)}) if own else f"{name}:\n"
            lines.append(f"        {value.rstrip()}")
    return "\n".join(lines) + "\n"


def cluster(variables: Mapping[str, Any]) -> str:
    """The variables of the cluster, a paragraph for each."""
    names = [name for name in ORDER if name in variables] + [name for name in variables if name not in ORDER]
    parts = []
    for name in names:
        value = variables[name]
        if name == "lvs_services":
            value = [_sorted(service) for service in value]
        parts.append(dumped({name: value}))
    head = "---\n# Written by adopt.yml from what the hosts have told. It is yours from now on. What it could not say is in ../../notes.txt.\n"
    return head + "\n".join(parts)


def _sorted(service: Mapping[str, Any]) -> dict[str, Any]:
    names = [name for name in _SERVICE if name in service] + [name for name in service if name not in _SERVICE]
    return {name: service[name] for name in names}


def secrets(values: Mapping[str, str]) -> str:
    """The file of secrets."""
    return (
        "---\n# The passwords of the cluster, in clear text: ansible-vault encrypt this file, before it goes anywhere else.\n"
        + dumped(dict(values))
    )


def report(notes: Iterable[Note]) -> list[str]:
    """The notes as lines of text, by level."""
    listed = list(notes)
    lines: list[str] = []
    for level, title in LEVELS.items():
        own = [note for note in listed if note["level"] == level]
        if own:
            lines += [f"{title}:", *(f"  {note['where']}: {' '.join(note['text'].split())}" for note in own)]
    return lines or ["The inventory says all that the hosts have told."]
