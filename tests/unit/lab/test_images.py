# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os

import pytest
from lab import images, shell
from lab.errors import LabError
from lab.progress import Phases


@pytest.fixture
def definition(tmp_path):
    folder = tmp_path / "definition"
    (folder / "root/etc").mkdir(parents=True)
    (folder / "packages.txt").write_text("# why\nsystemd\nkmod # modules\n\n")
    (folder / "root/etc/one").write_text("1")
    (folder / "customize.sh").write_text("#!/bin/sh\n")
    return folder


def test_comments_are_not_packages(definition):
    assert images.package_list(definition / "packages.txt") == "systemd,kmod"


def test_the_key_does_not_follow_dates(definition):
    before = images.key(definition)
    os.utime(definition / "packages.txt", (0, 0))
    assert images.key(definition) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "packages.txt").write_text("systemd\n"),
        lambda folder: (folder / "root/etc/two").write_text("1"),
        lambda folder: (folder / "root/etc/one").rename(folder / "root/etc/three"),
        lambda folder: (folder / "customize.sh").chmod(0o755),
    ],
    ids=["content", "new file", "new name", "executable"],
)
def test_the_key_follows_what_builds_the_image(definition, change):
    before = images.key(definition)
    change(definition)
    assert images.key(definition) != before


def test_inputs_cannot_run_together(definition):
    assert images.key(definition, "ab", "c") != images.key(definition, "a", "bc")


def test_an_image_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "SPACE", 0)
    target = tmp_path / "images/node-1"
    with pytest.raises(KeyboardInterrupt), images.building(target) as folder:
        (folder / "node.tar").write_text("half")
        raise KeyboardInterrupt
    assert list(target.parent.iterdir()) == []
    with images.building(target) as folder:
        (folder / "node.tar").write_text("whole")
    assert (target / "node.tar").read_text() == "whole"


def test_what_a_killed_build_left_is_cleared(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "SPACE", 0)
    leftover = tmp_path / ".building-node-1"
    leftover.mkdir()
    (leftover / "old").touch()
    with images.building(tmp_path / "node-1") as folder:
        assert list(folder.iterdir()) == []


def test_the_newest_images_stay(tmp_path):
    for age, name in enumerate(["node-a", "node-b", "node-c", "machine-a"]):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (age, age))
    images.prune(tmp_path, "node")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["machine-a", "node-b", "node-c"]


def test_a_disk_fits_one_release_and_one_build_of_the_kernel(place):
    kernels = []
    for number in range(2):
        kernel = place.cache / f"kernel-{number}"
        kernel.mkdir()
        (kernel / "linux").write_text(str(number))
        kernels.append(kernel)
    cases = [("bookworm", "bare", kernels[0]), ("trixie", "bare", kernels[0]), ("bookworm", "bare", kernels[1])]
    assert len({images.disk_path(place, *case) for case in cases}) == 3


def test_too_small_a_disk_is_said_before_the_build(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "SPACE", 2**62)
    with pytest.raises(LabError, match="GiB left, building needs"), images.building(tmp_path / "node-1"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_kernel_that_cannot_be_built_is_told_with_its_log_and_leaves_nothing(place, monkeypatch):
    monkeypatch.setattr(images, "SPACE", 0)
    failing = ["sh", "-c", "echo half > linux; echo the compiler is missing >&2; exit 2"]
    monkeypatch.setattr(shell, "ends_with_us", lambda argv: failing)
    for _again in range(2):
        with pytest.raises(LabError) as error:
            images.kernel(place, Phases())
        assert str(error.value) == (
            f"building the kernel failed: mend what the end of {place.logs}/kernel.log tells, then run the same command again:\n"
            "  the compiler is missing"
        )
        assert list(place.images.iterdir()) == []


def test_an_image_that_cannot_be_packed_is_told_with_its_log_and_leaves_nothing(place, monkeypatch):
    monkeypatch.setattr(images, "SPACE", 0)
    monkeypatch.setattr(shell, "as_root", list)
    monkeypatch.setattr(images, "bootstrap", lambda paths, release, image, root: root.mkdir())
    pack = "echo half > '{file}'; echo No space left on device >&2; false"
    target = place.images / "tree-bookworm-bare-1" / "tree.tar"
    with pytest.raises(
        LabError, match=r"packing the image tree-bookworm-bare failed: .*bare.log tells(.|\n)*No space left"
    ):
        images.packed(place, target, "bookworm", "bare", pack, Phases())
    assert list(place.images.iterdir()) == []
