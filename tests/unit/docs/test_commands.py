# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command in the documentation is one that exists: playbooks, variables, targets of make, programs of ours and their options."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from functools import cache
from pathlib import Path
from typing import Iterator

import pytest
import yaml

from .blocks import PAGES, ROOT, RST, Block, blocks, literals

PROMPT = re.compile(r"^(?:[a-z]\w*)?[$#] (.+)$", re.MULTILINE)
# Where the options of our programs are read. Those of lvs-drain and lvs-undrain are the same.
OURS = {
    "lvs-drain": "plugins/module_utils/drains/program.py",
    "lvs-undrain": "plugins/module_utils/drains/program.py",
    "lvs-heal": "plugins/module_utils/heal",
    "lvs-metrics": "plugins/module_utils/metrics",
    "lvs-status": "plugins/module_utils/status",
    "lvs-sync": "roles/director/files/sync",
    "lvs-vip": "roles/_host/files",
}
# Programs that are not ours, and so cannot be proven here. Each is in a package of Debian, named where it is not its own.
SYSTEM = {
    *("apt-get", "apt-mark", "arping", "awk", "cat", "cd", "curl", "date", "echo", "export", "grep", "install"),
    *(
        "ip",
        "ipvsadm",
        "iptables",
        "journalctl",
        "keepalived",
        "ls",
        "ping",
        "pgrep",
        "printf",
        "scp",
        "snmpwalk",
        "sort",
    ),
    *("ss", "ssh", "stat", "sysctl", "systemctl", "tcpdump", "uname", "umask", "uniq", "wc", "chrt", "for", "."),
    *("ansible-vault", "antsibull-changelog", "pytest"),
}
# Programs of which more is known than their name.
CHECKED = {"ansible", "ansible-doc", "ansible-galaxy", "ansible-playbook", "make", "python", "python3", "pip", *OURS}
# What these show or do needs root, so they are not typed at the prompt of a user.
FOR_ROOT = {"apt-mark", "ipvsadm", "journalctl", "keepalived", "tcpdump", *OURS}
# A line of /etc/cron.d: when, as whom, and what.
CRON = re.compile(r"^(?:[\d*/,-]+ +){5}([a-z]+) +(.+)$", re.MULTILINE)
# Those of the shell, beside its punctuation.
SEPARATORS = {"do", "done"}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def commands(block: Block) -> list[str]:
    """The lines that a reader types. Those of Markdown have no prompt, those of reStructuredText have output between them."""
    if block.page.isupper():
        return block.text.splitlines()
    return PROMPT.findall(block.text)


def words(line: str) -> list[list[str]]:
    """The words of each program that a line starts, without variables before it and redirections."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="();|&")
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= set("();|&") or (word in SEPARATORS and not found[-1]):
            found.append([])
        elif found[-1] or not re.match(r"\w+=", word):
            found[-1].append(word)
    return [one for one in found if one]


def every_line() -> Iterator[tuple[str, str]]:
    for block in blocks("console"):
        for line in commands(block):
            yield block.id, line


BLOCKS = [pytest.param(block, id=block.id) for block in blocks("console")]


def test_every_block_has_a_command():
    assert [block.id for block in blocks("console") if not commands(block)] == []


@pytest.mark.parametrize("block", BLOCKS)
def test_a_shell_can_read_it(block):
    subprocess.run(["bash", "-n"], input="\n".join(commands(block)), text=True, check=True)


def check_line(line: str) -> None:
    for program, *arguments in words(line):
        name = Path(program).name or program
        assert name in SYSTEM | CHECKED, f"{line}: add {name} to SYSTEM, or check it"
        check = globals().get(f"check_{name.replace('-', '_')}")
        if check:
            check(arguments)
        elif name in OURS:
            check_ours(name, arguments)


@pytest.mark.parametrize("block", BLOCKS)
def test_each_program_of_a_line_is_known(block):
    for line in commands(block):
        check_line(line)


@pytest.mark.parametrize("block", BLOCKS)
def test_what_needs_root_is_typed_as_root(block):
    for line in re.findall(r"^(?:[a-z]\w*)?\$ (.+)$", block.text, re.MULTILINE):
        assert [program for program, *_arguments in words(line) if Path(program).name in FOR_ROOT] == [], line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_in_the_prose_exist_too(page):
    for text in literals(page):
        if text.startswith("-e "):
            check_extra_variables(shlex.split(text))
        elif text.partition(" ")[0] in CHECKED and " " in text:
            check_line(text)


def test_cron_finds_its_programs():
    """It looks for them in /usr/bin and /bin alone."""
    lines = [match for block in blocks("text") for match in CRON.findall(block.text)]
    assert lines
    for _user, command in lines:
        check_line(command)
        # cron gives the line to a shell.
        assert Path(shlex.split(command)[0]).expanduser().is_absolute(), command


@cache
def sources(path: Path) -> str:
    files = (
        [path]
        if path.is_file()
        else sorted(file for file in path.rglob("*") if file.is_file() and file.suffix != ".pyc")
    )
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def check_ours(name: str, arguments: list[str]) -> None:
    text = sources(ROOT / OURS[name])
    for word in arguments:
        if word.startswith("-"):
            assert f'"{word}"' in text or f"'{word}'" in text or f"{word}" in re.findall(r"--?[\w-]+", text), (
                f"{name} has no {word}"
            )


def check_make(arguments: list[str]) -> None:
    targets = [word for word in arguments if "=" not in word]
    for target in targets:
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), f"make has no target {target}"
    for variable in {word.partition("=")[0] for word in arguments} - {*targets}:
        assert re.search(rf"^{variable} \?=|\$\({variable}\)", MAKEFILE, re.MULTILINE), (
            f"make has no variable {variable}"
        )


@cache
def variables() -> set[str]:
    """What can be set with -e: variables of the roles, and those that the playbooks name."""
    specs = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in ROOT.glob("roles/*/meta/argument_specs.yml")]
    of_roles = {name for spec in specs for name in spec["argument_specs"]["main"].get("options", {})}
    return of_roles | set(re.findall(r"\b[a-z]\w+\b", sources(ROOT / "playbooks")))


def check_extra_variables(arguments: list[str]) -> None:
    for option, value in zip(arguments, arguments[1:]):
        if option == "-e":
            names = json.loads(value) if value.startswith("{") else [value.partition("=")[0]]
            assert {*names} <= variables(), f"no playbook knows {value}"


def check_ansible_playbook(arguments: list[str]) -> None:
    playbooks = [word for word in arguments if word.startswith("lvs.cluster.") or word.endswith(".yml")]
    for word in playbooks:
        name = word.removeprefix("lvs.cluster.")
        path = ROOT / (f"playbooks/{name}.yml" if name != word else word)
        assert path.is_file() or arguments[arguments.index(word) - 1] == "-i", f"there is no playbook {word}"
    check_extra_variables(arguments)
    known = {"-i", "-e", "--check", "--diff", "--limit", "--tags", "--skip-tags", "--ask-become-pass", "--syntax-check"}
    assert {word for word in arguments if word.startswith("-")} <= known


def check_ansible(arguments: list[str]) -> None:
    assert arguments[0] == "-i"
    if "-m" in arguments:
        module = arguments[arguments.index("-m") + 1]
        assert (
            module.startswith("ansible.builtin.")
            or (ROOT / f"plugins/modules/{module.rpartition('.')[2]}.py").is_file()
        )


def check_ansible_doc(arguments: list[str]) -> None:
    name = arguments[-1].removeprefix("lvs.cluster.")
    assert (
        arguments == ["-l", "lvs.cluster"]
        or (ROOT / f"roles/{name}").is_dir()
        or (ROOT / f"plugins/modules/{name}.py").is_file()
    )


def check_ansible_galaxy(arguments: list[str]) -> None:
    assert arguments[0] == "collection"
    assert arguments[1] in ("build", "install", "list", "publish")
    if arguments[1] == "install":
        # Elsewhere a clone's own ansible.cfg, or another one, says where it goes.
        assert arguments[arguments.index("-p") + 1] == "~/.ansible/collections"
        assert arguments[-1] in ("lvs.cluster", ".", "git+https://github.com/lvs-cluster/lvs.cluster.git")


def check_pip(arguments: list[str]) -> None:
    assert arguments[0] == "install"


def check_python(arguments: list[str]) -> None:
    if arguments[0] == "-m":
        assert arguments[1] == "venv"
        return
    path = ROOT / arguments[0]
    assert path.exists(), f"there is no {arguments[0]}"
    text = sources(path)
    for word in arguments[1:]:
        if word.startswith("--") or (path.is_dir() and word == arguments[1] != "..."):
            assert f'"{word}"' in text, f"{arguments[0]} has no {word}"


check_python3 = check_python


def test_every_program_is_used_somewhere():
    used = {Path(program).name or program for _block, line in every_line() for program, *_arguments in words(line)}
    assert sorted(SYSTEM - used) == []


def test_the_commands_of_the_readme_are_those_of_the_quick_start():
    """A newcomer has at most ten, in the same words on both pages."""
    readme = [line for block in blocks("console") if block.page == "README" for line in commands(block)]
    start = [line for block in blocks("console") if block.page == "quick_start" for line in commands(block)]
    stripped = [re.sub(r" +#.*", "", line) for line in readme if "make" not in line and "curl" not in line]
    assert [line for line in stripped if line not in start] == []
    assert len(stripped) < 10


def test_the_quick_start_says_the_number_of_its_commands():
    page = (RST / "quick_start.rst").read_text(encoding="utf-8")
    own = [line for block in blocks("console") if block.page == "quick_start" for line in commands(block)]
    without_choice = [line for line in own if "--force" not in line and "git+" not in line]
    assert "in nine commands" in page
    assert len(without_choice) == 9
