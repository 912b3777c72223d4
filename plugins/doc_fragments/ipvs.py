# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from textwrap import indent

# The options of a service and of a destination are the same in every module. They are written once, and combined below.
_KEY = r"""
address:
  description:
    - Virtual IP address, IPv4 or IPv6. Never a host name.
    - A service has either this with O({at}port), or O({at}fwmark).
  type: str
port:
  description:
    - Virtual port, V(0) to V(65535). V(0) stands for every port, and needs persistence.
  type: int
protocol:
  description:
    - Transport protocol of a service by O({at}address). V(tcp) when it is left out. V(sctp) needs C(ipvsadm) 1.28.
  type: str
  choices: [tcp, udp, sctp]
fwmark:
  description:
    - Firewall mark, V(1) to V(4294967295). Packets with this mark belong to the service.
  type: int
family:
  description:
    - Address family of a service by O({at}fwmark), V(ipv4) when it is left out.
    - With O({at}address) it is not needed, and must match.
  type: str
  choices: [ipv4, ipv6]
"""

_SERVICE = r"""
scheduler:
  description:
    - How real servers are chosen, see C(ipvsadm(8\)). The kernel must have the scheduler.
  type: str
  choices: [rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos]
  default: wlc
scheduler_flags:
  description:
    - Flags of the scheduler. V(sh) takes V(sh-fallback) and V(sh-port), V(mh) takes V(mh-fallback) and V(mh-port),
      any other V(flag-1), V(flag-2) and V(flag-3).
    - They need C(ipvsadm) 1.27, those of V(mh) 1.30.
  type: list
  elements: str
  default: []
persistence:
  description:
    - For how many seconds a client stays with its real server, V(1) to V(2678400). Not persistent when it is left out.
  type: int
persistence_netmask:
  description:
    - Which clients count as one for persistence. A netmask or a prefix length for IPv4, a prefix length for IPv6.
    - By default every address counts as one client.
  type: str
persistence_engine:
  description:
    - What identifies a client beside its address.
  type: str
  choices: [sip]
one_packet:
  description:
    - Whether to schedule every packet on its own, for services by V(udp) or by firewall mark.
  type: bool
  default: false
"""

_DESTINATION = r"""
forward:
  description:
    - Forwarding method, V(dr) for direct routing, V(nat) for masquerading, V(tun) for tunnelling.
    - V(dr) and V(tun) cannot translate ports; only V(tun) reaches a real server of the other address family.
  type: str
  choices: [dr, nat, tun]
  default: dr
weight:
  description:
    - Share of new connections compared with the other real servers, V(0) to V(65535). V(0) drains the real server.
  type: int
  default: 1
upper_threshold:
  description:
    - Number of connections at which the real server gets no new ones. V(0) is no limit.
  type: int
  default: 0
lower_threshold:
  description:
    - Number of connections below which it gets new ones again, at most O({at}upper_threshold). With V(0) the kernel
      takes three quarters of the upper one.
  type: int
  default: 0
tunnel:
  description:
    - How O({at}forward=tun) wraps packets. Plain IP in IP when it is left out.
  type: dict
  suboptions:
    type:
      description: Kind of tunnel. V(gue) and V(gre) need C(ipvsadm) 1.31.
      type: str
      choices: [ipip, gue, gre]
      default: ipip
    port:
      description: Port of a V(gue) tunnel, required for it. The other types have no port.
      type: int
    checksum:
      description:
        - Checksum of a V(gue) or V(gre) tunnel, V(none) when it is left out. V(remcsum) is for V(gue) only.
      type: str
      choices: [none, csum, remcsum]
"""

_DESTINATION_KEY = r"""
address:
  description: IP address of the real server. Never a host name.
  type: str
  required: true
port:
  description:
    - Port of the real server. The service's port when it is left out.
    - A port that differs from the service's needs O({at}forward=nat), unless the service has a firewall mark.
  type: int
"""


def _options(*parts: str, at: str = "") -> str:
    return "".join(part.replace("{at}", at) for part in parts)


def _table() -> str:
    destinations = "destinations:\n  description: Its real servers.\n  type: list\n  elements: dict\n  default: []\n"
    destinations += "  suboptions:"
    place = "services[].destinations[]."
    servers = destinations + indent(_options(_DESTINATION_KEY, _DESTINATION, at=place), "    ")
    return indent(_options(_KEY, _SERVICE, at="services[].") + servers, "      ")


class ModuleDocFragment:
    """The options of services and destinations.

    ``lvs.cluster.ipvs`` has the options that name a service, ``lvs.cluster.ipvs.service`` its other options.
    ``lvs.cluster.ipvs.server`` is a real server with its service, ``lvs.cluster.ipvs.table`` a list of services.
    """

    # With an annotation, because ansible-test reads the value of a plain assignment as a literal.
    DOCUMENTATION: str = "options:" + indent(_options(_KEY), "  ")
    SERVICE: str = "options:" + indent(_options(_SERVICE), "  ")
    SERVER: str = (
        "options:"
        + indent(_options(_DESTINATION_KEY, _DESTINATION), "  ")
        + "  service:\n    suboptions:"
        + indent(_options(_KEY, at="service."), "      ")
    )
    TABLE: str = f"""options:
  services:
    description:
      - The services, each with its real servers.
      - If the kernel or C(ipvsadm) would refuse or rewrite anything in it, the module refuses all of it before it writes.
    type: list
    elements: dict
    required: true
    suboptions:{_table()}
"""
