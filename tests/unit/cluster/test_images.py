"""What an image is built from, and how it is recognised again."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from tests.cluster import build_context, images, loading
from tests.cluster.settings import REPOSITORY


def archive(root: Path, *inputs: str) -> bytes:
    written = io.BytesIO()
    build_context.write(root, inputs, written)
    return written.getvalue()


def make(root: Path) -> None:
    (root / "package" / "__pycache__").mkdir(parents=True)
    (root / "package" / "__pycache__" / "code.pyc").write_bytes(b"compiled")
    (root / "package" / "code.py").write_text("code")
    (root / "other.txt").write_text("not an input")


def test_a_build_sees_its_inputs_and_nothing_else(tmp_path: Path) -> None:
    make(tmp_path)
    with tarfile.open(fileobj=io.BytesIO(archive(tmp_path, "package"))) as tar:
        assert tar.getnames() == ["package/code.py"]


def test_checkouts_with_the_same_contents_share_layers(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make(tmp_path / name)
    os.utime(tmp_path / "two" / "package" / "code.py", (1e9, 1e9))
    assert archive(tmp_path / "one", "package") == archive(tmp_path / "two", "package")


def test_an_image_is_rebuilt_when_an_input_changes_and_only_then(tmp_path: Path) -> None:
    make(tmp_path)
    before = build_context.key(tmp_path, ["package"], "base")
    (tmp_path / "other.txt").write_text("changed")
    assert build_context.key(tmp_path, ["package"], "base") == before
    (tmp_path / "package" / "code.py").write_text("changed")
    assert build_context.key(tmp_path, ["package"], "base") != before
    assert build_context.key(tmp_path, ["package"], "newer base") != before


@pytest.mark.parametrize("image", images.IMAGES, ids=lambda image: image.name)
def test_every_image_has_its_inputs(image: images.Image) -> None:
    assert (REPOSITORY / image.dockerfile).is_file()
    assert all((REPOSITORY / path).exists() for path in image.inputs)


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("redis", "docker.io/library/redis:latest"),
        ("scanyard/redis:dev", "docker.io/scanyard/redis:dev"),
        ("localhost:5000/redis", "localhost:5000/redis:latest"),
        ("registry.k8s.io/pause:3.10.1", "registry.k8s.io/pause:3.10.1"),
    ],
)
def test_a_node_knows_an_image_by_its_full_name(image: str, name: str) -> None:
    assert loading.full_name(image) == name
