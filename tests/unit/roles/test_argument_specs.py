# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {} if path.exists() else {}


def options(role: Path) -> dict[str, dict[str, Any]]:
    return read(role / "meta/argument_specs.yml").get("argument_specs", {}).get("main", {}).get("options", {})


def test_role_has_an_argument_spec(role_path: Path) -> None:
    assert "main" in read(role_path / "meta/argument_specs.yml").get("argument_specs", {})


def test_documented_defaults_are_those_of_the_role(role_path: Path) -> None:
    documented = {name: option["default"] for name, option in options(role_path).items() if "default" in option}
    assert documented == read(role_path / "defaults/main.yml")


def test_required_options_have_no_default(role_path: Path) -> None:
    required = {name for name, option in options(role_path).items() if option.get("required")}
    assert not required & read(role_path / "defaults/main.yml").keys()
