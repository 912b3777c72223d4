# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run checks with other versions of ansible-core: python tests/matrix quick|full|bin [VERSION...]

Each version has a virtual environment in the cache folder, with one of the Pythons that it runs with. `quick` is what CI can afford: the
syntax of all playbooks with every version; scenarios are deployed by the oldest and by the newest. `full` adds all unit tests, playbooks
without hosts, with which all versions must do the same, and sanity with the oldest and the newest version; and with every Python that is
here the syntax of what runs with it, with the oldest one of hosts its unit tests. `bin` prints a folder with the commands of Ansible of
a version.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterable, Iterator

import cases
from pythons import candidates, find_python
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
PINNED = "2.19"  # requirements.txt
OLDEST, NEWEST = min(VERSIONS, key=lambda text: int(text[2:])), max(VERSIONS, key=lambda text: int(text[2:]))
# What is played without hosts, and in which inventories: those of the tests of `resolve`, and those of this folder. site.yml comes first:
# the others are played on hosts that have been deployed.
PLAYS = (
    ("everything", ("site", "verify", "status", "failover", "drain", "undrain", "rolling_update", "teardown")),
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
    "rolling_update": ["-e", "rolling_update_force=true", "-e", '{"rolling_update_hosts": ["web1"]}'],
}
# What a playbook says that does not succeed, since hosts that are made up do not become what it waits for. Any other error is one of the
# playbook, or of what without_hosts.py makes up.
FAILS = {
    "verify": "faults:",
    "rolling_update": "faults:",
    # With heartbeat it waits until the VIPs have come.
    "failover": 'does not hold all VIPs alone|attempts"?: 60',
}
# What the directors know when undrain.yml begins.
DRAINED = {
    "drained": {
        "version": 1,
        "drains": [
            {
                "real_server": "web1",
                "addresses": ["172.28.0.21"],
                "service": None,
                "reason": "a new disk",
                "by": "root@controller",
                "since": "2026-01-02T03:04:05Z",
                "changed": "2026-01-02T03:04:05.000000Z",
                "weight": None,
            }
        ],
        "undrained": [],
    }
}
NEWER = ("3.10", "3.11", "3.12", "3.13", "3.14")
PYTHONS = ("3.8", "3.9", *NEWER)
COMPILE = "import sys; [compile(open(name, encoding='utf-8').read(), name, 'exec') for name in sys.argv[1:]]"
PACKAGES = ("pytest>=8,<10", "pytest-mock>=3.14,<4", "pytest-testinfra>=10.2,<11", "hypothesis>=6.100,<7", "mock>=5,<6")


def run(command: Iterable[object], log: Path, **variables: str) -> bool:
    """Run a command with its output in a file; whether it succeeded."""
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", **variables}
    with log.open("w", encoding="utf-8") as file:
        done = subprocess.run(
            [str(word) for word in command],
            cwd=ROOT,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return done.returncode == 0


def venv(version: str, tests: bool = False) -> Path:
    """The virtual environment of a version, made if it is not there; with what the unit tests need if `tests`."""
    if version == PINNED:
        return ROOT / ".venv"
    folder = CACHE / version
    if not (folder / "bin/ansible-playbook").exists():
        python = find_python(VERSIONS[version], CACHE)
        subprocess.run([python, "-m", "venv", "--clear", "--without-pip", folder], check=True)
        install(folder, f"ansible-core=={version}.*", "jinja2>=3.1,<4")
    if tests and not (folder / "bin/pytest").exists():
        install(folder, *PACKAGES)
    return folder


def install(folder: Path, *packages: str) -> None:
    """Install packages by one pip for all environments: the one of Debian 12 does not know Python 3.13."""
    wheels = CACHE / "pip"
    quiet = ("--disable-pip-version-check", "--quiet")
    if not list(wheels.glob("pip-*.whl")):
        download = [ROOT / ".venv/bin/pip", *quiet, "download", "--no-deps", f"--dest={wheels}", "pip>=25,<27"]
        subprocess.run(download, check=True)
    wheel = max(wheels.glob("pip-*.whl"))
    subprocess.run([folder / "bin/python", f"{wheel}/pip", *quiet, "install", *packages], check=True)


def bin_folder(version: str) -> Path:
    """A folder with the commands of Ansible of a version, and no others, for the beginning of PATH."""
    folder = OUT / f"bin-{version}"
    folder.mkdir(parents=True, exist_ok=True)
    for command in (venv(version) / "bin").glob("ansible*"):
        link = folder / command.name
        link.unlink(missing_ok=True)
        link.symlink_to(command)
    return folder


def path_of(version: str) -> str:
    return f"{venv(version)}/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def check_syntax(version: str) -> bool:
    playbooks = sorted((ROOT / "playbooks").glob("*.yml"))
    command = [venv(version) / "bin/ansible-playbook", "-i", "inventories/lab", "--syntax-check", *playbooks]
    log = OUT / f"syntax-{version}.log"
    # A warning here says that the collection does not support this version.
    return told(
        f"syntax of {len(playbooks)} playbooks, ansible-core {version}",
        run(command, log, PATH=path_of(version))
        and "does not support Ansible version" not in log.read_text(encoding="utf-8"),
        log,
    )


def play(version: str, case: str, playbook: str, world: dict[str, Any], number: int = 1) -> Path | None:
    """Run a playbook without hosts; the file with what the hosts were given, None if the run did not end as it should."""
    name = f"{case}-{playbook}-{number}-{version}"
    record = OUT / f"{name}.jsonl"
    record.unlink(missing_ok=True)
    inventory, told_world = OUT / f"{name}-hosts.yml", OUT / f"{name}-world.json"
    inventory.write_text(cases.inventory(case), encoding="utf-8")
    told_world.write_text(json.dumps(world), encoding="utf-8")
    log = OUT / f"{name}.log"
    succeeded = run(
        [venv(version) / "bin/python", "tests/matrix/without_hosts.py", record, "-i", inventory,
         "-e", "ansible_connection=local", f"playbooks/{playbook}.yml", *OPTIONS.get(playbook, ())],
        log,
        PATH=path_of(version),
        PLAYED_WORLD=str(told_world),
        ANSIBLE_RETRY_FILES_ENABLED="False",
    )  # fmt: skip
    if ended(playbook, succeeded, log.read_text(encoding="utf-8")):
        return record
    print(f"{playbook}.yml, {case}, ansible-core {version}: it has not come to its end, see {log.relative_to(ROOT)}")
    return None


def ended(playbook: str, succeeded: bool, said: str) -> bool:
    """Whether a run has come to its end. Runs that stop at the same error before it are the same, and prove nothing."""
    return succeeded or bool(playbook in FAILS and re.search(FAILS[playbook], " ".join(said.split())))


def check_plays(versions: Iterable[str], plays: Iterable[tuple[str, tuple[str, ...]]]) -> bool:
    """Whether all versions do the same to hosts: site.yml on bare ones and again, the other playbooks on those that it has deployed."""
    passed = True
    for case, playbooks in plays:
        world = cases.world(case)
        for playbook in playbooks:
            known = DRAINED if playbook == "undrain" else {}
            records = {version: play(version, case, playbook, with_deployed(world, known)) for version in versions}
            passed &= same(f"{playbook}.yml, {case}", records)
            if playbook == "site" and (first := next(iter(records.values()))):
                world = {**world, **world_after(first)}
                again = {version: play(version, case, playbook, world, 2) for version in versions}
                passed &= same(f"site.yml again, {case}", again)
    return passed


def with_deployed(world: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """The same hosts, on which deployed_facts finds this, too."""
    return {**world, "deployed": {host: {**found, **known} for host, found in world.get("deployed", {}).items()}}


def same(what: str, records: dict[str, Path | None]) -> bool:
    first, *others = records
    passed = all(record and record.exists() and record.stat().st_size > 0 for record in records.values())
    for other in others if passed else ():
        lines = differences(records[first], records[other])
        log = OUT / f"{records[other].stem}.diff"
        log.write_text("\n".join(lines), encoding="utf-8")
        passed &= not lines
        if lines:
            print("\n".join(line[:300] for line in lines[:20]))
    return told(f"{what}: the same with {' and '.join(records)}", passed, OUT)


def check_unit(version: str) -> bool:
    log = OUT / f"unit-{version}.log"
    command = [venv(version, tests=True) / "bin/python", "-m", "pytest", "tests/unit", "-q", "-p", "no:cacheprovider"]
    return told(f"unit tests, ansible-core {version}", run(command, log, PATH=path_of(version)), log)


def check_pythons() -> bool:
    """Whether every Python that is here can read what runs with it. Hosts may have older ones than this machine."""
    passed = True
    for version in PYTHONS:
        files = on_controllers() if version in NEWER else on_hosts()
        python = next((path for path in candidates(version) if path.exists()), None)
        if python is None:
            print(f"Python {version} is not here.")
            continue
        log = OUT / f"python-{version}.log"
        passed &= told(f"{len(files)} files, Python {version}", run([python, "-c", COMPILE, *files], log), log)
    return passed


def check_oldest_host() -> bool:
    """Whether what runs on hosts runs with their oldest Python: the unit tests of module_utils."""
    python = next((path for path in candidates(PYTHONS[0]) if path.exists()), None)
    if python is None:
        print(f"Python {PYTHONS[0]} is not here.")
        return True
    folder = CACHE / f"host-{PYTHONS[0]}"
    if not (folder / "bin/pytest").exists():
        subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
        # The last ansible-core that runs with this Python, for tests that import a module.
        pip = [folder / "bin/pip", "--disable-pip-version-check", "--quiet", "install", "ansible-core==2.13.*"]
        subprocess.run([*pip, "pytest", "pytest-mock", "hypothesis", "mock"], check=True)
    log = OUT / f"host-{PYTHONS[0]}.log"
    command = [folder / "bin/python", "-m", "pytest", "tests/unit/plugins/module_utils", "-q", "-p", "no:cacheprovider"]
    return told(f"unit tests of module_utils, Python {PYTHONS[0]}", run(command, log), log)


def on_hosts() -> list[Path]:
    """The files of Python that run on hosts."""
    folders = (ROOT / "plugins/modules", ROOT / "plugins/module_utils", *(ROOT / "roles").glob("*/files"))
    files = (file for folder in folders for file in folder.rglob("*") if file.suffix in ("", ".py") and file.is_file())
    texts = {file: file.read_text(encoding="utf-8") for file in files}
    return sorted(file for file, text in texts.items() if not text.startswith("#!/bin/sh"))


def on_controllers() -> list[Path]:
    return sorted({*(ROOT / "plugins").rglob("*.py"), *on_hosts()})


def check_sanity(version: str) -> bool:
    log = OUT / f"sanity-{version}.log"
    return told(f"sanity, ansible-core {version}", run(["tests/sanity/run"], log, PATH=path_of(version)), log)


def told(what: str, passed: bool, log: Path) -> bool:
    print(f"{what}: {'passed' if passed else f'FAILED, see {log.relative_to(ROOT)}'}", flush=True)
    return passed


def checks(how: str, versions: list[str]) -> Iterator[bool]:
    if how == "bin":
        for version in versions:
            print(bin_folder(version))
        return
    for version in versions:
        yield check_syntax(version)
    if how == "quick":
        return
    yield check_pythons()
    yield check_oldest_host()
    yield check_plays(versions, PLAYS)
    for version in versions:
        yield check_unit(version)
    for version in versions:
        if version in (OLDEST, NEWEST):
            yield check_sanity(version)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("how", choices=["quick", "full", "bin"])
    arguments.add_argument("versions", nargs="*", metavar="VERSION")
    given = arguments.parse_args()
    unknown = set(given.versions) - set(VERSIONS)
    if unknown:
        arguments.error(f"unknown versions: {', '.join(sorted(unknown))}; there are {', '.join(VERSIONS)}")
    OUT.mkdir(parents=True, exist_ok=True)
    sys.exit(0 if all(list(checks(given.how, given.versions or list(VERSIONS)))) else 1)


if __name__ == "__main__":
    main()
