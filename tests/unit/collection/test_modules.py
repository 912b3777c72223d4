# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import Any

import yaml

PREFIX = "lvs.cluster."


def documented(module: Path, block: str) -> Any:
    """The YAML in a module's DOCUMENTATION, EXAMPLES or RETURN, read without importing the module."""
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and [getattr(target, "id", None) for target in node.targets] == [block]:
            return yaml.safe_load(ast.literal_eval(node.value))
    raise AssertionError(f"{module.name} has no {block}")


def options(module: Path) -> dict[str, Any]:
    """A module's documented options, those of its documentation fragments with them."""
    documentation = documented(module, "DOCUMENTATION")
    found = dict(documentation.get("options") or {})
    for fragment in documentation["extends_documentation_fragment"]:
        file, _dot, section = fragment[len(PREFIX) :].partition(".")
        classes = importlib.import_module(f"ansible_collections.lvs.cluster.plugins.doc_fragments.{file}")
        text = getattr(classes.ModuleDocFragment, section.upper() or "DOCUMENTATION")
        found.update(yaml.safe_load(text).get("options") or {})
    return found


def collection_tasks(examples: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Every (module of this collection, its arguments) in a list of tasks and blocks."""
    found = []
    for task in examples:
        for section in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks"):
            found += collection_tasks(task.get(section, []))
        found += [(key[len(PREFIX) :], value or {}) for key, value in task.items() if key.startswith(PREFIX)]
    return found


def test_action_group_lists_every_module(collection_root: Path) -> None:
    runtime = yaml.safe_load((collection_root / "meta/runtime.yml").read_text(encoding="utf-8"))
    modules = {path.stem for path in (collection_root / "plugins/modules").glob("[!_]*.py")}
    assert set(runtime["action_groups"]["all"]) == modules


def test_examples_use_the_module_by_its_full_name(module_path: Path) -> None:
    names = [name for name, _arguments in collection_tasks(documented(module_path, "EXAMPLES"))]
    assert module_path.stem in names


def test_examples_use_documented_parameters(module_path: Path) -> None:
    for name, arguments in collection_tasks(documented(module_path, "EXAMPLES")):
        described = options(module_path.with_name(f"{name}.py"))
        known = set(described).union(*(option.get("aliases", []) for option in described.values()))
        assert set(arguments) <= known, name


def test_return_values_are_documented(module_path: Path) -> None:
    for name, value in documented(module_path, "RETURN").items():
        assert {"description", "returned", "type"} <= value.keys(), name


def test_support_for_check_and_diff_mode_is_declared(module_path: Path) -> None:
    documentation = documented(module_path, "DOCUMENTATION")
    fragments = documentation["extends_documentation_fragment"]
    if f"{PREFIX}attributes.info_module" in fragments:
        return
    assert f"{PREFIX}attributes" in fragments
    for attribute in ("check_mode", "diff_mode", "idempotent"):
        assert documentation["attributes"][attribute]["support"] in {"full", "partial", "none", "N/A"}
