# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the unit tests: make one small mistake at a time in the code, and see whether a test fails.

Usage: mutate.py [--seed N] [--count N] [FILE...]. A mistake (a mutant) that no test notices is a survivor, printed as
file:line with the change. The seed chooses the mutants, spread evenly over the code, so a result can be repeated.
Everything happens in a temporary copy: however this ends, the checkout is as it was. The exit status is 1 if fewer than
95 of 100 mutants died.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
UNIT = Path("tests/unit")
# The files that are mutated, and the tests that cover them: those come first that fail soonest.
COVERING = {
    "plugins/plugin_utils/cluster/**/*.py": (
        "plugins/plugin_utils/cluster/test_cluster.py",
        "plugins/plugin_utils/verify/test_*.py",
        "roles/test_[ckt]*.py",
        "roles/test_ldirectord_conf.py",
        "plugins/filter/test_*.py",
        "plugins/plugin_utils/**/test_*.py",
    ),
    "plugins/plugin_utils/adopt/**/*.py": ("plugins/plugin_utils/adopt/**/test_*.py",),
    "plugins/plugin_utils/preflight/*.py": ("plugins/plugin_utils/preflight/test_*.py",),
    "plugins/plugin_utils/verify/*.py": ("plugins/plugin_utils/verify/test_*.py",),
    "plugins/plugin_utils/doctor/*.py": ("plugins/plugin_utils/doctor/test_*.py",),
    "plugins/plugin_utils/status/*.py": ("plugins/plugin_utils/status/test_*.py",),
    "plugins/plugin_utils/*.py": ("plugins/plugin_utils/**/test_*.py",),
    "plugins/module_utils/metrics/*.py": ("plugins/m*/metrics/test_*.py",),
    "plugins/module_utils/doctor/*.py": ("plugins/m*/doctor/test_*.py", "plugins/plugin_utils/doctor/test_*.py"),
    "plugins/module_utils/drains/*.py": ("plugins/m*/drains/test_*.py", "roles/test_lvs_drain.py"),
    "plugins/module_utils/heal/*.py": ("plugins/m*/heal/test_*.py", "roles/test_lvs_heal.py"),
    "plugins/module_utils/ipvs/*.py": ("plugins/m*/ipvs/test_[!p]*.py", "plugins/m*/ipvs/test_*.py"),
    "plugins/module_utils/status/*.py": ("plugins/m*/status/test_*.py",),
    "plugins/module_utils/*.py": ("plugins/module_utils/test_*.py",),
    "roles/director/files/sync/*.py": ("roles/lvs_sync/test_*.py",),
    "roles/_host/files/*.py": ("roles/test_lvs_vip_*.py", "roles/test_lvs_heal.py"),
}
BAR = 0.95
# A mutant may wait for ever: its tests may take so many times what all tests took without one. No fixed time, since tests that are
# only slow would count as failed on a busy machine.
PATIENCE = 3
# It may as well loop for ever and collect while it does.
LIMITS = ("prlimit", f"--as={4 << 30}")

OPPOSITE = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip
OPPOSITE_NAMES = {"any": "all", "all": "any", "min": "max", "max": "min"}
# Conditions that are turned round where they stand, so the statement they are in is not.
TURNED_BY_THEMSELVES = (ast.Compare, ast.UnaryOp, ast.Constant)
# Not mutated: what has no effect at runtime, or one that only the Python it runs on decides.
PASSED_OVER = {"annotation", "returns", "decorator_list"}


@dataclass(frozen=True)
class Mutant:
    """One mistake: the line it is in, what stood there, what stands there now, and how to make it and undo it."""

    tree: ast.Module
    line: int
    before: ast.AST
    after: ast.AST
    put: Callable[[ast.AST], None]

    def source(self) -> str:
        """The whole file with the mistake in it."""
        self.put(self.after)
        text = ast.unparse(self.tree)
        self.put(self.before)
        return text

    def __str__(self) -> str:
        before, after = (" ".join(ast.unparse(node).split()) for node in (self.before, self.after))
        return f"{self.line}: {before}  ->  {after}"


def mutants(source: str) -> list[Mutant]:
    """Every mistake this tool can make in a file, from its top to its end."""
    tree = ast.parse(source)
    return [Mutant(tree, node.lineno, node, after, put) for node, put in _places(tree) for after in mistakes(node)]


def _places(node: ast.AST) -> Iterator[tuple[Any, Callable[[ast.AST], None]]]:
    """Every statement and expression below a node, with the function that puts another in its place."""
    for name, value in ast.iter_fields(node):
        if name in PASSED_OVER:
            continue
        items = enumerate(value) if isinstance(value, list) else [(None, value)]
        for index, child in items:
            if isinstance(child, ast.AST) and not _has_no_effect(child):
                if isinstance(child, (ast.stmt, ast.expr)):
                    yield child, _putter(node, name, index)
                yield from _places(child)


def _putter(node: ast.AST, name: str, index: int | None) -> Callable[[ast.AST], None]:
    if index is None:
        return lambda new: setattr(node, name, new)
    return lambda new: getattr(node, name).__setitem__(index, new)


def _has_no_effect(node: ast.AST) -> bool:
    """Whether no test can tell: documentation, imports that may fail, what only runs as a program."""
    if isinstance(node, ast.Try):
        return isinstance(node.body[0], (ast.Import, ast.ImportFrom))
    if isinstance(node, ast.If):
        return "__name__" in ast.unparse(node.test) or "TYPE_CHECKING" in ast.unparse(node.test)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def mistakes(node: ast.AST) -> Iterator[ast.AST]:
    """What to put in place of a statement or an expression, one mistake each."""
    if isinstance(node, ast.Compare):
        for place, op in enumerate(node.ops):
            ops = [*node.ops[:place], OPPOSITE[type(op)](), *node.ops[place + 1 :]]
            yield ast.Compare(node.left, ops, node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(OPPOSITE[type(node.op)](), node.values)
    elif isinstance(node, ast.BinOp) and type(node.op) in OPPOSITE and not _joins_texts(node):
        yield ast.BinOp(node.left, OPPOSITE[type(node.op)](), node.right)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int)):
        yield ast.Constant(not node.value if isinstance(node.value, bool) else node.value + 1)
    elif isinstance(node, ast.Name) and node.id in OPPOSITE_NAMES:
        yield ast.Name(OPPOSITE_NAMES[node.id])
    elif isinstance(node, ast.IfExp):
        yield ast.IfExp(node.test, node.orelse, node.body)
    elif isinstance(node, (ast.If, ast.While)) and not isinstance(node.test, TURNED_BY_THEMSELVES):
        yield type(node)(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
    elif _can_be_dropped(node):
        yield ast.Pass()


def _joins_texts(node: ast.BinOp) -> bool:
    """Whether `+` or `*` can be seen to join texts or lists: the opposite would be an error wherever it is run."""
    joined = (ast.JoinedStr, ast.List, ast.ListComp, ast.Tuple)
    return any(
        isinstance(side, joined) or (isinstance(side, ast.Constant) and isinstance(side.value, (str, bytes)))
        for side in (node.left, node.right)
    )


def _can_be_dropped(node: ast.AST) -> bool:
    """Whether the mistake is one to look for: without a result or a name, whatever is run next fails by itself."""
    if isinstance(node, ast.Assign):
        return not isinstance(node.targets[0], (ast.Name, ast.Tuple))
    if isinstance(node, ast.Return):
        return node.value is None or isinstance(node.value, ast.Constant)
    return isinstance(node, (ast.Expr, ast.AugAssign, ast.Raise, ast.Continue, ast.Break, ast.Delete))


def chosen(found: list[Any], count: int, seed: int) -> list[Any]:
    """`count` of what was found, or all of it: one by chance out of each of as many equal stretches."""
    if count >= len(found):
        return found
    chance = random.Random(seed)  # noqa: S311 -- to be repeated, not to be secret
    return [found[int((stretch + chance.random()) * len(found) / count)] for stretch in range(count)]


def tests_of(file: str) -> list[str]:
    """The test files that cover a file, in the order to run them: one that is named like it comes first."""
    path = Path(file)
    globs = next(tests for pattern, tests in COVERING.items() if path in _files(pattern))
    covering = [str(test) for glob in (f"**/test_{path.stem}.py", *globs) for test in _files(str(UNIT / glob))]
    return list(dict.fromkeys(covering))


def _files(pattern: str) -> list[Path]:
    return sorted(path.relative_to(ROOT) for path in ROOT.glob(pattern))


def failure(tests: list[str], copy: Path, limit: float | None = None) -> str | None:
    """What pytest says when the first test fails in the copy, or has not ended in time; None if all pass."""
    environment = {
        **os.environ,
        "CI": "1",  # Generated tests take the same examples every time
        "ANSIBLE_HOME": str(copy / ".ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(copy / ".ansible/collections"),
        "PYTHONDONTWRITEBYTECODE": "1",  # Compiled code of one mutant would be taken for that of the next
    }
    command = [*LIMITS, sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    with subprocess.Popen(
        command,
        cwd=copy,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as run:
        try:
            said, _nothing = run.communicate(timeout=limit)
            return said if run.returncode else None
        except subprocess.TimeoutExpired:
            return f"not done in {limit} s"
        finally:
            # With whatever the tests started.
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGKILL)


def copied(folder: str) -> Path:
    """A copy of the collection in which Ansible finds itself, not the checkout."""
    copy = Path(folder) / "cluster"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(".*", "__pycache__", "build"))
    link = copy / ".ansible/collections/ansible_collections/lvs/cluster"
    link.parent.mkdir(parents=True)
    link.symlink_to(copy)
    return copy


def survives(mutant: Mutant, file: Path, tests: list[str], copy: Path, limit: float) -> bool:
    """Whether no test notices a mutant within so many seconds. `file` is the one in the copy."""
    original = file.read_text()
    first_line = f"{original.splitlines()[0]}\n" if original.startswith("#!") else ""
    file.write_text(first_line + mutant.source())
    try:
        return failure(tests, copy, limit) is None
    finally:
        file.write_text(original)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--seed", type=int, default=1, help="chooses the mutants (default: 1)")
    parser.add_argument("--count", type=int, default=100, help="how many (default: 100)")
    parser.add_argument("files", nargs="*", help="only these files, by their path in the repository (default: all)")
    options = parser.parse_args(arguments)
    all_files = sorted({str(path) for pattern in COVERING for path in _files(pattern)})
    files = options.files or all_files
    if not set(files) <= set(all_files):
        parser.error(f"there are no tests for {min(set(files) - set(all_files))}")
    found = [(file, mutant) for file in files for mutant in mutants((ROOT / file).read_text())]
    tried = chosen(found, options.count, options.seed)
    tests = {file: tests_of(file) for file, _mutant in tried}
    # Ended by a signal, Python has to clean up, too.
    signal.signal(signal.SIGTERM, lambda *_signal: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = copied(folder)
        began = time.monotonic()
        broken = failure(sorted(set().union(*tests.values())), copy)
        if broken:
            print(f"{broken}\nA test fails without a mutant: mend it first", file=sys.stderr)
            return 2
        limit = PATIENCE * (time.monotonic() - began)
        died = 0
        for number, (file, mutant) in enumerate(tried, start=1):
            if survives(mutant, copy / file, tests[file], copy, limit):
                print(f"{file}:{mutant}", flush=True)
            else:
                died += 1
            print(f"{died} of {number} died", end="\r", file=sys.stderr, flush=True)
    print(f"Seed {options.seed}: {died} of {len(tried)} mutants died, {100 * died / max(len(tried), 1):.0f} %")
    return 0 if died >= BAR * len(tried) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
