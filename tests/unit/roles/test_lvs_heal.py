# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lvs-heal and lvs-status as they are installed: all modules are there, they need nothing else, and know what the inventory describes."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.module_utils import deployed
from ansible_collections.lvs.cluster.plugins.module_utils.heal.settings import cluster_from, read
from ansible_collections.lvs.cluster.plugins.module_utils.metrics import program as metrics
from ansible_collections.lvs.cluster.plugins.plugin_utils.heal_settings import heal_settings

ROOT = Path(__file__).parents[3]
HOST = ROOT / "roles/_host"
MODULE_UTILS = ROOT / "plugins/module_utils"
VARS = yaml.safe_load((HOST / "vars/main.yml").read_text(encoding="utf-8"))
MODULES = VARS["_host_heal_modules"]
MODELS = ROOT / "tests/unit/plugins/plugin_utils/cluster/right"


def imported(path: Path) -> set[Path]:
    """The files below module_utils that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = path.parents[node.level - 1].joinpath(*(node.module or "").split(".") if node.module else ())
            named = [base / f"{alias.name}.py" for alias in node.names]
            found |= {file for file in named if file.exists()} or {base.with_suffix(".py")}
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            assert all(str(name).partition(".")[0] in {*sys.stdlib_module_names} for name in names), (path, names)
    return found


PROGRAMS = {
    "lvs-drain": "usage: lvs-drain [-h] [--service SERVICE] [--reason REASON] [--force] [real_server]\n",
    "lvs-heal": "usage: lvs-heal [--check]\n",
    "lvs-metrics": "usage: lvs-metrics [--service]\n",
    "lvs-status": "usage: lvs-status [--json | --html] [--output FILE]\n",
    "lvs-undrain": "usage: lvs-undrain [-h] [--service SERVICE] [--steps STEPS] [--pause PAUSE] [real_server]\n",
}


def test_every_module_that_they_import_is_installed_and_no_other():
    needed = todo = {MODULE_UTILS / f"{one}/program.py" for one in ("drains", "heal", "metrics", "status")}
    while todo:
        todo = {file for path in todo for file in imported(path)} - needed
        needed = needed | todo
    packages = {file.parent / "__init__.py" for file in needed} - {MODULE_UTILS / "__init__.py"}
    assert sorted(str(file.relative_to(MODULE_UTILS)) for file in needed | packages) == sorted(MODULES)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The folder of an installed lvs-heal, in which an older version has left a module."""
    folder = tmp_path / "lib"
    (folder / "lvs_cluster").mkdir(parents=True)
    (folder / "lvs_cluster/old.py").touch()
    files = {str(folder / "lvs_cluster" / name): (MODULE_UTILS / name).read_text(encoding="utf-8") for name in MODULES}
    files[str(folder / "lvs_cluster/__init__.py")] = ""
    for program in PROGRAMS:
        script = (HOST / "files" / program).read_text(encoding="utf-8")
        files[str(tmp_path / "bin" / program)] = script.replace(VARS["_host_heal_folder"], str(folder))
    given = {
        "files": files,
        "executable": [str(tmp_path / "bin" / program) for program in PROGRAMS],
        "folder": str(folder),
    }
    installer = [sys.executable, str(HOST / "files/install_files.py")]
    subprocess.run(installer, input=json.dumps(given), text=True, check=True)
    return tmp_path


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_runs_from_where_it_is_installed_with_the_standard_library_alone(installed: Path, program: str):
    assert os.access(installed / "bin" / program, os.X_OK)
    # -I and -S: no collection, and no packages of this environment.
    ran = subprocess.run(
        [sys.executable, "-I", "-S", str(installed / "bin" / program), "--nonsense"],
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, PROGRAMS[program] in ran.stderr) == (2, True), ran.stderr
    there = {
        str(path.relative_to(installed / "lib/lvs_cluster"))
        for path in (installed / "lib").rglob("*")
        if path.is_file()
    }
    assert there == {*MODULES, "__init__.py"}


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_what_root_runs_can_be_changed_by_root_alone_whatever_the_umask_is(tmp_path: Path, mask: int):
    program, part = tmp_path / "sbin/lvs-heal", tmp_path / "lib/lvs_cluster/part.py"
    given = {
        "files": {str(program): "#!/bin/sh\n", str(part): "1\n"},
        "executable": [str(program)],
        "folder": str(part.parent),
    }
    installer = [sys.executable, str(HOST / "files/install_files.py")]
    subprocess.run(installer, input=json.dumps(given), text=True, check=True, umask=mask)
    modes = [path.stat().st_mode & 0o777 for path in (program, part, part.parent)]
    assert modes == [0o755, 0o644, 0o755]


def test_the_facts_know_where_the_roles_put_it():
    assert VARS["_host_heal_unit"] == deployed.HEAL_UNIT
    assert f"{VARS['_host_heal_folder']}/**/*.py" in deployed.HEAL
    assert {f"/usr/local/sbin/{program}" for program in PROGRAMS} <= {*deployed.HEAL}
    assert {"lvs-heal", "lvs-metrics", *VARS["_host_director_programs"]} == {*PROGRAMS}
    assert VARS["_host_metrics_unit"] == deployed.METRICS_UNIT
    assert deployed.METRICS_UNIT in deployed.HEAL
    assert deployed.METRICS_FILE == metrics.FILE


@pytest.mark.parametrize("case", sorted(path.stem for path in MODELS.glob("*.json")))
def test_it_can_read_what_is_written_for_any_cluster(case: str):
    cluster = json.loads((MODELS / f"{case}.json").read_text(encoding="utf-8"))
    for name, host in cluster["hosts"].items():
        kept = cluster_from(json.loads(json.dumps(heal_settings(cluster, name, "Debian", "1"))))
        directs = name in cluster["directors"]
        assert kept.stack == (cluster["stack"] if directs else None)
        assert ("/etc/sysctl.d/90-lvs-director.conf" in kept.sysctls) == directs
        if directs:
            own = host["localnode"]["table"] if host["localnode"] else []
            assert len(kept.table.services) == len(cluster["table"]) + len(own)
        assert [one.name for one in kept.instances] == [one["name"] for one in host["instances"] if directs]
        quiesced = {str(key) for key in kept.table.services} & kept.quiesced
        assert len(quiesced) == len(kept.quiesced)


@pytest.mark.parametrize(
    ("case", "name", "key", "expected"),
    [
        ("static", "lvs1", "rules", "/etc/ipvsadm.rules"),
        ("minimal", "web1", "sysctls", ["/etc/sysctl.d/90-lvs-real-server-lvs1.conf"]),
    ],
)
def test_what_is_written(case: str, name: str, key: str, expected: object):
    cluster = json.loads((MODELS / f"{case}.json").read_text(encoding="utf-8"))
    name = name if name in cluster["hosts"] else cluster["directors"][0]
    written = heal_settings({**cluster, "name": "lvs1"}, name, "Debian", "1")
    assert written[key] == expected


@pytest.mark.parametrize("told", [True, False])
def test_mail_about_the_vips_is_sent_only_if_it_is_wanted(told: bool):
    cluster = json.loads((MODELS / "minimal.json").read_text(encoding="utf-8"))
    mail = {
        "to": ["a@b"],
        "from": "c@d",
        "server": "e",
        "port": 25,
        "timeout": 5,
        "instances": told,
        "real_servers": True,
    }
    written = heal_settings({**cluster, "mail": mail}, cluster["directors"][0], "Debian", "1")
    assert (cluster_from(written).mail is not None) == told


def test_the_director_that_heartbeat_prefers_is_active_with_its_local_resources():
    cluster = json.loads((MODELS / "ldirectord_services.json").read_text(encoding="utf-8"))
    active = [cluster_from(heal_settings(cluster, name, "Debian", "1")).active for name in cluster["directors"]]
    assert active == [("all", "local"), ("all", "foreign")][: len(active)]


def test_nothing_is_kept_of_a_cluster_that_wants_no_lvs_heal(tmp_path: Path):
    cluster = json.loads((MODELS / "lab.json").read_text(encoding="utf-8"))
    for name, heal in (("one", True), ("two", False)):
        written = heal_settings({**cluster, "name": name, "heal": heal}, "lvs1", "Debian", "1")
        (tmp_path / f"lvs-heal-{name}.json").write_text(json.dumps(written), encoding="utf-8")
    assert [one.name for one in read(tmp_path)] == ["one"]


def test_a_director_knows_the_names_of_the_inventory():
    cluster = json.loads((MODELS / "lab.json").read_text(encoding="utf-8"))
    written = heal_settings(cluster, "lvs2", "Debian", "1")
    web, tls, dns = "172.28.0.100:80/tcp", "172.28.0.100:443/tcp", "172.28.0.101:53/udp"
    assert written["names"] == {
        "services": {web: "web", tls: "web-tls", dns: "dns"},
        "real_servers": {"172.28.0.21": "web1", "172.28.0.22": "web2", "172.28.0.23": "web3"},
    }
    assert (written["director"], list(written["directors"])) == ("lvs2", ["lvs1", "lvs2", "lvs3"])
    assert written["sorry_servers"] == {web: "172.28.0.23:80"}
    assert written["checks"] == {web: ["http"], tls: ["https"], dns: ["dns"]}
    assert (written["quiesced"], written["gateways"], written["sync"], written["marked"]) == ([tls], [], None, {})


def test_a_mark_has_the_vips_that_the_table_lacks():
    cluster = json.loads((MODELS / "fwmark.json").read_text(encoding="utf-8"))
    marked = heal_settings(cluster, cluster["directors"][0], "Debian", "1")["marked"]
    assert marked
    assert all(vips and key.startswith("fwmark ") for key, vips in marked.items())


@pytest.mark.parametrize(("forward", "port"), [("dr", 80), ("tun", 80), ("nat", 8080)])
def test_only_a_sorry_server_behind_nat_keeps_its_port(forward: str, port: int):
    cluster = json.loads((MODELS / "lab.json").read_text(encoding="utf-8"))
    cluster["services"][0]["sorry_server"].update(forward=forward, port=8080)
    written = heal_settings(cluster, "lvs1", "Debian", "1")
    assert written["sorry_servers"]["172.28.0.100:80/tcp"] == f"172.28.0.23:{port}"
