# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Callable

import jinja2
import pytest
from ansible_collections.lvs.cluster.plugins.filter import resolve

ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = Path(resolve.__file__).parents[5]
TEMPLATES = [
    ROOT / "roles" / role / "templates" for role in ("director", "ldirectord", "heartbeat", "_host", "real_server")
]


@pytest.fixture(scope="session")
def collection_root() -> Path:
    """The collection's root folder, where galaxy.yml is."""
    return ROOT


@pytest.fixture(scope="session")
def render():
    """Return a function that renders a template of a director or of all hosts, as its role would write it on the host.

    It does as ansible.builtin.template: of the lines of an included template the last one has no end. But None is rendered as None,
    where Ansible leaves it out, so that tests see it.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), trim_blocks=True, undefined=jinja2.StrictUndefined
    )

    def line_ends(text: str) -> int:
        return len(text) - len(text.rstrip("\n"))

    def rendered(cluster: dict, host: str, template: str = "keepalived.conf.j2", **variables: object) -> str:
        text = environment.get_template(template).render(
            lvs_cluster=cluster,
            director_host=cluster["hosts"][host],
            heartbeat_host=cluster["hosts"][host],
            _host_part=cluster["hosts"][host],
            real_server_sockets=cluster["hosts"][host]["listen"],
            real_server_httpd="/usr/sbin/apache2",
            real_server_httpd_modules="/usr/lib/apache2/modules",
            real_server_httpd_user="www-data",
            real_server_test_page_root="/var/www/lvs-test-page",
            real_server_test_page_key="/etc/ssl/private/lvs-test-page.pem",
            inventory_hostname=host,
            director_script_user="root",
            director_keepalived_variable="DAEMON_ARGS",
            director_sync_daemon="keepalived.service",
            ansible_managed="Ansible managed",
            **variables,
        )
        source = environment.loader.get_source(environment, template)[0]
        return text + "\n" * (line_ends(source) - line_ends(text))

    return rendered


@pytest.fixture(scope="session")
def matrix() -> ModuleType:
    """The program tests/matrix. Its other files are the modules `cases`, `pythons` and `records` that it has imported."""
    folder = ROOT / "tests/matrix"
    sys.path.insert(0, str(folder))
    try:
        spec = importlib.util.spec_from_file_location("lvs_matrix", folder / "__main__.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module


@pytest.fixture
def ansible(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs a tool of Ansible in the folder of the test. Its settings are those of ansible.cfg there, if any."""

    def run(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        program, settings = Path(sys.executable).parent / tool, tmp_path / "ansible.cfg"
        if not program.exists():
            pytest.skip(f"{tool} is not beside this Python")
        settings.touch()
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_CONFIG": str(settings),
            "ANSIBLE_HOME": str(tmp_path / "home"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "ANSIBLE_REMOTE_TMP": str(tmp_path / "remote"),
            "PWD": str(tmp_path),
        }
        return subprocess.run(
            [program, *arguments],
            cwd=tmp_path,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `role_path` or `module_path` once for every role or module there is."""
    for fixture, pattern in (("role_path", "roles/*/"), ("module_path", "plugins/modules/*.py")):
        if fixture in metafunc.fixturenames:
            found = sorted(ROOT.glob(pattern))
            metafunc.parametrize(fixture, found, ids=[path.stem for path in found])
