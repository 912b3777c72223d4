# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests need of Ansible itself, and what has another form before ansible-core 2.19."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import Any, Iterator, Mapping

from ansible.module_utils import basic
from ansible.module_utils.common.parameters import PASS_VARS
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret
from ansible.template import Templar

try:
    from ansible.module_utils.testing import patch_module_args
    from ansible.parsing.vault import VaultSecretsContext
    from ansible.template import trust_as_template
except ImportError:
    # Before 2.19 a module takes its arguments from this variable.
    @contextmanager
    def patch_module_args(args: Mapping[str, Any]) -> Iterator[None]:
        """Let the next module have these arguments."""
        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": args}).encode()
        try:
            yield
        finally:
            basic._ANSIBLE_ARGS = None

    VaultSecretsContext = None
    trust_as_template = str

__all__ = ("TELL_ARGUMENTS", "evaluated", "loader_with_password", "patch_module_args")
# From 2.21 on a module tells its arguments only if it is asked to.
TELL_ARGUMENTS = {"_ansible_inject_invocation": True} if "inject_invocation" in PASS_VARS else {}


def evaluated(expression: str, variables: Mapping[str, Any]) -> Any:
    """What an expression of a role is, with these variables."""
    return Templar(DataLoader(), dict(variables)).template(trust_as_template(expression))


def loader_with_password(password: bytes) -> DataLoader:
    """A loader of files that reads what ansible-vault has encrypted with this password."""
    secrets = [("default", VaultSecret(password))]
    if VaultSecretsContext and VaultSecretsContext.current(optional=True) is None:
        VaultSecretsContext.initialize(VaultSecretsContext(secrets))
    loader = DataLoader()
    loader.set_vault_secrets(secrets)
    return loader
