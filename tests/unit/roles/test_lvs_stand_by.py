# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lvs-stand-by, with an `ip` that shows given addresses, and a `sleep` that notes for how long."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "roles/director/files/lvs-stand-by"
CONFIGURATION = """
vrrp_instance VI_1 {
    virtual_ipaddress {
        169.254.35.100/32 dev lo scope host
    }
    virtual_ipaddress_excluded {
        192.0.2.10/24 dev eth0
        2001:db8::10/64 dev eth0
    }
    virtual_routes {
        198.51.100.0/24 via 192.0.2.1 dev eth0
    }
}
"""
OWN = "2: eth0    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0"
VIP = "2: eth0    inet 192.0.2.10/24 scope global secondary eth0"
VIP6 = "2: eth0    inet6 2001:db8::10/64 scope global nodad"
ON_LO = "1: lo    inet 192.0.2.10/32 scope global lo"
ALIKE = "2: eth0    inet 192.0.2.100/24 scope global secondary eth0"


@pytest.fixture
def stand_by(tmp_path):
    """Return a function that runs it: what is shown at each look, the last for ever. It returns the file's text and the pauses."""

    def ran(*looks: str, configuration: str = CONFIGURATION) -> tuple[str | None, list[str]]:
        (tmp_path / "keepalived.conf").write_text(configuration)
        for number, look in enumerate(looks):
            (tmp_path / f"look{number}").write_text(f"{OWN}\n{look}\n")
        ip = f"""#!/bin/sh
number=$(cat {tmp_path}/number 2>/dev/null || echo 0)
echo $((number + 1)) > {tmp_path}/number
[ -e {tmp_path}/look$number ] || number={len(looks) - 1}
cat {tmp_path}/look$number
"""
        for name, text in (("ip", ip), ("sleep", f'#!/bin/sh\necho "$1" >> {tmp_path}/pauses\n')):
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o755)
        text = SCRIPT.read_text().replace("/etc/keepalived/", f"{tmp_path}/").replace("/run/", f"{tmp_path}/")
        path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
        subprocess.run(["sh", "-c", text, "lvs-stand-by", "1.5"], env=path, check=False, timeout=60)
        written, pauses = tmp_path / "lvs-stand-by", tmp_path / "pauses"
        return (
            written.read_text() if written.exists() else None,
            pauses.read_text().split() if pauses.exists() else [],
        )

    return ran


@pytest.mark.parametrize("vip", [VIP, VIP6])
def test_the_table_stays_for_a_while_after_the_vips_are_gone(stand_by, vip):
    assert stand_by(vip, vip, "") == ("1\n", ["0.1", "1.5"])


@pytest.mark.parametrize("shown", ["", ON_LO, ALIKE])
def test_a_backup_has_nothing_to_give_up(stand_by, shown):
    assert stand_by(shown) == (None, [])


def test_without_vips_there_is_nothing_to_give_up(stand_by):
    assert stand_by(VIP, configuration="global_defs {\n}\n") == (None, [])


def test_a_cluster_that_is_being_taken_over_has_its_vips_among_the_adverts(stand_by):
    taken = CONFIGURATION.replace("169.254.35.100/32 dev lo scope host", "192.0.2.20/24 dev eth0")
    announced = VIP.replace("192.0.2.10", "192.0.2.20")
    assert stand_by(announced, announced, "", configuration=taken) == ("1\n", ["0.1", "1.5"])


def test_the_address_of_the_adverts_is_no_vip(stand_by):
    assert stand_by("1: lo    inet 169.254.35.100/32 scope host lo") == (None, [])


def test_a_keepalived_that_hangs_is_not_waited_for_in_vain(stand_by):
    assert stand_by(VIP) == ("1\n", ["0.1"] * 30)
