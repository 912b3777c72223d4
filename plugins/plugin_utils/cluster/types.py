# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The types of the resolved cluster: the filter `lvs.cluster.resolve` returns it, and every template reads it.

Plain dicts at run time. Every key is always there; an absent value is None (null in Jinja) or an empty list.
The filter's RETURN documentation explains the keys. A unit test compares it with these types.
"""

from __future__ import annotations

from typing import List, Literal, Optional, TypedDict, Union

Family = Literal["ipv4", "ipv6"]
Stack = Literal["keepalived", "ldirectord", "static"]
Forward = Literal["dr", "nat", "tun"]
Seconds = Union[int, float]
# A port, or a range such as 8000-8010.
Ports = Union[int, str]
# A status code of HTTP, or a range such as 200-299.
Status = Union[int, str]

FAMILIES: tuple[Family, ...] = ("ipv4", "ipv6")


class Tunnel(TypedDict):
    """How forwarding method tun wraps packets."""

    type: str
    port: int | None
    checksum: str | None


class Command(TypedDict):
    """A script with its arguments; `as_root` if keepalived must start it as root, whatever the user of other scripts."""

    command: str
    as_root: bool


class HealthUrl(TypedDict):
    """A page that a check requests, and what a good answer is."""

    path: str
    status: list[Status]
    expect: str | None
    regex: str | None
    digest: str | None


class Health(TypedDict):
    """A health check; options that its type does not have are None. `as_root` is that of Command, `reply` is what a required reply has to begin with.

    If it is `sensitive`, what it sends or runs is a secret: schema.SENSITIVE.
    """

    type: str
    sensitive: bool | None
    interval: Seconds | None
    timeout: Seconds | None
    retries: int | None
    retry_delay: Seconds | None
    warmup: Seconds | None
    port: int | None
    address: str | None
    source: str | None
    via: str | None
    virtualhost: str | None
    version: str | None
    urls: list[HealthUrl]
    sni: bool | None
    name: str | None
    record: str | None
    payload: str | None
    require_reply: bool | None
    reply: str | None
    command: str | None
    as_root: bool | None
    dynamic_weight: bool | None
    file: str | None
    weight: int | None
    request: str | None
    expect: str | None
    regex: str | None
    login: str | None
    passwd: str | None
    database: str | None
    secret: str | None


class RealServerNotify(TypedDict):
    """The scripts that run when a real server's checks pass or fail."""

    up: Command | None
    down: Command | None


class RealServer(TypedDict):
    """One real server of one service; port 0 means that the port of the request is kept.

    `health` is None if it has the checks of its service. `weight` is less than `inventory_weight` while it is drained.
    """

    host: str | None
    address: str
    port: int
    weight: int
    inventory_weight: int
    upper_threshold: int
    lower_threshold: int
    forward: Forward
    tunnel: Tunnel | None
    health: list[Health] | None
    notify: RealServerNotify | None
    raw: list[str]


class SorryServer(TypedDict):
    """The server that answers while no real server is available."""

    host: str | None
    address: str
    port: int
    forward: Forward
    tunnel: Tunnel | None


class ServiceNotify(TypedDict):
    """The scripts that run when a service reaches its quorum or loses it."""

    quorum_up: Command | None
    quorum_down: Command | None


class Service(TypedDict):
    """One virtual service of the kernel: by address, protocol and port, or by firewall mark.

    Only one by firewall mark has several VIPs or protocols. A service of the inventory with several addresses is one of these for
    each of them, all with its name.
    """

    name: str
    label: str
    vips: list[str]
    port: int | None
    ports: list[Ports] | None
    fwmark: int | None
    protocols: list[str]
    family: Family
    scheduler: str
    scheduler_flags: list[str]
    forward: Forward
    tunnel: Tunnel | None
    persistence: int | None
    persistence_netmask: str | None
    persistence_engine: str | None
    helper: str | None
    one_packet: bool
    health: list[Health]
    on_failure: str
    quorum: int
    hysteresis: int
    alpha: bool
    omega: bool
    notify: ServiceNotify | None
    test_page: bool
    real_servers: list[RealServer]
    sorry_server: SorryServer | None
    raw: list[str]


def client_ports(service: Service) -> list[Ports]:
    """The ports that clients connect to; empty for all ports."""
    return [service["port"]] if service["port"] else service["ports"] or []


def server_ports(service: Service, server: RealServer | SorryServer) -> list[Ports]:
    """The ports at which packets reach a real server; empty for all ports."""
    return [server["port"]] if server["port"] else client_ports(service)


def servers_of(service: Service) -> list[RealServer | SorryServer]:
    """A service's real servers and its sorry server."""
    return [*service["real_servers"], *([service["sorry_server"]] if service["sorry_server"] else [])]


def checks_of(service: Service) -> list[Health]:
    """Every check of a service, with those of real servers that have their own."""
    return [*service["health"], *(check for server in service["real_servers"] for check in server["health"] or ())]


def health_of(server: RealServer, common: list[Health]) -> list[Health]:
    """The checks of a real server: its own, or those that its service has for all (`common`)."""
    return common if server["health"] is None else server["health"]


def told(check: Health, text: str) -> str:
    """What a message may say of something that a check sends."""
    return "secret" if check["sensitive"] else text


class TableDestination(TypedDict):
    """A real server as the modules ipvs_table and ipvs_info know it."""

    address: str
    port: int
    forward: Forward
    weight: int
    upper_threshold: int
    lower_threshold: int
    tunnel: Tunnel | None


class TableService(TypedDict):
    """A service as the modules ipvs_table and ipvs_info know it."""

    address: str | None
    port: int | None
    protocol: str | None
    fwmark: int | None
    family: Family
    scheduler: str
    scheduler_flags: list[str]
    persistence: int | None
    persistence_netmask: str | None
    persistence_engine: str | None
    one_packet: bool
    destinations: list[TableDestination]


class Vip(TypedDict):
    """A VIP, or a gateway of NAT, which moves with the VIPs."""

    address: str
    family: Family
    prefix: int
    instance: str | None
    gateway: bool


class MovedAddress(TypedDict):
    """An address that a director takes while it is the master."""

    address: str
    prefix: int


class InstanceDirector(TypedDict):
    """A director that takes part in a VRRP instance."""

    host: str
    address: str | None
    interface: str | None
    priority: int


class InstanceSettings(TypedDict):
    """The settings that all directors of a VRRP instance must have in common."""

    name: str
    family: Family
    version: int
    advert_interval: Seconds
    down_timer_adverts: int
    preempt: bool
    preempt_delay: Seconds
    virtual_router_id: int
    advert_address: str
    auth_pass: str | None
    garp_master_delay: int
    garp_master_repeat: int
    garp_master_refresh: int
    vmac: bool
    raw: list[str]


class Tracked(TypedDict):
    """Something that an instance or a group watches, by its name. If the weight is 0, its failure gives up the VIPs."""

    name: str
    weight: int


class Track(TypedDict):
    """What an instance or a group watches."""

    interfaces: list[Tracked]
    scripts: list[Tracked]
    processes: list[Tracked]
    files: list[Tracked]
    bfd: list[Tracked]


class TrackScript(TypedDict):
    """A script that is run again and again."""

    name: str
    command: str
    as_root: bool
    interval: int
    timeout: int
    rise: int
    fall: int
    init_fail: bool


class TrackProcess(TypedDict):
    """A process that has to run."""

    name: str
    process: str
    quorum: int
    delay: Seconds


class TrackFile(TypedDict):
    """A file with a number. Its name is its path."""

    name: str
    init_file: int | None


class TrackBfd(TypedDict):
    """A neighbour that BFD watches; `interval` in milliseconds."""

    name: str
    neighbor: str
    interval: Seconds
    multiplier: int
    max_hops: int


class DirectorBfd(TrackBfd):
    """A neighbour that BFD watches from one director's address."""

    source: str | None


class Trackers(TypedDict):
    """Everything that is watched in the cluster."""

    scripts: list[TrackScript]
    processes: list[TrackProcess]
    files: list[TrackFile]
    bfd: list[TrackBfd]


class DirectorTrackers(TypedDict):
    """Everything that one director watches."""

    scripts: list[TrackScript]
    processes: list[TrackProcess]
    files: list[TrackFile]
    bfd: list[DirectorBfd]


class Notify(TypedDict):
    """A script that an event starts; `keyword` is keepalived's word for it."""

    keyword: str
    command: str
    as_root: bool


class InstalledScript(TypedDict):
    """A script that is copied from the controller: from `src` there to `path` on the director."""

    src: str
    path: str


class ScriptUser(TypedDict):
    """A program that runs as a user other than that of the other scripts."""

    user: str
    program: str


class Scripts(TypedDict):
    """The scripts of the inventory; `programs` are those that run as root."""

    installed: list[InstalledScript]
    users: list[ScriptUser]
    programs: list[str]


class Event(TypedDict):
    """An event of `notify`, and the script for it."""

    event: str
    command: str
    as_root: bool


class SyncGroup(TypedDict):
    """Instances that move together."""

    name: str
    instances: list[str]
    track: Track
    notify: list[Event]
    raw: list[str]


class DirectorSyncGroup(TypedDict):
    """Instances that move together, as one director has them in keepalived.conf."""

    name: str
    instances: list[str]
    track: Track
    notify: list[Notify]
    raw: list[str]


class VirtualRoute(TypedDict):
    """A route that the master has."""

    to: str
    via: str
    source: str | None
    table: int | None
    metric: int | None


class DirectorRoute(VirtualRoute):
    """A route that the master has, with the device that leads to its router."""

    device: str | None


# In the functional form, because `from` is a keyword of Python.
VirtualRule = TypedDict("VirtualRule", {"from": Optional[str], "to": Optional[str], "table": int, "priority": int})


class Instance(InstanceSettings):
    """A VRRP instance, the same on all its directors."""

    unicast: bool
    track: Track
    notify: list[Event]
    routes: list[VirtualRoute]
    rules: list[VirtualRule]
    vips: list[MovedAddress]
    gateways: list[MovedAddress]
    directors: list[InstanceDirector]


class KeepalivedProcess(TypedDict):
    """A process of keepalived that has a real-time priority, or is not swapped out; `name` as in its words in keepalived.conf."""

    name: str
    realtime_priority: int | None
    rlimit_rttime: int | None
    no_swap: bool


class Vrrp(TypedDict):
    """VRRP of the whole cluster. `settle_time` after a keepalived has started, every VIP has one owner."""

    skip_check_adv_addr: bool
    garp_interval: Seconds
    gna_interval: Seconds
    startup_delay: Seconds
    processes: list[KeepalivedProcess]
    settle_time: int
    instances: list[Instance]
    sync_groups: list[SyncGroup]
    trackers: Trackers


class Timeouts(TypedDict):
    """How long IPVS remembers idle connections, in seconds."""

    tcp: int
    tcpfin: int
    udp: int


class Sync(TypedDict):
    """Connection synchronisation. Without an instance, the connections of all instances are told."""

    id: int
    instance: str | None
    network: str | None
    group: str
    port: int
    ttl: int
    maxlen: int | None


# In the functional form, because `from` is a keyword of Python.
Mail = TypedDict(
    "Mail",
    {
        "to": List[str],
        "from": str,
        "server": str,
        "port": int,
        "timeout": int,
        "instances": bool,
        "real_servers": bool,
    },
)


class Metrics(TypedDict):
    """Where lvs-metrics writes, how often in seconds, and whether the roles install and run node-exporter."""

    exporter: bool
    textfile_directory: str
    interval: int


class KeepalivedUrl(TypedDict):
    """A `url` block of a check."""

    path: str
    status: str
    regex: str | None
    digest: str | None


class KeepalivedCheck(TypedDict):
    """A health check as keepalived configuration; `block` is the name of its block.

    `command` is the script with its arguments in quotes, or a variable that stands for it, `reply` an empty text if any reply is
    right, `source` a variable that each director sets to its own address.
    """

    block: str
    interval: Seconds | None
    timeout: Seconds | None
    retries: int | None
    retry_delay: Seconds | None
    warmup: Seconds | None
    address: str | None
    port: int | None
    source: str | None
    fwmark: int | None
    sni: bool
    version: str | None
    virtualhost: str | None
    urls: list[KeepalivedUrl]
    record: str | None
    name: str | None
    payload: str | None
    reply: str | None
    command: str | None
    as_root: bool
    dynamic_weight: bool
    file: str | None
    weight: int | None


class KeepalivedRealServer(TypedDict):
    """A real server as keepalived configuration; `at` is its address, with its port if it has one.

    `method` is None if it is the service's, `checks` if they are those of the service. With `held` it is drained, and keeps its weight
    there.
    """

    at: str
    weight: int
    held: bool
    upper_threshold: int
    lower_threshold: int
    method: str | None
    notify_up: Command | None
    notify_down: Command | None
    checks: list[KeepalivedCheck] | None
    raw: list[str]


class KeepalivedGroup(TypedDict):
    """A `virtual_server_group` of keepalived.conf: the addresses of one `virtual_server`."""

    name: str
    addresses: list[str]


class KeepalivedService(TypedDict):
    """A `virtual_server` of keepalived.conf; `at` is what follows that word, and `group` the addresses if they are several."""

    name: str
    at: str
    group: KeepalivedGroup | None
    ip_family: str | None
    protocol: str | None
    scheduler: str
    scheduler_flags: list[str]
    method: str
    persistence: int | None
    persistence_netmask: str | None
    persistence_engine: str | None
    one_packet: bool
    quorum: int
    hysteresis: int
    alpha: bool
    omega: bool
    quorum_up: Command | None
    quorum_down: Command | None
    sorry_server: str | None
    sorry_server_method: str | None
    quiesce: bool
    checks: list[KeepalivedCheck]
    real_servers: list[KeepalivedRealServer]
    raw: list[str]


class KeepalivedSecret(TypedDict):
    """A variable of keepalived.conf for something secret that a check sends."""

    name: str
    value: str


class KeepalivedInclude(TypedDict):
    """A line that includes files; `keyword` is how strictly keepalived checks that they are there."""

    keyword: str
    path: str


class Keepalived(TypedDict):
    """What keepalived.conf has besides VRRP, the same on every director, and the files that its checks read.

    `track_folders` are the folders of these files and of those that VRRP tracks, with those above them, the outermost first.
    """

    options: list[str] | None
    raw: list[str]
    includes: list[KeepalivedInclude]
    secrets: list[KeepalivedSecret]
    track_files: list[str]
    track_folders: list[str]
    virtual_servers: list[KeepalivedService]


class LdirectordRealServer(TypedDict):
    """A real server as ldirectord configuration."""

    at: str
    forward: str
    weight: int
    request: str | None
    receive: str | None
    lower_threshold: int
    upper_threshold: int


class LdirectordCheck(TypedDict):
    """The check in a block `virtual` of ldirectord.cf."""

    checktype: str
    service: str | None
    request: str | None
    receive: str | None
    virtualhost: str | None
    checkport: int | None
    checkcommand: str | None
    checkinterval: Seconds | None
    checktimeout: Seconds | None
    checkcount: int | None
    failurecount: int | None
    login: str | None
    passwd: str | None
    database: str | None
    secret: str | None


class LdirectordService(LdirectordCheck):
    """A block `virtual` of ldirectord.cf."""

    name: str
    ipv6: bool
    virtual: str
    protocol: str
    scheduler: str
    persistence: int | None
    netmask: str | None
    one_packet: bool
    flags: list[str]
    quiescent: bool
    fallback: str | None
    reals: list[LdirectordRealServer]
    raw: list[str]


class Ldirectord(TypedDict):
    """ldirectord.cf, the same on every director. With `secrets` nobody but root may read it; `sensitive` if a check is.

    `drivers` are Perl's for the databases that are checked, by their names below DBD: ldirectord ends if one is missing.
    """

    autoreload: bool
    cleanstop: bool
    maintenance_dir: str | None
    log: str
    readd_quiescent: bool
    fallback_command: str | None
    callback: str | None
    execute: list[str]
    mail_frequency: int
    mail_status: list[str]
    fork: bool
    interval: Seconds
    mail: Mail | None
    secrets: bool
    sensitive: bool
    drivers: list[str]
    raw: list[str]
    virtuals: list[LdirectordService]


class HeartbeatNode(TypedDict):
    """A node of heartbeat by its `uname -n`; None if the host did not answer."""

    name: str | None
    address: str | None


class HeartbeatVip(TypedDict):
    """A VIP that heartbeat moves; `cidr` is address and prefix length in one."""

    address: str
    prefix: int
    cidr: str


class Heartbeat(TypedDict):
    """Heartbeat, the same on both directors."""

    key: str | None
    auth_number: int
    auth_method: str
    keepalive: Seconds
    warntime: Seconds
    deadtime: Seconds
    initdead: Seconds
    port: int
    transport: str
    multicast_group: str
    auto_failback: bool
    vip_prefix: int | None
    raw: list[str]
    nodes: list[HeartbeatNode]
    vips: list[HeartbeatVip]
    resources: list[str]


class FirewallOpening(TypedDict):
    """What firewalld lets in: a `port` or a `protocol`."""

    kind: str
    what: str


class PeersOnly(TypedDict):
    """What a director lets in from other directors alone: `let` as in "192.0.2.12 vrrp" or "192.0.2.12 8848/udp".

    `only` is what is dropped otherwise, as in "ipv4 vrrp".
    """

    let: list[str]
    only: list[str]


class FwmarkRule(TypedDict):
    """The packets that make a service with a firewall mark."""

    vip: str
    family: Family
    protocol: str
    ports: list[Ports]
    fwmark: int


class ArptablesRule(TypedDict):
    """A VIP for which arptables keeps a real server from answering ARP, and the address for its own ARP requests."""

    vip: str
    address: str


class Redirect(TypedDict):
    """A VIP whose packets the real server redirects to itself."""

    vip: str
    family: Family


class MssClamp(TypedDict):
    """The largest TCP segment, in bytes, that fits into the tunnel of a VIP."""

    vip: str
    family: Family
    mss: int


class Masquerade(TypedDict):
    """A VIP whose packets to real servers get the director's own address as their source, if NAT has translated them."""

    vip: str
    family: Family


class GuePort(TypedDict):
    """A UDP port at which GUE is unpacked."""

    family: Family
    port: int


class HostVip(TypedDict):
    """A VIP on a device of a host; the device is None without facts."""

    address: str
    family: Family
    prefix: int
    device: str | None


class ReturnRoute(TypedDict):
    """The route back through the directors; `network` is the one that holds the gateway. Both are None without facts."""

    family: Family
    gateway: str
    device: str | None
    network: str | None


class ReturnRule(TypedDict):
    """Packets that take the route back: from a source, and from one of its ports unless that is 0."""

    family: Family
    source: str
    protocol: str
    port: Ports


class DefaultRule(TypedDict):
    """A source whose packets take the route back if no other route matches."""

    family: Family
    source: str


class Socket(TypedDict):
    """A port of the test page."""

    port: int
    tls: bool


class AddressOnDevice(TypedDict):
    """An address that a VRRP instance moves, and its device on this director."""

    address: str
    prefix: int
    device: str | None


class DirectorInstance(InstanceSettings):
    """A VRRP instance as one director runs it: everything in its block of keepalived.conf.

    `takes_over` is whether this director takes the VIPs from any other director when it starts. `grouped` is whether it is in a group,
    which then watches what has a weight.
    """

    secret: str
    interface: str | None
    priority: int
    grouped: bool
    takes_over: bool
    unicast_src: str | None
    unicast_peers: list[str]
    addresses: list[AddressOnDevice]
    vmac_addresses: list[str]
    routes: list[DirectorRoute]
    rules: list[VirtualRule]
    track: Track
    notify: list[Notify]


class HostVrrp(TypedDict):
    """The times and interfaces of a director's instances; empty without VRRP.

    The director takes `preferred_vips` from any other director within `settle_time`. On its `interfaces` the adverts of other
    masters are heard in `listen_time`. Another director takes the VIPs that this one gives up within `handover_time`, which is 0
    if there is none. In `move_time` a director whose priority is raised has taken the VIPs; it is 0 if no instance does that in time.
    """

    preferred_vips: list[str]
    settle_time: int
    interfaces: list[str]
    listen_time: Seconds
    handover_time: Seconds
    move_time: int


class SyncMark(TypedDict):
    """The service of a firewall mark, by which lvs-sync finds the mark of a connection; without `ports` it has all."""

    fwmark: int
    vips: list[str]
    protocols: list[str]
    ports: list[Ports]


class DirectorSync(TypedDict):
    """Connection synchronisation as one director runs it.

    `both` is whether it always runs both daemons, the one that sends and the one that receives. Otherwise it runs the one
    for its present part. lvs-sync asks the directors at `peers` from `address`, and answers them. `vips` are
    those whose connections it tells when they move.
    """

    id: int
    instance: str | None
    both: bool
    interface: str | None
    group: str
    port: int
    ttl: int
    maxlen: int | None
    address: str | None
    peers: list[str]
    vips: list[str]
    marks: list[SyncMark]


class CheckSource(TypedDict):
    """The variable of keepalived.conf for the address from which this director's checks ask."""

    name: str
    address: str


class Localnode(TypedDict):
    """How a host that directs and serves delivers to itself what other directors forward to it.

    Packets for its `vips` from the Ethernet addresses `macs` of the other directors get the firewall mark `mark`. The services
    for this mark are in `table` as lvs.cluster.ipvs_table takes them, and in `virtual_servers` as keepalived configuration.
    """

    mark: int
    vips: list[str]
    macs: list[str]
    table: list[TableService]
    virtual_servers: list[KeepalivedService]


class ClusterRecord(TypedDict):
    """What a host remembers of a cluster that it serves; `vips_at_boot` is false where lvs-vip must not add the VIPs at boot."""

    role: str
    host: str
    directors: dict[str, str | None]
    vips: list[str]
    gateways: list[str]
    listen: list[Socket]
    test_page_root: str | None
    vips_at_boot: bool


class Membership(TypedDict):
    """What a host is to this cluster, and beside which others; `role` is director for a host that is both."""

    role: str
    record: ClusterRecord
    former_names: list[str]
    other_clusters: list[str]


class OwnPart(TypedDict):
    """What one director or real server has and does for this cluster."""

    address: str | None
    address6: str | None
    interface: str | None
    prefix: int | None
    filter: str
    firewalld_zone: str | None
    firewall_openings: list[FirewallOpening]
    peers_only: PeersOnly | None
    fwmark_rules: list[FwmarkRule]
    arptables_rules: list[ArptablesRule]
    redirects: list[Redirect]
    mss_clamps: list[MssClamp]
    masquerades: list[Masquerade]
    blackholes: list[HostVip]
    gue_ports: list[GuePort]
    timeouts: Timeouts | None
    localnode: Localnode | None
    vips: list[HostVip]
    return_routes: list[ReturnRoute]
    return_rules: list[ReturnRule]
    default_rules: list[DefaultRule]
    sysctls: dict[str, str]
    modules: list[str]
    tools: list[str]
    router_id: str | None
    instances: list[DirectorInstance]
    sync_groups: list[DirectorSyncGroup]
    trackers: DirectorTrackers
    scripts: Scripts
    check_sources: list[CheckSource]
    vrrp: HostVrrp
    sync: DirectorSync | None
    heartbeat_media: list[str]
    listen: list[Socket]


class HostPart(Membership, OwnPart):
    """The part of one director or real server."""


class DrainedServer(TypedDict):
    """A real server that is drained in one service, or in all: module_utils/drains/record.py."""

    real_server: str
    addresses: list[str]
    service: str | None
    reason: str | None
    by: str
    since: str
    changed: str
    weight: int | None


class UndrainedServer(TypedDict):
    """A drain that was ended."""

    real_server: str
    service: str | None
    at: str


class DrainRecord(TypedDict):
    """What the directors keep of drains, as they have it in a file."""

    version: int
    drains: list[DrainedServer]
    undrained: list[UndrainedServer]


class ResolvedCluster(TypedDict):
    """The whole cluster."""

    name: str
    stack: Stack
    arp: str
    start_at_boot: bool
    heal: bool
    test_page: bool
    take_over: bool
    accept_outage: bool
    directors: list[str]
    real_servers: list[str]
    clients: list[str]
    vips: list[Vip]
    drained: DrainRecord
    services: list[Service]
    table: list[TableService]
    vrrp: Vrrp | None
    sync: Sync | None
    timeouts: Timeouts
    mail: Mail | None
    metrics: Metrics | None
    keepalived: Keepalived | None
    ldirectord: Ldirectord | None
    heartbeat: Heartbeat | None
    hosts: dict[str, HostPart]
