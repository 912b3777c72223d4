# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module deployed_facts as any other module is run, and loads filters and tests where that is done once.

Ansible forks a worker for each task and host. A worker that meets a filter or a test loads all of Ansible's own. One that meets a filter of
a collection imports all of the collection's filters, and compiles them, since Ansible keeps no bytecode of collections. Both together were
most of the processor time of all workers (docs/development).
An action plugin is imported before the fork, by the process that all workers come from. They find there what this file has loaded.
"""

from __future__ import annotations

import importlib
import pkgutil

from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.plugins.loader import filter_loader, test_loader
from ansible_collections.lvs.cluster.plugins import filter as filters

for _finder, name, _is_package in pkgutil.iter_modules(filters.__path__, filters.__name__ + "."):
    importlib.import_module(name)
for loader in (filter_loader, test_loader):
    for _plugin in loader.all():
        pass


class ActionModule(NormalAction):
    """Nothing but what Ansible does for a module without an action plugin."""
