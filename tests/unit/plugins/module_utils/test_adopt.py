# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files adopt_info reads, and what deployed_facts makes of a keepalived.conf that includes others."""

from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils import adopt
from ansible_collections.lvs.cluster.plugins.module_utils.tools import Result


@pytest.fixture
def folder(tmp_path):
    files = {
        "keepalived.conf": "include conf.d/*.conf # and no more\n@lb1 include {one,two}.inc\nincluder missing.conf\n$VIP = 192.0.2.9\n",
        "conf.d/a.conf": "a $VIP\ninclude ../deep.inc\n",
        "conf.d/b.conf": "b\n",
        "conf.d/c.txt": "c\n",
        "two.inc": "two ${VIP} $OTHER\n@lb2 other\n@^lb2 mine\n",
        "deep.inc": "deep\ninclude keepalived.conf\n",
        "ldirectord.cf": "checktimeout=3\nexecute = other.cf\n",
        "other.cf": "virtual=192.0.2.100:80\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_all_files_that_belong_to_the_configuration_are_read(folder):
    found = adopt.texts(
        str(folder / "keepalived.conf"), "lb1", [str(folder / "ldirectord.cf"), str(folder / "missing")]
    )
    names = ["keepalived.conf", "conf.d/a.conf", "deep.inc", "conf.d/b.conf", "two.inc", "ldirectord.cf", "other.cf"]
    assert [path.partition(f"{folder}/")[2] for path in found] == names
    assert found[str(folder / "deep.inc")] == "deep\ninclude keepalived.conf\n"


def test_a_configuration_with_its_includes_in_their_place(folder):
    (folder / "deep.inc").write_text("deep\n")
    text = adopt.inlined(str(folder / "keepalived.conf"), "lb1")
    assert text == "a $VIP\ndeep\nb\ntwo $VIP $OTHER\nmine\n".replace("$VIP", "$VIP").replace("two $VIP", "two ${VIP}")


def test_a_value_counts_from_its_line_on(folder):
    (folder / "keepalived.conf").write_text('$VIP="192.0.2.9"\na $VIP ${VIP}/24\n')
    assert adopt.inlined(str(folder / "keepalived.conf"), "lb1") == "a 192.0.2.9 192.0.2.9/24\n"


@pytest.mark.parametrize(
    ("arguments", "own"),
    [
        ([["/usr/sbin/keepalived", "--dont-fork"]], "lb1"),
        ([["/usr/sbin/keepalived", "-n"], ["/usr/sbin/keepalived", "-i", "left"]], "left"),
        ([["/usr/sbin/keepalived", "--config-id=left"]], "left"),
        ([], "lb1"),
    ],
)
def test_the_word_of_lines_for_this_host(arguments, own):
    assert adopt.config_id(arguments, "lb1.example.org") == own


def test_files_that_include_each_other_end(folder):
    (folder / "keepalived.conf").write_text("one\ninclude keepalived.conf\n")
    assert adopt.inlined(str(folder / "keepalived.conf"), "lb1").splitlines() == ["one"] * (adopt.DEEPEST + 1)


def test_what_the_roles_have_written_is_known():
    ours = {
        "/etc/keepalived/keepalived.conf": "include /etc/keepalived/lvs-secrets.conf\n",
        "/etc/ha.d/ha.cf": "keepalive 2\n",
    }
    assert adopt.ours(ours) == ["/etc/keepalived/keepalived.conf"]


class Tools:
    """A host with some tools, and what they print."""

    def __init__(self, **printed):
        self.printed = printed

    def find(self, tool):
        return f"/usr/bin/{tool}" if tool.replace("-", "_") in self.printed else None

    def start(self, argv, stdin=""):
        return lambda: Result(1, self.printed[argv[0].rpartition("/")[2].replace("-", "_")], "no package")


def test_packages_of_both_families():
    dpkg = "installed keepalived 1:2.2.7-1+b2\nnot-installed ldirectord \nconfig-files ipvsadm 1.31\n"
    assert adopt.packages(Tools(dpkg_query=dpkg)) == {"keepalived": "1:2.2.7-1+b2"}
    rpm = "installed keepalived 2.2.8-3.el9\npackage heartbeat is not installed\n"
    assert adopt.packages(Tools(rpm=rpm)) == {"keepalived": "2.2.8-3.el9"}
    assert adopt.packages(Tools()) == {}
