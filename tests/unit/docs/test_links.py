# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation links to is there, and every page can be found. Links between pages are checked by `make docs`."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from .blocks import PAGES, ROOT, RST, literals

HERE = "https://github.com/lvs-cluster/lvs.cluster"
# Galaxy shows these pages without the repository around them.
ON_GALAXY = [path for path in PAGES if path.suffix == ".md"]
WITH_LINKS = [*PAGES, *ROOT.glob(".github/**/*.yml"), ROOT / "galaxy.yml", ROOT / "extensions/prometheus/lvs.rules.yml"]
SECTIONS = yaml.safe_load((ROOT / "docs/docsite/extra-docs.yml").read_text(encoding="utf-8"))["sections"]
# The same in every role, and named without the role.
IN_A_ROLE = "meta/argument_specs.yml"
PICTURES = sorted((RST / "images").glob("*.svg"))
SVG = "{http://www.w3.org/2000/svg}"


def identifiers(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^(.+)\n[=~-]{3,}$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", WITH_LINKS, ids=lambda page: page.name)
def test_a_link_to_the_repository_leads_to_a_file(page):
    for path, anchor in re.findall(
        rf"{HERE}/(?:blob|tree)/main/([\w./-]+)(?:#([\w-]+))?", page.read_text(encoding="utf-8")
    ):
        assert (ROOT / path).exists(), path
        assert not anchor or anchor in identifiers(ROOT / path), f"{path}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_path_of_the_repository_is_there(page):
    folders = "|".join(path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "build")
    paths = [text for text in literals(page) if re.fullmatch(rf"(?:{folders})/[\w./-]+", text)]
    assert [path for path in paths if not (ROOT / path).exists() and path != IN_A_ROLE] == []


@pytest.mark.parametrize("page", ON_GALAXY, ids=lambda page: page.name)
def test_a_page_on_galaxy_has_absolute_links_alone(page):
    assert [link for link in re.findall(r"\]\((.*?)\)", page.read_text(encoding="utf-8")) if "://" not in link] == []


def test_every_page_is_in_the_table_of_contents_once():
    listed = [page for section in SECTIONS for page in section["toctree"]]
    assert sorted(listed) == sorted(page.stem for page in RST.glob("*.rst"))


def test_every_page_has_the_label_by_which_others_name_it():
    for page in RST.glob("*.rst"):
        assert f".. _ansible_collections.lvs.cluster.docsite.{page.stem}:\n" in page.read_text(encoding="utf-8"), (
            page.name
        )


def test_every_guide_and_every_page_for_beginners_is_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    wanted = [
        page for section in SECTIONS if section["title"] in ("Getting started", "Guides") for page in section["toctree"]
    ]
    assert [page for page in wanted if f"/docs/docsite/rst/{page}.rst" not in readme] == []


def test_every_picture_is_shown_with_a_text_for_those_who_cannot_see_it():
    shown = {}
    for page in RST.glob("*.rst"):
        text = page.read_text(encoding="utf-8")
        for name, options in re.findall(r"\.\. (?:image|figure):: images/(\S+)\n((?: +.*\n)*)", text):
            assert ":alt: " in options, f"{page.name}: {name}"
            shown[name] = page.name
    assert sorted(shown) == [picture.name for picture in PICTURES]


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.stem)
def test_a_picture_says_what_it_shows_and_suits_light_and_dark(picture):
    text = picture.read_text(encoding="utf-8")
    root = ET.fromstring(text)  # noqa: S314  # a file of ours
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title")
    assert root.findtext(f"{SVG}desc")
    assert "prefers-color-scheme: dark" in text
    # Nothing from elsewhere, and no colour that only one of the two schemes has.
    assert re.findall(r"(?:href|url)[(=]\"?(?!#)", text) == []
    assert re.findall(r'(?:fill|stroke)="(?!none)', text) == []
    light, dark = (set(re.findall(r"^ +(\.[a-z]+|text) \{", part, re.MULTILINE)) for part in text.split("@media"))
    assert dark <= light
