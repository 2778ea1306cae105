"""Content hashes: what a cached thing was made from is part of its name."""

import hashlib
from pathlib import Path

_SKIPPED = {"__pycache__", ".git"}


def of(*parts: Path | str) -> str:
    """A short name for these texts and the contents of these files and folders."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            digest.update(f"text {part}\0".encode())
            continue
        for path in files(part):
            name = path.relative_to(part.parent)
            digest.update(f"file {name} {path.stat().st_mode:o}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def files(root: Path) -> list[Path]:
    """A file itself, or all files below a folder, in a stable order."""
    if root.is_file():
        return [root]
    found = (path for path in root.rglob("*") if path.is_file())
    return sorted(path for path in found if not _SKIPPED.intersection(path.parts))
