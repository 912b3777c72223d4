# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils import kernel_modules

RELEASE = os.uname().release
BUILT_IN = f"/lib/modules/{RELEASE}/modules.builtin"
FILES = {
    "/proc/modules": "ip_vs_rr 16384 3 - Live 0x0\nip_vs 212992 5 ip_vs_rr, Live 0x0\n",
    BUILT_IN: "kernel/net/ipv4/tunnel4.ko\nkernel/crypto/crc32c-generic.ko\n",
    "/sys/module/dummy/initstate": "live\n",
}


@pytest.fixture
def root(tmp_path):
    for path, text in FILES.items():
        target = tmp_path / path.lstrip("/")
        target.parent.mkdir(parents=True)
        target.write_text(text)
    return str(tmp_path)


@pytest.mark.parametrize(
    ("name", "loaded"),
    [
        ("ip_vs", True),
        ("ip-vs-rr", True),
        ("tunnel4", True),
        ("crc32c_generic", True),
        ("dummy", True),
        ("ip_vs_wrr", False),
        ("ip", False),
    ],
)
def test_loaded_modules(root, name, loaded):
    assert kernel_modules.loaded_modules([name], root) == ({name} if loaded else frozenset())


def test_nothing_is_loaded_where_the_kernel_tells_nothing(tmp_path):
    assert kernel_modules.loaded_modules(["ip_vs"], str(tmp_path)) == frozenset()


def test_boot_modules():
    files = [("/etc/modules-load.d/lvs.conf", "# ours\nip_vs\nip-vs-rr\n"), ("/etc/modules-load.d/x.conf", "")]
    assert kernel_modules.boot_modules(files) == {"ip_vs", "ip_vs_rr"}


def test_a_host_without_the_kernels_modules_is_a_container_or_wants_a_reboot(tmp_path):
    assert kernel_modules.why_not_loadable("ip_vs", "", str(tmp_path)) == (
        f"The kernel module ip_vs is not loaded, and /lib/modules/{RELEASE} does not exist: in a container load the "
        "module on the container's host; after a kernel upgrade reboot into the new kernel."
    )


def test_a_kernel_without_the_module_is_the_wrong_kernel(root):
    said = f"modprobe: FATAL: Module ip_vs not found in directory /lib/modules/{RELEASE}\n"
    sentence = kernel_modules.why_not_loadable("ip_vs", said, root)
    assert sentence.startswith(f"The kernel {RELEASE} offers no usable module ip_vs ({said.strip()}): install and boot")


def test_what_modprobe_blacklists_is_not_loaded_at_boot(monkeypatch):
    monkeypatch.setattr(kernel_modules, "loaded_modules", frozenset)
    monkeypatch.setattr(kernel_modules, "built_in_modules", lambda: frozenset({"tunnel4"}))
    at_boot = [("/etc/modules-load.d/lvs.conf", "ip_vs\nip-vs-rr\ntunnel4\n")]
    modprobe = [
        ("/etc/modprobe.d/x.conf", "# no\nblacklist ip_vs-rr\nblacklist tunnel4\noptions ip_vs conn_tab_bits=20\n")
    ]
    states = kernel_modules.module_states(["ip_vs", "ip_vs_rr", "tunnel4"], at_boot, modprobe)
    assert {name: state["boot"] for name, state in states.items()} == {
        "ip_vs": True,
        "ip_vs_rr": False,
        "tunnel4": True,
    }


def test_who_may_not_load_a_module_is_told_so(root):
    said = "modprobe: ERROR: could not insert 'ip_vs': Operation not permitted"
    assert kernel_modules.why_not_loadable("ip_vs", said, root) == (
        f"The kernel module ip_vs may not be loaded ({said}): use become; in a container load it on the container's host."
    )
