# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wanted settings of the module kernel_settings, those found, and the difference: pure functions."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Iterable, Mapping, Sequence

from ansible_collections.lvs.cluster.plugins.module_utils import kernel_modules
from ansible_collections.lvs.cluster.plugins.module_utils.sysctl_files import dotted_key, key_path, normal_value

HEADER = "# Managed by Ansible (lvs.cluster.kernel_settings): changes made here are lost.\n"
STATE_DIR = "/var/lib/lvs-cluster"
# Setting the first key makes the kernel change the keys after it (inet_forward_change in devinet.c). ip_forward also changes
# the forwarding of every interface, which may have been on before.
FORWARD = "net/ipv4/ip_forward"
COMPANIONS = {FORWARD: ("net/ipv4/conf/all/accept_redirects",)}
_FORWARDING = re.compile(r"net/ipv4/conf/[^/]+/forwarding\Z")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_KEY = re.compile(r"[^\s=*?\[#;-][^\s=*?\[]*\Z")


def sysctl_file(name: str) -> str:
    """Return the file that sets the keys of a name at boot."""
    return f"/etc/sysctl.d/90-{name}.conf"


@dataclass(frozen=True)
class Settings:
    """The wanted settings. The keys of `sysctls` are paths below /proc/sys, in the order in which to set them."""

    name: str
    modules: tuple[str, ...]
    sysctls: Mapping[str, str]

    @property
    def modules_file(self) -> str:
        return f"/etc/modules-load.d/{self.name}.conf"

    @property
    def sysctl_file(self) -> str:
        return sysctl_file(self.name)

    @property
    def record_file(self) -> str:
        return f"{STATE_DIR}/{self.name}.json"


@dataclass(frozen=True)
class Found:
    """The state of the host before: modules not loaded, live values by path (None: no such key), texts by file."""

    missing: Sequence[str]
    live: Mapping[str, str | None]
    files: Mapping[str, str | None]


@dataclass(frozen=True)
class Plan:
    """What a run does to the live values, by path, in order.

    `restore` and `write` are the values that differ now, `settled` are all values that must hold at the end.
    `record` has the value of each key before the first run. `at_risk` also has the keys that are about to be restored, and
    must be on disk before the first write.
    """

    restore: Mapping[str, str]
    write: Mapping[str, str]
    settled: Mapping[str, str]
    record: Mapping[str, str | None]
    at_risk: Mapping[str, str | None]


def settings_from(name: str, modules: Sequence[str], sysctls: Mapping[str, Any]) -> Settings:
    """Return the checked parameters. Raises ValueError, with a sentence for the user."""
    if not _NAME.match(name):
        raise ValueError(f"name {name!r} can't be a file's name: use letters, digits, dots, dashes and underscores.")
    for module in modules:
        if not kernel_modules.NAME.match(module):
            raise ValueError(f"modules: {module!r} is not the name of a kernel module.")
    by_path: dict[str, str] = {}
    for key, value in sysctls.items():
        path = key_path(key)
        if not _KEY.match(key) or not path or ".." in path.split("/"):
            raise ValueError(f"sysctls: {key!r} is not the name of a kernel parameter.")
        if path in by_path:
            raise ValueError(f"sysctls: {dotted_key(path)} is there twice, in two spellings.")
        by_path[path] = _value(key, value)
    return Settings(name, tuple(dict.fromkeys(modules)), by_path)


def _value(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if not isinstance(value, (str, int)):
        raise ValueError(f"sysctls: the value of {key} must be a string or an integer, not {value!r}.")
    text = str(value)
    if not text.strip() or "\n" in text.strip():
        raise ValueError(f"sysctls: the value of {key} must be one line of text, not {text!r}.")
    return normal_value(text)


def touched(settings: Settings, recorded: Iterable[str] = (), forwarding: Iterable[str] = ()) -> list[str]:
    """Return the keys that `settings` change: the stated keys, and those that the kernel changes with them.

    `forwarding` are the interfaces' own keys that are on while ip_forward is off. Keys in `recorded` were found so by an
    earlier run.
    """
    keys = [key for path in settings.sysctls for key in (path, *COMPANIONS.get(path, ()))]
    if FORWARD in settings.sysctls:
        keys += [*forwarding, *(path for path in recorded if _FORWARDING.match(path))]
    return list(dict.fromkeys(keys))


def with_kept(
    settings: Settings, recorded: Mapping[str, str | None], ours: Mapping[str, str], live: Mapping[str, str | None]
) -> Settings:
    """Return the settings with those of earlier runs, which stay until a run that purges.

    `ours` are the values of the module's own file. The file may be gone or edited: a key that it lacks keeps its `live` value.
    """
    along = {key for path in recorded for key in COMPANIONS.get(path, ())}
    kept: dict[str, str] = {}
    for path in recorded:
        value, now = ours.get(path), live.get(path)
        if path in settings.sysctls or now is None or (value is None and (path in along or _FORWARDING.match(path))):
            continue
        kept[path] = now if value is None else value
    return replace(settings, sysctls={**kept, **settings.sysctls})


def plan(
    settings: Settings,
    recorded: Mapping[str, str | None],
    live: Mapping[str, str | None],
    keys: Sequence[str] | None = None,
    others: Mapping[str, str | None] = MappingProxyType({}),
    keep: Iterable[str] = (),
) -> Plan:
    """Return what to do, given the former values `recorded` by earlier runs and the `live` ones (None: no such key).

    `keys` are the keys touched. `others` has the former values that other names have recorded. A key that another name
    still sets is not restored, and its former value is the one from before all of them. A key in `keep` is not restored either.

    `live` has the keys recorded and touched. A recorded value is never replaced by the live one. A recorded key that the
    kernel no longer has is dropped.
    """
    keys = touched(settings) if keys is None else keys
    leaving = {path: former for path, former in recorded.items() if path not in keys and former is not None}
    before = {path: live[path] if others.get(path) is None else others[path] for path in keys}
    record = {path: before[path] if recorded.get(path) is None else recorded[path] for path in keys}
    staying = {*others, *keep}
    restorable = {path: former for path, former in leaving.items() if live[path] is not None and path not in staying}
    return Plan(
        restore={path: former for path, former in restorable.items() if live[path] != former},
        write={path: value for path, value in settings.sysctls.items() if live[path] != value},
        settled={**restorable, **settings.sysctls},
        record=record,
        at_risk={**leaving, **record},
    )


def file_texts(settings: Settings, record: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the text of each of the three files; None means that the file is not wanted."""
    modules = "".join(module + "\n" for module in settings.modules)
    sysctls = "".join(f"{dotted_key(path)} = {value}\n" for path, value in settings.sysctls.items())
    return {
        settings.modules_file: HEADER + modules if modules else None,
        settings.sysctl_file: HEADER + sysctls if sysctls else None,
        settings.record_file: record_text(record),
    }


def record_text(record: Mapping[str, str | None]) -> str | None:
    """Return the record of former values as it is on disk, None if there is nothing to record."""
    return json.dumps({"sysctls": record}, indent=2) + "\n" if record else None


def record_from(text: str | None) -> dict[str, str | None]:
    """Return the former values in `text`. Raises ValueError if it is no record."""
    if not text:
        return {}
    data = json.loads(text)
    if not isinstance(data, dict) or not isinstance(data.get("sysctls"), dict):
        raise ValueError("no record of former values")
    former: dict[str, str | None] = data["sysctls"]
    for path, value in former.items():
        if value is not None and not isinstance(value, str):
            raise ValueError(f"the value of {dotted_key(path)} is {value!r}, not a text")
    return former


def overridden(settings: Settings, at_boot: Mapping[str, tuple[str, str] | None]) -> list[dict[str, str]]:
    """Return the keys that the next boot will set to something else, because of a file read after ours."""
    return [
        {"key": dotted_key(path), "value": found[0], "file": found[1]}
        for path, value in settings.sysctls.items()
        for found in [at_boot[path]]
        if found and found[0] != value
    ]


def difference(settings: Settings, doing: Plan, found: Found, after: Mapping[str, str | None]) -> list[dict[str, str]]:
    """Return Ansible's diff: modules and live values first, then each file that changes."""
    wanted = {**doing.restore, **settings.sysctls}
    live = {path: found.live[path] for path in wanted}
    running = _entry("running kernel", _running(settings, live, found.missing), _running(settings, wanted, ()))
    files = [_entry(path, found.files[path] or "", text or "") for path, text in after.items()]
    return [entry for entry in [running, *files] if entry["before"] != entry["after"]]


def _entry(header: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def _running(settings: Settings, values: Mapping[str, str | None], missing: Sequence[str]) -> str:
    modules = {f"module {name}": "not loaded" if name in missing else "loaded" for name in settings.modules}
    sysctls = {dotted_key(path): "(no such key)" if value is None else value for path, value in values.items()}
    return "".join(f"{name} = {value}\n" for name, value in {**modules, **sysctls}.items())
