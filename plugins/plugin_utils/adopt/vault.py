# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the secrets out of an inventory, into variables of their own that a vault can hold."""

from __future__ import annotations

import re
from typing import Any

from ..cluster.schema import SENSITIVE
from .merging import SECRETS
from .sensitive import seems_secret


class Reference(str):
    """The name of a secret between braces, for Ansible to fill in."""

    __slots__ = ()


def taken_out(variables: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The variables with a reference in place of each secret, and the secrets by name. The same secret has one name."""
    secrets: dict[str, str] = {}

    def replaced(value: Any, words: tuple[str, ...], is_sensitive: bool = False) -> Any:
        if isinstance(value, dict):
            own = str(value.get("name") or "")
            is_sensitive = is_sensitive or value.get("sensitive") is True
            return {
                key: _referenced(item, (*words, own, key))
                if isinstance(item, str)
                and (key in SECRETS or (is_sensitive and key in SENSITIVE and seems_secret(item)))
                else replaced(item, (*words, own), is_sensitive)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [replaced(item, words, is_sensitive) for item in value]
        return value

    def _referenced(secret: str, words: tuple[str, ...]) -> str:
        name = next((name for name, known in secrets.items() if known == secret and name.endswith(words[-1])), None)
        if name is None:
            plain = re.sub(r"\W+", "_", "_".join(word for word in words if word)).lower()
            name, number = f"vault_{plain}", 1
            while name in secrets:
                number += 1
                name = f"vault_{plain}_{number}"
            secrets[name] = secret
        return Reference(f"{{{{ {name} }}}}")

    return {key: replaced(value, (key,)) for key, value in variables.items()}, secrets
