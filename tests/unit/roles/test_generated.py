# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is accepted can be deployed: generated inventories, through the templates of their hosts and the tools that read them."""

from __future__ import annotations

import os
import subprocess
from collections import defaultdict

import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.scripts import FOLDER
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.cluster.generated import accepted
from ansible_collections.lvs.cluster.tests.unit.roles.test_keepalived_conf import DEVICE, needs_keepalived
from ansible_collections.lvs.cluster.tests.unit.roles.test_ldirectord_conf import ldirectord_refuses, needs_ldirectord
from ansible_collections.lvs.cluster.tests.unit.roles.test_lvs_vip_namespace import (
    UNSHARE,
    Host,
    able,
    in_namespace,
)
from ansible_collections.lvs.cluster.tests.unit.roles.test_templates import templates_of

COUNT = int(os.environ.get("LVS_GENERATED", "600"))


def clusters(stack="", count=COUNT):
    """What the inventories resolve to, by their seeds."""
    return {seed: found[1] for seed in range(count) if (found := accepted(seed, stack))}


@pytest.fixture(scope="module")
def any_stack():
    return clusters()


@pytest.fixture
def lists(vip, render, any_stack):
    """The lines of lvs-vip on every host, each list once, with the first seed that has it."""
    texts = {}
    for seed, cluster in any_stack.items():
        for host in cluster["hosts"]:
            texts.setdefault(render(cluster, host, "lvs-vip.conf.j2"), seed)
    return [(seed, vip.read_list(text)) for text, seed in texts.items()]


@pytest.fixture
def lines(lists):
    """Every line once, by its first word, with the first seed that has it."""
    found = defaultdict(dict)
    for seed, listed in lists:
        for line in listed:
            found[line.split()[0]].setdefault(line, seed)
    return found


def test_every_template_has_what_it_needs(render, any_stack):
    for seed, cluster in any_stack.items():
        for host in cluster["hosts"]:
            for template in templates_of(cluster, host):
                assert "None" not in render(cluster, host, template), (seed, host, template)


@needs_keepalived
def test_keepalived_takes_every_configuration(render, any_stack, tmp_path):
    """All in one network namespace, with the interfaces of all."""
    found = {seed: cluster for seed, cluster in any_stack.items() if cluster["stack"] == "keepalived"}
    devices = set()
    # Files of the user's own are there, as keepalived demands.
    own = tmp_path / "own"
    (own / "conf.d").mkdir(parents=True)
    (own / "own.conf").write_text("# by hand\n", encoding="utf-8")
    for seed, cluster in found.items():
        director = cluster["directors"][seed % len(cluster["directors"])]
        secrets = tmp_path / f"{seed}.secrets"
        secrets.write_text(render(cluster, director, "keepalived-secrets.conf.j2"), encoding="utf-8")
        text = render(cluster, director).replace("/etc/keepalived/lvs-secrets.conf", f"{secrets}")
        # The role installs the scripts before; here any program stands for them.
        text = text.replace("/etc/keepalived/", f"{own}/").replace(f"{FOLDER}/", "/usr/bin/")
        (tmp_path / f"{seed}.conf").write_text(text, encoding="utf-8")
        devices |= {word for match in DEVICE.findall(text) for word in match if word} - {"lo"}
    steps = [
        *(f"ip tuntap add mode tap name {name}; ip link set {name} up" for name in sorted(devices)),
        'cd "$0"; for file in *.conf; do',
        '    keepalived --config-test --use-file "$file" 2>"$file.said" || echo "status $?" >>"$file.said"',
        "done",
    ]
    subprocess.run([*UNSHARE, "sh", "-euc", "\n".join(steps), tmp_path], capture_output=True, check=True)
    said = {seed: (tmp_path / f"{seed}.conf.said").read_text(encoding="utf-8") for seed in found}
    assert {seed: text for seed, text in said.items() if text} == {}


@needs_ldirectord
def test_ldirectord_reads_every_configuration_as_it_is_meant(render, tmp_path):
    found = clusters("ldirectord")
    assert len(found) > COUNT * 0.8
    assert ldirectord_refuses(render, found, tmp_path) == {}


def test_nft_takes_every_rule(vip, lists, tmp_path):
    """Those of firewalld, too: beside what it lets in, lvs-vip makes its rules by nft."""
    able("nft", "add", "table", "inet", "lvs_test")
    rulesets = {vip.nft_ruleset(lines): seed for seed, lines in lists}
    assert len(rulesets) > 20
    for number, (ruleset, seed) in enumerate(rulesets.items()):
        (tmp_path / f"{seed}-{number}").write_text(ruleset, encoding="utf-8")
    checks = 'cd "$0"; for file in *; do nft --check --file "$file" || echo "refused: $file"; done'
    done = subprocess.run([*UNSHARE, "sh", "-euc", checks, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == "", done.stderr


def test_iptables_and_arptables_take_find_and_remove_every_rule(vip, lines, tmp_path):
    """lvs-vip itself makes all rules at once, in the kernel of a network namespace.

    So iptables gets what it gets on a host, a command for each rule. iptables-restore --test would check other input, and
    would not ask the kernel.
    """
    for tool in ("iptables", "ip6tables", "arptables"):
        able(tool, "-A", "OUTPUT", "-j", "ACCEPT")
    seeds = {**lines["iptables"], **lines["arptables"]}
    assert len({tuple(line.split()[:2]) for line in lines["iptables"]}) == 9
    host = Host(tmp_path)
    rules = "(iptables-save; ip6tables-save; arptables-save) | grep -c ^-A"
    host.list.write_text("\n".join(seeds), encoding="utf-8")
    done = in_namespace(f"v='python3 {host.program}'", f"$v sync; $v check; {rules}; $v clear; {rules} || true")
    refused = {seed: line for line, seed in seeds.items() if f": {line}: " in done.stderr}
    assert done.returncode == 0, (refused, done.stderr)
    # Two lines may have a rule in common: the one that drops ARP requests for a VIP, or a part of many ports.
    number = len(lines["arptables"]) + len({line.split()[1] for line in lines["arptables"]})
    kinds = [vip.kind_of(line) for line in lines["iptables"]]
    number += len({str(part.take) for kind, words in kinds for part in kind.parts(words, [vip.Answer(0, "")] * 99)})
    assert done.stdout.split() == [f"{number}", "0"]


def test_the_kernel_takes_every_routing_rule(vip, lines, tmp_path):
    commands = {}
    for line, seed in {**lines["keep"], **lines["reply"], **lines["default"]}.items():
        kind, words = vip.kind_of(line)
        nothing = [vip.Answer(1, "")] * len(kind.ask(words))
        for part in kind.parts(words, nothing):
            commands.update({" ".join(argv): seed for argv in part.put})
    assert len(commands) > 20
    steps = tmp_path / "steps"
    steps.write_text("".join(f"{command} || echo '{seed}: {command}'\n" for command, seed in commands.items()))
    done = in_namespace(f". {steps}")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
