# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mistakes the mutation tool makes, which of them it chooses, and that the checkout never sees one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from ansible_collections.lvs.cluster.tests.tools import mutate

FILE = "plugins/module_utils/node.py"


def changed(source: str) -> list[str]:
    """The text of every mutant of a file."""
    return [mutant.source() for mutant in mutate.mutants(source)]


@pytest.mark.parametrize(
    ("source", "mistakes"),
    [
        ("f(a < b)", ["pass", "f(a <= b)"]),
        ("x = 0 < y <= 9", ["x = 0 <= y <= 9", "x = 0 < y < 9", "x = 1 < y <= 9", "x = 0 < y <= 10"]),
        ("x = a and b", ["x = a or b"]),
        ("x = not a", ["x = a"]),
        ("x = a if b else c", ["x = c if b else a"]),
        ("x = a - 1", ["x = a + 1", "x = a - 2"]),
        ("x = any(y)", ["x = all(y)"]),
        ("x = True", ["x = False"]),
        ("x[a] = b", ["pass"]),
        ("x += y", ["pass"]),
        ("if a:\n    b = c", ["if not a:\n    b = c"]),
        ("if a == b:\n    c = d", ["if a != b:\n    c = d"]),
        ("while a:\n    break", ["while not a:\n    break", "while a:\n    pass"]),
        ("x = [y for y in z if y in a]", ["x = [y for y in z if y not in a]"]),
        ("x = f'{a or b}'", ["x = f'{a and b}'"]),
    ],
)
def test_each_mistake_is_made_by_itself(source, mistakes):
    assert changed(source) == mistakes


@pytest.mark.parametrize(
    "source",
    [
        '"""Documentation."""',
        "x = 'text' + y",
        "x = [a] + [b]",
        "@cache(maxsize=9)\ndef f(x: a[1]) -> a[2]:\n    return x",
        "try:\n    import yaml\nexcept ImportError:\n    found = False",
        "if __name__ == '__main__':\n    main()",
    ],
)
def test_what_no_test_could_notice_is_left_alone(source):
    assert changed(source) == []


def test_a_mutant_is_told_by_its_line_and_its_change_and_leaves_nothing_behind():
    source = "a = b\nc = (d\n     or e)"
    (mutant,) = mutate.mutants(source)
    assert str(mutant) == "2: d or e  ->  d and e"
    assert mutant.source() == "a = b\nc = d and e"
    assert ast.unparse(mutant.tree) == ast.unparse(ast.parse(source))


def test_a_seed_chooses_the_same_every_time_and_evenly():
    first = mutate.chosen(range(1000), 100, 7)
    assert first == mutate.chosen(range(1000), 100, 7) != mutate.chosen(range(1000), 100, 8)
    assert [number // 10 for number in first] == list(range(100))
    assert mutate.chosen([1, 2], 3, 7) == [1, 2]


def test_every_file_is_covered_by_tests_that_there_are():
    files = {str(path) for pattern in mutate.COVERING for path in mutate._files(pattern)}
    assert [file for file in files if not mutate.tests_of(file)] == []
    code = mutate._files("plugins/plugin_utils/**/*.py") + mutate._files("plugins/module_utils/**/*.py")
    assert [str(path) for path in code if str(path) not in files] == []
    assert mutate.tests_of("plugins/module_utils/node.py")[0] == "tests/unit/plugins/module_utils/test_node.py"
    assert all(mutate._files(str(mutate.UNIT / glob)) for globs in mutate.COVERING.values() for glob in globs)


def test_the_copy_imports_itself_and_is_the_same_after_each_mutant(tmp_path, monkeypatch):
    copy = mutate.copied(str(tmp_path))
    original = (mutate.ROOT / FILE).read_text()
    link = copy / ".ansible/collections/ansible_collections/lvs/cluster"
    assert (link / FILE).read_text() == original
    assert link.resolve() == copy.resolve() != mutate.ROOT
    seen = []

    def interrupted(_tests: list[str], folder: Path, _limit: float) -> None:
        seen.append((folder / FILE).read_text())
        raise KeyboardInterrupt

    monkeypatch.setattr(mutate, "failure", interrupted)
    mutant = mutate.mutants(original)[0]
    with pytest.raises(KeyboardInterrupt):
        mutate.survives(mutant, copy / FILE, [], copy, 1)
    assert seen == [mutant.source()]
    assert (copy / FILE).read_text() == (mutate.ROOT / FILE).read_text() == original


def test_tests_that_do_not_end_have_failed(tmp_path):
    (tmp_path / "test_sleep.py").write_text("import time\n\n\ndef test_sleep():\n    time.sleep(60)\n")
    assert mutate.failure(["test_sleep.py"], tmp_path, limit=0.5) == "not done in 0.5 s"


def test_a_bar_that_is_not_reached_is_an_error(monkeypatch, capsys):
    monkeypatch.setattr(mutate, "copied", lambda _folder: mutate.ROOT)
    monkeypatch.setattr(mutate, "failure", lambda _tests, _copy: None)
    monkeypatch.setattr(mutate, "survives", lambda mutant, _file, _tests, _copy, _limit: mutant.line < 40)
    assert mutate.main(["--count", "10", "--seed", "3", "plugins/module_utils/ipvs/drain.py"]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1].startswith("Seed 3: ")
    assert all(line.startswith("plugins/module_utils/ipvs/drain.py:") for line in printed[:-1])


def test_without_a_mutant_all_tests_have_to_pass(monkeypatch, capsys):
    monkeypatch.setattr(mutate, "copied", lambda _folder: mutate.ROOT)
    monkeypatch.setattr(mutate, "failure", lambda _tests, _copy: "FAILED test_x.py")
    assert mutate.main(["--count", "1", FILE]) == 2
    assert capsys.readouterr().err == "FAILED test_x.py\nA test fails without a mutant: mend it first\n"


def test_a_file_that_no_test_covers_is_refused(capsys):
    with pytest.raises(SystemExit):
        mutate.main(["plugins/modules/ipvs_table.py"])
    assert "there are no tests for plugins/modules/ipvs_table.py" in capsys.readouterr().err
