# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages of the reference: every key is on one of them, in reStructuredText that says what the argument_specs say."""

from __future__ import annotations

import pytest
import reference


@pytest.mark.parametrize(
    ("key", "page"),
    [
        ("lvs_services", "services"),
        ("lvs_services[].vip", "services"),
        ("lvs_services[].health.type", "health"),
        ("lvs_services[].real_servers[].weight", "real_servers"),
        ("lvs_address", "inventory"),
        ("lvs_address6", "networks"),
        ("lvs_vrrp.track.scripts[].src", "vrrp"),
        ("lvs_vrrp_address", "networks"),
    ],
)
def test_a_key_is_on_the_page_of_the_longest_beginning(key, page):
    assert reference.topic(key) == page


def test_a_new_variable_needs_a_page():
    with pytest.raises(SystemExit, match="lvs_news is on no page"):
        reference.topic("lvs_news")


def test_every_key_of_the_roles_has_a_page():
    assert {reference.topic(path) for path, _option in reference.every_key()} == reference.TOPICS.keys()


def test_a_key_is_told_with_its_type_default_and_choices():
    option = {
        "type": "list",
        "elements": "str",
        "default": ["a"],
        "choices": ["a", "b"],
        "description": ["One.", "Two."],
    }
    assert reference.entry("lvs_x[].y", option) == (
        '``lvs_x[].y``\n    **list of str**, one of ``a``, ``b``, default ``["a"]``\n\n    One. Two.\n'
    )


def test_a_required_key_without_a_type_is_a_string():
    assert (
        reference.entry("x", {"required": True, "description": "One."}) == "``x``\n    **str**, required\n\n    One.\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("As O(lvs_arp) with V(sysctl).", "As ``lvs_arp`` with ``sysctl``."),
        ("C(lvs_*) and O(lvs.cluster.cluster#role:main:lvs_arp)", "``lvs_*`` and ``lvs_arp``"),
        ("all_ of * and | with `x`", r"all\_ of \* and \| with \`x\`"),
        ("net_a.b", "net_a.b"),
    ],
)
def test_a_description_becomes_restructured_text(text, expected):
    assert reference._restructured(text) == expected
