# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook without hosts: every module has an answer that is made up, and what it was given is written down.

Usage: without_hosts.py RECORD [ARGUMENTS of ansible-playbook]

Two versions of ansible-core that write the same records would do the same to hosts. The variable PLAYED_WORLD names a file of JSON:
`facts` that setup finds, by host; `deployed`, what deployed_facts finds besides nothing, by host; `contents`, the texts of files, by
host and path; `commands`, what commands answer, by the beginning of their words;
`trouble`, the hosts on which a task is failed or unreachable, by the task's name.
The answers do not depend on what was done before: a module that would wait for something gets it at once.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

from ansible.cli.playbook import PlaybookCLI
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase, pause

RECORD = Path(sys.argv[1])
WORLD = json.loads(Path(os.environ["PLAYED_WORLD"]).read_text(encoding="utf-8"))
NOTHING_DEPLOYED: dict[str, Any] = {
    **{name: [] for name in ("stacks", "masked", "real_server", "gateways", "peer_macs", "foreign", "vips", "scripts")},
    **{name: [] for name in ("folders", "resources", "instances", "virtual_servers", "marks")},
    "drained": None,
    "test_page": None,
    "lvs_vip": False,
    "unread": False,
    "account": False,
    "sync": {},
    "clusters": {},
    "peers_only": {},
    "heal": {"files": {}, "runs": False, "enabled": False, "mends": [], "directs": []},
    "metrics": {"files": {}, "runs": False, "enabled": False, "exporter": False},
    "options": {"ours": False, "running": None},
}
TIMEOUTS = {"tcp": 900, "tcpfin": 120, "udp": 300}


def facts(host: str) -> dict[str, Any]:
    """What setup finds."""
    system = {"os_family": WORLD.get("os_family", "Debian"), "distribution": WORLD.get("distribution", "Debian")}
    return {**system, "nodename": host, **WORLD["facts"].get(host, {})}


def cluster(variables: dict[str, Any]) -> dict[str, Any]:
    """The resolved cluster, as far as there is one."""
    return variables.get("lvs_cluster") or {}


def commanded(host: str, args: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
    """What a command says. The first director has all VIPs."""
    words = args.get("argv") or args.get("_raw_params") or args.get("cmd") or ""
    line = " ".join(map(str, words)) if isinstance(words, list) else str(words)
    given = next((said for begin, said in WORLD.get("commands", {}).items() if line.startswith(begin)), None)
    if isinstance(given, dict):
        given = given.get(host)
    if given is None and args.get("removes"):
        # As the module answers where the file is missing.
        said = f"skipped, since {args['removes']} does not exist"
        return {"changed": False, "rc": 0, "start": None, "stdout": said, "stdout_lines": [said], "stderr": ""}
    if given is None and line.startswith("cat "):
        given = WORLD.get("contents", {}).get(host, {}).get(line[len("cat ") :])
        status = 0 if given is not None else 1
    else:
        status = 0
    out = given if given is not None else ""
    if line == "ip -brief address" and host in cluster(variables).get("directors", [])[:1]:
        out = "\n".join(f"eth0 UP {vip['address']}/32" for vip in cluster(variables)["vips"])
    if given is None and line == "cl_status rscstatus":
        out = "all" if host in cluster(variables).get("directors", [])[:1] else "none"
    if given is None and "lvs-drain --record" in line:
        out = '{"changed": true, "failing": [], "connections": {}}'
    told = {"changed": True, "rc": status, "start": "1970-01-01 00:00:00", "cmd": words}
    return {**told, "stdout": out, "stdout_lines": out.splitlines(), "stderr": ""}


def answer(name: str, host: str, args: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
    """What a module says."""
    if name == "setup":
        return {"ansible_facts": {f"ansible_{key}": value for key, value in facts(host).items()}}
    if name == "deployed_facts":
        found = {**NOTHING_DEPLOYED, **WORLD.get("deployed", {}).get(host, WORLD.get("deployed", {}).get("all", {}))}
        return {"ansible_facts": {"deployed_lvs": found}}
    if name == "command":
        return commanded(host, args, variables)
    if name == "slurp":
        text = WORLD.get("contents", {}).get(host, {}).get(args["src"], "")
        return {"changed": False, "encoding": "base64", "content": base64.b64encode(text.encode()).decode()}
    table = cluster(variables).get("table", [])
    said: dict[str, dict[str, Any]] = {
        "stat": {"changed": False, "stat": {"exists": False, "checksum": "0" * 40}},
        "find": {"changed": False, "files": [], "matched": 0, "examined": 0},
        "kernel_settings": {"changed": True, "leaving": [], "files_changed": ["/etc/sysctl.d/x"], "overridden": []},
        "ipvs_info": {"available": True, "services": table, "daemons": [], "timeouts": TIMEOUTS, "stats": []},
        "ipvs_table": {"changed": True, "changes": ["-C"]},
        "node_info": {
            **{word: {} for word in ("sysctls", "sysctls_boot", "sysctls_boot_files", "modules", "units")},
            **{word: {} for word in ("files", "folders", "links")},
            **{word: [] for word in ("routes", "rules", "addresses")},
        },
        "vrrp_info": {"running": True, "instances": {}},
        "vrrp_probe": {"adverts": [], "frames": []},
        "arp_probe": {"answers": {}, "asked": []},
        "vip_probe": {
            "requests": 3,
            "answered": 3,
            "answers": {},
            "errors": {},
            "error_messages": {},
            "longest_gap": 0.5,
        },
        "systemd_service": {"changed": True, "status": {"NeedDaemonReload": "no", "ActiveState": "active"}},
        "async_status": {"finished": 1, "started": 1, "requests": 9, "answered": 9, "longest_gap": 0.5},
        "dnf": {"changed": True, "results": ["Installed: keepalived-2.2.8-1.el9.x86_64"]},
    }
    return {"changed": True, **said.get(name, {})}


def plain(value: Any) -> Any:
    """A value as a module sees it: numbers and their texts are the same to it, and so is what is nothing."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items() if not str(key).startswith("_ansible")}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return str(value) if value is not None else None


def write_down(host: str, name: str, args: Any, **more: Any) -> None:
    # The folders of a run have names of their own.
    args = plain(args)
    if isinstance(args, dict):
        args.pop("_original_basename", None)
        if "cmd" in args:
            args["_raw_params"] = args.pop("cmd")
    text = json.dumps({"host": host, "module": name, "args": args, **more}, sort_keys=True)
    text = re.sub(r"/[^\"' ]*(ansible-tmp-|ansible-local-)[^\"' ]*", "TMP", text)
    # When somebody drains a real server is in what is recorded of it.
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z|\d{8}T\d{6}Z", "NOW", text)
    with RECORD.open("a", encoding="utf-8") as file:
        file.write(text + "\n")


def execute_module(
    self: ActionBase,
    module_name: str | None = None,
    module_args: dict[str, Any] | None = None,
    tmp: Any = None,
    task_vars: dict[str, Any] | None = None,
    persist_files: bool = False,
    delete_remote_tmp: Any = None,
    wrap_async: bool = False,
    **_: Any,
) -> dict[str, Any]:
    """In place of a module on a host."""
    variables = task_vars or {}
    name = (module_name or self._task.action).rpartition(".")[2]
    args = self._task.args if module_args is None else module_args
    module_args = {key: value for key, value in args.items() if "omit_place_holder" not in str(value)}
    host = str(self._task.delegate_to or variables["inventory_hostname"])
    write_down(host, name, module_args, task=str(self._task.get_name()))
    said = answer(name, host, module_args, variables)
    trouble = WORLD.get("trouble", {}).get(self._task.name, {}).get(host)
    if trouble == "unreachable":
        raise AnsibleConnectionFailure("made up")
    if trouble:
        return {"failed": True, "msg": "made up"}
    if wrap_async:
        return {"started": 1, "finished": 0, "ansible_job_id": "1", "changed": True}
    return {**said, "invocation": {"module_args": module_args}}


def transferred(self: ActionBase, local_path: str, remote_path: str) -> str:
    """In place of a file that is copied to a host."""
    text = Path(local_path).read_text(encoding="utf-8", errors="replace")
    write_down("", "file content", {"text": text}, task=str(self._task.get_name()))
    return remote_path


def folder(self: ActionBase, *_args: Any, **_more: Any) -> str:
    """In place of a folder on a host."""
    self._connection._shell.tmpdir = "/ansible-tmp-1"
    return "/ansible-tmp-1"


def nothing(*_args: Any, **_more: Any) -> None:
    return None


def main() -> None:
    ActionBase._execute_module = execute_module
    ActionBase._transfer_file = transferred
    ActionBase._make_tmp_path = folder
    ActionBase._remove_tmp_path = nothing
    ActionBase._fixup_perms2 = nothing
    ActionBase._remote_expand_user = lambda self, path, *_args, **_more: path
    ActionBase._execute_remote_stat = lambda *_args, **_more: {"exists": False, "checksum": "1"}
    ActionBase._low_level_execute_command = lambda self, cmd, *_args, **_more: {
        "rc": 0, "stdout": "", "stderr": "", "stdout_lines": [], "stderr_lines": []
    }  # fmt: skip
    time.sleep = nothing
    pause.ActionModule.run = lambda self, tmp=None, task_vars=None: (
        write_down(task_vars["inventory_hostname"], "pause", self._task.args), {"changed": False}
    )[1]  # fmt: skip
    PlaybookCLI.cli_executor(["ansible-playbook", *sys.argv[2:]])


if __name__ == "__main__":
    main()
