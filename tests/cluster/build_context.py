"""What ``docker build`` gets to see: the declared inputs and nothing else of the checkout."""

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from tests.cluster import fingerprint

_EPOCH = 1577836800  # 2020: zip files, which wheels are, cannot say 1970
_EXCLUDED = {"__pycache__", "node_modules", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


def write(root: Path, inputs: Iterable[str], archive: IO[bytes]) -> None:
    """Archives these files and folders below ``root``.

    The same contents give the same archive, whatever the checkout's times and owners are, so
    that Docker's layer cache works across checkouts.
    """
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path in _files(root, inputs):
            member = tarfile.TarInfo(str(path.relative_to(root)))
            content = path.read_bytes()
            member.size = len(content)
            member.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            member.mtime = _EPOCH
            tar.addfile(member, io.BytesIO(content))


def key(root: Path, inputs: Iterable[str], *more: str) -> str:
    """The inputs' content hash."""
    return fingerprint.of(*more, *_files(root, inputs))


def _files(root: Path, inputs: Iterable[str]) -> list[Path]:
    found = [path for name in inputs for path in fingerprint.files(root / name)]
    return sorted(
        path
        for path in found
        if not _EXCLUDED.intersection(path.parts)
        and not any(part.endswith(".egg-info") for part in path.relative_to(root).parts)
    )
