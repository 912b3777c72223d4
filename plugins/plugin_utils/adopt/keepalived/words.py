# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of keepalived.conf, those that mean the same, and those that somebody has mistyped."""

from __future__ import annotations

from typing import Iterable, Mapping

from ..notes import Notes
from .blocks import Line

# Those of keepalived.conf(5) of 2.2.7, by block. CHECKER_TYPE are those of every check.
_LISTED = {
    "file": (
        "net_namespace net_namespace_ipvs namespace_with_ipsets instance use_pid_dir linkbeat_use_polling "
        "child_wait_time global_defs linkbeat_interfaces track_group static_ipaddress static_routes static_rules "
        "track_file vrrp_track_process bfd_instance vrrp_script vrrp_sync_group garp_group vrrp_instance "
        "interface_up_down_delays virtual_server_group virtual_server SSL"
    ),
    "global_defs": (
        "tmp_config_directory config_save_dir process_names process_name vrrp_process_name checker_process_name "
        "bfd_process_name startup_script startup_script_timeout shutdown_script shutdown_script_timeout "
        "notification_email notification_email_from smtp_server smtp_helo_name smtp_connect_timeout smtp_alert "
        "smtp_alert_vrrp smtp_alert_checker checker_log_all_failures no_email_faults router_id vrrp_mcast_group4 "
        "vrrp_mcast_group6 default_interface lvs_sync_daemon lvs_timeouts lvs_flush lvs_flush_on_stop "
        "vrrp_garp_master_delay vrrp_garp_master_repeat vrrp_garp_lower_prio_delay vrrp_down_timer_adverts "
        "vrrp_garp_lower_prio_repeat vrrp_garp_master_refresh vrrp_garp_master_refresh_repeat vrrp_garp_interval "
        "vrrp_gna_interval vrrp_min_garp vrrp_garp_extra_if vrrp_lower_prio_no_advert "
        "vrrp_higher_prio_send_advert vrrp_version nftables nftables_priority nftables_counters nftables_ifindex "
        "nftables_ipvs nftables_ipvs_priority nftables_ipvs_start_fwmark vrrp_iptables vrrp_ipsets "
        "disable_local_igmp vrrp_check_unicast_src vrrp_skip_check_adv_addr vrrp_strict "
        "vrrp_notify_priority_changes max_auto_priority min_auto_priority_delay vrrp_priority checker_priority "
        "bfd_priority vrrp_no_swap checker_no_swap bfd_no_swap vrrp_cpu_affinity checker_cpu_affinity "
        "bfd_cpu_affinity vrrp_rt_priority checker_rt_priority bfd_rt_priority vrrp_rlimit_rttime "
        "checker_rlimit_rttime bfd_rlimit_rttime snmp_socket enable_snmp_vrrp enable_snmp_checker enable_snmp_rfc "
        "enable_snmp_rfcv2 enable_snmp_rfcv3 enable_traps enable_dbus dbus_service_name script_user "
        "enable_script_security notify_fifo notify_fifo_script vrrp_notify_fifo vrrp_notify_fifo_script "
        "lvs_notify_fifo lvs_notify_fifo_script fifo_write_vrrp_states_on_reload dynamic_interfaces "
        "vrrp_netlink_cmd_rcv_bufs vrrp_netlink_cmd_rcv_bufs_force vrrp_netlink_monitor_rcv_bufs "
        "vrrp_netlink_monitor_rcv_bufs_force lvs_netlink_cmd_rcv_bufs lvs_netlink_cmd_rcv_bufs_force "
        "lvs_netlink_monitor_rcv_bufs lvs_netlink_monitor_rcv_bufs_force process_monitor_rcv_bufs "
        "process_monitor_rcv_bufs_force vrrp_rx_bufs_policy vrrp_rx_bufs_multiplier rs_init_notifies "
        "no_checker_emails umask vrrp_startup_delay log_unknown_vrids vmac_prefix vmac_addr_prefix random_seed "
        "reload_check_config include_check reload_time_file reload_repeat reload_file data_use_instance"
    ),
    "track_group": "group",
    "track_file": "file weight init_file",
    "vrrp_track_process": (
        "process param_match weight quorum quorum_max fork_delay terminate_delay delay full_command"
    ),
    "bfd_instance": (
        "neighbor_ip source_ip min_rx min_tx idle_tx multiplier passive ttl hoplimit max_hops weight vrrp checker"
    ),
    "vrrp_script": "script interval timeout weight rise fall user init_fail",
    "vrrp_sync_group": (
        "group track_interface track_script track_file track_process track_bfd notify_master notify_backup "
        "notify_fault notify_stop notify_deleted notify notify_priority_changes smtp_alert global_tracking "
        "sync_group_tracking_weight"
    ),
    "garp_group": "garp_interval gna_interval interface interfaces",
    "vrrp_instance": (
        "state interface vrf use_vmac use_vmac_addr vmac_xmit_base use_ipvlan native_ipv6 dont_track_primary "
        "track_interface track_script track_file track_process track_bfd mcast_src_ip unicast_src_ip mcast_dst_ip "
        "track_src_ip version check_unicast_src unicast_peer unicast_fault_no_peer unicast_ttl "
        "old_unicast_checksum garp_master_delay garp_master_repeat garp_lower_prio_delay garp_lower_prio_repeat "
        "garp_master_refresh garp_master_refresh_repeat garp_extra_if down_timer_adverts lower_prio_no_advert "
        "higher_prio_send_advert virtual_router_id priority advert_int authentication virtual_ipaddress "
        "virtual_ipaddress_excluded promote_secondaries virtual_routes virtual_rules accept no_accept nopreempt "
        "preempt preempt_delay skip_check_adv_addr strict_mode debug notify_master notify_backup notify_fault "
        "notify_stop notify notify_master_rx_lower_pri notify_priority_changes smtp_alert kernel_rx_buf_size "
        "linkbeat_use_polling"
    ),
    "authentication": "auth_type auth_pass",
    "virtual_server_group": "fwmark",
    "virtual_server": (
        "lvs_sched flag-1 flag-2 flag-3 sh-port sh-fallback mh-port mh-fallback ops lvs_method persistence_engine "
        "persistence_timeout persistence_granularity protocol ha_suspend smtp_alert virtualhost snmp_name alpha "
        "omega quorum hysteresis quorum_up quorum_down ip_family sorry_server sorry_server_inhibit "
        "sorry_server_lvs_method connect_timeout retry delay_before_retry warmup delay_loop inhibit_on_failure "
        "real_server"
    ),
    "real_server": (
        "weight lvs_method notify_up notify_down uthreshold lthreshold smtp_alert virtualhost snmp_name alpha "
        "connect_timeout retry delay_before_retry warmup delay_loop inhibit_on_failure HTTP_GET SSL_GET TCP_CHECK "
        "SMTP_CHECK DNS_CHECK MISC_CHECK BFD_CHECK PING_CHECK UDP_CHECK FILE_CHECK"
    ),
    "CHECKER_TYPE": (
        "connect_ip connect_port bindto bind_if bind_port fwmark alpha connect_timeout retry delay_before_retry "
        "warmup delay_loop log_all_failures"
    ),
    "HTTP_GET": "http_protocol fast_recovery url",
    "url": (
        "path digest status_code virtualhost regex regex_no_match regex_options regex_stack regex_min_offset "
        "regex_max_offset"
    ),
    "SSL_GET": "enable_sni",
    "SMTP_CHECK": "helo_name",
    "DNS_CHECK": "type name",
    "MISC_CHECK": "misc_path misc_timeout misc_dynamic user",
    "BFD_CHECK": "name",
    "UDP_CHECK": "payload require_reply min_reply_length max_reply_length",
    "FILE_CHECK": "track_file dynamic weight",
    "SSL": "password ca certificate key",
}
# In the parsers of 2.2.7, but not in its manual
_UNLISTED = {
    "vrrp_instance": "notify_deleted lvs_sync_daemon_interface vmac_garp_intvl",
    "global_defs": "enable_snmp_keepalived vrrp_vmac_garp_intvl lvs_process_name lvs_flush_onstop",
    "virtual_server": "hashed weight",
    "HTTP_GET": "virtualhost",
    "SSL_GET": "virtualhost",
    "SMTP_CHECK": "host",
    "host": "connect_ip connect_port bindto bind_port bind_if",
}
CHECKS = (
    *("HTTP_GET", "SSL_GET", "TCP_CHECK", "UDP_CHECK", "SMTP_CHECK"),
    *("DNS_CHECK", "MISC_CHECK", "PING_CHECK", "FILE_CHECK", "BFD_CHECK"),
)
# Blocks whose lines are no keywords: addresses, names, routes
FREE = frozenset(
    (
        *("notification_email", "virtual_ipaddress", "virtual_ipaddress_excluded", "unicast_peer", "virtual_routes"),
        *("virtual_rules", "static_ipaddress", "static_routes", "static_rules", "group", "track_interface"),
        *(
            "track_script",
            "track_file",
            "track_process",
            "track_bfd",
            "linkbeat_interfaces",
            "interface_up_down_delays",
        ),
        *("virtual_server_group", "interfaces", "lvs_sync_daemon"),
    )
)
# What keepalived takes for the same. The second is the name in this file
SAME = {
    "virtual_server": {"lb_algo": "lvs_sched", "lb_kind": "lvs_method"},
    "real_server": {"lb_kind": "lvs_method"},
    "global_defs": {
        "vrrp_rlimit_rtime": "vrrp_rlimit_rttime",
        "checker_rlimit_rtime": "checker_rlimit_rttime",
        "bfd_rlimit_rtime": "bfd_rlimit_rttime",
    },
}
# Words that were given up, or that other software has, each with the one of today
FORMER = {
    "nb_get_retry": ("retry", "the old word for retry"),
    "lvs_id": ("router_id", "the old word for router_id"),
    "vrrp_mcast_group": ("vrrp_mcast_group4", "the old word for vrrp_mcast_group4"),
}
_LONGEST_MISTAKE = 2


def known(block: str) -> frozenset[str]:
    """The words that a block may have."""
    own = set(f"{_LISTED.get(block, '')} {_UNLISTED.get(block, '')}".split()) | set(SAME.get(block, ()))
    if block in CHECKS:
        own |= set(_LISTED["CHECKER_TYPE"].split())
    if block == "SSL_GET":
        own |= set(_LISTED["HTTP_GET"].split())
    return frozenset(own)


def settle(line: Line, block: str, notes: Notes) -> None:
    """Give every line in a block the keyword that it means, and say which was mistyped. Changes the lines."""
    if block in FREE:
        return
    words = known(block)
    for one in line.inside:
        if not one.words:
            continue
        if one.name not in words:
            _mend(one, words, notes)
        one.words[0] = SAME.get(block, {}).get(one.name, one.name)
        if one.name == "lvs_sched" and one.source and one.source[0] == "lvs_sched" and block == "virtual_server":
            notes.explained(
                one.where, f"lvs_sched is the same word as lb_algo: scheduler is {one.word(1)} in the inventory"
            )
        if one.braces:
            settle(one, one.name, notes)


def _mend(line: Line, words: frozenset[str], notes: Notes) -> None:
    wrong = line.name
    if wrong in FORMER and FORMER[wrong][0] in words:
        line.words[0], why = FORMER[wrong]
        line.source[0] = line.name
        notes.explained(line.where, f"{wrong} is {why}")
        return
    if wrong.startswith(";"):
        notes.explained(
            line.where, "; begins no comment for keepalived, which skips the line as an unknown word: so does adopt"
        )
        line.words[0] = ""
        return
    meant = mistyped(wrong, words)
    if meant is None:
        return
    line.words[0] = line.source[0] = meant
    what = "the block" if line.braces else "the line"
    notes.explained(
        line.where,
        f"{wrong} is no word of keepalived, which skips {what}. It was read as {meant}: site.yml would make true what it says",
    )


def mistyped(word: str, words: Iterable[str]) -> str | None:
    """The one word of which another is a mistyping: at most two letters, and not more than a fourth, are wrong."""
    most = min(_LONGEST_MISTAKE, len(word) // 4)
    distances = {known: distance(word.lower(), known.lower(), most) for known in words}
    near = sorted((how_far, known) for known, how_far in distances.items() if how_far <= most)
    if not near or (len(near) > 1 and near[0][0] == near[1][0]):
        return None
    return near[0][1]


def distance(one: str, two: str, most: int) -> int:
    """How many letters have to be put in, left out, changed, or swapped with the next; `most` + 1 for all that is more."""
    if abs(len(one) - len(two)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(two) + 1))
    for i, letter in enumerate(one, start=1):
        older, before, row = before, row, [i]
        for j, other in enumerate(two, start=1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == two[j - 2] and one[i - 2] == other:
                best = min(best, older[j - 2] + 1)
            row.append(best)
    return min(row[-1], most + 1)


def words_by_block() -> Mapping[str, frozenset[str]]:
    """All words, for a test that compares them with the manual's."""
    return {block: known(block) for block in (*_LISTED, *CHECKS)}
