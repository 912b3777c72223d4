# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's own runner with real processes, and how a module ends with what stood in the way."""

from __future__ import annotations

import os
import sys

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils import tools
from ansible_collections.lvs.cluster.plugins.module_utils.tools import (
    HOST,
    Failure,
    NotUnderstood,
    Result,
    ToolFailed,
    ToolMissing,
    command_of,
    fail,
    mistakes_told,
    run,
)


def python(program, stdin=""):
    return run(HOST, [sys.executable, "-c", program], stdin)


def test_all_that_a_process_leaves_is_returned():
    program = "import sys; print(sys.stdin.read().upper()); sys.stderr.write('no'); sys.exit(3)"
    assert python(program, "in") == Result(3, "IN\n", "no")


def test_much_input_and_many_complaints_do_not_wait_for_each_other():
    lines = "-A -f 1 -s rr\n" * 100000
    result = python("import sys; sys.stderr.write('no\\n' * 100000); sys.stdout.write(sys.stdin.read())", lines)
    assert (result.rc, result.out, len(result.err)) == (0, lines, 300000)


def test_input_that_nobody_reads_is_no_error():
    assert python("", "-A -f 1 -s rr\n" * 100000) == Result(0, "", "")


def test_there_is_no_input_unless_it_is_given():
    assert python("import sys; print(repr(sys.stdin.read()))") == Result(0, "''\n", "")


def test_output_that_is_no_text_is_no_error():
    program = "import os; os.write(1, b'a\\xffb'); os.write(2, b'\\xfe')"
    assert python(program) == Result(0, "a\N{REPLACEMENT CHARACTER}b", "\N{REPLACEMENT CHARACTER}")


def test_tools_speak_english_and_keep_the_rest_of_the_environment(monkeypatch):
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("LVS_TEST", "kept")
    assert python("import os; print(os.environ['LC_ALL'], os.environ['LVS_TEST'])").out == "C kept\n"


def test_arguments_are_passed_on_as_they_are():
    argv = [sys.executable, "-c", "import sys; print(sys.argv[1:])", "$HOME", "~", "a b"]
    assert run(HOST, argv).out == "['$HOME', '~', 'a b']\n"


def test_two_processes_run_side_by_side(tmp_path):
    """Each of them waits for the other, and none for somebody who reads what it prints."""
    os.mkfifo(tmp_path / "door")
    program = f"print('x' * 100000, flush=True); open({str(tmp_path / 'door')!r}, '%s').close()"
    first, second = (HOST.start([sys.executable, "-c", program % mode]) for mode in "rw")
    assert first() == second() == Result(0, "x" * 100000 + "\n", "")


def test_a_tool_that_hangs_is_killed(monkeypatch, tmp_path):
    """lvs-heal would mend nothing any more, and nobody would know why."""
    monkeypatch.setattr(tools, "TOOL_SECONDS", 0.2)
    there = tmp_path / "pid"
    program = f"import os, time; open({str(there)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    with pytest.raises(Failure, match=r" did not end within 0.2 seconds\.$"):
        while not there.exists():
            python(program)
    with pytest.raises(ProcessLookupError):
        os.kill(int(there.read_text()), 0)


def test_a_tool_is_found_by_its_name_or_not_at_all():
    assert HOST.find("sh").endswith("/sh")
    assert HOST.find("no-such-tool-of-ours") is None


def test_what_cannot_be_started_is_missing(tmp_path):
    tool = tmp_path / "ipvsadm"
    tool.write_text("no program")
    tool.chmod(0o755)
    with pytest.raises(ToolMissing) as missing:
        run(HOST, [str(tool)])
    assert str(missing.value) == f"{tool} can't be started: Exec format error."
    with pytest.raises(ToolMissing, match="No such file or directory"):
        run(HOST, [str(tmp_path / "nothing")])


def test_a_command_is_told_by_the_name_of_its_tool():
    assert command_of(["/usr/sbin/ipvsadm", "-Ln", "--daemon"]) == "ipvsadm -Ln --daemon"


class Module:
    """Stands for the AnsibleModule where it ends."""

    def fail_json(self, **result):
        self.result = result


def test_a_module_tells_the_whole_of_a_tool_that_failed():
    module = Module()
    fail(module, ToolFailed("It did not.", ["/sbin/ip", "-j", "address"], Result(2, "out", "err")), invocation={})
    assert module.result == {
        "msg": "It did not.",
        "cmd": "ip -j address",
        "rc": 2,
        "stdout": "out",
        "stderr": "err",
        "invocation": {},
    }


def test_only_a_value_error_is_a_mistake_in_the_options():
    with pytest.raises(Failure, match=r"^port is missing$") as failure, mistakes_told():
        raise ValueError("port is missing")
    assert isinstance(failure.value.__cause__, ValueError)
    with pytest.raises(KeyError), mistakes_told():
        raise KeyError("bug")


def test_what_is_not_understood_is_told_and_is_a_value_error_to_parsers():
    assert issubclass(NotUnderstood, Failure)
    assert issubclass(NotUnderstood, ValueError)
    assert str(NotUnderstood("a line")) == "a line"
