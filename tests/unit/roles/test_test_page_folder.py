# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test page never takes a folder of somebody else, nor when it moves to another folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROLE = Path(__file__).parents[3] / "roles/real_server"
# The tasks about the folder; the others need a web server.
OURS = ("Fail if the folder belongs to somebody else", "Remove the former folder of the page")


@pytest.fixture
def deploy(play, tmp_path):
    """Return a function that runs the tasks about a folder on a host whose page is in another one, served or not."""
    for path in (ROLE / "tasks/test_page.yml", ROLE / "tasks/test_page_folder.yml"):
        text = path.read_text(encoding="utf-8").replace("/etc/systemd/system", f"{tmp_path}")
        tasks = yaml.safe_load(text.replace("/etc/lvs-test-page.conf", f"{tmp_path}/lvs-test-page.conf"))
        kept = [task for task in tasks if path.stem == "test_page_folder" or task["name"] in OURS]
        (tmp_path / path.name).write_text(yaml.safe_dump(kept))
    (tmp_path / "lvs-test-page.service").write_text("")

    def ran(present, wanted, served=True, fails=False):
        configuration = f"ServerRoot /etc\nDocumentRoot {tmp_path / present}\n<Directory {tmp_path / present}>\n"
        (tmp_path / "lvs-test-page.conf").write_text(configuration)
        variables = {
            "real_server_served": configuration if served else "",
            "real_server_test_page_root": f"{tmp_path}/{wanted}",
        }
        return play({"vars": variables, "tasks": [{"ansible.builtin.include_tasks": "test_page.yml"}]}, fails=fails)

    return ran


def folder(path, *names):
    path.mkdir()
    for name in names:
        (path / name).write_text("localhost\n")


@pytest.mark.parametrize("served", [True, False])
def test_a_page_that_moves_takes_no_folder_of_somebody_else(deploy, tmp_path, served):
    folder(tmp_path / "page", "index.html", "more.html")
    folder(tmp_path / "shop", "shop.php")
    # It is the page's own, whatever is in it.
    deploy("page", "page", served)
    assert "has files of somebody else" in deploy("page", "shop", served, fails=True)
    assert (tmp_path / "page").exists()


def test_a_page_that_moves_leaves_nothing_behind(deploy, tmp_path):
    folder(tmp_path / "page", "index.html")
    deploy("page", "new")
    assert not (tmp_path / "page").exists()


@pytest.mark.parametrize("wanted", ["page", "page/", "page/below", "/page"])
def test_a_page_that_stays_in_its_folder_stays(deploy, tmp_path, wanted):
    folder(tmp_path / "page", "index.html")
    deploy("page", wanted)
    assert (tmp_path / "page" / "index.html").exists()
