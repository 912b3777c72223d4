# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a teardown may remove: a host's packages are made up, and apt itself is asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "roles/_host/files/unneeded-packages"
APT = ("apt-get", "apt-mark", "dpkg", "dpkg-query")
pytestmark = pytest.mark.skipif(not all(map(shutil.which, APT)), reason="needs apt")

# What the roles have added, and what each of it needs.
ADDED = {"apache2-bin": ["libapr"], "libapr": [], "iptables": ["libxtables"], "libxtables": [], "ipvsadm": []}
ASKED = ("apache2-bin", "iptables", "ipvsadm")


@pytest.fixture
def unneeded(tmp_path):
    """Return a function that tells what can go: of a host with other packages, names asked for, and notes."""

    def ask(others=None, manual=(), asked=ASKED, conffile=None, recommended="", mode=(), held=()):
        installed = {**ADDED, **(others or {})}
        state = tmp_path / "state"
        (state / "lists/partial").mkdir(parents=True)
        (tmp_path / "archives/partial").mkdir(parents=True)
        (tmp_path / "info").mkdir()
        for package in installed:
            files = ["/.", str(conffile[1])] if conffile and conffile[0] == package else ["/."]
            (tmp_path / f"info/{package}.list").write_text("\n".join([*files, ""]))
            (tmp_path / f"info/{package}.md5sums").write_text("")
        entries = []
        for package, needs in installed.items():
            fields = {"Package": package, "Status": "install ok installed", "Architecture": "all", "Version": "1"}
            if package in held:
                fields["Status"] = "hold ok installed"
            fields.update({"Maintainer": "nobody", "Description": "none"})
            if isinstance(needs, dict):
                fields.update(needs)
            elif needs:
                fields["Depends"] = ", ".join(needs)
            if conffile and conffile[0] == package:
                fields["Conffiles"] = f"\n {conffile[1]} {'0' * 32}"
            entries.append("".join(f"{name}: {value}\n" for name, value in fields.items()))
        status = tmp_path / "status"
        status.write_text("\n".join(entries))
        automatic = [package for package in installed if package not in (*manual, *asked)]
        (state / "extended_states").write_text(
            "".join(f"Package: {name}\nArchitecture: amd64\nAuto-Installed: 1\n\n" for name in automatic)
        )
        configuration = tmp_path / "apt.conf"
        configuration.write_text(
            f'Dir::State "{state}";\nDir::State::status "{status}";\nDir::Cache "{tmp_path}";\n'
            'Dir::Etc::sourcelist "/dev/null";\nDir::Etc::sourceparts "/dev/null";\n'
        )
        (tmp_path / "packages").write_text(" ".join(ADDED) + "\n")
        (tmp_path / "packages-asked-for").write_text(" ".join(asked) + "\n\n")
        (tmp_path / "packages-recommended").write_text(recommended)
        ran = subprocess.run(
            ["sh", SCRIPT, *mode, "Debian", tmp_path, *([] if mode else ["no-such-unit.service=ipvsadm"])],
            env={**os.environ, "APT_CONFIG": str(configuration), "DPKG_ADMINDIR": str(tmp_path)},
            check=True,
            capture_output=True,
            text=True,
        )
        return set(ran.stdout.split())

    return ask


def test_all_goes_from_a_host_that_nobody_has_touched(unneeded):
    assert unneeded() == set(ADDED)


def test_what_is_held_against_updates_goes(unneeded):
    assert unneeded(held=["apache2-bin", "ipvsadm", "libxtables"]) == set(ADDED)


def test_what_is_held_and_was_recommended_before_goes(unneeded):
    recommended = "iptables libxtables\n"
    assert unneeded({"ca": {"Recommends": "iptables"}}, recommended=recommended, held=["iptables"]) == set(ADDED)


def test_what_is_held_and_needed_stays(unneeded):
    assert unneeded({"ufw": ["iptables"]}, held=["ufw", "iptables"]) == {"apache2-bin", "libapr", "ipvsadm"}


def test_a_firewall_that_was_installed_since_keeps_what_it_is_made_of(unneeded):
    assert unneeded({"ufw": ["iptables"]}) == {"apache2-bin", "libapr", "ipvsadm"}


def test_so_does_one_that_only_recommends_it(unneeded):
    assert unneeded({"fail2ban": {"Recommends": "iptables"}}) == {"apache2-bin", "libapr", "ipvsadm"}


def test_what_was_recommended_before_and_not_there_goes(unneeded):
    assert unneeded({"ca": {"Recommends": "iptables"}}, recommended="iptables libxtables\n") == set(ADDED)


def test_what_was_recommended_before_is_told_right_after_the_installation(unneeded):
    assert unneeded({"ca": {"Recommends": "iptables"}}, mode=["--recommended"]) == {"iptables", "libxtables"}


def test_what_was_recommended_before_stays_where_something_depends_on_it_by_now(unneeded):
    others = {"ca": {"Recommends": "iptables"}, "ufw": ["iptables"]}
    assert unneeded(others, recommended="iptables libxtables\n") == {"apache2-bin", "libapr", "ipvsadm"}


def test_what_is_only_suggested_goes(unneeded):
    assert unneeded({"doc": {"Suggests": "iptables"}}) == set(ADDED)


def test_a_web_server_keeps_what_it_is_made_of_though_it_came_as_a_dependency_itself(unneeded):
    assert unneeded({"apache2": ["apache2-bin"]}) == {"iptables", "libxtables", "ipvsadm"}


def test_a_dependency_that_somebody_has_asked_for_since_stays(unneeded):
    assert unneeded(manual=["libxtables"]) == {"apache2-bin", "libapr", "iptables", "ipvsadm"}


def test_a_package_whose_configuration_somebody_has_changed_stays_with_what_it_needs(unneeded, tmp_path):
    changed = tmp_path / "iptables.conf"
    changed.write_text("written by hand\n")
    assert unneeded(conffile=("iptables", changed)) == {"apache2-bin", "libapr", "ipvsadm"}
