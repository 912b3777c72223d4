# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the section "Every key" of each page of the reference from the argument_specs of the roles, so that no key is described twice.

Usage: reference.py [--check]. With --check nothing is written, and a page that is not current is an error.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from typing import Any, Iterator

import pages
import yaml
from pages import ROOT

PAGES = ROOT / "docs/docsite/rst"
ROLES = ("cluster", "director", "real_server", "rolling_update")
# Which keys a page has. The longest beginning counts, so a new key of a variable is on its page at once.
TOPICS = {
    "inventory": (
        "lvs_cluster_name",
        "lvs_address",
        "lvs_take_over",
        "lvs_accept_outage",
        "cluster_ssh_port",
        "cluster_package_cache_valid_time",
    ),
    "services": ("lvs_services",),
    "real_servers": (
        "lvs_services[].real_servers",
        "lvs_services[].sorry_server",
        "lvs_services[].on_failure",
        "lvs_services[].quorum",
        "lvs_services[].hysteresis",
        "lvs_services[].alpha",
        "lvs_services[].omega",
        "lvs_services[].test_page",
        "lvs_weight",
        "lvs_test_page",
        "real_server_test_page_root",
        "director_drain_timeout",
    ),
    "health": ("lvs_health", "lvs_services[].health", "lvs_services[].real_servers[].health"),
    "vrrp": ("lvs_vrrp", "lvs_priority", "lvs_start_at_boot", "director_script_user"),
    "networks": (
        "lvs_address6",
        "lvs_vrrp_address",
        "lvs_nat",
        "lvs_arp",
        "lvs_filter",
        "lvs_firewalld_zone",
        "lvs_peers_only",
    ),
    "sync": ("lvs_sync", "lvs_timeouts"),
    "stacks": ("lvs_stack", "lvs_keepalived", "lvs_ldirectord", "lvs_heartbeat"),
    "reports": ("lvs_mail", "lvs_metrics", "lvs_heal"),
    "operations": ("rolling_update",),
}
# Those whose keys are in a table of their own on the page.
WITHOUT_SECTION = {"operations"}
MARK = ".. What follows is written by `make readmes` from the roles' meta/argument_specs.yml.\n"
# Ansible's markup: O(lvs.cluster.cluster#role:main:lvs_arp), C(keepalived), P(lvs.cluster.cluster#role) ...
MARKUP = re.compile(r"\b(?:RV|[BCEIMOPUV])\((?:[\w.]+#\w+:(?:main:)?)?([^)#]*)(?:#\w+)?\)")


def topic(path: str) -> str:
    """The page of a key, as in lvs_services[].health.type. SystemExit if it has none."""
    found = [(len(start), page) for page, starts in TOPICS.items() for start in starts if _is_in(path, start)]
    if not found:
        sys.exit(f"{path} is on no page of the reference: add it to TOPICS in tests/tools/reference.py")
    return max(found)[1]


def _is_in(path: str, start: str) -> bool:
    return path == start or path.startswith((f"{start}.", f"{start}[", f"{start}_"))


def keys(options: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every option with its path, and after it its suboptions."""
    for name, option in options.items():
        path = prefix + name
        yield path, option
        yield from keys(option.get("options", {}), path + ("[]." if option.get("type") == "list" else "."))


def every_key() -> list[tuple[str, dict[str, Any]]]:
    """The keys of all roles that users set variables of."""
    specs = [yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text("utf-8")) for role in ROLES]
    return [pair for spec in specs for pair in keys(spec["argument_specs"]["main"].get("options", {}))]


def entry(path: str, option: dict[str, Any]) -> str:
    """One key as an item of a definition list."""
    kind = option.get("type", "str")
    facts = [f"**{kind} of {option['elements']}**" if "elements" in option else f"**{kind}**"]
    if option.get("required"):
        facts.append("required")
    if "choices" in option:
        facts.append("one of " + ", ".join(f"``{choice}``" for choice in option["choices"]))
    if "default" in option:
        facts.append(f"default ``{json.dumps(option['default'])}``")
    described = option["description"]
    text = " ".join([described] if isinstance(described, str) else described)
    body = f"{_wrapped(', '.join(facts))}\n\n{_wrapped(_restructured(text))}"
    return f"``{path}``\n{textwrap.indent(body, '    ')}\n"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, width=130, break_long_words=False, break_on_hyphens=False)


def _restructured(text: str) -> str:
    """A description in reStructuredText. What is special there and is no markup of Ansible's is escaped."""
    text = " ".join(text.split())
    parts, end = [], 0
    for match in MARKUP.finditer(text):
        parts += [re.sub(r"([\\*`|]|_(?=\W|$))", r"\\\1", text[end : match.start()]), f"``{match[1]}``"]
        end = match.end()
    return "".join([*parts, re.sub(r"([\\*`|]|_(?=\W|$))", r"\\\1", text[end:])])


def section(page: str) -> str:
    """The written part of a page."""
    listed = [entry(path, option) for path, option in every_key() if topic(path) == page]
    title = "Every key"
    return f"{MARK}\n{title}\n{'-' * len(title)}\n\n" + "\n".join(listed)


def current(page: str) -> str:
    """A page whose written part is current."""
    text = (PAGES / f"{page}.rst").read_text(encoding="utf-8")
    return text.partition(MARK)[0].rstrip("\n") + "\n\n" + section(page)


if __name__ == "__main__":
    written = {PAGES / f"{page}.rst": current(page) for page in TOPICS.keys() - WITHOUT_SECTION}
    sys.exit(pages.write(written, "--check" in sys.argv[1:]))
