"""The manifests on the pages are ones that the models take."""

from __future__ import annotations

import re
from typing import Any

import yaml

from scanyard.api.base import SpecModel
from scanyard.api.names import API_VERSION
from scanyard.api.scanjob import ScanJobSpec
from scanyard.api.scanqueue import ScanQueueSpec
from tests.cluster.settings import REPOSITORY
from tests.unit.docs.test_links import PAGES

_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_MODELS: dict[str, type[SpecModel]] = {"ScanJob": ScanJobSpec, "ScanQueue": ScanQueueSpec}


def _manifests() -> list[tuple[str, dict[str, Any]]]:
    """Those that are whole: "..." stands for what is left out."""
    return [
        (str(page.relative_to(REPOSITORY)), document)
        for page in PAGES
        for block in _BLOCK.findall(page.read_text(encoding="utf-8"))
        if not re.search(r"^ *\.\.\.$", block, re.MULTILINE)
        for document in yaml.safe_load_all(block)
        if isinstance(document, dict) and document.get("apiVersion") == API_VERSION
    ]


def test_there_are_some() -> None:
    assert len(_manifests()) > 10


def test_they_are_valid() -> None:
    for page, manifest in _manifests():
        assert manifest["metadata"], page
        _MODELS[manifest["kind"]].model_validate(manifest.get("spec") or {})
