# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets stay on the host, and can be compared."""

from __future__ import annotations

import os

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.doctor import configurations
from ansible_collections.lvs.cluster.plugins.module_utils.doctor.configurations import hashed, without_secrets


@pytest.mark.parametrize(
    "line",
    [
        "auth_pass s3cret",
        'auth_pass "s3cret"',
        "auth_pass 's3cret'",
        "   auth_pass\ts3cret",
        "#auth_pass s3cret",
        "$AUTH_PASS_VI_1=s3cret",
        "$SECRET = s3cret",
        'passwd="s3cret"',
        "secret=s3cret",
        'misc_path "/usr/bin/check --password s3cret --host a"',
        'misc_path "/usr/bin/check --password=s3cret"',
        "quorum_up /bin/curl https://user:s3cret@example.com/",
        "http_token: s3cret",
    ],
)
def test_a_secret_is_replaced_by_its_hash(line):
    told = without_secrets(line, "salt")
    assert "s3cret" not in told
    assert hashed("s3cret", "salt") in told or hashed("user:s3cret", "salt") in told


@pytest.mark.parametrize(
    "line", ["auth_type PASS\n    interface eth0", "virtual_server 192.0.2.100 80 {", "passive", "weight 3"]
)
def test_what_is_no_secret_stays(line):
    assert without_secrets(line, "salt") == line


def test_the_name_of_a_secret_stays_where_its_value_is_elsewhere():
    text = "$PASS_1=s3cret\nauth_pass $PASS_1\nauth_pass ${PASS_1}\nauth_pass $other"
    told = without_secrets(text, "salt").splitlines()
    assert told[1:3] == ["auth_pass $PASS_1", "auth_pass ${PASS_1}"]
    assert "$other" not in told[3]


def test_hashes_are_equal_for_equal_secrets_of_one_run_alone():
    assert hashed("a", "salt") == hashed("a", "salt")
    assert len({hashed("a", "salt"), hashed("b", "salt"), hashed("a", "other")}) == 3


def test_authkeys():
    told = without_secrets("auth 1\n1 sha1 s3cret phrase\n2 crc\n", "salt", keys=True)
    assert told == f"auth 1\n1 sha1 {hashed('s3cret phrase', 'salt')}\n2 crc\n"


def test_what_a_configuration_includes_is_read_in_its_place(tmp_path):
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "keepalived.conf").write_text("first\ninclude conf.d/*.conf\ninclude gone.conf\nlast\n")
    (tmp_path / "conf.d/a.conf").write_text("a\nincluder ../deep.conf\n")
    (tmp_path / "conf.d/b.conf").write_text("auth_pass s3cret\n")
    (tmp_path / "deep.conf").write_text("deep\ninclude deep.conf\n")
    os.utime(tmp_path / "deep.conf", (5, 5))
    read = configurations.keepalived(str(tmp_path / "keepalived.conf"), "salt")
    lines = read["text"].splitlines()
    assert [lines[0], lines[1], lines[2], lines[-2], lines[-1]] == [
        "first",
        "a",
        "deep",
        f"auth_pass {hashed('s3cret', 'salt')}",
        "last",
    ]
    assert read["missing"] == [str(tmp_path / "gone.conf")]
    # A file that includes itself does so only so often.
    assert lines.count("deep") < 10
    assert {"path": str(tmp_path / "conf.d/../deep.conf"), "mtime": 5.0} in read["files"]


def test_a_file_that_is_not_there_is_none(tmp_path):
    assert configurations.keepalived(str(tmp_path / "no"), "salt") is None
    assert configurations.one(str(tmp_path / "no"), "salt") is None
    (tmp_path / "yes").write_text("x")
    assert configurations.first((str(tmp_path / "no"), str(tmp_path / "yes")), "salt")["text"] == "x"
