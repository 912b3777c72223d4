# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: regex_literal
short_description: A regular expression that matches a text as it stands
version_added: 0.1.0
author: lvs.cluster contributors (@lvs-cluster)
description:
  - For keepalived's C(regex). Each special character is put into a class of its own, because a backslash
    has another meaning inside keepalived's quotes.

options:
  _input:
    description: The text. A double quote, a backslash or a caret cannot be expressed, and is refused when the cluster is resolved.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show what keepalived is asked to look for
  ansible.builtin.debug:
    msg: "{{ 'version 1.0 (stable)' | lvs.cluster.regex_literal }}"
"""

RETURN = r"""
_value:
  description: The regular expression.
  type: str
"""

SPECIAL = frozenset(".[]{}()*+?|$")


def regex_literal(text: str) -> str:
    """Put every special character of a regular expression into a class: pcre2pattern(3)."""
    return "".join(f"[{character}]" if character in SPECIAL else character for character in text)


class FilterModule:
    """The filter."""

    def filters(self):
        return {"regex_literal": regex_literal}
