# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: resolve
author: lvs.cluster contributors (@lvs-cluster)
version_added: 1.0.0
short_description: Turn an inventory into the resolved cluster
description:
  - Reads the variables C(lvs_*) of every host of the groups C(directors), C(real_servers) and C(clients),
    validates all of them together, and fills in every address, port, weight, interface and role.
  - Takes cluster-wide variables from the first director. A host with another value is a mistake.
  - Reports all mistakes in one error, each with its place in the inventory. Gives a warning for what may be wrong but the facts
    cannot decide.
  - Takes interfaces from gathered facts. Without facts, O(_input) needs C(lvs_address) for every director and real server,
    interfaces are null, and the checks that need them are skipped.
positional: groups, drained
options:
  _input:
    description: Variables of every host, by its name. Usually the variable C(hostvars).
    type: dict
    required: true
  groups:
    description: Host names of every group. Usually the variable C(groups).
    type: dict
    required: true
  drained:
    description:
      - Hosts that get no new connections for now, as if their weight were 0. A service keeps the weights of those without which it
        would have no weight left, or less than its quorum.
    type: list
    elements: str
    default: []
seealso:
  - module: lvs.cluster.ipvs_table
"""

EXAMPLES = r"""
- name: Resolve the cluster once
  ansible.builtin.set_fact:
    lvs_cluster: "{{ hostvars | lvs.cluster.resolve(groups) }}"
  run_once: true

- name: Show who may hold which VIP
  ansible.builtin.debug:
    msg: "{{ lvs_cluster.vrrp.instances | map(attribute='directors') }}"
"""

RETURN = r"""
_value:
  description: The resolved cluster. Every key is always there; what is absent is null.
  type: dict
  contains:
    name:
      description: What tells the cluster from others on the same segment and on the same hosts.
      type: str
    stack:
      description: What manages the table and the VIPs (keepalived, ldirectord, static).
      type: str
    arp:
      description: What keeps real servers from answering ARP for the VIPs (sysctl, arptables, redirect).
      type: str
    start_at_boot:
      description: Whether the directors' services start at boot.
      type: bool
    heal:
      description: Whether lvs-heal puts back on the hosts what somebody removes by mistake.
      type: bool
    test_page:
      description: Whether real servers get a web server with a page that names the host.
      type: bool
    take_over:
      description: Whether configuration that somebody else has written is saved and replaced.
      type: bool
    accept_outage:
      description: Whether changes are allowed that leave a VIP without an owner, or with two, for a while.
      type: bool
    directors:
      description: Names of the directors, the preferred master first.
      type: list
      elements: str
    real_servers:
      description: Names of the real servers.
      type: list
      elements: str
    clients:
      description: Names of the hosts that stand for the users.
      type: list
      elements: str
    vips:
      description: Every VIP once; the gateways of NAT, which move with the VIPs, come last.
      type: list
      elements: dict
      contains:
        address:
          description: The address.
          type: str
        family:
          description: V(ipv4) or V(ipv6).
          type: str
        prefix:
          description: Its prefix length on the director.
          type: int
        instance:
          description: The VRRP instance that moves it, if one does.
          type: str
        gateway:
          description: Whether it is a gateway of NAT.
          type: bool
    drained:
      description: The real servers that somebody has drained, as every director keeps it in C(/var/lib/lvs-cluster/drained.json).
      type: dict
      contains:
        version:
          description: The version of this format.
          type: int
        drains:
          description: What is drained.
          type: list
          elements: dict
          contains:
            real_server:
              description: The name of the real server, or its address if it is no host of the inventory.
              type: str
            addresses:
              description: Its addresses.
              type: list
              elements: str
            service:
              description: The service in which it is drained; null for all.
              type: str
            reason:
              description: Why, if somebody has said it.
              type: str
            by:
              description: Who has drained it, and on which host.
              type: str
            since:
              description: When, in UTC.
              type: str
            changed:
              description: When this was changed last. Of what several directors say, the latest counts.
              type: str
            weight:
              description: The percentage of its weight that it has while that is raised in steps; null for none.
              type: int
        undrained:
          description: What was undrained, as long as a director may not know it.
          type: list
          elements: dict
          contains:
            real_server:
              description: The name of the real server.
              type: str
            service:
              description: The service; null for all.
              type: str
            at:
              description: When, in UTC.
              type: str
    services:
      description:
        Every virtual service as in C(lvs_services), with all defaults filled in and real servers by address. Without a firewall mark
        it is here once for each VIP and port, with one once for each family of its VIPs.
      type: list
      elements: dict
      contains:
        name:
          description: Its name.
          type: str
        label:
          description: What identifies it in the kernel, such as C(192.0.2.100:80/tcp) or C(fwmark 7).
          type: str
        vips:
          description: Its VIP; with a firewall mark, all that belong to it.
          type: list
          elements: str
        port:
          description: Its port, V(0) for all of them; null with a firewall mark.
          type: int
        ports:
          description: With a firewall mark, the ports and ranges that are marked.
          type: list
          elements: raw
        fwmark:
          description: Its firewall mark.
          type: int
        protocols:
          description: V(tcp), V(udp) or V(sctp); with a firewall mark, all that are marked.
          type: list
          elements: str
        family:
          description: The family of the VIP.
          type: str
        scheduler:
          description: The scheduler.
          type: str
        scheduler_flags:
          description: Its flags.
          type: list
          elements: str
        forward:
          description: How packets are forwarded (dr, nat, tun).
          type: str
        tunnel:
          description: How V(tun) wraps packets.
          type: dict
          contains:
            type:
              description: V(ipip), V(gue) or V(gre).
              type: str
            port:
              description: UDP port of V(gue).
              type: int
            checksum:
              description: Checksum of V(gue) and V(gre).
              type: str
        persistence:
          description: Seconds for which a client stays with its real server.
          type: int
        persistence_netmask:
          description: Which clients count as one; null if every address counts as one client.
          type: str
        persistence_engine:
          description: What identifies a client instead of its address.
          type: str
        helper:
          description: The kernel's helper for connections that its protocol opens besides, V(ftp).
          type: str
        one_packet:
          description: Whether each packet is scheduled by itself.
          type: bool
        health:
          description: How its real servers are checked, all of which have to pass. An option that the type does not have is null.
          type: list
          elements: dict
          contains:
            type:
              description: The kind of check.
              type: str
            sensitive:
              description: Whether what it sends, or its command, is a secret.
              type: bool
            interval:
              description: Seconds between two checks.
              type: float
            timeout:
              description: Seconds until a check has failed.
              type: float
            retries:
              description: How often a failed check is tried again.
              type: int
            retry_delay:
              description: Seconds between two tries.
              type: float
            warmup:
              description: Most seconds until the first check; null for the interval.
              type: float
            port:
              description: Port to ask; null for the real server's own.
              type: int
            address:
              description: Address to ask; null for the real server's own.
              type: str
            source:
              description: Address, or network of each director's address, from which to ask.
              type: str
            via:
              description: What the check connects to (real_server, vip).
              type: str
            virtualhost:
              description: The virtual host to ask for.
              type: str
            version:
              description: Version of HTTP.
              type: str
            urls:
              description: The pages to request, one after the other.
              type: list
              elements: dict
              contains:
                path:
                  description: What to fetch.
                  type: str
                status:
                  description: The HTTP status codes and ranges of a good answer.
                  type: list
                  elements: raw
                expect:
                  description: Text that the page must have.
                  type: str
                regex:
                  description: Regular expression that the page must match.
                  type: str
                digest:
                  description: MD5 digest that the page must have.
                  type: str
            sni:
              description: Whether the TLS handshake names the virtual host.
              type: bool
            name:
              description: The domain name to ask for.
              type: str
            record:
              description: The type of record to ask for.
              type: str
            payload:
              description: Bytes to send, in hexadecimal digits.
              type: str
            require_reply:
              description: Whether a reply is required.
              type: bool
            reply:
              description: Bytes with which the reply has to begin; null for any.
              type: str
            command:
              description: The script to run.
              type: str
            as_root:
              description: Whether it is started as root, whatever the user of other scripts.
              type: bool
            dynamic_weight:
              description: Whether the exit code of the script sets the weight.
              type: bool
            file:
              description: The file to read.
              type: str
            weight:
              description: What the number in the file is multiplied by and added to the weight; V(0) if any number but 0 fails.
              type: int
            request:
              description: What to ask a service of ldirectord for.
              type: str
            expect:
              description: Text that its answer must have.
              type: str
            regex:
              description: Regular expression that its answer must match.
              type: str
            login:
              description: The user to log in as.
              type: str
            passwd:
              description: The password.
              type: str
            database:
              description: The database.
              type: str
            secret:
              description: The shared secret of RADIUS.
              type: str
        on_failure:
          description: What happens to a real server whose check fails (remove, quiesce).
          type: str
        quorum:
          description: Weight that the healthy real servers need together for the service to be up.
          type: int
        hysteresis:
          description: How far beyond the quorum their weight must go.
          type: int
        alpha:
          description: Whether real servers count as down until their first check.
          type: bool
        omega:
          description: Whether the commands also run when keepalived stops.
          type: bool
        notify:
          description: Scripts that run at a change, or null.
          type: dict
          contains:
            quorum_up:
              description: When enough real servers are up.
              type: dict
              contains:
                command:
                  description: The script with its arguments.
                  type: str
                as_root:
                  description: Whether it is started as root, whatever the user of other scripts.
                  type: bool
            quorum_down:
              description: When no longer enough are up.
              type: dict
              contains:
                command:
                  description: The script with its arguments.
                  type: str
                as_root:
                  description: Whether it is started as root, whatever the user of other scripts.
                  type: bool
        test_page:
          description: Whether the test page listens on its ports.
          type: bool
        real_servers:
          description: Its real servers.
          type: list
          elements: dict
          contains:
            host:
              description: Its name in the inventory, or null.
              type: str
            address:
              description: Its address.
              type: str
            port:
              description: Its port; V(0) keeps the one that the client asked for.
              type: int
            weight:
              description: Its weight.
              type: int
            inventory_weight:
              description: Its weight in the inventory. While it is drained, C(weight) is less.
              type: int
            upper_threshold:
              description: Connections at which it gets no new ones; V(0) for no limit.
              type: int
            lower_threshold:
              description: Connections below which it gets new ones again.
              type: int
            forward:
              description: How packets are forwarded (dr, nat, tun).
              type: str
            tunnel:
              description: How V(tun) wraps packets.
              type: dict
              contains:
                type:
                  description: V(ipip), V(gue) or V(gre).
                  type: str
                port:
                  description: UDP port of V(gue).
                  type: int
                checksum:
                  description: Checksum of V(gue) and V(gre).
                  type: str
            health:
              description: Its own checks; null if it has those of the service.
              type: list
              elements: dict
              contains:
                type:
                  description: The kind of check.
                  type: str
                sensitive:
                  description: Whether what it sends, or its command, is a secret.
                  type: bool
                interval:
                  description: Seconds between two checks.
                  type: float
                timeout:
                  description: Seconds until a check has failed.
                  type: float
                retries:
                  description: How often a failed check is tried again.
                  type: int
                retry_delay:
                  description: Seconds between two tries.
                  type: float
                warmup:
                  description: Most seconds until the first check; null for the interval.
                  type: float
                port:
                  description: Port to ask; null for the real server's own.
                  type: int
                address:
                  description: Address to ask; null for the real server's own.
                  type: str
                source:
                  description: Address, or network of each director's address, from which to ask.
                  type: str
                via:
                  description: What the check connects to (real_server, vip).
                  type: str
                virtualhost:
                  description: The virtual host to ask for.
                  type: str
                version:
                  description: Version of HTTP.
                  type: str
                urls:
                  description: The pages to request, one after the other.
                  type: list
                  elements: dict
                  contains:
                    path:
                      description: What to fetch.
                      type: str
                    status:
                      description: The HTTP status codes and ranges of a good answer.
                      type: list
                      elements: raw
                    expect:
                      description: Text that the page must have.
                      type: str
                    regex:
                      description: Regular expression that the page must match.
                      type: str
                    digest:
                      description: MD5 digest that the page must have.
                      type: str
                sni:
                  description: Whether the TLS handshake names the virtual host.
                  type: bool
                name:
                  description: The domain name to ask for.
                  type: str
                record:
                  description: The type of record to ask for.
                  type: str
                payload:
                  description: Bytes to send, in hexadecimal digits.
                  type: str
                require_reply:
                  description: Whether a reply is required.
                  type: bool
                reply:
                  description: Bytes with which the reply has to begin; null for any.
                  type: str
                command:
                  description: The script to run.
                  type: str
                as_root:
                  description: Whether it is started as root, whatever the user of other scripts.
                  type: bool
                dynamic_weight:
                  description: Whether the exit code of the script sets the weight.
                  type: bool
                file:
                  description: The file to read.
                  type: str
                weight:
                  description: What the number in the file is multiplied by and added to the weight; V(0) if any number but 0 fails.
                  type: int
                request:
                  description: What to ask a service of ldirectord for.
                  type: str
                expect:
                  description: Text that its answer must have.
                  type: str
                regex:
                  description: Regular expression that its answer must match.
                  type: str
                login:
                  description: The user to log in as.
                  type: str
                passwd:
                  description: The password.
                  type: str
                database:
                  description: The database.
                  type: str
                secret:
                  description: The shared secret of RADIUS.
                  type: str
            notify:
              description: Scripts that run at a change, or null.
              type: dict
              contains:
                up:
                  description: When its checks pass.
                  type: dict
                  contains:
                    command:
                      description: The script with its arguments.
                      type: str
                    as_root:
                      description: Whether it is started as root, whatever the user of other scripts.
                      type: bool
                down:
                  description: When they fail.
                  type: dict
                  contains:
                    command:
                      description: The script with its arguments.
                      type: str
                    as_root:
                      description: Whether it is started as root, whatever the user of other scripts.
                      type: bool
            raw:
              description: Lines of its block in the daemon's own words.
              type: list
              elements: str
        sorry_server:
          description: The server that answers while no real server does.
          type: dict
          contains:
            host:
              description: Its name in the inventory, or null.
              type: str
            address:
              description: Its address.
              type: str
            port:
              description: Its port; V(0) keeps the one that the client asked for.
              type: int
            forward:
              description: How packets are forwarded (dr, nat, tun).
              type: str
            tunnel:
              description: How V(tun) wraps packets.
              type: dict
              contains:
                type:
                  description: V(ipip), V(gue) or V(gre).
                  type: str
                port:
                  description: UDP port of V(gue).
                  type: int
                checksum:
                  description: Checksum of V(gue) and V(gre).
                  type: str
        raw:
          description: Lines of its block in the daemon's own words.
          type: list
          elements: str
    table:
      description: The same services as M(lvs.cluster.ipvs_table) takes them.
      type: list
      elements: dict
      contains: &table
        address:
          description: The VIP; null with a firewall mark.
          type: str
        port:
          description: Its port.
          type: int
        protocol:
          description: Its protocol.
          type: str
        fwmark:
          description: Its firewall mark.
          type: int
        family:
          description: Its family.
          type: str
        scheduler:
          description: The scheduler.
          type: str
        scheduler_flags:
          description: Its flags.
          type: list
          elements: str
        persistence:
          description: Seconds of persistence.
          type: int
        persistence_netmask:
          description: Netmask of persistence.
          type: str
        persistence_engine:
          description: Engine of persistence.
          type: str
        one_packet:
          description: Whether each packet is scheduled by itself.
          type: bool
        destinations:
          description: Its real servers.
          type: list
          elements: dict
          contains:
            address:
              description: Address of the real server.
              type: str
            port:
              description: Its port.
              type: int
            forward:
              description: How packets are forwarded.
              type: str
            weight:
              description: Its weight.
              type: int
            upper_threshold:
              description: Upper threshold.
              type: int
            lower_threshold:
              description: Lower threshold.
              type: int
            tunnel:
              description: How V(tun) wraps packets.
              type: dict
              contains:
                type:
                  description: V(ipip), V(gue) or V(gre).
                  type: str
                port:
                  description: UDP port of V(gue).
                  type: int
                checksum:
                  description: Checksum of V(gue) and V(gre).
                  type: str
    vrrp:
      description: VRRP; null unless the stack is keepalived.
      type: dict
      contains:
        skip_check_adv_addr:
          description: Whether the addresses of an advert are checked once only.
          type: bool
        garp_interval:
          description: Seconds between two gratuitous ARP messages of one interface.
          type: float
        gna_interval:
          description: Seconds between two unsolicited neighbour advertisements of one interface.
          type: float
        startup_delay:
          description: Seconds that keepalived waits when it starts.
          type: float
        processes:
          description: Processes of keepalived that have a real-time priority, or are never swapped out.
          type: list
          elements: dict
          contains:
            name:
              description: The process as in keepalived.conf.
              type: str
              sample: checker
            realtime_priority:
              description: Its real-time priority, or null.
              type: int
            rlimit_rttime:
              description: The number for which the kernel sets no limit on its CPU time, or null.
              type: int
            no_swap:
              description: Whether it stays in memory.
              type: bool
        settle_time:
          description: Seconds after which every VIP has one owner, when a keepalived has started.
          type: int
        instances:
          description: The VRRP instances.
          type: list
          elements: dict
          contains:
            name:
              description: Its name.
              type: str
            family:
              description: The family of its VIPs.
              type: str
            version:
              description: Version of VRRP.
              type: int
            advert_interval:
              description: Seconds between two adverts.
              type: float
            down_timer_adverts:
              description: After how many missing adverts a backup takes over.
              type: int
            preempt:
              description: Whether a director that returns takes the VIPs back.
              type: bool
            preempt_delay:
              description: Seconds that it waits before.
              type: float
            virtual_router_id:
              description: Its number on the segment.
              type: int
            advert_address:
              description: The one address that its adverts carry.
              type: str
            auth_pass:
              description: The password of VRRP version 2, or null.
              type: str
            garp_master_delay:
              description: Seconds after which a new master announces the VIPs once more.
              type: int
            garp_master_repeat:
              description: How often it announces them.
              type: int
            garp_master_refresh:
              description: Seconds between announcements of a master; V(0) for none.
              type: int
            vmac:
              description: Whether the VIPs have the virtual MAC address of the instance.
              type: bool
            raw:
              description: Lines of its block in the daemon's own words.
              type: list
              elements: str
            unicast:
              description: Whether the adverts go to each director by unicast.
              type: bool
            track: &track
              description: What it watches. With weight 0 its failure gives up the VIPs, any other weight changes the priority.
              type: dict
              contains:
                interfaces:
                  description: Interfaces.
                  type: list
                  elements: dict
                  contains:
                    name:
                      description: Its name.
                      type: str
                    weight:
                      description: By how much it changes the priority.
                      type: int
                scripts:
                  description: Scripts.
                  type: list
                  elements: dict
                  contains:
                    name:
                      description: Its name.
                      type: str
                    weight:
                      description: By how much it changes the priority.
                      type: int
                processes:
                  description: Processes.
                  type: list
                  elements: dict
                  contains:
                    name:
                      description: Its name.
                      type: str
                    weight:
                      description: By how much it changes the priority.
                      type: int
                files:
                  description: Files.
                  type: list
                  elements: dict
                  contains:
                    name:
                      description: Its name.
                      type: str
                    weight:
                      description: By how much it changes the priority.
                      type: int
                bfd:
                  description: Neighbours by BFD.
                  type: list
                  elements: dict
                  contains:
                    name:
                      description: Its name.
                      type: str
                    weight:
                      description: By how much it changes the priority.
                      type: int
            notify:
              description: The scripts for its events.
              type: list
              elements: dict
              contains:
                event:
                  description: The event, as in C(lvs_vrrp.notify).
                  type: str
                command:
                  description: The script.
                  type: str
                as_root:
                  description: Whether it is started as root, whatever the user of other scripts.
                  type: bool
            routes:
              description: Routes that the master has.
              type: list
              elements: dict
              contains:
                to:
                  description: The network.
                  type: str
                via:
                  description: The router.
                  type: str
                source:
                  description: The source address of the director's own packets, or null.
                  type: str
                table:
                  description: The routing table; null for the main one.
                  type: int
                metric:
                  description: The metric, or null.
                  type: int
            rules:
              description: Rules that the master has.
              type: list
              elements: dict
              contains:
                from:
                  description: The source network, or null.
                  type: str
                to:
                  description: The destination network, or null.
                  type: str
                table:
                  description: The routing table.
                  type: int
                priority:
                  description: Its place among all rules.
                  type: int
            vips:
              description: The VIPs it moves.
              type: list
              elements: dict
              contains:
                address:
                  description: The address.
                  type: str
                prefix:
                  description: Its prefix length.
                  type: int
            gateways:
              description: The gateways of NAT it moves.
              type: list
              elements: dict
              contains:
                address:
                  description: The address.
                  type: str
                prefix:
                  description: Its prefix length.
                  type: int
            directors:
              description: The directors that take part.
              type: list
              elements: dict
              contains:
                host:
                  description: Name of the director.
                  type: str
                address:
                  description: Its address.
                  type: str
                interface:
                  description: Its interface.
                  type: str
                priority:
                  description: Its priority.
                  type: int
        sync_groups:
          description: Groups of instances that move together.
          type: list
          elements: dict
          contains:
            name:
              description: Name of the group.
              type: str
            instances:
              description: The instances that move together.
              type: list
              elements: str
            track: *track
            notify:
              description: The scripts for its events.
              type: list
              elements: dict
              contains:
                event:
                  description: The event, as in C(lvs_vrrp.notify).
                  type: str
                command:
                  description: The script.
                  type: str
                as_root:
                  description: Whether it is started as root, whatever the user of other scripts.
                  type: bool
            raw:
              description: Lines of its block in the daemon's own words.
              type: list
              elements: str
        trackers:
          description: Everything that is watched, each defined once.
          type: dict
          contains:
            scripts:
              description: Scripts that are run again and again.
              type: list
              elements: dict
              contains:
                name:
                  description: Its name in keepalived.conf.
                  type: str
                command:
                  description: The script with its arguments.
                  type: str
                as_root:
                  description: Whether it is started as root, whatever the user of other scripts.
                  type: bool
                interval:
                  description: Seconds between two runs.
                  type: int
                timeout:
                  description: Seconds until a run has failed.
                  type: int
                rise:
                  description: How many runs have to succeed.
                  type: int
                fall:
                  description: How many runs have to fail.
                  type: int
                init_fail:
                  description: Whether it counts as failed until its first run.
                  type: bool
            processes:
              description: Processes that have to run.
              type: list
              elements: dict
              contains:
                name:
                  description: Its name in keepalived.conf.
                  type: str
                process:
                  description: Name of the process, with its arguments.
                  type: str
                quorum:
                  description: How many of them have to run.
                  type: int
                delay:
                  description: Seconds until a change counts.
                  type: float
            files:
              description: Files with a number.
              type: list
              elements: dict
              contains:
                name:
                  description: The file.
                  type: str
                init_file:
                  description: The number of a new file; null if none is made.
                  type: int
            bfd:
              description: Neighbours that BFD watches.
              type: list
              elements: dict
              contains:
                name:
                  description: Its name in keepalived.conf.
                  type: str
                neighbor:
                  description: Its address.
                  type: str
                interval:
                  description: Milliseconds between two packets.
                  type: float
                multiplier:
                  description: How many packets have to be missing.
                  type: int
                max_hops:
                  description: How many routers may be on the way.
                  type: int
    sync:
      description: Connection synchronisation, or null.
      type: dict
      contains:
        id:
          description: The number of the daemon.
          type: int
        instance:
          description: The VRRP instance that it follows; null if connections of all are told.
          type: str
        network:
          description: The network for the messages; null for that of the directors' addresses.
          type: str
        group:
          description: The multicast group of the messages.
          type: str
        port:
          description: Their UDP port.
          type: int
        ttl:
          description: Their time to live.
          type: int
        maxlen:
          description: Their longest length in bytes; null if the kernel chooses it.
          type: int
    timeouts:
      description: Seconds after which IPVS forgets idle connections.
      type: dict
      contains:
        tcp:
          description: For TCP.
          type: int
        tcpfin:
          description: For TCP connections that have received a FIN.
          type: int
        udp:
          description: For UDP.
          type: int
    mail:
      description: Mail alerts, or null.
      type: dict
      contains:
        to:
          description: Who gets mail.
          type: list
          elements: str
        from:
          description: From whom.
          type: str
        server:
          description: The mail server.
          type: str
        port:
          description: Its port.
          type: int
        timeout:
          description: Seconds to wait for it.
          type: int
        instances:
          description: Whether mail is sent when a VRRP instance changes its state.
          type: bool
        real_servers:
          description: Whether mail is sent when a real server fails or returns.
          type: bool
    metrics:
      description: The metrics that C(lvs-metrics) writes for Prometheus. Null without them.
      type: dict
      contains:
        exporter:
          description: Whether the roles install and run node-exporter.
          type: bool
        textfile_directory:
          description: The folder to which C(lvs-metrics) writes, and from which node-exporter reads.
          type: str
        interval:
          description: Seconds between two times of writing.
          type: int
    keepalived:
      description: What C(keepalived.conf) has besides VRRP, the same on every director; null with another stack.
      type: dict
      contains:
        options:
          description: The daemon's command line options; null for those of the distribution.
          type: list
          elements: str
        raw:
          description: Lines of C(global_defs) in keepalived's own words.
          type: list
          elements: str
        includes:
          description: Lines that include files, in their order.
          type: list
          elements: dict
          contains:
            keyword:
              description: C(includea) if the file has to be there, C(includer) for a pattern.
              type: str
            path:
              description: The file or the pattern.
              type: str
        secrets:
          description: The variables that stand for what sensitive checks send or run.
          type: list
          elements: dict
          contains:
            name:
              description: The name of the variable.
              type: str
            value:
              description: The secret.
              type: str
        track_files:
          description: The files that checks read.
          type: list
          elements: str
        track_folders:
          description: The folders of these files and of those that VRRP tracks, with those above them, the outermost first.
          type: list
          elements: str
        virtual_servers:
          description: A block for each service.
          type: list
          elements: dict
          contains: &virtual_servers
            name:
              description: Name of the service.
              type: str
            at:
              description: What names the block, address and port, firewall mark or group.
              type: str
            group:
              description: The group of its addresses, null if it has one address.
              type: dict
              contains:
                name:
                  description: Name of the group.
                  type: str
                addresses:
                  description: The addresses, each a VIP and a port.
                  type: list
                  elements: str
            ip_family:
              description: Family, where the name of the block does not tell.
              type: str
            protocol:
              description: Protocol; null with a firewall mark.
              type: str
            scheduler:
              description: The scheduler.
              type: str
            scheduler_flags:
              description: Its flags.
              type: list
              elements: str
            method:
              description: How packets are forwarded.
              type: str
            persistence:
              description: Seconds of persistence.
              type: int
            persistence_netmask:
              description: Netmask of persistence.
              type: str
            persistence_engine:
              description: Engine of persistence.
              type: str
            one_packet:
              description: Whether each packet is scheduled by itself.
              type: bool
            quorum:
              description: Weight that the healthy real servers need together.
              type: int
            hysteresis:
              description: How far beyond the quorum their weight must go.
              type: int
            alpha:
              description: Whether real servers count as down until their first check.
              type: bool
            omega:
              description: Whether the commands also run when keepalived stops.
              type: bool
            quorum_up:
              description: Script for a quorum that is reached, or null.
              type: dict
              contains:
                command:
                  description: The script with its arguments.
                  type: str
                as_root:
                  description: Whether it is started as root, whatever the user of other scripts.
                  type: bool
            quorum_down:
              description: Script for a quorum that is lost, or null.
              type: dict
              contains:
                command:
                  description: The script with its arguments.
                  type: str
                as_root:
                  description: Whether it is started as root, whatever the user of other scripts.
                  type: bool
            sorry_server:
              description: Address and port of the sorry server.
              type: str
            sorry_server_method:
              description: Forwarding method of the sorry server; null if it is that of the real servers.
              type: str
            quiesce:
              description: Whether a failed real server keeps its place with weight 0.
              type: bool
            checks:
              description: The checks of real servers that have none of their own.
              type: list
              elements: dict
              contains:
                block:
                  description: Name of the block.
                  type: str
                interval:
                  description: Seconds between two checks.
                  type: float
                timeout:
                  description: Seconds until a check has failed.
                  type: float
                retries:
                  description: How often a failed check is tried again.
                  type: int
                retry_delay:
                  description: Seconds between two tries.
                  type: float
                warmup:
                  description: Most seconds until the first check.
                  type: float
                address:
                  description: Address to ask.
                  type: str
                port:
                  description: Port to ask.
                  type: int
                source:
                  description: Variable of the file for the address from which to ask.
                  type: str
                fwmark:
                  description: Firewall mark that leads through the VIP to this real server.
                  type: int
                sni:
                  description: Whether the TLS handshake names the virtual host.
                  type: bool
                version:
                  description: Version of HTTP.
                  type: str
                virtualhost:
                  description: The virtual host to ask for.
                  type: str
                urls:
                  description: The pages to request.
                  type: list
                  elements: dict
                  contains:
                    path:
                      description: What to fetch.
                      type: str
                    status:
                      description: Status codes of a good answer.
                      type: str
                    regex:
                      description: What the page must match, as in double quotes.
                      type: str
                    digest:
                      description: MD5 digest of the page.
                      type: str
                record:
                  description: The type of record to ask for.
                  type: str
                name:
                  description: The domain name to ask for.
                  type: str
                payload:
                  description: Bytes to send.
                  type: str
                reply:
                  description: Bytes with which the required reply has to begin; empty for any reply, null if none is required.
                  type: str
                command:
                  description: The script, with its arguments.
                  type: str
                as_root:
                  description: Whether it is started as root, whatever the user of other scripts.
                  type: bool
                dynamic_weight:
                  description: Whether its exit code sets the weight.
                  type: bool
                file:
                  description: The file to read.
                  type: str
                weight:
                  description: What the number in the file is multiplied by.
                  type: int
            real_servers:
              description: Its real servers.
              type: list
              elements: dict
              contains:
                at:
                  description: Address and port.
                  type: str
                weight:
                  description: Its weight.
                  type: int
                held:
                  description: Whether it is drained, and keeps its weight in the configuration, where a check of a file takes it away.
                  type: bool
                upper_threshold:
                  description: Upper threshold.
                  type: int
                lower_threshold:
                  description: Lower threshold.
                  type: int
                method:
                  description: Its forwarding method; null if it is that of the service.
                  type: str
                notify_up:
                  description: Script for checks that pass, or null.
                  type: dict
                  contains:
                    command:
                      description: The script with its arguments.
                      type: str
                    as_root:
                      description: Whether it is started as root, whatever the user of other scripts.
                      type: bool
                notify_down:
                  description: Script for checks that fail, or null.
                  type: dict
                  contains:
                    command:
                      description: The script with its arguments.
                      type: str
                    as_root:
                      description: Whether it is started as root, whatever the user of other scripts.
                      type: bool
                checks:
                  description: Its checks; null if they are those of the service.
                  type: list
                  elements: dict
                  contains:
                    block:
                      description: Name of the block.
                      type: str
                    interval:
                      description: Seconds between two checks.
                      type: float
                    timeout:
                      description: Seconds until a check has failed.
                      type: float
                    retries:
                      description: How often a failed check is tried again.
                      type: int
                    retry_delay:
                      description: Seconds between two tries.
                      type: float
                    warmup:
                      description: Most seconds until the first check.
                      type: float
                    address:
                      description: Address to ask.
                      type: str
                    port:
                      description: Port to ask.
                      type: int
                    source:
                      description: Variable of the file for the address from which to ask.
                      type: str
                    fwmark:
                      description: Firewall mark that leads through the VIP to this real server.
                      type: int
                    sni:
                      description: Whether the TLS handshake names the virtual host.
                      type: bool
                    version:
                      description: Version of HTTP.
                      type: str
                    virtualhost:
                      description: The virtual host to ask for.
                      type: str
                    urls:
                      description: The pages to request.
                      type: list
                      elements: dict
                      contains:
                        path:
                          description: What to fetch.
                          type: str
                        status:
                          description: Status codes of a good answer.
                          type: str
                        regex:
                          description: What the page must match, as in double quotes.
                          type: str
                        digest:
                          description: MD5 digest of the page.
                          type: str
                    record:
                      description: The type of record to ask for.
                      type: str
                    name:
                      description: The domain name to ask for.
                      type: str
                    payload:
                      description: Bytes to send.
                      type: str
                    reply:
                      description: Bytes with which the required reply has to begin; empty for any reply, null if none is required.
                      type: str
                    command:
                      description: The script, with its arguments.
                      type: str
                    as_root:
                      description: Whether it is started as root, whatever the user of other scripts.
                      type: bool
                    dynamic_weight:
                      description: Whether its exit code sets the weight.
                      type: bool
                    file:
                      description: The file to read.
                      type: str
                    weight:
                      description: What the number in the file is multiplied by.
                      type: int
                raw:
                  description: Lines of its block in the daemon's own words.
                  type: list
                  elements: str
            raw:
              description: Lines of its block in the daemon's own words.
              type: list
              elements: str
    ldirectord:
      description: ldirectord.cf, the same on every director; null with another stack.
      type: dict
      contains:
        autoreload:
          description: Whether it reads a changed file by itself.
          type: bool
        cleanstop:
          description: Whether it empties the table when it ends.
          type: bool
        maintenance_dir:
          description: Folder whose files put real servers into maintenance.
          type: str
        log:
          description: Its log.
          type: str
        readd_quiescent:
          description: Whether real servers that are down are put back into the table.
          type: bool
        fallback_command:
          description: Command that runs when all real servers of a service are down, or null.
          type: str
        callback:
          description: Program that runs when the file has changed, or null.
          type: str
        execute:
          description: Other configurations to run.
          type: list
          elements: str
        mail_frequency:
          description: Seconds after which mail is repeated; V(0) for never.
          type: int
        mail_status:
          description: States in which mail is sent; empty for all.
          type: list
          elements: str
        fork:
          description: Whether it has a process for each service.
          type: bool
        interval:
          description: Seconds between two checks.
          type: float
        mail:
          description: Mail alerts, or null.
          type: dict
          contains:
            to:
              description: Who gets mail.
              type: list
              elements: str
            from:
              description: From whom.
              type: str
            server:
              description: The mail server.
              type: str
            port:
              description: Its port.
              type: int
            timeout:
              description: Seconds to wait for it.
              type: int
            instances:
              description: Whether mail is sent when a VRRP instance changes its state.
              type: bool
            real_servers:
              description: Whether mail is sent when a real server fails or returns.
              type: bool
        secrets:
          description: Whether passwords are in the file.
          type: bool
        sensitive:
          description: Whether a check sends a secret.
          type: bool
        drivers:
          description: Perl's drivers for the databases that are checked, such as C(mysql) for C(DBD::mysql).
          type: list
          elements: str
        raw:
          description: Lines before the services, in ldirectord's own words.
          type: list
          elements: str
        virtuals:
          description: A block for each service.
          type: list
          elements: dict
          contains:
            checktype:
              description: Kind of check.
              type: str
            service:
              description: What is spoken.
              type: str
            request:
              description: What to ask for.
              type: str
            receive:
              description: What the answer must match.
              type: str
            virtualhost:
              description: The virtual host to ask for.
              type: str
            checkport:
              description: Port to ask.
              type: int
            checkcommand:
              description: The script to run.
              type: str
            checkinterval:
              description: Seconds between two checks.
              type: float
            checktimeout:
              description: Seconds until a check has failed.
              type: float
            checkcount:
              description: How many pings a check sends.
              type: int
            failurecount:
              description: How many checks have to fail.
              type: int
            login:
              description: The user to log in as.
              type: str
            passwd:
              description: The password.
              type: str
            database:
              description: The database.
              type: str
            secret:
              description: The shared secret of RADIUS.
              type: str
            name:
              description: Name of the service.
              type: str
            ipv6:
              description: Whether it is one of IPv6.
              type: bool
            virtual:
              description: What names the block.
              type: str
            protocol:
              description: Its protocol, V(fwm) for a firewall mark.
              type: str
            scheduler:
              description: The scheduler.
              type: str
            persistence:
              description: Seconds of persistence.
              type: int
            netmask:
              description: Netmask of persistence.
              type: str
            one_packet:
              description: Whether each packet is scheduled by itself.
              type: bool
            flags:
              description: Flags of the scheduler.
              type: list
              elements: str
            quiescent:
              description: Whether a failed real server keeps its place with weight 0.
              type: bool
            fallback:
              description: The sorry server and how it is reached.
              type: str
            reals:
              description: Its real servers.
              type: list
              elements: dict
              contains:
                at:
                  description: Address and port.
                  type: str
                forward:
                  description: How packets are forwarded.
                  type: str
                weight:
                  description: Its weight.
                  type: int
                request:
                  description: What to ask it for; null if it is as for the others.
                  type: str
                receive:
                  description: What its answer must match; null if it is as for the others.
                  type: str
                lower_threshold:
                  description: Lower threshold.
                  type: int
                upper_threshold:
                  description: Upper threshold.
                  type: int
            raw:
              description: Lines of its block in the daemon's own words.
              type: list
              elements: str
    heartbeat:
      description: Heartbeat, the same on both directors; null unless the stack is ldirectord.
      type: dict
      contains:
        key:
          description: The key that signs messages, or null.
          type: str
        auth_number:
          description: The number of the key.
          type: int
        auth_method:
          description: How messages are signed.
          type: str
        keepalive:
          description: Seconds between two messages.
          type: float
        warntime:
          description: Seconds of silence that are worth a warning.
          type: float
        deadtime:
          description: Seconds of silence after which a director is dead.
          type: float
        initdead:
          description: The same after a start.
          type: float
        port:
          description: UDP port.
          type: int
        transport:
          description: V(ucast), V(mcast) or V(bcast).
          type: str
        multicast_group:
          description: Group of V(mcast).
          type: str
        auto_failback:
          description: Whether the preferred director takes the VIPs back.
          type: bool
        vip_prefix:
          description: Prefix length of the VIPs, if given.
          type: int
        raw:
          description: Lines of C(ha.cf) in heartbeat's own words.
          type: list
          elements: str
        nodes:
          description: The directors as heartbeat knows them.
          type: list
          elements: dict
          contains:
            name:
              description: Its C(uname -n); null where the host could not be asked.
              type: str
            address:
              description: Its address.
              type: str
        vips:
          description: The addresses it moves.
          type: list
          elements: dict
          contains:
            address:
              description: The address.
              type: str
            prefix:
              description: Its prefix length.
              type: int
            cidr:
              description: Both in one.
              type: str
        resources:
          description: What haresources lists.
          type: list
          elements: str
    hosts:
      description: By host name, everything that a director or real server needs. The templates of a host need nothing from other hosts.
      type: dict
      contains:
        NAME:
          description: One host, by its name.
          type: dict
          contains:
            role:
              description: V(director) or V(real_server). A host that is both has V(director).
              type: str
            record:
              description: What the host remembers of this cluster, so that other clusters can share it.
              type: dict
              contains:
                role:
                  description: V(director) or V(real_server).
                  type: str
                host:
                  description: The name of the host in this inventory.
                  type: str
                directors:
                  description: The directors with their addresses.
                  type: dict
                vips:
                  description: The VIPs of the cluster.
                  type: list
                  elements: str
                gateways:
                  description: The gateways to which the host sends its answers of NAT.
                  type: list
                  elements: str
                listen:
                  description: The ports of the test page, if there is one.
                  type: list
                  elements: dict
                  contains:
                    port:
                      description: The port.
                      type: int
                    tls:
                      description: Whether it speaks TLS.
                      type: bool
                test_page_root:
                  description: The folder of the test page; null without one.
                  type: str
                vips_at_boot:
                  description: False for a director whose VIPs lvs-vip must not add at boot.
                  type: bool
            former_names:
              description: Other names under which the host remembers this cluster, from before it was renamed.
              type: list
              elements: str
            other_clusters:
              description: The names of the other clusters that share the host.
              type: list
              elements: str
            address:
              description: Its address on the segment.
              type: str
            address6:
              description: Its IPv6 address.
              type: str
            interface:
              description: The interface of that address; null without facts.
              type: str
            prefix:
              description: The prefix length of that address.
              type: int
            filter:
              description: The packet filter (nftables, iptables, firewalld).
              type: str
            firewalld_zone:
              description: firewalld's zone; null for its default one.
              type: str
            firewall_openings:
              description: What firewalld lets in.
              type: list
              elements: dict
              contains:
                kind:
                  description: V(port) or V(protocol).
                  type: str
                what:
                  description: Which.
                  type: str
            peers_only:
              description: What a director lets in from other directors alone (C(lvs_peers_only)). Null if it lets in everybody.
              type: dict
              contains:
                let:
                  description: The addresses of the other directors, each with what is let in, as in V(192.0.2.12 vrrp).
                  type: list
                  elements: str
                only:
                  description: What is dropped otherwise, as in V(ipv4 8848/udp).
                  type: list
                  elements: str
            fwmark_rules:
              description: Which packets are marked.
              type: list
              elements: dict
              contains:
                vip:
                  description: The VIP.
                  type: str
                family:
                  description: Its family.
                  type: str
                protocol:
                  description: The protocol.
                  type: str
                ports:
                  description: Ports and ranges.
                  type: list
                  elements: raw
                fwmark:
                  description: The mark.
                  type: int
            arptables_rules:
              description: VIPs for which arptables keeps the host from answering ARP.
              type: list
              elements: dict
              contains:
                vip:
                  description: The VIP.
                  type: str
                address:
                  description: The address that replaces the VIP in its own ARP requests.
                  type: str
            redirects:
              description: VIPs whose packets it redirects to itself.
              type: list
              elements: dict
              contains:
                vip:
                  description: The VIP.
                  type: str
                family:
                  description: Its family.
                  type: str
            mss_clamps:
              description: Largest TCP segments that fit a tunnel.
              type: list
              elements: dict
              contains:
                vip:
                  description: The VIP.
                  type: str
                family:
                  description: Its family.
                  type: str
                mss:
                  description: Bytes.
                  type: int
            masquerades:
              description: VIPs whose packets get the director's own address as their source, if NAT has translated them.
              type: list
              elements: dict
              contains:
                vip:
                  description: The VIP.
                  type: str
                family:
                  description: Its family.
                  type: str
            blackholes:
              description: VIPs whose packets it drops, if they arrive on this device, while it does not have the VIP.
              type: list
              elements: dict
              contains:
                address:
                  description: The VIP.
                  type: str
                family:
                  description: Its family.
                  type: str
                prefix:
                  description: That of a single address.
                  type: int
                device:
                  description: The interface.
                  type: str
            gue_ports:
              description: Ports at which GUE is unpacked.
              type: list
              elements: dict
              contains:
                family:
                  description: Family of the packets outside.
                  type: str
                port:
                  description: UDP port.
                  type: int
            timeouts:
              description: Seconds after which IPVS forgets idle connections, if C(lvs-vip) sets them on this host.
              type: dict
              contains:
                tcp:
                  description: For TCP.
                  type: int
                tcpfin:
                  description: For TCP connections that have received a FIN.
                  type: int
                udp:
                  description: For UDP.
                  type: int
            localnode:
              description: How a host that directs and serves delivers to itself what other directors forward to it; else null.
              type: dict
              contains:
                mark:
                  description: The firewall mark of such packets.
                  type: int
                vips:
                  description: The VIPs that it serves.
                  type: list
                  elements: str
                macs:
                  description: The Ethernet addresses of the other directors; without facts empty.
                  type: list
                  elements: str
                table:
                  description: The services for the mark as M(lvs.cluster.ipvs_table) takes them.
                  type: list
                  elements: dict
                  contains: *table
                virtual_servers:
                  description: The same as blocks of keepalived.conf.
                  type: list
                  elements: dict
                  contains: *virtual_servers
            vips:
              description: VIPs on its devices, except those that VRRP or heartbeat moves.
              type: list
              elements: dict
              contains:
                address:
                  description: The VIP.
                  type: str
                family:
                  description: Its family.
                  type: str
                prefix:
                  description: Its prefix length.
                  type: int
                device:
                  description: The device.
                  type: str
            return_routes:
              description: The routes back through the directors.
              type: list
              elements: dict
              contains:
                family:
                  description: Its family.
                  type: str
                gateway:
                  description: The gateway.
                  type: str
                device:
                  description: The device that leads there.
                  type: str
                network:
                  description: The network that holds the gateway.
                  type: str
            return_rules:
              description: Packets that take these routes.
              type: list
              elements: dict
              contains:
                family:
                  description: Its family.
                  type: str
                source:
                  description: Source address.
                  type: str
                protocol:
                  description: Protocol.
                  type: str
                port:
                  description: Source port, V(0) for all of them.
                  type: raw
            default_rules:
              description: Source addresses whose packets take these routes if no other route matches.
              type: list
              elements: dict
              contains:
                family:
                  description: Its family.
                  type: str
                source:
                  description: Source address.
                  type: str
            sysctls:
              description: Kernel parameters by name.
              type: dict
            modules:
              description: Kernel modules.
              type: list
              elements: str
            tools:
              description: Tools that its rules need (arptables, nftables, iptables, firewalld).
              type: list
              elements: str
            router_id:
              description: Name of a director; null on a real server.
              type: str
            instances:
              description: The VRRP instances that it takes part in, each with everything in its block.
              type: list
              elements: dict
              contains:
                name:
                  description: Its name.
                  type: str
                family:
                  description: The family of its VIPs.
                  type: str
                version:
                  description: Version of VRRP.
                  type: int
                advert_interval:
                  description: Seconds between two adverts.
                  type: float
                down_timer_adverts:
                  description: After how many missing adverts a backup takes over.
                  type: int
                preempt:
                  description: Whether this director takes the VIPs back when it returns.
                  type: bool
                preempt_delay:
                  description: Seconds that it waits before.
                  type: float
                virtual_router_id:
                  description: Number of the instance on the segment.
                  type: int
                advert_address:
                  description: The one address that its adverts carry.
                  type: str
                auth_pass:
                  description: The password of VRRP version 2, or null.
                  type: str
                garp_master_delay:
                  description: Seconds after which a new master announces the VIPs once more.
                  type: int
                garp_master_repeat:
                  description: How often it announces them.
                  type: int
                garp_master_refresh:
                  description: Seconds between announcements of a master; V(0) for none.
                  type: int
                vmac:
                  description: Whether the VIPs have the virtual MAC address of the instance.
                  type: bool
                raw:
                  description: Lines of its block in the daemon's own words.
                  type: list
                  elements: str
                secret:
                  description: Name of keepalived's variable that holds the password.
                  type: str
                interface:
                  description: Interface of its adverts.
                  type: str
                priority:
                  description: Its priority.
                  type: int
                grouped:
                  description: Whether the instance is in a group, which then watches what has a weight.
                  type: bool
                takes_over:
                  description: Whether it takes the VIPs from any other director when it comes.
                  type: bool
                unicast_src:
                  description: Address that its adverts come from; null with multicast.
                  type: str
                unicast_peers:
                  description: Addresses of the other directors; empty with multicast.
                  type: list
                  elements: str
                addresses:
                  description: VIPs and gateways that it takes as the master.
                  type: list
                  elements: dict
                  contains:
                    address:
                      description: The address.
                      type: str
                    prefix:
                      description: Its prefix length.
                      type: int
                    device:
                      description: The device that carries it.
                      type: str
                vmac_addresses:
                  description: VIPs and gateways that need the virtual MAC address by an option of their own.
                  type: list
                  elements: str
                routes:
                  description: Routes that the master has.
                  type: list
                  elements: dict
                  contains:
                    to:
                      description: The network.
                      type: str
                    via:
                      description: The router.
                      type: str
                    source:
                      description: The source address of the director's own packets, or null.
                      type: str
                    table:
                      description: The routing table; null for the main one.
                      type: int
                    metric:
                      description: The metric, or null.
                      type: int
                    device:
                      description: The device that leads to the router.
                      type: str
                rules:
                  description: Rules that the master has.
                  type: list
                  elements: dict
                  contains:
                    from:
                      description: The source network, or null.
                      type: str
                    to:
                      description: The destination network, or null.
                      type: str
                    table:
                      description: The routing table.
                      type: int
                    priority:
                      description: Its place among all rules.
                      type: int
                track: *track
                notify:
                  description: The scripts for its events.
                  type: list
                  elements: dict
                  contains:
                    keyword:
                      description: The word of keepalived.conf for the event.
                      type: str
                    command:
                      description: The script with its arguments.
                      type: str
                    as_root:
                      description: Whether it is started as root, whatever the user of other scripts.
                      type: bool
            sync_groups:
              description: The groups of instances that it takes part in.
              type: list
              elements: dict
              contains:
                name:
                  description: Name of the group.
                  type: str
                instances:
                  description: The instances that move together.
                  type: list
                  elements: str
                track: *track
                notify:
                  description: The scripts for its events.
                  type: list
                  elements: dict
                  contains:
                    keyword:
                      description: The word of keepalived.conf for the event.
                      type: str
                    command:
                      description: The script with its arguments.
                      type: str
                    as_root:
                      description: Whether it is started as root, whatever the user of other scripts.
                      type: bool
                raw:
                  description: Lines of its block in the daemon's own words.
                  type: list
                  elements: str
            trackers:
              description: Everything that the director watches, each defined once.
              type: dict
              contains:
                scripts:
                  description: Scripts that are run again and again.
                  type: list
                  elements: dict
                  contains:
                    name:
                      description: Its name in keepalived.conf.
                      type: str
                    command:
                      description: The script with its arguments.
                      type: str
                    as_root:
                      description: Whether it is started as root, whatever the user of other scripts.
                      type: bool
                    interval:
                      description: Seconds between two runs.
                      type: int
                    timeout:
                      description: Seconds until a run has failed.
                      type: int
                    rise:
                      description: How many runs have to succeed.
                      type: int
                    fall:
                      description: How many runs have to fail.
                      type: int
                    init_fail:
                      description: Whether it counts as failed until its first run.
                      type: bool
                processes:
                  description: Processes that have to run.
                  type: list
                  elements: dict
                  contains:
                    name:
                      description: Its name in keepalived.conf.
                      type: str
                    process:
                      description: Name of the process, with its arguments.
                      type: str
                    quorum:
                      description: How many of them have to run.
                      type: int
                    delay:
                      description: Seconds until a change counts.
                      type: float
                files:
                  description: Files with a number.
                  type: list
                  elements: dict
                  contains:
                    name:
                      description: The file.
                      type: str
                    init_file:
                      description: The number of a new file; null if none is made.
                      type: int
                bfd:
                  description: Neighbours that BFD watches.
                  type: list
                  elements: dict
                  contains:
                    name:
                      description: Its name in keepalived.conf.
                      type: str
                    neighbor:
                      description: Its address.
                      type: str
                    interval:
                      description: Milliseconds between two packets.
                      type: float
                    multiplier:
                      description: How many packets have to be missing.
                      type: int
                    max_hops:
                      description: How many routers may be on the way.
                      type: int
                    source:
                      description: The address that it is watched from.
                      type: str
            scripts:
              description: The scripts of the inventory.
              type: dict
              contains:
                installed:
                  description: Scripts that are copied from the controller.
                  type: list
                  elements: dict
                  contains:
                    src:
                      description: The file on the controller.
                      type: str
                    path:
                      description: Where it is on the director.
                      type: str
                users:
                  description: Programs that run as another user.
                  type: list
                  elements: dict
                  contains:
                    user:
                      description: The user.
                      type: str
                    program:
                      description: The program.
                      type: str
                programs:
                  description: Programs that run as root.
                  type: list
                  elements: str
            check_sources:
              description: Variables for the addresses from which its checks ask.
              type: list
              elements: dict
              contains:
                name:
                  description: Name of the variable.
                  type: str
                address:
                  description: Its own address.
                  type: str
            vrrp:
              description: The times and interfaces of its VRRP instances; empty without VRRP.
              type: dict
              contains:
                preferred_vips:
                  description: VIPs and gateways that it takes from any other director.
                  type: list
                  elements: str
                settle_time:
                  description: Seconds in which it takes them.
                  type: int
                interfaces:
                  description: Interfaces of its adverts.
                  type: list
                  elements: str
                listen_time:
                  description: Seconds in which the adverts of other masters are heard.
                  type: float
                handover_time:
                  description: Seconds in which another director takes the VIPs that it gives up; 0 if there is no other.
                  type: float
                move_time:
                  description: Seconds in which it takes the VIPs when its priority is raised; 0 if it would take too long.
                  type: int
            sync:
              description: Connection synchronisation, or null.
              type: dict
              contains:
                id:
                  description: The number of the daemon.
                  type: int
                instance:
                  description: The VRRP instance that it follows; null if connections of all are told.
                  type: str
                both:
                  description: Whether the daemon that sends and the one that receives always run.
                  type: bool
                interface:
                  description: Its interface.
                  type: str
                group:
                  description: The multicast group of the messages.
                  type: str
                port:
                  description: Their UDP port.
                  type: int
                ttl:
                  description: Their time to live.
                  type: int
                maxlen:
                  description: Their longest length in bytes; null if the kernel chooses it.
                  type: int
                address:
                  description: The address from which lvs-sync asks other directors for their connections.
                  type: str
                peers:
                  description: The addresses of these directors.
                  type: list
                  elements: str
                vips:
                  description: The VIPs whose connections lvs-sync tells when they move.
                  type: list
                  elements: str
                marks:
                  description: The services by firewall mark, by which lvs-sync finds the mark of a connection.
                  type: list
                  elements: dict
                  contains:
                    fwmark:
                      description: The mark.
                      type: int
                    vips:
                      description: The addresses of the service.
                      type: list
                      elements: str
                    protocols:
                      description: Its protocols.
                      type: list
                      elements: str
                    ports:
                      description: Its ports, and ranges of ports such as 8000-8010; empty for all.
                      type: list
                      elements: raw
            heartbeat_media:
              description: How heartbeat speaks to the other director, line by line.
              type: list
              elements: str
            listen:
              description: Ports of the test page.
              type: list
              elements: dict
              contains:
                port:
                  description: The port.
                  type: int
                tls:
                  description: Whether it speaks TLS.
                  type: bool
"""

from typing import Any, Collection, Mapping

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.mistakes import InventoryMistakes
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.resolve import resolve
from ansible_collections.lvs.cluster.plugins.plugin_utils.cluster.types import ResolvedCluster


def resolve_filter(
    hostvars: Mapping[str, Any], groups: Mapping[str, Any], drained: Collection[str] = ()
) -> ResolvedCluster:
    """Resolve a cluster; its mistakes become an Ansible error."""
    try:
        return resolve(hostvars, groups, Display().warning, drained)
    except InventoryMistakes as mistakes:
        raise AnsibleFilterError(str(mistakes)) from None


class FilterModule:
    """The filter lvs.cluster.resolve."""

    def filters(self) -> dict[str, Any]:
        return {"resolve": resolve_filter}
