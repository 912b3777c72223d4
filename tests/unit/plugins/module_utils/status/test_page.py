# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page: it is well formed, fetches nothing, hides nothing from who cannot see, and its colours can be told from what is behind."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.status.page import STYLE, page, verdict
from ansible_collections.lvs.cluster.plugins.module_utils.status.topology import MOST, layers, links, topology
from ansible_collections.lvs.cluster.plugins.module_utils.status.view import view_of

from .conftest import DRAIN, PROC
from .test_director import ASIDE, FAILED, WEB2

EMPTY = {"meta", "link", "path", "rect"}


class Reader(HTMLParser):
    """Reads a page, and checks that its elements end in the right order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture
def view(status, found):
    troubled = status(proc=PROC.replace(WEB2, ""), reasons=FAILED, drains=[{**DRAIN, "service": "web-tls"}])
    down = {"director": "lvs3", "status": None, "state": "unreachable", "why": "no route"}
    return view_of([{"director": "lvs1", "status": troubled}, found[1], down])


def test_the_page_is_well_formed_and_fetches_nothing(view):
    read = Reader(page(view))
    assert {name for name, _attributes in read.elements} & {
        "script",
        "img",
        "iframe",
        "object",
        "image",
        "use",
        "a",
    } == set()
    for name, attributes in read.elements:
        assert {key for key in attributes if key.startswith("on")} == set()
        assert all(attributes[key] == "data:," for key in ("src", "href", "xlink:href") if key in attributes), name
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    assert "default-src 'none'" in page(view)


def test_what_others_have_written_stays_text(view):
    view["services"][0]["real_servers"][1].update(reason="<script>alert(1)</script>", name='"><b>')
    view["problems"].append({"directors": ["<i>"], "text": "</main>&"})
    text = page(view)
    Reader(text)
    assert "<script" not in text
    assert "<b>" not in text
    assert "<i>" not in text


def test_every_state_is_a_word_and_not_only_a_colour(view):
    words = "".join(Reader(page(view)).texts)
    for word in (
        "failed",
        "drained",
        "unreachable",
        "master",
        "backup",
        "held",
        "TCP_CHECK failed, for 1 min",
        "kernel update",
    ):
        assert word in words


def test_each_picture_has_a_title_and_says_what_it_shows(view):
    for name, width in (("wide", 1120), ("narrow", 366)):
        svg = ElementTree.fromstring(topology(view, width, name))  # noqa: S314 - our own
        title, described = svg[0], svg[1]
        assert (title.tag, described.tag) == ("title", "desc")
        assert svg.attrib["aria-labelledby"].split() == [title.attrib["id"], described.attrib["id"]]
        assert svg.attrib["role"] == "img"
        assert "VIP 172.28.0.100: held by lvs1." in str(described.text)
        assert "Director lvs3: UNREACHABLE." in str(described.text)
        assert "Real server web2: dr, FAILED in 1 of 3 services." in str(described.text)
    ids = re.findall(r' id="([^"]+)"', page(view))
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("width", [366, 1120])
def test_boxes_are_inside_the_picture_and_do_not_touch(view, width):
    svg = ElementTree.fromstring(topology(view, width, "x"))  # noqa: S314 - our own
    _x, _y, wide, high = map(float, svg.attrib["viewBox"].split())
    boxes = [tuple(float(rect.attrib[key]) for key in ("x", "y", "width", "height")) for rect in svg.iter("rect")]
    assert len(boxes) == 1 + 2 + 3 + 3
    for x, y, w, h in boxes:
        assert x >= 0
        assert y >= 0
        assert x + w <= wide
        assert y + h <= high
    for at, (x, y, w, h) in enumerate(boxes):
        for ox, oy, ow, oh in boxes[at + 1 :]:
            assert x + w < ox or ox + ow < x or y + h < oy or oy + oh < y


def test_lines_follow_the_packets(view):
    boxes = [box for layer in layers(view) for box in layer]
    drawn = {(link.start, link.end): link.state for link in links(view, boxes)}
    assert drawn == {
        ("clients", "172.28.0.100"): "held",
        ("clients", "172.28.0.101"): "held",
        ("172.28.0.100", "director lvs1"): "held",
        ("172.28.0.101", "director lvs1"): "held",
        ("director lvs1", "server web1"): "up",
        ("director lvs1", "server web2"): "failed",
        ("director lvs1", "server web3"): "up",
    }


def test_a_real_server_shows_its_worst_state(view):
    states = {box.name: (box.state, box.lines[-1]) for box in layers(view)[3]}
    assert states == {
        "server web1": ("up", "up in 2 of 2 services"),
        "server web2": ("failed", "FAILED in 1 of 3 services"),
        "server web3": ("up", "up"),
    }


def test_a_sorry_server_that_answers_is_drawn(status):
    data = status(proc=PROC.replace(WEB2, ASIDE))
    boxes = {box.name: box.lines for box in layers(view_of([{"director": "lvs1", "status": data}]))[3]}
    assert boxes["server web3"][-1] == "sorry server in 1 of 2 services"


def test_of_many_boxes_the_worst_are_drawn(view):
    server = view["services"][0]["real_servers"][0]
    view["services"][0]["real_servers"] += [{**server, "name": f"more{number}"} for number in range(100)]
    drawn = layers(view)[3]
    assert len(drawn) == MOST
    assert drawn[0].name == "server web2"
    assert drawn[-1].lines[0] == f"{103 - MOST + 1} more real servers"


def test_the_verdict(view, found):
    assert verdict(view) == "3 problems"
    assert verdict(view_of(found)) == "no problems seen"
    found[0]["status"]["services"][0]["state"] = "degraded"
    assert verdict(view_of(found)) == "1 of 3 services not whole"
    found[0]["status"]["services"][0]["state"] = "foreign"
    assert verdict(view_of(found)) == "no problems seen"


def luminance(colour: str) -> float:
    """WCAG 2.1, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_can_be_told_from_what_is_behind(scheme):
    sets = re.findall(r":root\{(.*?)\}", STYLE, re.S)
    colours = dict(re.findall(r"--([\w-]+):(#[0-9a-f]{6})", sets[scheme == "dark"]))
    pairs = [(text, back) for text in ("text", "soft") for back in ("back", "card")]
    pairs += [(kind, back) for kind in ("good", "warn", "bad") for back in ("card", f"{kind}-back")]
    pairs += [(text, f"{kind}-back") for text in ("text", "soft") for kind in ("warn", "bad")]
    # 4.5 for text, and 3 for what is drawn: WCAG 2.1, 1.4.3 and 1.4.11.
    assert {
        pair: contrast(colours[pair[0]], colours[pair[1]])
        for pair in pairs
        if contrast(colours[pair[0]], colours[pair[1]]) < 4.5
    } == {}
    assert contrast(colours["line"], colours["card"]) >= 3
