# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the programs of a host know of its cluster: lvs-heal, lvs-metrics, and on a director lvs-status.

The rest they read from other files of the host.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Iterable

from ..module_utils.ipvs.render import restore_lines
from ..module_utils.ipvs.types import endpoint
from ..module_utils.ipvs.validate import read_table
from .cluster.types import (
    DirectorSync,
    Health,
    ResolvedCluster,
    Service,
    SorryServer,
    TableService,
    health_of,
    servers_of,
)

# The file that restores a static table at boot, by the family of distributions.
RULES = {"Debian": "/etc/ipvsadm.rules", "RedHat": "/etc/sysconfig/ipvsadm"}


def heal_settings(cluster: ResolvedCluster, name: str, os_family: str, program: str) -> dict[str, Any]:
    """Return the content of /etc/lvs-heal-CLUSTER.json. `program` tells versions of the program apart."""
    sysctls = [f"/etc/sysctl.d/90-lvs-real-server-{cluster['name']}.conf"] if name in cluster["real_servers"] else []
    if name in cluster["directors"]:
        sysctls.append("/etc/sysctl.d/90-lvs-director.conf")
    return {
        "written_by": "lvs.cluster: site.yml overwrites what is changed here.",
        "program": program,
        "cluster": cluster["name"],
        # Whether lvs-heal mends. On a director the file is there anyway, for lvs-status.
        "heal": cluster["heal"],
        "sysctls": sysctls,
        **_metrics(cluster, name),
        **(_of_director(cluster, name, os_family) if name in cluster["directors"] else {}),
    }


def _of_director(cluster: ResolvedCluster, name: str, os_family: str) -> dict[str, Any]:
    host, stack, mail = cluster["hosts"][name], cluster["stack"], cluster["mail"]
    own = host["localnode"]["table"] if host["localnode"] else []
    common = {
        "stack": stack,
        "director": name,
        "directors": {one: cluster["hosts"][one]["address"] for one in cluster["directors"]},
        "vips": [vip["address"] for vip in cluster["vips"]],
        "gateways": [vip["address"] for vip in cluster["vips"] if vip["gateway"]],
        "mail": mail if mail and mail["instances"] else None,
        "table": restore_lines(read_table([*undrained_table(cluster), *own])),
        "quiesced": [_key(service) for service in cluster["services"] if service["on_failure"] == "quiesce"],
        # Where the weights in the table may be others than those of the inventory.
        "weighed": [_key(service) for service in cluster["services"] if _weighed(service)],
        "names": _names(cluster["services"]),
        # The VIPs of services by firewall mark, which the kernel's table does not have.
        "marked": {_key(service): service["vips"] for service in cluster["services"] if service["fwmark"] is not None},
        "sorry_servers": {
            _key(service): _sorry(service, service["sorry_server"])
            for service in cluster["services"]
            if service["sorry_server"]
        },
        "checks": {_key(service): _checks(service) for service in cluster["services"]} if stack != "static" else {},
        "sync": _sync(host["sync"]),
    }
    if stack == "static":
        return {**common, "rules": RULES[os_family]}
    if cluster["ldirectord"]:
        return {
            **common,
            # heartbeat's resources belong to the first director (cl_status(1), rscstatus).
            "active": ["all", "local" if name == cluster["directors"][0] else "foreign"],
            "log": cluster["ldirectord"]["log"],
        }
    return {
        **common,
        "instances": [
            {
                "name": instance["name"],
                "advert_address": instance["advert_address"],
                "vmac": instance["vmac"],
                "addresses": instance["addresses"],
            }
            for instance in host["instances"]
        ],
    }


def _metrics(cluster: ResolvedCluster, name: str) -> dict[str, Any]:
    """What lvs-metrics writes of this host: nothing that would change the file if no metrics are wanted."""
    if cluster["metrics"] is None:
        return {}
    vips = cluster["hosts"][name]["vips"]
    return {
        "metrics": {
            "textfile_directory": cluster["metrics"]["textfile_directory"],
            "interval": cluster["metrics"]["interval"],
            "serves": {
                "host": name,
                "vips": [{"address": vip["address"], "device": vip["device"]} for vip in vips if vip["device"]],
            }
            if name in cluster["real_servers"]
            else None,
            # By VRRP instance: not all directors have each.
            "directors": dict(
                Counter(
                    one["name"] for director in cluster["directors"] for one in cluster["hosts"][director]["instances"]
                )
            ),
        }
    }


def _weighed(service: Service) -> bool:
    """Whether a check chooses the weights of a service's real servers."""
    return any(
        check["dynamic_weight"] or check["weight"]
        for server in service["real_servers"]
        for check in health_of(server, service["health"])
    )


def undrained_table(cluster: ResolvedCluster) -> list[TableService]:
    """The table with the weights of the inventory, whatever is drained: lvs-undrain sets them again."""
    services: list[TableService] = [
        {
            **entry,
            "destinations": [
                {**destination, "weight": server["inventory_weight"]}
                for server, destination in zip(service["real_servers"], entry["destinations"])
            ],
        }
        for service, entry in zip(cluster["services"], cluster["table"])
    ]
    return services + cluster["table"][len(services) :]


def _sync(sync: DirectorSync | None) -> dict[str, Any] | None:
    return {"id": sync["id"], "interface": sync["interface"], "both": sync["both"]} if sync else None


def _names(services: Iterable[Service]) -> dict[str, dict[str, str]]:
    """The inventory's names of services and real servers, by what the kernel's table has instead."""
    return {
        "services": {_key(service): service["name"] for service in services},
        "real_servers": {
            server["address"]: server["host"] or server["address"]
            for service in services
            for server in servers_of(service)
        },
    }


def _sorry(service: Service, server: SorryServer) -> str:
    """A sorry server as the kernel's table has it: only NAT has another port than that of the service."""
    port: int = server["port"] if server["forward"] == "nat" else service["port"] or 0
    return endpoint(server["address"], port)


def _checks(service: Service) -> list[str]:
    """The kinds of checks that a service's real servers have."""
    checks: list[Health] = [
        check for server in service["real_servers"] for check in health_of(server, service["health"])
    ]
    return list(dict.fromkeys(check["type"] for check in checks if check["type"] != "none"))


def _key(service: Service) -> str:
    """A service in the words of module_utils/ipvs/types.py, ServiceKey."""
    if service["fwmark"] is not None:
        return f"fwmark {service['fwmark']}{' ipv6' if service['family'] == 'ipv6' else ''}"
    return f"{endpoint(service['vips'][0], service['port'] or 0)}/{service['protocols'][0]}"
