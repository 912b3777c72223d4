# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every metric that lvs-metrics writes. docs/docsite/rst/metrics.rst has the same table.

Prometheus itself adds the labels job and instance, so an instance of VRRP has the label vrrp_instance. The labels of
lvs_real_server_info from local_address on are those of node-exporter's node_ipvs_backend_*, so that both can be joined.
"""

from __future__ import annotations

from .exposition import COUNTER, GAUGE, Metric

_VRRP = ("cluster", "vrrp_instance")
_SERVICE = ("cluster", "service", "virtual_server")
_SERVER = (*_SERVICE, "real_server", "address")
NODE_IPVS = ("local_address", "local_port", "proto", "local_mark", "remote_address", "remote_port")

METRICS = {
    # The host
    "lvs_host_info": Metric(
        GAUGE, "Always 1: a host of a cluster by its name in the inventory.", ("cluster", "host", "role", "stack")
    ),
    "lvs_metrics_written_timestamp_seconds": Metric(GAUGE, "When this file was written."),
    "lvs_metrics_read_duration_seconds": Metric(GAUGE, "How long it took to read what is in this file."),
    "lvs_metrics_interval_seconds": Metric(GAUGE, "How often this file is to be written."),
    "lvs_heal_mended_timestamp_seconds": Metric(GAUGE, "When lvs-heal has last put something back on this host."),
    "lvs_sysctl_differs": Metric(
        GAUGE,
        "Whether a sysctl that the cluster needs, such as arp_ignore or ip_forward, has another value than it should (1).",
        ("cluster", "sysctl"),
    ),
    # A director and its VIPs
    "lvs_problems": Metric(GAUGE, "How many problems lvs-status shows on this director.", ("cluster",)),
    "lvs_daemon_running": Metric(
        GAUGE, "Whether a daemon that the cluster needs runs (1) or not (0).", ("cluster", "daemon")
    ),
    "lvs_vrrp_directors": Metric(GAUGE, "How many directors have the VRRP instance, by the inventory.", _VRRP),
    "lvs_vrrp_state": Metric(
        GAUGE, "The state of a VRRP instance: 1 for the state that it is in, 0 for all others.", (*_VRRP, "state")
    ),
    "lvs_vrrp_state_since_timestamp_seconds": Metric(GAUGE, "Since when the VRRP instance has its state.", _VRRP),
    "lvs_vrrp_priority": Metric(GAUGE, "The priority of the VRRP instance now.", _VRRP),
    "lvs_vrrp_became_master_total": Metric(
        COUNTER, "How often the VRRP instance has become master since keepalived was started.", _VRRP
    ),
    "lvs_vrrp_released_master_total": Metric(
        COUNTER, "How often the VRRP instance has ceased to be master since keepalived was started.", _VRRP
    ),
    "lvs_vrrp_adverts_sent_total": Metric(COUNTER, "Adverts of VRRP that were sent.", _VRRP),
    "lvs_vrrp_adverts_received_total": Metric(COUNTER, "Adverts of VRRP that were received.", _VRRP),
    "lvs_vrrp_adverts_refused_total": Metric(
        COUNTER,
        "Adverts of VRRP that did not fit: another password, interval or list of addresses.",
        (*_VRRP, "reason"),
    ),
    "lvs_vip_held": Metric(GAUGE, "Whether this director has the VIP (1) or not (0).", (*_VRRP, "vip")),
    "lvs_vip_held_since_timestamp_seconds": Metric(GAUGE, "Since when this director has the VIP.", (*_VRRP, "vip")),
    "lvs_vip_split_brain": Metric(
        GAUGE,
        "Whether another host answers for a VIP that this director has (1), as lvs-heal sees it.",
        ("cluster", "vip"),
    ),
    "lvs_sync_daemons_wanted": Metric(
        GAUGE,
        "How many of the kernel's sync daemons have to run here: 0 without synchronisation, else 1 or 2.",
        ("cluster",),
    ),
    "lvs_sync_daemon_running": Metric(
        GAUGE, "Whether the kernel's sync daemon that sends, or the one that receives, runs.", ("cluster", "direction")
    ),
    "lvs_sync_peers_heard": Metric(
        GAUGE, "How many directors have told lvs-sync their connections since this one began to receive.", ("cluster",)
    ),
    "lvs_sync_heard_timestamp_seconds": Metric(
        GAUGE, "When another director has told lvs-sync its connections.", ("cluster", "peer")
    ),
    "lvs_sync_heard_connections": Metric(
        GAUGE, "How many connections another director has told lvs-sync.", ("cluster", "peer")
    ),
    # Services, as this director sees them
    "lvs_service_state": Metric(
        GAUGE, "The state of a service: 1 for the state that it is in, 0 for all others.", (*_SERVICE, "state")
    ),
    "lvs_service_active": Metric(
        GAUGE, "Whether this director has the VIP of the service, so that clients come here.", _SERVICE
    ),
    "lvs_service_sorry_server_in_use": Metric(GAUGE, "Whether the sorry server of the service answers.", _SERVICE),
    "lvs_service_connections_total": Metric(COUNTER, "Connections of the service.", _SERVICE),
    "lvs_service_incoming_packets_total": Metric(COUNTER, "Packets from clients of the service.", _SERVICE),
    "lvs_service_incoming_bytes_total": Metric(COUNTER, "Bytes from clients of the service.", _SERVICE),
    "lvs_service_outgoing_packets_total": Metric(
        COUNTER, "Packets to clients of the service, with NAT only.", _SERVICE
    ),
    "lvs_service_outgoing_bytes_total": Metric(COUNTER, "Bytes to clients of the service, with NAT only.", _SERVICE),
    # Real servers, as this director sees them
    "lvs_real_server_info": Metric(
        GAUGE,
        "Always 1: a real server of a service, with the labels that node_ipvs_backend_* has.",
        (*_SERVER, "forward", *NODE_IPVS),
    ),
    "lvs_real_server_state": Metric(
        GAUGE, "The state of a real server: 1 for the state that it is in, 0 for all others.", (*_SERVER, "state")
    ),
    "lvs_real_server_weight": Metric(
        GAUGE, "The weight of the real server in the table. Absent if it is not there.", _SERVER
    ),
    "lvs_real_server_wanted_weight": Metric(
        GAUGE, "The weight of the real server in the inventory. Absent if a check chooses the weight.", _SERVER
    ),
    "lvs_real_server_drained_since_timestamp_seconds": Metric(
        GAUGE, "Since when the real server is recorded as drained. Absent if it is not.", _SERVER
    ),
    "lvs_real_server_connections_total": Metric(COUNTER, "Connections that the real server was given.", _SERVER),
    "lvs_real_server_incoming_packets_total": Metric(COUNTER, "Packets from clients to the real server.", _SERVER),
    "lvs_real_server_incoming_bytes_total": Metric(COUNTER, "Bytes from clients to the real server.", _SERVER),
    "lvs_real_server_outgoing_packets_total": Metric(
        COUNTER, "Packets from the real server to clients, with NAT only.", _SERVER
    ),
    "lvs_real_server_outgoing_bytes_total": Metric(
        COUNTER, "Bytes from the real server to clients, with NAT only.", _SERVER
    ),
    # What a real server knows of itself
    "lvs_served_vip_present": Metric(
        GAUGE,
        "Whether this real server has the VIP on the interface for it (1) or not (0).",
        ("cluster", "vip", "interface"),
    ),
}
