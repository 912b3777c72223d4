# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that root writes into a folder that may be somebody else's."""

from __future__ import annotations

import os

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.status.program import replace


def test_a_file_is_replaced_and_can_be_read(tmp_path):
    page = tmp_path / "lvs.html"
    before = os.umask(0o077)
    try:
        for text in ("first", "second \u00e9"):
            replace(page, text)
            assert page.read_text(encoding="utf-8") == text
    finally:
        os.umask(before)
    assert page.stat().st_mode & 0o7777 == 0o644
    assert [path.name for path in tmp_path.iterdir()] == ["lvs.html"]


@pytest.mark.parametrize("name", [".lvs.html.new", "lvs.html"])
@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_what_a_link_in_its_place_leads_to_stays_as_it_is(tmp_path, name, link):
    (tmp_path / "web").mkdir()
    shadow = tmp_path / "shadow"
    shadow.write_text("root")
    shadow.chmod(0o600)
    link(shadow, tmp_path / "web" / name)
    replace(tmp_path / "web" / "lvs.html", "page")
    assert (shadow.read_text(), shadow.stat().st_mode & 0o7777) == ("root", 0o600)
    assert (tmp_path / "web" / "lvs.html").read_text() == "page"
    assert not (tmp_path / "web" / "lvs.html").is_symlink()
