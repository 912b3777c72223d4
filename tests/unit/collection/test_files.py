# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

HEADER = """\
# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""
HOME_OF_A_PERSON = re.compile(r"/(?:home|Users)/[a-z][a-z0-9_-]*/")


@pytest.fixture(scope="module")
def texts(collection_root: Path) -> dict[str, str]:
    """The text of every file of the repository, by its path."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]
    listed = subprocess.run(command, cwd=collection_root, check=True, capture_output=True, text=True).stdout
    paths = [path for path in listed.split("\0") if (collection_root / path).is_file()]
    return {path: (collection_root / path).read_text(encoding="utf-8", errors="replace") for path in paths}


def test_python_files_name_their_license(texts: dict[str, str]) -> None:
    sources = {path: text for path, text in texts.items() if path.endswith(".py") and text}
    assert [path for path, text in sources.items() if HEADER not in text[: len(HEADER) + 80]] == []


def test_no_file_names_a_path_of_one_machine(texts: dict[str, str], collection_root: Path) -> None:
    here = f"{collection_root}/"
    assert [path for path, text in texts.items() if here in text or HOME_OF_A_PERSON.search(text)] == []


def test_shell_scripts_are_executable_and_start_with_env(texts: dict[str, str], collection_root: Path) -> None:
    scripts = [path for path, text in texts.items() if text.startswith("#!/usr/bin/env ")]
    assert [path for path in scripts if not (collection_root / path).stat().st_mode & 0o100] == []
