# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What seems to be a password in a command is in the file of secrets alone, or told of."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.filter.adopted import adopted
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt.sensitive import seems_secret
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.adopt.conftest import facts_and_groups

ADDRESSES = {"lb1": "192.0.2.11", "lb2": "192.0.2.12"}


def keepalived(check, more=""):
    return (
        "virtual_server 192.0.2.100 3306 {\nprotocol TCP\nlvs_sched rr\nlvs_method DR\n"
        f"{more}\nreal_server 192.0.2.21 3306 {{\n{check}\n}}\n}}\n"
    )


def adopt(*texts, **more):
    directors = {
        name: {"addresses": {"eth0": [f"{ADDRESSES[name]}/24"]}, **({"keepalived": text} if text else {}), **more}
        for name, text in zip(ADDRESSES, texts)
    }
    found = adopted(*facts_and_groups({"directors": directors}))
    cluster = yaml.safe_load(found["files"]["group_vars/all/cluster.yml"])
    assert "hunter" not in found["files"]["notes.txt"] + "".join(found["report"])
    return found, cluster["lvs_services"][0]


@pytest.mark.parametrize(
    "text",
    [
        "/usr/bin/check -p hunter2",
        "/usr/bin/check -p 'hunter 2' 192.0.2.21",
        "/usr/bin/check --password=hunter2",
        "/usr/bin/check --db-password hunter2",
        "/usr/bin/env MYSQL_PWD=hunter2 check",
        "/usr/bin/env PGPASSWORD=hunter2 psql",
        "/usr/bin/mysqladmin -uroot -phunter2 ping",
        "/usr/bin/curl -u monitor:hunter2 http://x/",
        "/usr/bin/curl --user=monitor:hunter2 http://x/",
        "/usr/bin/curl https://monitor:hunter2@x/",
        "/usr/bin/curl -H 'X-Auth-Token: hunter2'",
        "/usr/bin/redis-cli -h {address} -a hunter2 ping",
        "/usr/bin/ldapsearch -D cn=x -w hunter2",
        "/health?token=hunter2",
        "/health?a=1&api_key=hunter2",
        'misc_path "/usr/bin/x --secret hunter2"',
    ],
)
def test_what_seems_to_be_a_secret(text):
    assert seems_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "/usr/lib/nagios/plugins/check_tcp -H {address} -p 3306",
        "/usr/lib/nagios/plugins/check_disk -w 10% -p /",
        "/usr/bin/check -p {port} -p tcp",
        "/usr/bin/check_password_age {address}",
        "/usr/local/bin/bypass --of {address}",
        "/usr/bin/killall -0 haproxy",
        "/usr/bin/check --pass-through --keep",
        "/usr/bin/check -u root -a b",
        "/login?next=/a",
        "http://x:80/a",
        "garp_lower_prio_delay 3",
    ],
)
def test_what_does_not(text):
    assert not seems_secret(text)


def test_a_command_goes_into_the_file_of_secrets():
    check = 'MISC_CHECK {\nmisc_path "/usr/bin/check -H 192.0.2.21 -p hunter2"\n}'
    found, service = adopt(keepalived(check))
    assert service["health"]["sensitive"] is True
    assert service["health"]["command"] == "{{ vault_lvs_services_mysql_command }}"
    assert yaml.safe_load(found["secrets"]) == {
        "vault_lvs_services_mysql_command": "/usr/bin/check -H {address} -p hunter2"
    }
    assert [note["level"] for note in found["notes"] if "the command of a check seems to have" in note["text"]] == [
        "explained"
    ]
    _found, plain = adopt(keepalived(check.replace("-p hunter2", "-p 3306")))
    assert "sensitive" not in plain["health"]
    assert plain["health"]["command"] == "/usr/bin/check -H {address} -p 3306"


def test_so_do_pages_with_a_token_and_no_others():
    pages = "url {\npath /a?token=hunter2\nstatus_code 200\n}\nurl {\npath /b\nstatus_code 200\n}\n"
    found, service = adopt(keepalived(f"HTTP_GET {{\n{pages}}}"))
    assert service["health"]["sensitive"] is True
    assert [page["path"] for page in service["health"]["urls"]] == ["{{ vault_lvs_services_mysql_path }}", "/b"]
    assert yaml.safe_load(found["secrets"]) == {"vault_lvs_services_mysql_path": "/a?token=hunter2"}


def test_what_differs_between_directors_is_told_without_it():
    check = 'MISC_CHECK {{\nmisc_path "/usr/bin/check -H 192.0.2.21 -p hunter{}"\n}}'
    found, _service = adopt(*(keepalived(check.format(number)) for number in (2, 3)))
    assert [note for note in found["notes"] if "one secret" in note["text"]]


@pytest.mark.parametrize(
    ("check", "more"),
    [
        # Without an address the inventory has no key for it
        ('MISC_CHECK {\nmisc_path "/usr/bin/check -p hunter2"\n}', ""),
        ("TCP_CHECK {\n}", 'quorum_down "/usr/bin/tell --password hunter2"'),
        ("TCP_CHECK {\n}", 'quorum_down "tell > /x --password hunter2"'),
    ],
    ids=["raw", "notify", "no_command"],
)
def test_where_everybody_can_read_one_is_told(check, more):
    found, _service = adopt(keepalived(check, more))
    told = [note["text"] for note in found["notes"] if note["level"] == "not_expressed"]
    assert [text for text in told if "there seems to be a password" in text or "cannot be this command" in text]


def test_ldirectord_has_one_check_for_all_real_servers():
    text = (
        'virtual=192.0.2.100:80\n\treal=192.0.2.21:80 gate 1 "a?token=hunter2","up"\n\treal=192.0.2.22:80 gate\n'
        '\trequest="a"\n\treceive="up"\n\tservice=http\n'
    )
    found, service = adopt(None, files={"/etc/ha.d/ldirectord.cf": text}, enabled=["ldirectord.service"])
    own = [server["health"]["sensitive"] for server in service["real_servers"] if "health" in server]
    assert service["health"]["sensitive"] is True
    assert own == [True]
    assert not [note for note in found["notes"] if "differs in more than path" in note["text"]]
