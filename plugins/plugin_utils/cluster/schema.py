# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every key that an inventory may have, with its validator and default."""

from __future__ import annotations

from ...module_utils.ipvs.types import (
    CHECKSUMS,
    DEFAULT_TIMEOUTS,
    ENGINES,
    FLAGS_OF,
    FORWARDS,
    MAX_IDLE,
    MAX_PORT,
    MAX_THRESHOLD,
    MAX_TIMEOUT,
    MAX_WEIGHT,
    PLAIN_FLAGS,
    PROTOCOLS,
    SCHEDULERS,
    SYNC_GROUP,
    SYNC_PORT,
    SYNC_TTL,
    TUNNELS,
)
from . import validators
from .keys import Key

PORT = validators.integer(1, MAX_PORT)
WEIGHT = validators.integer(0, MAX_WEIGHT)
THRESHOLD = validators.integer(0, MAX_THRESHOLD)
MAX_QUORUM = 2**31 - 1
RAW = Key(validators.list_of(validators.LINE, "lines", empty=True), ())
PRIORITY = validators.integer(1, 254)
ROUTER_ID = validators.integer(1, 255)

ROOT = "root"

CLUSTER = {
    "lvs_cluster_name": Key(validators.CLUSTER_NAME),
    "lvs_stack": Key(validators.choice("keepalived", "ldirectord", "static"), "keepalived"),
    "lvs_arp": Key(validators.choice("sysctl", "arptables", "redirect"), "sysctl"),
    "lvs_services": Key(validators.ANYTHING),
    "lvs_health": Key(validators.ANYTHING),
    "lvs_vrrp": Key(validators.ANYTHING),
    "lvs_sync": Key(validators.ANYTHING),
    "lvs_timeouts": Key(validators.ANYTHING),
    "lvs_nat": Key(validators.ANYTHING),
    "lvs_keepalived": Key(validators.ANYTHING),
    "lvs_ldirectord": Key(validators.ANYTHING),
    "lvs_heartbeat": Key(validators.ANYTHING),
    "lvs_mail": Key(validators.ANYTHING),
    "lvs_metrics": Key(validators.ANYTHING),
    "lvs_start_at_boot": Key(validators.BOOLEAN, True),
    "lvs_heal": Key(validators.BOOLEAN, True),
    "lvs_peers_only": Key(validators.BOOLEAN, False),
    "lvs_test_page": Key(validators.BOOLEAN, False),
    "lvs_take_over": Key(validators.BOOLEAN, False),
    "lvs_accept_outage": Key(validators.BOOLEAN, False),
    # The role director documents it.
    "director_script_user": Key(validators.USER, ROOT),
}
HOST = {
    "lvs_address": Key(validators.HOST_ADDRESS),
    "lvs_address6": Key(validators.HOST_ADDRESS6),
    "lvs_vrrp_address": Key(validators.HOST_ADDRESS),
    "lvs_weight": Key(WEIGHT, 1),
    "lvs_priority": Key(PRIORITY),
    "lvs_filter": Key(validators.choice("nftables", "iptables", "firewalld"), "nftables"),
    "lvs_firewalld_zone": Key(validators.WORD),
    # The role real_server documents it. Clusters that share a host have one folder.
    "real_server_test_page_root": Key(validators.PATH, "/var/www/lvs-test-page"),
}
SERVICE = {
    "name": Key(validators.NAMED, required=True),
    "vip": Key(validators.one_or_more(validators.HOST_ADDRESS, "IP addresses"), required=True),
    "port": Key(validators.one_or_more(validators.SERVICE_PORT, "port numbers")),
    "protocol": Key(validators.one_or_more(validators.choice(*PROTOCOLS), "protocols"), ("tcp",)),
    # From 2^31 on, ipvsadm prints a mark as a negative number and cannot restore it
    "fwmark": Key(validators.integer(1, 2**31 - 1)),
    "ports": Key(validators.list_of(validators.PORTS, "ports")),
    "scheduler": Key(validators.choice(*SCHEDULERS), "wrr"),
    "scheduler_flags": Key(
        validators.list_of(validators.choice(*PLAIN_FLAGS, *FLAGS_OF["sh"], *FLAGS_OF["mh"]), "scheduler flags")
    ),
    "forward": Key(validators.choice(*FORWARDS), "dr"),
    "tunnel": Key(validators.ANYTHING),
    "persistence": Key(validators.integer(1, MAX_TIMEOUT)),
    "persistence_netmask": Key(validators.ANYTHING),
    "persistence_engine": Key(validators.choice(*ENGINES)),
    "helper": Key(validators.choice("ftp", "none")),
    "one_packet": Key(validators.BOOLEAN, False),
    "real_servers": Key(validators.ANYTHING),
    "health": Key(validators.ANYTHING),
    "sorry_server": Key(validators.ANYTHING),
    "on_failure": Key(validators.choice("remove", "quiesce"), "remove"),
    "quorum": Key(validators.integer(1, MAX_QUORUM), 1),
    "hysteresis": Key(validators.integer(0, MAX_QUORUM), 0),
    "alpha": Key(validators.BOOLEAN, False),
    "omega": Key(validators.BOOLEAN, False),
    "notify": Key(validators.ANYTHING),
    "test_page": Key(validators.BOOLEAN, True),
    "raw": RAW,
}
REAL_SERVER = {
    "host": Key(validators.ANYTHING),
    "address": Key(validators.HOST_ADDRESS),
    "port": Key(PORT),
    "weight": Key(WEIGHT),
    "upper_threshold": Key(THRESHOLD, 0),
    "lower_threshold": Key(THRESHOLD, 0),
    "forward": Key(validators.choice(*FORWARDS)),
    "tunnel": Key(validators.ANYTHING),
    "health": Key(validators.ANYTHING),
    "notify": Key(validators.ANYTHING),
    "raw": RAW,
}
SORRY_SERVER = {"host": Key(validators.ANYTHING), "address": Key(validators.ANSWERING_ADDRESS), "port": Key(PORT)}
TUNNEL = {
    "type": Key(validators.choice(*TUNNELS), "ipip"),
    "port": Key(PORT),
    "checksum": Key(validators.choice(*CHECKSUMS), "none"),
}

SERVICE_NOTIFY = {"quorum_up": Key(validators.ANYTHING), "quorum_down": Key(validators.ANYTHING)}
REAL_SERVER_NOTIFY = {"up": Key(validators.ANYTHING), "down": Key(validators.ANYTHING)}

# A script that directors run: `command` is there already, `src` is copied from the controller
SCRIPT = {
    "command": Key(validators.COMMAND),
    "src": Key(validators.SCRIPT_FILE),
    "arguments": Key(validators.ARGUMENTS),
    "user": Key(validators.USER),
}
# One about a service or a real server, whose addresses it can have in its arguments
WORDED_SCRIPT = {
    **SCRIPT,
    "command": Key(validators.WORDED_COMMAND),
    "arguments": Key(validators.WORDED_ARGUMENTS),
}

DEFAULT_INTERVAL = 6
PROFILE = validators.choice("standard", "fast")
_CHECK = {
    "profile": Key(PROFILE),
    "interval": Key(validators.seconds(0.1, 86400), DEFAULT_INTERVAL),
    "timeout": Key(validators.seconds(0.1, 4294), 3),  # keepalived's limit
    "retries": Key(validators.integer(0, 1000), 3),
    "retry_delay": Key(validators.seconds(0, 86400), 3),
    "warmup": Key(validators.seconds(0, 86400)),
}
# The times of the checks that say nothing of them
COMMON_HEALTH = {
    "profile": Key(PROFILE, "standard"),
    **{name: Key(_CHECK[name].validator) for name in ("interval", "timeout", "retries", "retry_delay")},
}
_ADDRESS = {"address": Key(validators.ANSWERING_ADDRESS)}
# What a check with `sensitive` keeps secret: all that it sends, or the command that it runs
SENSITIVE = ("path", "virtualhost", "payload", "request", "login", "command", "arguments")
_SENSITIVE = {"sensitive": Key(validators.BOOLEAN, False)}
_CHECK_PORT = {
    **_CHECK,
    **_ADDRESS,
    "port": Key(PORT),
    "source": Key(validators.CHECK_SOURCE),
    "via": Key(validators.choice("real_server", "vip"), "real_server"),
}
HEALTH_URL = {
    "path": Key(validators.URL_PATH, "/"),
    "status": Key(validators.list_of(validators.STATUS, "HTTP status codes"), (200,)),
    "expect": Key(validators.EXPECTED),
    "regex": Key(validators.REGEX),
    "digest": Key(validators.DIGEST),
}
_HTTP = {
    **_CHECK_PORT,
    **_SENSITIVE,
    **HEALTH_URL,
    "urls": Key(validators.ANYTHING),
    "virtualhost": Key(validators.VIRTUAL_HOST),
    "version": Key(validators.HTTP_VERSION),
}
_CHECK_ALONE = {**_CHECK, "port": Key(PORT)}
_LOGIN = {
    **_SENSITIVE,
    "login": Key(validators.LDIRECTORD_TEXT),
    "passwd": Key(validators.LDIRECTORD_SECRET, secret=True),
}
_REQUEST = {**_SENSITIVE, "request": Key(validators.LDIRECTORD_TEXT)}
_ANSWER = {name: HEALTH_URL[name] for name in ("expect", "regex")}
_SQL = {**_CHECK_ALONE, **_LOGIN, **_REQUEST, "database": Key(validators.LDIRECTORD_TEXT, required=True)}
# The checks of keepalived.conf(5) and ldirectord(8), one name for each
HEALTH = {
    "none": {},
    "tcp": _CHECK_PORT,
    "http": _HTTP,
    "https": {**_HTTP, "sni": Key(validators.BOOLEAN, True)},
    "smtp": _CHECK_PORT,
    "dns": {
        **_CHECK_PORT,
        "name": Key(validators.DOMAIN, required=True),
        "record": Key(validators.choice("A", "AAAA", "NS", "CNAME", "SOA", "MX", "TXT"), "A"),
    },
    "ping": {**_CHECK, **_ADDRESS},
    "udp": {
        **_CHECK_PORT,
        **_SENSITIVE,
        "payload": Key(validators.PAYLOAD),
        "require_reply": Key(validators.REPLY, False),
    },
    "script": {
        **_CHECK,
        **_SENSITIVE,
        **WORDED_SCRIPT,
        "dynamic_weight": Key(validators.BOOLEAN, False),
    },
    "file": {
        "file": Key(validators.WORDED_TRACK_FILE, required=True),
        "weight": Key(validators.integer(-MAX_WEIGHT, MAX_WEIGHT), 0),
    },
    # The services that only ldirectord speaks
    "ftp": {**_CHECK_ALONE, **_LOGIN, **_REQUEST, **_ANSWER},
    "http_proxy": {**_CHECK_ALONE, **_REQUEST, **_ANSWER},
    "imap": {**_CHECK_ALONE, **_LOGIN},
    "imaps": {**_CHECK_ALONE, **_LOGIN},
    "ldap": {**_CHECK_ALONE, **_LOGIN, **_REQUEST, **_ANSWER},
    "ldaps": {**_CHECK_ALONE, **_LOGIN, **_REQUEST, **_ANSWER},
    "mysql": _SQL,
    "nntp": _CHECK_ALONE,
    "oracle": _SQL,
    "pgsql": _SQL,
    "pop": {**_CHECK_ALONE, **_LOGIN},
    "pops": {**_CHECK_ALONE, **_LOGIN},
    "radius": {**_CHECK_ALONE, **_LOGIN, "secret": Key(validators.LDIRECTORD_SECRET, required=True, secret=True)},
    "simpletcp": {**_CHECK_ALONE, **_REQUEST, **_ANSWER},
    "sip": {**_CHECK_ALONE, **_SENSITIVE, "login": _LOGIN["login"]},
    "submission": _CHECK_ALONE,
}

_CHANGE = validators.integer(-253, 253)
TRACK_INTERFACE = {"interface": Key(validators.INTERFACE, required=True), "weight": Key(_CHANGE, 0)}
TRACK_SCRIPT = {
    **SCRIPT,
    "interval": Key(validators.integer(1, 3600), 1),
    "timeout": Key(validators.integer(1, 3600)),
    "rise": Key(validators.integer(1, 1000), 1),
    "fall": Key(validators.integer(1, 1000), 1),
    "weight": Key(_CHANGE, 0),
    "init_fail": Key(validators.BOOLEAN, False),
}
TRACK_PROCESS = {
    "process": Key(validators.PROCESS, required=True),
    "weight": Key(_CHANGE, 0),
    "quorum": Key(validators.integer(1, 65535), 1),
    "delay": Key(validators.seconds(0, 3600), 0),
}
TRACK_FILE = {
    "path": Key(validators.TRACK_FILE, required=True),
    "weight": Key(_CHANGE, 1),
    "init_file": Key(_CHANGE),
}
TRACK_BFD = {
    "neighbor": Key(validators.HOST_ADDRESS, required=True),
    "weight": Key(_CHANGE, 0),
    "interval": Key(validators.seconds(0.01, 10), 0.3),
    "multiplier": Key(validators.integer(1, 10), 3),
    "max_hops": Key(validators.integer(0, 254), 0),
}
# What each list of `track` holds. An item may be a word alone, the value of the second
TRACK = {
    "interfaces": (TRACK_INTERFACE, "interface"),
    "scripts": (TRACK_SCRIPT, "command"),
    "processes": (TRACK_PROCESS, "process"),
    "files": (TRACK_FILE, "path"),
    "bfd": (TRACK_BFD, "neighbor"),
}
# The events that have a script. A group does not hear of adverts
GROUP_EVENTS = ("master", "backup", "fault", "stop")
EVENTS = (*GROUP_EVENTS, "lower_priority")

# The keys of an instance. Their defaults are the values of lvs_vrrp
_VRRP_EACH = {
    "version": Key(validators.integer(2, 3), 2),
    "advert_interval": Key(validators.seconds(0.01, 255), 1),
    "down_timer_adverts": Key(validators.integer(1, 100), 3),
    "preempt": Key(validators.BOOLEAN, True),
    "preempt_delay": Key(validators.seconds(0, 1000)),
    "auth_pass": Key(validators.AUTH_PASS, secret=True),
    "unicast": Key(validators.BOOLEAN, False),
    "vmac": Key(validators.BOOLEAN, False),
    "priority": Key(PRIORITY, 200),
    "priority_step": Key(validators.integer(1, 253), 10),
    "virtual_router_id": Key(ROUTER_ID),
    "track": Key(validators.ANYTHING),
    "notify": Key(validators.ANYTHING),
}
VRRP = {
    "profile": Key(PROFILE, "standard"),
    **_VRRP_EACH,
    "startup_delay": Key(validators.seconds(0, 3600), 0),
    "skip_check_adv_addr": Key(validators.BOOLEAN, True),
    "garp_interval": Key(validators.seconds(0, 3600), 0),
    "gna_interval": Key(validators.seconds(0, 3600), 0),
    "garp_master_delay": Key(validators.integer(0, 3600), 5),
    "garp_master_repeat": Key(validators.integer(1, 1000), 5),
    "garp_master_refresh": Key(validators.integer(0, 86400), 0),
    "realtime_priority": Key(validators.integer(0, 99), 0),
    "no_swap": Key(validators.BOOLEAN, False),
    "vip_prefix": Key(validators.integer(8, 128)),
    "instances": Key(validators.ANYTHING),
    "sync_groups": Key(validators.ANYTHING),
    "raw": RAW,
}
# What a profile of lvs_vrrp sets, unless the inventory has the key itself
VRRP_PROFILES: dict[str, dict[str, object]] = {
    "standard": {},
    "fast": {
        "version": 3,
        # No longer than three intervals of 0.1 s. But where 2 % of all packets get lost, three in a row do every 3.5 hours, and four in a
        # row, at this interval, every 120 hours
        "advert_interval": 0.07,
        "down_timer_adverts": 4,
        # A backup also waits for (256 - priority) / 256 of an interval: the higher, the sooner. Above it there is room for a planned move,
        # which raises a priority
        "priority": 250,
        # If the announcement of a failover gets lost, it is repeated before most clients give up, and again later
        "garp_master_delay": 1,
        "garp_master_refresh": 10,
        # Above every ordinary process, below the threads of interrupts (50), which bring the adverts
        "realtime_priority": 10,
        "no_swap": True,
    },
}
_TABLE = validators.integer(1, 2**32 - 1)
ROUTE = {
    "to": Key(validators.DESTINATION, required=True),
    "via": Key(validators.HOST_ADDRESS, required=True),
    "source": Key(validators.HOST_ADDRESS),
    "table": Key(_TABLE),
    "metric": Key(validators.integer(1, 2**31 - 1)),
}
RULE = {
    "from": Key(validators.DESTINATION),
    "to": Key(validators.DESTINATION),
    "table": Key(_TABLE, required=True),
    "priority": Key(validators.integer(1, 32765), required=True),
}
VRRP_GROUP = {
    "name": Key(validators.NAMED, required=True),
    "instances": Key(validators.list_of(validators.NAMED, "names of instances"), required=True),
    "track": Key(validators.ANYTHING),
    "notify": Key(validators.ANYTHING),
    "raw": RAW,
}
INSTANCE = {
    "name": Key(validators.NAMED, required=True),
    "vips": Key(validators.list_of(validators.HOST_ADDRESS, "IP addresses"), required=True),
    "directors": Key(validators.ANYTHING),
    **{name: Key(key.validator, secret=key.secret) for name, key in _VRRP_EACH.items()},
    "virtual_router_id": Key(ROUTER_ID, required=True),
    "routes": Key(validators.ANYTHING),
    "rules": Key(validators.ANYTHING),
    "raw": RAW,
}
NAT = {
    "gateway": Key(validators.HOST_ADDRESS),
    "gateway6": Key(validators.HOST_ADDRESS),
    "route": Key(validators.choice("replies", "default"), "replies"),
    "masquerade": Key(validators.BOOLEAN, False),
}
LDIRECTORD = {
    "autoreload": Key(validators.BOOLEAN, False),
    "cleanstop": Key(validators.BOOLEAN, True),
    "maintenance_dir": Key(validators.PATH),
    "log": Key(validators.WORD, "/var/log/ldirectord.log"),
    # Otherwise it gives each real server that is down its weight for a moment whenever it reads its configuration (ld_start)
    "readd_quiescent": Key(validators.BOOLEAN, True),
    "fallback_command": Key(validators.LDIRECTORD_COMMAND),
    "callback": Key(validators.PATH),
    "execute": Key(validators.list_of(validators.NAMED, "names of configurations")),
    "mail_frequency": Key(validators.integer(0, 86400), 0),
    "mail_status": Key(
        validators.list_of(validators.choice("all", "none", "starting", "running", "stopping", "reloading"), "states")
    ),
    "raw": RAW,
}
KEEPALIVED = {
    "raw": RAW,
    "include": Key(validators.list_of(validators.FILE_PATTERN, "files", empty=True), ()),
    "options": Key(validators.list_of(validators.WORD, "words")),
}
HEARTBEAT = {
    "key": Key(validators.SECRET, secret=True),
    "auth_number": Key(validators.integer(1, 15), 1),
    "auth_method": Key(validators.choice("sha1", "md5"), "sha1"),
    "keepalive": Key(validators.seconds(0.1, 60), 2),
    "warntime": Key(validators.seconds(0.1, 600), 5),
    "deadtime": Key(validators.seconds(1, 600), 10),
    "initdead": Key(validators.seconds(1, 3600), 60),
    "port": Key(PORT, 694),
    "transport": Key(validators.choice("ucast", "mcast", "bcast"), "ucast"),
    "multicast_group": Key(validators.ADDRESS, "225.0.0.1"),
    "auto_failback": Key(validators.BOOLEAN, True),
    "vip_prefix": Key(validators.integer(8, 128)),
    "raw": RAW,
}
SYNC = {
    "enabled": Key(validators.BOOLEAN, False),
    "id": Key(validators.integer(1, 255), 51),
    "instance": Key(validators.NAMED),
    "network": Key(validators.NETWORK),
    "group": Key(validators.ADDRESS, SYNC_GROUP),
    "port": Key(PORT, SYNC_PORT),
    "ttl": Key(validators.integer(1, 255), SYNC_TTL),
    # A backup needs 1024 at least; 65487 bytes fit into a packet of UDP over IPv6
    "maxlen": Key(validators.integer(1024, 65487)),
    "sloppy": Key(validators.BOOLEAN, True),
}
TIMEOUTS = {
    "tcp": Key(validators.integer(1, MAX_IDLE), DEFAULT_TIMEOUTS.tcp),
    "tcpfin": Key(validators.integer(1, MAX_IDLE), DEFAULT_TIMEOUTS.tcpfin),
    "udp": Key(validators.integer(1, MAX_IDLE), DEFAULT_TIMEOUTS.udp),
}
MAIL = {
    "to": Key(validators.list_of(validators.MAIL_ADDRESS, "mail addresses"), required=True),
    "from": Key(validators.MAIL_ADDRESS, required=True),
    "server": Key(validators.SERVER, required=True),
    "timeout": Key(validators.integer(1, 3600), 30),
    "instances": Key(validators.BOOLEAN, True),
    "real_servers": Key(validators.BOOLEAN, True),
}
METRICS = {
    "enabled": Key(validators.BOOLEAN, False),
    "exporter": Key(validators.BOOLEAN, True),
    "textfile_directory": Key(validators.PATH, "/var/lib/prometheus/node-exporter"),
    "interval": Key(validators.integer(1, 3600), 15),
}
