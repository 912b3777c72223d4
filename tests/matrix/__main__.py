# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run checks with other versions of ansible-core: python tests/matrix quick|full|venv [VERSION...]

Each version has a virtual environment in the cache folder, with one of the Pythons that it runs with. `quick` is what CI can afford:
the syntax of all playbooks with every version, and a site.yml without hosts with the oldest, the last before 2.19 and the newest, which
must do the same. `full` adds all unit tests, more inventories and playbooks, and sanity with the oldest and the newest version. `venv`
only makes the environments, and prints their folders.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterable, Iterator

import cases
from pythons import find_python
from records import differences, world_after

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("LVS_LAB_CACHE") or Path.home() / ".cache/lvs-cluster") / "matrix"
OUT = ROOT / "build/matrix"
# The versions, and the Pythons that each runs with where Ansible runs, the preferred one first: together they use all from 3.10 on.
VERSIONS = {
    "2.16": ("3.10", "3.11", "3.12"),
    "2.17": ("3.12", "3.11", "3.10"),
    "2.18": ("3.11", "3.12", "3.13"),
    "2.19": ("3.11", "3.12", "3.13"),
    "2.20": ("3.12", "3.13", "3.14"),
    "2.21": ("3.13", "3.14", "3.12"),
}
OLDEST, NEWEST = min(VERSIONS, key=lambda text: int(text[2:])), max(VERSIONS, key=lambda text: int(text[2:]))
# 2.19 renders templates in another way.
QUICK = (OLDEST, "2.18", NEWEST)
# What is played without hosts, and in which inventories: those of the tests of `resolve`, and those of this folder.
QUICK_PLAYS = (("everything", ("site",)),)
FULL_PLAYS = (
    ("everything", ("site", "verify", "status", "failover", "drain", "undrain", "teardown")),
    ("static", ("site", "verify", "teardown")),
    ("ldirectord", ("site", "verify", "failover", "teardown")),
    ("localnode", ("site", "teardown")),
    ("raw", ("site",)),
    ("strings", ("site",)),
    ("sync_groups", ("site",)),
)
OPTIONS = {
    "failover": ["-e", "to=lvs2", "-e", "director_move_force=true"],
    "drain": ["-e", "real_server=web1", "-e", "force=true"],
    "undrain": ["-e", "real_server=web1"],
}
PACKAGES = ("pytest>=8,<10", "pytest-mock>=3.14,<4", "pytest-testinfra>=10.2,<11", "hypothesis>=6.100,<7", "mock>=5,<6")


def run(command: Iterable[object], log: Path, **variables: str) -> bool:
    """Run a command with its output in a file; whether it succeeded."""
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", **variables}
    with log.open("w", encoding="utf-8") as file:
        done = subprocess.run(
            [str(word) for word in command], cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT, check=False
        )
    return done.returncode == 0


def venv(version: str) -> Path:
    """The virtual environment of a version, made if it is not there."""
    if version == "2.19":
        return ROOT / ".venv"
    folder = CACHE / version
    wanted = " ".join((f"ansible-core=={version}.*", "jinja2>=3.1,<4", *PACKAGES))
    stamp = folder / "made-of"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        python = find_python(VERSIONS[version], CACHE)
        subprocess.run([python, "-m", "venv", "--clear", "--without-pip", folder], check=True)
        # One pip for all: those that come with a Python, or with Debian 12, do not know every other.
        subprocess.run([*pip(ROOT / ".venv"), "download", "--no-deps", f"--dest={CACHE}/pip", "pip>=25,<27"], check=True)
        (wheel,) = sorted((CACHE / "pip").glob("pip-*.whl"))[-1:]
        subprocess.run([*pip(folder, wheel), "install", *wanted.split(" ")], check=True)
        stamp.write_text(wanted, encoding="utf-8")
    return folder


def pip(folder: Path, wheel: Path | None = None) -> list[str]:
    """The command pip of a virtual environment, its own or that of a wheel."""
    command = [str(folder / "bin/python"), *([f"{wheel}/pip"] if wheel else ["-m", "pip"])]
    return [*command, "--disable-pip-version-check", "--quiet"]


def path_of(version: str) -> str:
    return f"{venv(version)}/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def check_syntax(version: str) -> bool:
    playbooks = sorted((ROOT / "playbooks").glob("*.yml"))
    command = [venv(version) / "bin/ansible-playbook", "-i", "inventories/lab", "--syntax-check", *playbooks]
    log = OUT / f"syntax-{version}.log"
    # A warning here says that the collection does not support this version.
    return told(
        f"syntax of {len(playbooks)} playbooks, ansible-core {version}",
        run(command, log, PATH=path_of(version)) and "does not support Ansible version" not in log.read_text("utf-8"),
        log,
    )


def play(version: str, case: str, playbook: str, world: dict[str, Any], number: int = 1) -> Path:
    """Run a playbook without hosts; the file with what the hosts were given."""
    name = f"{case}-{playbook}-{number}-{version}"
    record = OUT / f"{name}.jsonl"
    record.unlink(missing_ok=True)
    inventory, told_world = OUT / f"{name}-hosts.yml", OUT / f"{name}-world.json"
    inventory.write_text(cases.inventory(case), encoding="utf-8")
    told_world.write_text(json.dumps(world), encoding="utf-8")
    run(
        [venv(version) / "bin/python", "tests/matrix/without_hosts.py", record, "-i", inventory,
         "-e", "ansible_connection=local", f"playbooks/{playbook}.yml", *OPTIONS.get(playbook, ())],
        OUT / f"{name}.log",
        PATH=path_of(version),
        PLAYED_WORLD=str(told_world),
        ANSIBLE_RETRY_FILES_ENABLED="False",
    )  # fmt: skip
    return record


def check_plays(versions: Iterable[str], plays: Iterable[tuple[str, tuple[str, ...]]]) -> bool:
    """Whether all versions do the same to hosts: on bare ones and, with site.yml, on those that have been deployed."""
    passed = True
    for case, playbooks in plays:
        world = cases.world(case)
        for playbook in playbooks:
            records = {version: play(version, case, playbook, world) for version in versions}
            passed &= same(f"{playbook}.yml, {case}", records)
            if playbook == "site":
                after = {**world, **world_after(next(iter(records.values())))}
                again = {version: play(version, case, playbook, after, 2) for version in versions}
                passed &= same(f"site.yml again, {case}", again)
    return passed


def same(what: str, records: dict[str, Path]) -> bool:
    first, *others = records
    passed = records[first].exists() and records[first].stat().st_size > 0
    for other in others:
        lines = differences(records[first], records[other])
        log = OUT / f"{records[other].stem}.diff"
        log.write_text("\n".join(lines), encoding="utf-8")
        passed &= not lines
        if lines:
            print("\n".join(line[:300] for line in lines[:20]))
    return told(f"{what}: the same with {' and '.join(records)}", passed, OUT)


def check_unit(version: str) -> bool:
    log = OUT / f"unit-{version}.log"
    command = [venv(version) / "bin/python", "-m", "pytest", "tests/unit", "-q", "-p", "no:cacheprovider"]
    return told(f"unit tests, ansible-core {version}", run(command, log, PATH=path_of(version)), log)


def check_sanity(version: str) -> bool:
    log = OUT / f"sanity-{version}.log"
    return told(f"sanity, ansible-core {version}", run(["tests/sanity/run"], log, PATH=path_of(version)), log)


def told(what: str, passed: bool, log: Path) -> bool:
    print(f"{what}: {'passed' if passed else f'FAILED, see {log.relative_to(ROOT)}'}", flush=True)
    return passed


def checks(how: str, versions: list[str]) -> Iterator[bool]:
    if how == "venv":
        for version in versions:
            print(venv(version))
        return
    for version in versions:
        yield check_syntax(version)
    if how == "quick":
        yield check_plays([version for version in versions if version in QUICK], QUICK_PLAYS)
        return
    yield check_plays(versions, FULL_PLAYS)
    for version in versions:
        yield check_unit(version)
    for version in versions:
        if version in (OLDEST, NEWEST):
            yield check_sanity(version)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("how", choices=["quick", "full", "venv"])
    arguments.add_argument("versions", nargs="*", metavar="VERSION")
    given = arguments.parse_args()
    unknown = set(given.versions) - set(VERSIONS)
    if unknown:
        arguments.error(f"unknown versions: {', '.join(sorted(unknown))}; there are {', '.join(VERSIONS)}")
    OUT.mkdir(parents=True, exist_ok=True)
    sys.exit(0 if all(list(checks(given.how, given.versions or list(VERSIONS)))) else 1)


if __name__ == "__main__":
    main()
