# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation says of every keyword of keepalived.conf(5): there is no other keyword, its key exists, its raw works."""

from __future__ import annotations

import copy
import re
import shutil
import subprocess
from pathlib import Path

import keepalived_keywords as tool
import pytest
import yaml
from ansible_collections.lvs.cluster.tests.unit.roles.test_keepalived_conf import needs_keepalived
from ansible_collections.lvs.cluster.tests.unit.roles.test_lvs_vip_namespace import UNSHARE

ROOT = Path(__file__).parents[3]
INSTALLED = Path("/usr/share/man/man5/keepalived.conf.5.gz")

DATA = yaml.safe_load(tool.DATA.read_text(encoding="utf-8"))
ENTRIES = {
    (block["man"], keyword): (block, entry) for block in DATA["blocks"] for keyword, entry in block["keywords"].items()
}
LISTED = tool.listed(tool.LIST.read_text(encoding="utf-8"))

HOSTS = {"lvs1": "172.28.0.11", "lvs2": "172.28.0.12", "web1": "172.28.0.21", "web2": "172.28.0.22"}
GROUPS = {"directors": ["lvs1", "lvs2"], "real_servers": ["web1", "web2"]}
VARIABLES = {
    "lvs_services": [
        {"name": "web", "vip": "172.28.0.100", "port": 80, "real_servers": [{"host": "web1"}, {"host": "web2"}]},
        {"name": "shop", "vip": "172.28.0.101", "port": 80},
    ],
    "lvs_vrrp": {
        "instances": [
            {"name": "VI_1", "virtual_router_id": 1, "vips": ["172.28.0.100"]},
            {"name": "VI_2", "virtual_router_id": 2, "vips": ["172.28.0.101"]},
        ],
    },
    "lvs_keepalived": {"include": ["/etc/keepalived/own.conf"]},
}


def lines(given: str | list[str]) -> list[str]:
    return [given] if isinstance(given, str) else given


def version() -> str:
    """What keepalived says of itself; nothing if it is not installed."""
    if shutil.which("keepalived") is None:
        return ""
    return subprocess.run(["keepalived", "--version"], capture_output=True, text=True, check=True).stderr


def inventory(block: dict, entry: dict) -> tuple[dict, str]:
    """The variables of a cluster that has the raw lines of a keyword in their place, and the text of a file of one's own."""
    found = copy.deepcopy(VARIABLES)
    raw = [*block.get("begin", []), *lines(entry["raw"]), *block.get("end", [])]
    service = found["lvs_services"][0]
    service.update(entry.get("with", {}).get("lvs_services", {}))
    found["lvs_vrrp"].update(entry.get("with", {}).get("lvs_vrrp", {}))
    if "needs" in block:
        found["lvs_vrrp"]["raw"] = block["needs"]["lvs_vrrp"]
    file = entry.get("before", [])
    if block["way"] == "lvs_keepalived.include":
        file = [*file, *raw]
    elif block["way"] == "lvs_keepalived.raw":
        found["lvs_keepalived"]["raw"] = raw
    elif block["way"] == "lvs_vrrp.sync_groups[].raw":
        found["lvs_vrrp"]["sync_groups"] = [{"name": "BOTH", "instances": ["VI_1", "VI_2"], "raw": raw}]
    elif block["way"] == "lvs_vrrp.instances[].raw":
        found["lvs_vrrp"]["instances"][0]["raw"] = raw
    elif block["way"] == "lvs_services[].raw":
        service["raw"] = raw
    else:
        assert block["way"] == "lvs_services[].real_servers[].raw"
        service["real_servers"][0]["raw"] = raw
    return found, "".join(f"{line}\n" for line in file)


def documented(key: str) -> bool:
    """Whether a key is described by the role that reads it."""
    first, *rest = key.replace("[]", "").split(".")
    role = "director" if first.startswith("director_") else "cluster"
    specs = yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text(encoding="utf-8"))
    option = specs["argument_specs"]["main"]["options"].get(first)
    for name in rest:
        option = (option or {}).get("options", {}).get(name)
    return option is not None


def test_every_keyword_of_the_manual_is_in_the_table_and_no_other():
    assert sorted(ENTRIES) == sorted(LISTED)
    assert len(LISTED) > 400


@pytest.mark.skipif(not INSTALLED.exists() or "v2.2.7 " not in version(), reason="no manual page of keepalived 2.2.7")
def test_the_list_is_that_of_the_installed_manual():
    assert tool.keywords_of(tool.manual(INSTALLED)) == LISTED


def test_something_is_said_of_every_keyword():
    words = {"key", "raw", "set", "reason"}
    assert [name for name, (_block, entry) in ENTRIES.items() if not words & set(entry)] == []
    assert [
        name for name, (_block, entry) in ENTRIES.items() if "reason" in entry and words & set(entry) != {"reason"}
    ] == []


def test_every_key_exists():
    keys = {key for _block, entry in ENTRIES.values() for key in lines(entry.get("key", []))}
    assert sorted(key for key in keys if not documented(key)) == []


def test_the_page_is_current():
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page(DATA)


@needs_keepalived
def test_keepalived_takes_the_raw_lines_of_every_keyword(render, describe, tmp_path):
    """All in one network namespace, each in a configuration of its own."""
    said_of_itself = version()
    tried = {}
    for (name, keyword), (block, entry) in ENTRIES.items():
        if "raw" not in entry or not re.search(rf"\b{entry.get('build', '')}\b", said_of_itself):
            continue
        tried[f"{name}:{keyword}"] = inventory(block, entry)
    assert len(tried) > 150
    for name, (variables, own) in tried.items():
        folder = tmp_path / name
        folder.mkdir()
        cluster = describe(GROUPS, HOSTS, **variables)
        (folder / "own.conf").write_text(own or "# by hand\n", encoding="utf-8")
        (folder / "lvs-secrets.conf").write_text(
            render(cluster, "lvs1", "keepalived-secrets.conf.j2"), encoding="utf-8"
        )
        text = render(cluster, "lvs1").replace("/etc/keepalived/", f"{folder}/")
        (folder / "keepalived.conf").write_text(text, encoding="utf-8")
    steps = [
        "ip tuntap add mode tap name eth0; ip link set eth0 up; ip address add 172.28.0.11/24 dev eth0",
        'cd "$0"; for folder in *; do',
        '    keepalived --config-test --use-file "$folder/keepalived.conf" 2>"$folder/said" || echo "status $?" >>"$folder/said"',
        "done",
    ]
    subprocess.run([*UNSHARE, "sh", "-euc", "\n".join(steps), tmp_path], capture_output=True, check=True)
    said = {name: (tmp_path / name / "said").read_text(encoding="utf-8") for name in tried}
    if "v2.2.7 " not in said_of_itself:
        # Another version may not know all words of this one
        said = {name: text for name, text in said.items() if "Unknown keyword" not in text}
    assert {name: text for name, text in said.items() if text} == {}
