# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What site.yml left on the hosts, as a person would look at it."""

from __future__ import annotations

import pytest

GIVES_BACK = True

WEB, SHOP = "172.28.0.100", "172.28.0.100"


@pytest.mark.parametrize("director", ["lvs1", "lvs2", "lvs3"])
def test_no_secret_is_readable_by_others(cluster, director):
    host = cluster.host(director)
    secrets = host.file("/etc/keepalived/lvs-secrets.conf")
    assert secrets.mode == 0o600
    assert "labpass" in secrets.content_string
    configuration = host.file("/etc/keepalived/keepalived.conf").content_string
    assert "auth_pass $AUTH_PASS_VI__1" in configuration
    assert "labpass" not in configuration


def test_keepalived_of_debian_12_and_13_are_one_cluster(cluster):
    versions = [cluster.host(node).run("keepalived --version").stderr.split()[1] for node in cluster.group("directors")]
    assert [version[:4] for version in versions] == ["v2.2", "v2.3", "v2.2"]


def test_round_robin_alternates(cluster):
    answers = cluster.ask(WEB, count=6)
    assert answers[:3] == answers[3:]
    assert set(answers) == {"web1", "web2", "web3"}


def test_wrr_goes_by_the_weights(cluster):
    answers = cluster.ask(SHOP, port=443, scheme="https", count=12)
    assert (answers.count("web1"), answers.count("web2")) == (9, 3)


def test_a_persistent_client_stays_with_its_server(cluster):
    assert len(set(cluster.ask("172.28.0.101", count=6))) == 1


def test_the_first_director_holds_the_vips(cluster):
    assert cluster.holders("172.28.0.100") == cluster.holders("172.28.0.101") == ["lvs1"]
