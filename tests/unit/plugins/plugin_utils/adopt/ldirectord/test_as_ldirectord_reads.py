# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ldirectord itself reads a file of somebody, and what the roles write after it was adopted: it finds the same in both.

The files are made up of every setting that ldirectord has, for the whole file and for a service.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
from pathlib import Path
from typing import Any

import jinja2
import pytest
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt import readers
from ansible_collections.lvs.cluster.plugins.plugin_utils.adopt.ldirectord_checks import BY_PORT, PORT_OF
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.adopt.conftest import host_facts
from ansible_collections.lvs.cluster.tests.unit.plugins.plugin_utils.cluster.conftest import hostvars_and_groups

ROOT = Path(__file__).parents[6]
PROGRAM = ROOT / "build" / "packages" / "ldirectord" / "usr" / "sbin" / "ldirectord"
READS = ROOT / "tests" / "unit" / "roles" / "ldirectord_reads.pl"
SEEDS = range(int(os.environ.get("LVS_GENERATED", "300")))
pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="ldirectord is not in build/packages: make deps")
TEMPLATE = jinja2.Environment(
    loader=jinja2.FileSystemLoader(ROOT / "roles" / "ldirectord" / "templates"),
    trim_blocks=True,
    keep_trailing_newline=True,
    undefined=jinja2.StrictUndefined,
).get_template("ldirectord.cf.j2")

# Values of each setting; those of both may stand in a service, too
BOTH = {
    "checktimeout": ("7", "30"),
    "negotiatetimeout": ("4", "9"),
    "checkcount": ("1", "3"),
    "failurecount": ("1", "4"),
    "quiescent": ("yes", "no"),
    "cleanstop": ("yes", "no"),
    "fallbackcommand": ("/opt/fallback", "/opt/fallback -v"),
    "emailalert": ('"ops@example.com"', "ops@example.com, dev@example.com", '"Ops <ops@example.com>"'),
    "emailalertfreq": ("0", "60"),
    "emailalertstatus": ("all", "none", "running,stopping"),
    "smtp": ("mail.example.com", "192.0.2.25"),
}
OF_THE_FILE = {
    **BOTH,
    "checkinterval": ("3", "6", "20"),
    "fallback": ("127.0.0.1", "127.0.0.1:80", "10.0.0.99:80 gate", "10.0.0.99 masq", "127.0.0.1:80 masq"),
    "fallback6": ("[::1]", "[::1]:80", "[2001:db8::99]:80 gate"),
    "autoreload": ("yes", "no"),
    "callback": ('"/opt/callback"', '"/opt/callback all"'),
    "logfile": ('"/var/log/x.log"', '"local0"'),
    "execute": ("other.cf", "third file"),
    "fork": ("yes", "no"),
    "readdquiescent": ("yes", "no"),
    "emailalertfrom": ("lvs@example.com", "LVS <lvs@example.com>"),
    "maintenancedir": ("/etc/ha.d/maintenance",),
}
OF_A_SERVICE = {
    **BOTH,
    "checktype": ("connect", "negotiate", "ping", "on", "off", "external", "external-perl", "3"),
    "checkinterval": ("3", "8"),
    "checkport": ("80", "8081"),
    "service": (*sorted(set(BY_PORT.values())), "simpletcp", "none"),
    "checkcommand": ("/opt/check", '"/opt/check"', '"/opt/check --all"', '"/opt/a b #c"'),
    "request": (
        '"index.html"',
        '"/a/b?c=d"',
        '"a b"',
        '"http://www.example.com/"',
        '"SELECT 1"',
        '"//x"',
        '"www.example.com"',
    ),
    "receive": ('"OK"', '"a.b"', r'"\d+ up"', '"^up"', r'"x\x22y"', '"(a|b)[.]"', '"."', r'"a\.b$"'),
    "httpmethod": ("GET", "HEAD", "head"),
    "virtualhost": ("www.example.com", '"www.example.com:81"', '"no host"'),
    "login": ('"check"', '"a b"'),
    "passwd": ('"hunter2"',),
    "database": ('"shop"',),
    "secret": ('"shared"',),
    "scheduler": ("rr", "wlc", "sh", "mh", "lblcr", "zzz"),
    "persistent": ("60", "0", "3600"),
    "netmask": ("255.255.255.0", "255.0.255.0"),
    "schedflags": ("sh-port", "flag-1,flag-2", "zzz"),
    "ops": ("yes", "no"),
    "protocol": ("tcp", "udp"),
    "fallback": ("127.0.0.1", "127.0.0.1:80", "10.0.0.99:81 masq", "10.0.0.1:80 gate", "10.0.0.99 ipip"),
    "servicename": ("shop", "the shop", "shop"),
    "comment": ("ask the web team",),
    "load": ('"x"',),
}
SIX = {"fallback": ("[::1]", "[2001:db8::99]:80", "[2001:db8::1]:80 masq"), "netmask": ("64", "128")}


def made_up(seed: int) -> str:
    """A file that ldirectord takes."""
    rng = random.Random(seed)  # noqa: S311 -- made up again for the same seed
    lines = [f"{name}={rng.choice(OF_THE_FILE[name])}" for name in rng.sample(sorted(OF_THE_FILE), rng.randint(0, 8))]
    places: set[str] = set()
    for number in range(rng.randint(1, 3)):
        lines += block(rng, number, places)
    return "\n".join(lines) + "\n"


def block(rng: random.Random, number: int, places: set[str]) -> list[str]:
    six = rng.random() < 0.15
    port = rng.choice([*sorted(PORT_OF.values()), 7, 80, 80, 443, 8080])
    marked = not six and rng.random() < 0.15
    place = (
        str(number + 1) if marked else f"[2001:db8::100:{number}]:{port}" if six else f"192.0.2.{100 + number}:{port}"
    )
    names = rng.sample(sorted(OF_A_SERVICE), rng.randint(0, 9))
    options = {name: rng.choice(SIX[name] if six and name in SIX else OF_A_SERVICE[name]) for name in names}
    if marked:
        options.pop("protocol", None)
    if six and "fallback" in options:
        options["fallback6"] = options.pop("fallback")
    lines = [f"virtual{'6' if six else ''}={place}"]
    for index, end in enumerate(rng.sample(range(1, 5), rng.randint(1, 3))):
        lines.append(real(rng, end, port, six, (1, 5) if index == 0 else (0, 1, 5)))
    lines += [f"{name}={value}" for name, value in options.items() if "#" not in value]
    return [lines[0], *(f"{rng.choice(['    ', chr(9)])}{line}" for line in lines[1:])]


def real(rng: random.Random, end: int, port: int, six: bool, weights: tuple[int, ...]) -> str:
    """A real server. With nothing but weights of 0 a service would be refused."""
    address = f"[2001:db8::{end}]" if six else f"10.0.0.{end}"
    own_port = rng.choice([f":{port}", f":{port}", "", ":8081"])
    words = [f"real{'6' if six else ''}={address}{own_port}", rng.choice(["gate", "masq", "ipip", "gate"])]
    if rng.random() < 0.5:
        words.append(str(rng.choice(weights)))
    if rng.random() < 0.2:
        words.append(rng.choice(['"b","yes"', '"b", "a.b"', '"/b","yes"', '"c" ""', '"b","^x"']))
    if rng.random() < 0.2:
        words.append(rng.choice(["u:5", "l:2 u:5"]))
    return " ".join(words)


def rewritten(text: str) -> str | None:
    """The file as the roles write it for the inventory that was adopted, None if a note says that something was lost."""
    facts = {"lb1": {"eth0": ["192.0.2.11/24", "2001:db8::11/64"], "eth1": ["10.0.0.11/24"]}}
    marks = "*mangle\n:PREROUTING ACCEPT [0:0]\n" + "".join(
        f"-A PREROUTING -d 192.0.2.{200 + mark}/32 -p tcp -m tcp --dport 80 -j MARK --set-xmark {mark:#x}/0xffffffff\n"
        for mark in range(1, 4)
    )
    host = host_facts(
        "lb1",
        {
            "files": {"/etc/ha.d/ldirectord.cf": text},
            "enabled": ["ldirectord.service"],
            "addresses": facts["lb1"],
            "filters": {"iptables": f"{marks}COMMIT\n"},
        },
    )
    found = readers.read(host, "ldirectord")
    variables = found["variables"]
    # Services of another ldirectord are that one's
    if any(one["level"] == "not_expressed" and "another ldirectord" not in one["text"] for one in found["notes"]):
        return None
    variables.setdefault("lvs_heartbeat", {})["key"] = None
    # How the answers of NAT come back is found elsewhere
    variables["lvs_nat"] = {"masquerade": True}
    description = {
        "groups": {"directors": ["lb1"]},
        "all": variables,
        "hosts": {"lb1": {"lvs_address": "192.0.2.11"}},
        "facts": facts,
    }
    return TEMPLATE.render(lvs_cluster=resolve(*hostvars_and_groups(description)))


def reads(files: dict[str, str], folder: Path) -> dict[str, dict[str, Any]]:
    """What ldirectord reads in each file."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    library = next(ROOT.glob("build/packages/libsocket6-perl/usr/lib/*/perl5/*"))
    command = ["perl", f"-I{library}", str(READS), str(PROGRAM), str(folder)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {one["file"]: one for one in map(json.loads, printed.splitlines())}


def effective(read: dict[str, Any]) -> dict[str, Any]:
    """What counts for the daemon, of all that it has read."""
    own = read["settings"]
    names = ("autoreload", "logfile", "execute", "callback", "maintenancedir", "readdquiescent", "emailalertfrom")
    settings = {name: own[name] for name in names}
    services = [service(one, own) for one in read["virtuals"]]
    return {"settings": settings, "services": sorted(services, key=lambda one: str(one["at"]))}


def service(block: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    def value(name: str, unset: object = None) -> Any:
        return block[name] if block.get(name) not in (None, unset) else own[name]

    checked = check(block, own)
    marked = block["protocol"] == "fwm"
    fallback = block.get("fallback") or (
        None
        if marked
        else (own["fallback6" if block["addressfamily"] == 10 else "fallback"] or {}).get(block["protocol"])
    )
    never = checked["type"] in ("on", "off")
    address = None if fallback is None or never else fallback["server"]
    # Without masq packets keep their port
    port = "-" if fallback is None or marked or fallback["forward"] != "masq" else fallback.get("port") or block["port"]
    return {
        "at": (block.get("fwm") or block["server"], block["port"], block["protocol"]),
        "scheduler": block["scheduler"],
        "flags": block.get("schedflags"),
        "persistent": block.get("persistent"),
        # 128 is the usual one of IPv6
        "netmask": block.get("netmask")
        if block.get("persistent") is not None and block.get("netmask") != 128
        else None,
        "ops": block["ops"] if block["protocol"] == "udp" else "no",
        "quiescent": value("quiescent"),
        "cleanstop": value("cleanstop"),
        "fallback": address and (address, str(port), fallback["forward"]),
        "fallbackcommand": value("fallbackcommand"),
        "mails": [str(value(name)) for name in ("emailalert", "emailalertfreq", "emailalertstatus", "smtp")],
        "comment": block.get("comment"),
        "check": checked,
        "reals": sorted(str(server(one, block, checked)) for one in block["real"]),
    }


def check(block: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """A check, and what counts for its type."""
    kind, asked = block["checktype"], block["service"]
    if kind == "connect" and block["protocol"] == "udp":
        kind = "ping"
    if kind == "negotiate" and asked == "none":
        kind = "on"
    if kind in ("on", "off"):
        return {"type": kind}
    order = (
        ("negotiatetimeout", "checktimeout")
        if kind in ("negotiate", "combined")
        else ("checktimeout", "negotiatetimeout")
    )
    if kind == "combined" and asked == "none":
        order = order[::-1]
    negotiates = kind in ("negotiate", "combined") and asked != "none"
    times = [int(where[name]) for where in (block, own) for name in order]
    usual = 30 if negotiates else 5
    found: dict[str, Any] = {
        "type": kind,
        "timeout": next((one for one in times if one > 0), usual),
        "interval": int((block.get("checkinterval") if own["fork"] == "yes" else None) or own["checkinterval"]),
        "failures": int(block["failurecount"] if int(block["failurecount"]) > 0 else own["failurecount"]),
    }
    if kind == "ping":
        found["pings"] = int(block["checkcount"] if int(block["checkcount"]) > 0 else own["checkcount"])
    if kind in ("external", "external-perl"):
        found["command"] = block["checkcommand"]
    if kind == "combined":
        found["connects"] = block["num_connects"]
    if kind in ("negotiate", "combined"):
        found.update({name: block[name] for name in TAKES.get(asked, ())}, service=asked)
        found.update({name: received(block[name], asked) for name in ("receive",) if name in found})
        # The role adds the timeout of the check for the database's driver
        found.update({name: re.sub(r";\w*timeout=\d+", "", found[name]) for name in ("database",) if name in found})
        # Only a line `service` sets the user to its default, one that follows from the port does not
        found.update({name: "" for name in LOGIN if found.get(name) in ("anonymous", "ldirectord@director")})
        if asked in ("http", "https"):
            found["virtualhost"] = block.get("virtualhost")
    return found


def received(given: str, asked: str) -> str:
    """Without an answer a check of DNS never passes, so it is read as any answer."""
    return given or ("." if asked == "dns" else "")


LOGIN = ("login", "passwd")
TAKES = {
    **dict.fromkeys(("http", "https"), ("request", "receive", "httpmethod")),
    "http_proxy": ("request", "receive"),
    "dns": ("request", "receive"),
    "ftp": (*LOGIN, "request", "receive"),
    **dict.fromkeys(("imap", "imaps", "pop", "pops"), LOGIN),
    **dict.fromkeys(("ldap", "ldaps"), (*LOGIN, "request", "receive")),
    **dict.fromkeys(("mysql", "oracle", "pgsql"), (*LOGIN, "request", "database")),
    "radius": (*LOGIN, "secret"),
    "simpletcp": ("request", "receive"),
    "sip": ("login",),
}


def server(one: dict[str, Any], block: dict[str, Any], checked: dict[str, Any]) -> dict[str, Any]:
    translated = one["forward"] == "masq" and block["protocol"] != "fwm"
    found = {
        "address": one["server"],
        "port": (str(one["port"]) if str(one["port"]) != "0" else str(block["port"])) if translated else "-",
        "forward": one["forward"],
        "weight": int(one["weight"]),
        "limits": (int(one.get("l-threshold", 0)), int(one.get("u-threshold", 0))),
    }
    if checked["type"] in ("negotiate", "combined", "connect"):
        found["asked"] = str(
            block.get("checkport") or (one["port"] if str(one["port"]) != "0" else PORT_OF.get(block["service"], ""))
        )
    if checked["type"] in ("negotiate", "combined"):
        takes = TAKES.get(block["service"], ())
        pages = one.get("receive") is None and block["service"] in ("http", "https", "http_proxy")
        if "request" in takes:
            found["request"] = block["request"] if pages else one.get("request", block["request"])
        if "receive" in takes:
            own = one.get("receive")
            found["receive"] = received(block["receive"] if own is None else own, block["service"])
    return found


def known(reals: list[str], others: list[str]) -> list[str]:
    """Real servers without the port of a check that ldirectord does not know before: any is right then."""
    unknown = [index for index, one in enumerate(others) if "'asked': ''" in one]
    return [re.sub("'asked': '[0-9]*'", "", one) if index in unknown else one for index, one in enumerate(reals)]


def test_ldirectord_finds_the_same(tmp_path: Path) -> None:
    files = {f"{seed}": made_up(seed) for seed in SEEDS}
    for folder in ("before", "after"):
        (tmp_path / folder).mkdir()
    before = reads(files, tmp_path / "before")
    taken = {name: text for name, text in files.items() if not before[name]["refused"]}
    assert len(taken) > len(files) * 0.8
    written = {name: text for name, given in taken.items() if (text := rewritten(given)) is not None}
    # In the others a note says what was lost
    assert len(written) > len(files) * 0.4
    after = reads(written, tmp_path / "after")
    for name, found in after.items():
        assert not found["refused"], (files[name], found["said"])
        first, second = effective(before[name]), effective(found)
        if not re.search(r"(?m)^readdquiescent", files[name]):
            # Unset it is the roles': no real server that is down gets connections when ldirectord reads its file
            assert second["settings"].pop("readdquiescent") == "yes"
            del first["settings"]["readdquiescent"]
        for one, other in zip(first["services"], second["services"]):
            one["reals"], other["reals"] = known(one["reals"], one["reals"]), known(other["reals"], one["reals"])
        assert second == first, files[name]
