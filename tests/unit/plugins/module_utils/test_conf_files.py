# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.conf_files import (
    conf_files,
    settings,
    ufw_files,
    with_file,
)


@pytest.fixture
def write(tmp_path):
    def write(path, text):
        target = tmp_path / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    return write


def test_files_of_all_directories_in_order_of_name(tmp_path, write):
    write("/etc/sysctl.d/90-b.conf", "b")
    write("/run/sysctl.d/95-c.conf", "c")
    write("/usr/lib/sysctl.d/10-a.conf", "a")
    write("/usr/lib/sysctl.d/README", "no")
    write("/usr/lib/sysctl.d/.hidden.conf", "no")
    assert conf_files("sysctl.d", str(tmp_path)) == [
        ("/usr/lib/sysctl.d/10-a.conf", "a"),
        ("/etc/sysctl.d/90-b.conf", "b"),
        ("/run/sysctl.d/95-c.conf", "c"),
    ]


def test_a_file_masks_its_namesakes(tmp_path, write):
    write("/etc/sysctl.d/50-x.conf", "etc")
    write("/run/sysctl.d/50-x.conf", "run")
    write("/usr/lib/sysctl.d/50-x.conf", "lib")
    assert conf_files("sysctl.d", str(tmp_path)) == [("/etc/sysctl.d/50-x.conf", "etc")]


def test_a_link_to_dev_null_masks_too(tmp_path, write):
    write("/usr/lib/sysctl.d/50-x.conf", "lib")
    (tmp_path / "etc/sysctl.d").mkdir(parents=True)
    (tmp_path / "etc/sysctl.d/50-x.conf").symlink_to("/dev/null")
    assert conf_files("sysctl.d", str(tmp_path)) == [("/etc/sysctl.d/50-x.conf", "")]


DEFAULTS = '# of ufw\nIPV6=yes\nIPT_SYSCTL=/etc/ufw/sysctl.conf\nIPT_MODULES="a b"\nDEFAULT_FORWARD_POLICY="DROP\n'
OURS = [("/etc/ufw/sysctl.conf", "net/ipv4/ip_forward=0\n")]


@pytest.mark.parametrize(
    ("defaults", "conf", "program", "found"),
    [
        (DEFAULTS, "ENABLED=yes\nLOGLEVEL=low\n", "/lib/ufw/ufw-init", OURS),
        (
            DEFAULTS.replace("=/etc/ufw/sysctl.conf", '="/etc/ufw/sysctl.conf" # own'),
            "ENABLED=YES",
            "/lib/ufw/ufw-init",
            OURS,
        ),
        (DEFAULTS, "ENABLED=no\n", "/lib/ufw/ufw-init", []),
        (DEFAULTS, "", "/lib/ufw/ufw-init", []),
        ("IPV6=yes\n", "ENABLED=yes\n", "/lib/ufw/ufw-init", []),
        ("IPT_SYSCTL=\n", "ENABLED=yes\n", "/lib/ufw/ufw-init", []),
        # Of two words the shell takes the second for a command.
        ("IPT_SYSCTL=/etc/ufw/ sysctl.conf\n", "ENABLED=yes\n", "/lib/ufw/ufw-init", []),
        # The package was removed, and its configuration stays.
        (DEFAULTS, "ENABLED=yes\n", "/usr/sbin/other", []),
    ],
)
def test_the_file_of_ufw_is_read_if_ufw_reads_it(tmp_path, write, defaults, conf, program, found):
    write("/etc/default/ufw", defaults)
    write("/etc/ufw/ufw.conf", conf)
    write(*OURS[0])
    write(program, "")
    assert ufw_files(str(tmp_path)) == found


def test_without_any_directory(tmp_path):
    assert conf_files("sysctl.d", str(tmp_path)) == []


FILES = [("/usr/lib/sysctl.d/10-a.conf", "a"), ("/etc/sysctl.d/90-b.conf", "b")]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("/etc/sysctl.d/90-b.conf", "new", [FILES[0], ("/etc/sysctl.d/90-b.conf", "new")]),
        ("/etc/sysctl.d/50-x.conf", "x", [FILES[0], ("/etc/sysctl.d/50-x.conf", "x"), FILES[1]]),
        ("/etc/sysctl.d/10-a.conf", "mine", [("/etc/sysctl.d/10-a.conf", "mine"), FILES[1]]),
        ("/etc/sysctl.d/90-b.conf", "", [FILES[0]]),
        ("/etc/sysctl.d/10-a.conf", "", FILES),
        ("/etc/sysctl.d/50-x.conf", "", FILES),
    ],
    ids=["replaced", "added", "masking", "removed", "not_there_so_not_masking", "never_there"],
)
def test_with_file(path, text, expected):
    assert with_file(FILES, path, text) == expected


def test_settings_are_lines_without_comments():
    assert settings("# a\n\n  ip_vs  \n; b\nip_vs_rr\n") == ["ip_vs", "ip_vs_rr"]
