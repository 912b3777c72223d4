# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import jinja2
import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = [
    ROOT / "roles" / role / "templates" for role in ("director", "ldirectord", "heartbeat", "_host", "real_server")
]


@pytest.fixture(scope="session")
def collection_root() -> Path:
    """The collection's root folder, where galaxy.yml is."""
    return ROOT


@pytest.fixture(scope="session")
def render():
    """Return a function that renders a template of a director or of all hosts, as its role would write it on the host."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )

    def rendered(cluster: dict, host: str, template: str = "keepalived.conf.j2", **variables: object) -> str:
        return environment.get_template(template).render(
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

    return rendered


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `role_path` or `module_path` once for every role or module there is."""
    for fixture, pattern in (("role_path", "roles/*/"), ("module_path", "plugins/modules/*.py")):
        if fixture in metafunc.fixturenames:
            found = sorted(ROOT.glob(pattern))
            metafunc.parametrize(fixture, found, ids=[path.stem for path in found])
