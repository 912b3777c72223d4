# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables that the role cluster documents are those the resolver reads, at every level."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Iterator, Mapping

import pytest
import yaml
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster import health, schema, validators

ROOT = Path(__file__).parents[3]
SPEC = yaml.safe_load((ROOT / "roles/cluster/meta/argument_specs.yml").read_text(encoding="utf-8"))
OPTIONS = SPEC["argument_specs"]["main"]["options"]
# How the role works, not what the cluster is
OF_THE_ROLE = {"cluster_package_cache_valid_time", "cluster_ssh_port"}
OF_REAL_SERVERS = "real_server_test_page_root"
OF_DIRECTORS = "director_script_user"

# The options of all types together: which type has which is in their descriptions
HEALTH = {"type": health.TYPE, **{name: key for keys in schema.HEALTH.values() for name, key in keys.items()}}
LEVELS: dict[tuple[str, ...], Mapping[str, schema.Key]] = {
    (): {
        name: key
        for name, key in {**schema.CLUSTER, **schema.HOST}.items()
        if name not in (OF_REAL_SERVERS, OF_DIRECTORS)
    },
    ("lvs_services",): schema.SERVICE,
    ("lvs_services", "tunnel"): schema.TUNNEL,
    ("lvs_services", "real_servers"): schema.REAL_SERVER,
    ("lvs_services", "sorry_server"): schema.SORRY_SERVER,
    ("lvs_services", "real_servers", "notify"): schema.REAL_SERVER_NOTIFY,
    ("lvs_services", "health"): HEALTH,
    ("lvs_services", "health", "urls"): schema.HEALTH_URL,
    ("lvs_services", "notify"): schema.SERVICE_NOTIFY,
    ("lvs_health",): schema.COMMON_HEALTH,
    ("lvs_vrrp",): schema.VRRP,
    ("lvs_vrrp", "instances"): schema.INSTANCE,
    ("lvs_vrrp", "instances", "routes"): schema.ROUTE,
    ("lvs_vrrp", "instances", "rules"): schema.RULE,
    ("lvs_vrrp", "track"): dict.fromkeys(schema.TRACK, schema.Key(validators.ANYTHING)),
    **{("lvs_vrrp", "track", kind): level for kind, (level, _alone) in schema.TRACK.items()},
    ("lvs_vrrp", "notify"): dict.fromkeys(schema.EVENTS, schema.Key(validators.ANYTHING)),
    ("lvs_vrrp", "sync_groups"): schema.VRRP_GROUP,
    ("lvs_sync",): schema.SYNC,
    ("lvs_timeouts",): schema.TIMEOUTS,
    ("lvs_nat",): schema.NAT,
    ("lvs_keepalived",): schema.KEEPALIVED,
    ("lvs_ldirectord",): schema.LDIRECTORD,
    ("lvs_heartbeat",): schema.HEARTBEAT,
    ("lvs_mail",): schema.MAIL,
    ("lvs_metrics",): schema.METRICS,
}
# The resolver reports these itself, where the schema cannot say it
REQUIRED_ELSEWHERE = {("lvs_services",)}
# Of one health type alone
REQUIRED_OF_A_TYPE = {("lvs_services", "health", name) for name in ("name", "file", "database", "secret")}
# How the schema's kinds of value begin, and the type that documents each
TYPES = {"a whole number": "int", "a number of seconds": "float", "true or false": "bool", "a list of": "list"}


def documented(level: tuple[str, ...]) -> Mapping[str, Any]:
    """The documented options of a level."""
    options = OPTIONS
    for name in level:
        options = options[name]["options"]
    return options


def below(options: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every level that has options of its own."""
    for name, option in options.items():
        if "options" in option:
            yield (*path, name)
            yield from below(option["options"], (*path, name))


def keys() -> Iterator[Any]:
    """Every key of every level, as parameters: its path, the schema's key, the documented option."""
    for level, known in LEVELS.items():
        for name, key in known.items():
            path = (*level, name)
            yield pytest.param(path, key, documented(level).get(name, {}), id=".".join(path))


every_key = pytest.mark.parametrize(("path", "key", "option"), list(keys()))


def words(option: Mapping[str, Any]) -> str:
    """A description as one line."""
    given = option.get("description", "")
    return " ".join(given if isinstance(given, list) else [given])


@pytest.mark.parametrize("level", LEVELS, ids=".".join)
def test_documented_are_all_keys_and_no_others(level):
    assert set(documented(level)) - OF_THE_ROLE == set(LEVELS[level])


def test_no_other_level_is_documented():
    assert set(below(OPTIONS)) == set(LEVELS) - {()}


@every_key
def test_every_key_is_described(path, key, option):
    assert len(words(option)) > 15


@every_key
def test_defaults_are_the_resolvers(path, key, option):
    default = list(key.default) if isinstance(key.default, tuple) else key.default
    assert option.get("default") == default


def test_the_default_of_another_role_is_the_resolvers():
    defaults = yaml.safe_load((ROOT / "roles/real_server/defaults/main.yml").read_text(encoding="utf-8"))
    assert schema.HOST[OF_REAL_SERVERS].default == defaults[OF_REAL_SERVERS]
    defaults = yaml.safe_load((ROOT / "roles/director/defaults/main.yml").read_text(encoding="utf-8"))
    assert schema.CLUSTER[OF_DIRECTORS].default == defaults[OF_DIRECTORS]


@every_key
def test_required_are_the_same(path, key, option):
    required = key.required and path not in REQUIRED_OF_A_TYPE
    assert option.get("required", False) == (required or path in REQUIRED_ELSEWHERE)


@every_key
def test_choices_are_the_resolvers(path, key, option):
    assert tuple(option.get("choices", ())) == key.validator.choices


@every_key
def test_types_fit(path, key, option):
    of_kind = (name for start, name in TYPES.items() if key.validator.what.startswith(start))
    # The resolver looks key by key at what may be anything
    assert key.validator is validators.ANYTHING or option["type"] == next(of_kind, "str")


@every_key
def test_ranges_are_told(path, key, option):
    limits = re.fullmatch(r"a .* from (\S+) to (\S+)", key.validator.what)
    if limits:
        assert f"{limits[1]} to {limits[2]}" in words(option)


@every_key
def test_secrets_are_not_logged(path, key, option):
    assert option.get("no_log", False) == key.secret


@pytest.mark.parametrize("name", HEALTH)
def test_a_health_option_is_the_same_for_every_type(name):
    assert {keys_of[name] for keys_of in schema.HEALTH.values() if name in keys_of} <= {HEALTH[name]}


@pytest.mark.parametrize("name", [name for name in HEALTH if name != "type"])
def test_a_health_option_names_its_types(name):
    types = [kind for kind, keys_of in schema.HEALTH.items() if name in keys_of]
    text = words(documented(("lvs_services", "health"))[name])
    told = set(re.findall(r"V\((\w+)\)", text))
    assert (set(schema.HEALTH) - told if "all types but" in text else told) == set(types)
