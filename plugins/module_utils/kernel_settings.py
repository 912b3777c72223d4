# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Apply the plan of kernel_settings: load modules, write live values and files, in an order that loses no former value."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from typing import Any, Iterable, Mapping

from ansible_collections.lvs.cluster.plugins.module_utils import kernel_modules, sysctl_files
from ansible_collections.lvs.cluster.plugins.module_utils.conf_files import conf_files, ufw_files, with_file
from ansible_collections.lvs.cluster.plugins.module_utils.kernel_settings_plan import (
    FORWARD,
    STATE_DIR,
    Found,
    Plan,
    Settings,
    difference,
    file_texts,
    overridden,
    plan,
    record_from,
    record_text,
    sysctl_file,
    touched,
    with_kept,
)
from ansible_collections.lvs.cluster.plugins.module_utils.sysctl_files import dotted_key
from ansible_collections.lvs.cluster.plugins.module_utils.tools import Failure, Runner, ToolFailed
from ansible_collections.lvs.cluster.plugins.module_utils.tools import run as run_tool


class SettingsError(Failure):
    """Why the settings cannot be applied, in one sentence for the user."""


def run(
    module: Any, runner: Runner, settings: Settings, purge: bool = True, keep: Iterable[str] = ()
) -> dict[str, Any]:
    """Apply `settings` to the host, or in check mode find out what that would change.

    Without `purge` the parameters of earlier runs stay. Those in `keep` are not restored. Return the module's result. Raises
    SettingsError, and ToolFailed for modprobe.
    """
    files = {path: _read(path) for path in file_texts(settings, {})}
    recorded = _recorded(settings.record_file, files[settings.record_file])
    ours = _values_of(settings.sysctl_file, files[settings.sysctl_file], recorded)
    everything = with_kept(settings, recorded, ours, {path: _live(path) for path in recorded})
    leaving = [path for path in everything.sysctls if path not in settings.sysctls]
    if not purge:
        settings = everything
    others = _others(settings)
    loaded = kernel_modules.loaded_modules(settings.modules)
    missing = [name for name in settings.modules if name not in loaded]
    _load(runner, missing, module.check_mode)
    keys = touched(settings, recorded, _forwarding() if FORWARD in settings.sysctls else ())
    found = Found(missing, {path: _live(path) for path in [*recorded, *keys]}, files)
    # In check mode the modules that have the keys may not be loaded yet.
    if not (module.check_mode and missing):
        _require(settings, found.live)
    doing = plan(settings, recorded, found.live, keys, others, [sysctl_files.key_path(key) for key in keep])
    after = file_texts(settings, doing.record)
    if not module.check_mode:
        _write_all(module, settings, doing, found, after)
    return {**_result(settings, doing, found, after), "leaving": [dotted_key(path) for path in leaving]}


def _result(settings: Settings, doing: Plan, found: Found, after: Mapping[str, str | None]) -> dict[str, Any]:
    changed_files = [path for path in after if after[path] != found.files[path]]
    boot_files = with_file(conf_files("sysctl.d"), settings.sysctl_file, after[settings.sysctl_file] or "")
    return {
        "changed": bool(found.missing or doing.restore or doing.write or changed_files),
        "modules_loaded": list(found.missing),
        "sysctls_set": _changes(doing.write, found.live),
        "sysctls_restored": _changes(doing.restore, found.live),
        "files_changed": changed_files,
        "overridden": overridden(settings, sysctl_files.boot_values(boot_files, settings.sysctls, ufw_files())),
        "diff": difference(settings, doing, found, after),
    }


def _changes(values: Mapping[str, str], live: Mapping[str, str | None]) -> dict[str, dict[str, str | None]]:
    return {dotted_key(path): {"before": live[path], "after": value} for path, value in values.items()}


def _recorded(path: str, text: str | None) -> dict[str, str | None]:
    try:
        return record_from(text)
    except ValueError as error:
        raise SettingsError(
            f"{path} does not hold the former values of kernel parameters ({error}): restore it from a backup, or "
            "delete it to take the present values for the former ones."
        ) from error


def _values_of(path: str, text: str | None, keys: Iterable[str]) -> dict[str, str]:
    """The values that one file sets at boot."""
    found = sysctl_files.boot_values([(path, text or "")], keys)
    return {key: value[0] for key, value in found.items() if value}


def _others(settings: Settings) -> dict[str, str | None]:
    """The former values that other names have recorded. Raises SettingsError if one of these names wants another value."""
    others: dict[str, str | None] = {}
    for name in _recorded_names():
        if name == settings.name:
            continue
        try:
            former = record_from(_read(f"{STATE_DIR}/{name}.json"))
        except ValueError:
            continue  # The file is another program's, or the run of its own name will report it.
        path = sysctl_file(name)
        for key, value in _values_of(path, _read(path), former).items():
            wanted = settings.sysctls.get(key, value)
            if wanted != value:
                raise SettingsError(
                    f"{dotted_key(key)} is {wanted} here, and {path} has it {value} for {name}: give both one value."
                )
        others.update(former)
    return others


def _recorded_names() -> list[str]:
    """The names whose former values are recorded on this host."""
    try:
        return sorted(name[: -len(".json")] for name in os.listdir(STATE_DIR) if name.endswith(".json"))
    except OSError:
        return []


def _forwarding() -> list[str]:
    """The interfaces on which forwarding is on by their own key, while ip_forward is off."""
    if _live(FORWARD) != "0":
        return []
    folder = "net/ipv4/conf"
    try:
        names = sorted(os.listdir(f"{sysctl_files.PROC_SYS}/{folder}"))
    except OSError:
        return []
    paths = [f"{folder}/{name}/forwarding" for name in names if name not in ("all", "default")]
    return [path for path in paths if _live(path) == "1"]


def _load(runner: Runner, missing: list[str], check_mode: bool) -> None:
    """Load the modules; in check mode only ask modprobe whether it can."""
    modprobe = runner.find("modprobe") if missing else None
    if modprobe is None:
        if check_mode or not missing:
            return
        raise SettingsError(
            f"The kernel module {missing[0]} is not loaded, and there is no modprobe: install the package kmod; in a "
            "container load the module on the container's host."
        )
    for name in missing:
        argv = [modprobe, *(["--dry-run"] if check_mode else []), "--", name]
        result = run_tool(runner, argv)
        if result.rc:
            raise ToolFailed(kernel_modules.why_not_loadable(name, result.err or result.out), argv, result)
        if not check_mode and not kernel_modules.loaded_modules([name]):
            raise SettingsError(
                f"modprobe {name} succeeded, but there is no module of that name now: a file of /etc/modprobe.d "
                "suppresses it, or it is an alias (give the module's own name)."
            )


def _live(path: str) -> str | None:
    try:
        return sysctl_files.read_live(path)
    except OSError as error:
        raise SettingsError(f"The kernel parameter {dotted_key(path)} can't be read: {error.strerror}.") from error


def _require(settings: Settings, live: Mapping[str, str | None]) -> None:
    gone = ", ".join(dotted_key(path) for path in settings.sysctls if live[path] is None)
    if gone:
        raise SettingsError(
            f"The running kernel has no parameter {gone}: correct the name, or add the kernel module that brings it in "
            "to 'modules'."
        )


def _write_all(module: Any, settings: Settings, doing: Plan, found: Found, after: Mapping[str, str | None]) -> None:
    at_risk = record_text(doing.at_risk)
    on_disk = {**found.files, settings.record_file: at_risk}
    if at_risk != found.files[settings.record_file]:
        _write(module, settings.record_file, at_risk)
    # Twice, because setting a key can change another key that was right before.
    for path, value in [*doing.settled.items(), *doing.settled.items()]:
        if _live(path) != value:
            _set(path, value)
    for path, text in after.items():
        if text != on_disk[path]:
            _write(module, path, text)


def _set(path: str, value: str) -> None:
    key = dotted_key(path)
    try:
        sysctl_files.write_live(path, value)
    except OSError as error:
        denied = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
        hint = " It takes root, and in a container a writable /proc/sys." if denied else ""
        raise SettingsError(f"The kernel parameter {key} can't be set to {value}: {error.strerror}.{hint}") from error
    now = _live(path)
    if now != value:
        raise SettingsError(
            f"The kernel parameter {key} was set to {value}, but reads {now}: write its value as the kernel shows it."
        )


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def _write(module: Any, path: str, text: str | None) -> None:
    """Replace the file's text atomically, or remove the file, and our directory if it is empty then."""
    try:
        _write_file(module, path, text)
    except OSError as error:
        hint = " It takes root: use become." if isinstance(error, PermissionError) else ""
        raise SettingsError(f"{path} can't be written: {error.strerror}.{hint}") from error


def _write_file(module: Any, path: str, text: str | None) -> None:
    directory = os.path.dirname(path)
    if text is None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        if directory == STATE_DIR and not os.listdir(directory):
            os.rmdir(directory)
        return
    os.makedirs(directory, mode=0o755, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=module.tmpdir)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.chmod(draft, 0o644)
    module.atomic_move(draft, path)
    os.chmod(path, 0o644)
