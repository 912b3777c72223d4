#!/usr/bin/python
# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vip_probe
short_description: Send requests to a VIP, and count who answers
version_added: 1.0.0
description:
  - Sends requests to a VIP from the host on which it runs, each over a new connection. Returns how often each real server
    answered, the errors by kind, the longest time without an answer, and the latencies.
  - To watch a cluster during a change, run it in the background (C(async), C(poll=0)) on a client, and collect the
    result with M(ansible.builtin.async_status). O(stop_file) ends it early.
  - A failed request is part of the result, never a failure of the module.
options:
  address:
    description: The address to ask, IPv4 or IPv6, or a name. Of a name's addresses the first is used.
    type: str
    required: true
  port:
    description: The port, V(1) to V(65535). The default is 80 with O(scheme=http) and 443 with O(scheme=https).
    type: int
  scheme:
    description: V(tcp) only connects. V(http) and V(https) fetch O(path).
    type: str
    choices: [tcp, http, https]
    default: http
  path:
    description: What to fetch.
    type: str
    default: /
  host_header:
    description: The virtual host to ask for. The default is O(address).
    type: str
  sni:
    description: The server name in the TLS handshake. The default is O(host_header) without a port, or no name.
    type: str
  expected_status:
    description: The HTTP status codes of a good answer. A redirection is not followed.
    type: list
    elements: int
    default: [200]
  validate_certs:
    description: Whether the certificate must be valid and fit O(sni), O(host_header) or O(address).
    type: bool
    default: false
  ca_path:
    description: A file of CA certificates for O(validate_certs), in place of the system's.
    type: path
  source_address:
    description: The source address of the requests. By default the kernel chooses.
    type: str
  count:
    description: How many requests to make. Needed without O(duration). With both, the first limit reached ends the probe.
    type: int
  duration:
    description: How long to make requests, in seconds.
    type: float
  rate:
    description:
      - How many requests to start per second. They overlap if one takes longer than the interval.
      - The default is 20 with O(duration). With O(count) alone each request starts when the one before has ended.
    type: float
  timeout:
    description: How long a whole request may take, in seconds.
    type: float
    default: 3
  stop_file:
    description: The probe ends, with a result, as soon as this file exists. The probe does not remove the file.
    type: path
  max_errors:
    description: The probe ends, with a result, after this many failed requests. Each may take O(timeout).
    type: int
extends_documentation_fragment:
  - lvs.cluster.attributes
  - lvs.cluster.attributes.info_module
author:
  - lvs.cluster contributors (@lvs-cluster)
seealso:
  - module: lvs.cluster.arp_probe
"""

EXAMPLES = r"""
- name: Count who answers through the VIP
  lvs.cluster.vip_probe:
    address: 172.28.0.100
    count: 60
  register: answers

- name: Ask a virtual host by HTTPS over IPv6
  lvs.cluster.vip_probe:
    address: 2001:db8::100
    scheme: https
    host_header: www.example.com
    count: 10

- name: Start watching the VIP in the background
  lvs.cluster.vip_probe:
    address: 172.28.0.100
    duration: 300
    rate: 20
    timeout: 2
    stop_file: /run/lvs-probe.stop
  async: 330
  poll: 0
  register: watch

- name: Stop watching
  ansible.builtin.file:
    path: /run/lvs-probe.stop
    state: touch
    mode: "0644"

- name: Collect what was seen
  ansible.builtin.async_status:
    jid: "{{ watch.ansible_job_id }}"
  register: seen
  until: seen is finished
  retries: 20
  delay: 1
"""

RETURN = r"""
began:
  description: When the first request was due, in UTC by this host's clock.
  returned: success
  type: str
  sample: "2026-03-01T09:30:00.250Z"
seconds:
  description: How long it took, until the last request had ended.
  returned: success
  type: float
  sample: 10.021
stopped:
  description: Whether O(stop_file) ended it.
  returned: success
  type: bool
  sample: false
requests:
  description: How many requests were made.
  returned: success
  type: int
  sample: 200
rate:
  description: How many requests per second that was.
  returned: success
  type: float
  sample: 20.0
answered:
  description: How many requests got a good answer.
  returned: success
  type: int
  sample: 197
answers:
  description:
    - How often each answer came. The name of an answer is the first line of its body, at most 100 characters, or V((empty\))
      without a body. With O(scheme=tcp) it is V((connected\)).
    - After the first 100 different answers all others count as V((others\)).
  returned: success
  type: dict
  sample: {web1: 99, web2: 98}
errors:
  description:
    - How many errors of each kind there were.
    - The kinds are C(refused), C(timeout), C(unreachable), C(reset) (also if the answer was incomplete), C(status) (not an
      O(expected_status)), C(tls) and C(other).
  returned: success
  type: dict
  sample: {timeout: 3}
error_messages:
  description: The message of the first error of each kind.
  returned: success
  type: dict
  sample: {timeout: timed out}
first_error:
  description: When the first failed request failed, in seconds since RV(began). Null if none failed.
  returned: success
  type: float
  sample: 4.052
last_error:
  description: When the last failed request failed, in seconds since RV(began). Null if none failed.
  returned: success
  type: float
  sample: 4.152
longest_gap:
  description: The longest time without a good answer, in seconds, from start to end.
  returned: success
  type: float
  sample: 1.131
longest_gap_start:
  description: When RV(longest_gap) began, in seconds since RV(began).
  returned: success
  type: float
  sample: 2.003
latency:
  description: Percentiles of the time that a good answer took, in milliseconds. Null without a good answer.
  returned: success
  type: dict
  contains:
    p50:
      description: Half of the answers took at most this.
      type: float
    p90:
      description: 90 of 100 took at most this.
      type: float
    p99:
      description: 99 of 100 took at most this.
      type: float
    max:
      description: The slowest.
      type: float
  sample: {p50: 1.9, p90: 2.7, p99: 8.8, max: 11.3}
"""


from ansible.module_utils.basic import AnsibleModule
from ansible_collections.lvs.cluster.plugins.module_utils.http_probe import ask, target_from
from ansible_collections.lvs.cluster.plugins.module_utils.probe_series import Pace, run_series, summary

DEFAULT_RATE = 20.0


def main():
    module = AnsibleModule(
        argument_spec={
            "address": {"type": "str", "required": True},
            "port": {"type": "int"},
            "scheme": {"type": "str", "choices": ["tcp", "http", "https"], "default": "http"},
            "path": {"type": "str", "default": "/"},
            "host_header": {"type": "str"},
            "sni": {"type": "str"},
            "expected_status": {"type": "list", "elements": "int", "default": [200]},
            "validate_certs": {"type": "bool", "default": False},
            "ca_path": {"type": "path"},
            "source_address": {"type": "str"},
            "count": {"type": "int"},
            "duration": {"type": "float"},
            "rate": {"type": "float"},
            "timeout": {"type": "float", "default": 3},
            "stop_file": {"type": "path"},
            "max_errors": {"type": "int"},
        },
        required_one_of=[["count", "duration"]],
        required_if=[["scheme", "tcp", ["port"]]],
        supports_check_mode=True,
    )
    params = module.params
    for name in ("count", "duration", "rate", "timeout", "max_errors"):
        if params[name] is not None and params[name] <= 0:
            module.fail_json(msg=f"{name} must be more than 0, not {params[name]}.")
    try:
        target = target_from(params)
    except ValueError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{params['address']} can't be asked: {error.strerror or error}.")
    rate = params["rate"] or (DEFAULT_RATE if params["duration"] else None)
    pace = Pace(rate, params["count"], params["duration"], params["stop_file"], params["max_errors"])
    module.exit_json(changed=False, **summary(run_series(pace, lambda: ask(target), target.timeout)))


if __name__ == "__main__":
    main()
