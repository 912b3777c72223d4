# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give what antsibull-docs has made of the collection a front page, a side bar in sections, and settings for Sphinx.

Usage: docs_site.py FOLDER, that of conf.py.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
FRONT = """\
lvs.cluster
===========

One Ansible inventory describes a Linux Virtual Server cluster: virtual services, their real servers and health checks, and the
directors that share the virtual IP addresses. One command deploys it. A second one proves that it serves.

.. figure:: docsite/images/forwarding.svg
   :alt: With direct routing and tunnels requests go through the director and answers go straight to the client. With NAT both go
         through the director.

Begin with :ref:`ansible_collections.lvs.cluster.docsite.quick_start`. If a VIP does not answer, go to
:ref:`ansible_collections.lvs.cluster.docsite.troubleshooting`.

"""
# What leads to Ansible's own documentation, which is not there without a network. Everything else has to resolve.
SETTINGS = r"""
intersphinx_mapping = {}
nitpick_ignore_regex = [(r"(std:)?ref", r"(?!ansible_collections\.lvs\.).*")]
html_title = "lvs.cluster"
html_static_path = ["_static"]
html_css_files = ["site.css"]
pygments_style = "tango"
pygments_dark_style = "monokai"
"""
# Pictures and tables are scrolled on a narrow screen, not shrunk.
STYLE = """\
article img[src$=".svg"] { max-width: 100%; min-width: 640px; }
article figure, .table-wrapper { overflow-x: auto; }
.table-wrapper td { min-width: 7em; }
/* The tables of options have colours for a light page alone. */
body {
  --antsibull-links-background: var(--color-background-secondary);
  --antsibull-links-background-active: var(--color-background-border);
  --antsibull-links-text: var(--color-link);
  --antsibull-table-background-header: var(--color-background-secondary);
  --antsibull-table-background-odd: var(--color-background-primary);
  --antsibull-table-background-even: var(--color-background-secondary);
  --antsibull-table-border: var(--color-background-border);
  --antsibull-narrowtable-background: var(--color-background-secondary);
  --antsibull-option-type: var(--color-foreground-secondary);
  --antsibull-option-elements: var(--color-foreground-secondary);
  --antsibull-option-aliases: var(--color-foreground-secondary);
  --antsibull-option-version-added: var(--color-foreground-secondary);
  --antsibull-option-sample: var(--color-foreground-secondary);
  --antsibull-option-sample-header: var(--color-foreground-primary);
  --antsibull-option-required: var(--color-problematic);
  --antsibull-option-default: var(--color-link);
  --antsibull-attribute-support-none: var(--color-problematic);
  --antsibull-attribute-support-partial: var(--color-foreground-primary);
  --antsibull-attribute-support-full: var(--color-foreground-primary);
  --antsibull-attribute-support-na: var(--color-foreground-secondary);
}
"""
# The theme shows the contents of a page beside it.
CONTENTS = re.compile(r"^\.\. contents::.*\n(?: +\S.*\n)*", re.MULTILINE)
TOCTREE = ".. toctree::\n   :caption: {}\n   :maxdepth: 1\n   :hidden:\n\n{}\n"


def main(folder: Path) -> None:
    rst = folder / "rst"
    sections = yaml.safe_load((ROOT / "docs/docsite/extra-docs.yml").read_text(encoding="utf-8"))["sections"]
    trees = [(section["title"], [f"docsite/{page}" for page in section["toctree"]]) for section in sections]
    trees.append(("Modules, filters, roles", ["plugins"]))
    (rst / "plugins.rst").write_text(plugins((rst / "index.rst").read_text(encoding="utf-8")), encoding="utf-8")
    listed = "".join(f"{title}\n    {links(pages)}\n\n" for title, pages in trees)
    tree = "".join(TOCTREE.format(title, "".join(f"   {page}\n" for page in pages)) for title, pages in trees)
    (rst / "index.rst").write_text(FRONT + listed + tree, encoding="utf-8")
    for page in rst.rglob("*.rst"):
        page.write_text(CONTENTS.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")
    static = folder / "_static"
    static.mkdir(exist_ok=True)
    (static / "site.css").write_text(STYLE, encoding="utf-8")
    with (folder / "conf.py").open("a", encoding="utf-8") as conf:
        conf.write(SETTINGS)


def links(pages: list[str]) -> str:
    return ", ".join(f":doc:`{page}`" for page in pages)


def plugins(index: str) -> str:
    """The page of the collection that antsibull-docs writes, without the guides, which have sections of their own."""
    text = re.sub(r"(?ms)^\.\. toctree::\n +:maxdepth: 1\n\n(?! +:hidden:).*?(?=^\.\. _plugin_index_for_)", "", index)
    return re.sub(r"(?m)^Lvs\.Cluster\n=+$", "Modules, filters and roles\n==========================", text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
