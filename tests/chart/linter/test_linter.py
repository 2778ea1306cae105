"""Every installation of the matrix through a linter; each exception is justified and needed."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.chart.linter.checkov import Finding, install
from tests.chart.rendering import MATRIX, NAMESPACE, Chart
from tests.cluster import settings

_SPOILT: Final = "spoilt"
_FILE: Final = Path(__file__).with_name("exceptions.yaml")


@dataclass(frozen=True, slots=True)
class Exemption:
    """One entry of exceptions.yaml."""

    check: str
    object: str
    reason: str
    installations: tuple[str, ...] = ()

    def covers(self, finding: Finding) -> bool:
        """Whether it is why the finding stands."""
        return (
            self.check == finding.check
            and re.fullmatch(self.object, finding.object) is not None
            and (not self.installations or finding.installation in self.installations)
        )


def _exemptions() -> list[Exemption]:
    raw: list[dict[str, Any]] = yaml.safe_load(_FILE.read_text())
    return [
        Exemption(**{**item, "installations": tuple(item.get("installations", ()))}) for item in raw
    ]


@pytest.fixture(scope="module")
def all_findings(chart: Chart, tmp_path_factory: pytest.TempPathFactory) -> list[Finding]:
    """Of all installations and of a spoilt one, in one run: it takes seconds to begin."""
    linter = install(settings.from_environment(os.environ))
    manifests = {name: _elsewhere(name, chart.text(values)) for name, values in MATRIX.items()}
    safe = "readOnlyRootFilesystem: true"
    manifests[_SPOILT] = chart.text(MATRIX["defaults"]).replace(safe, "privileged: true")
    return linter.findings(manifests, tmp_path_factory.mktemp("manifests"))


@pytest.fixture
def findings(all_findings: list[Finding]) -> list[Finding]:
    """Those of the chart."""
    return [each for each in all_findings if each.installation != _SPOILT]


def _elsewhere(name: str, manifests: str) -> str:
    """In a namespace of its own: no NetworkPolicy of another installation may count for it."""
    return re.sub(rf"(?m)^(\s+namespace:) {NAMESPACE}$", rf"\1 {name}", manifests)


def test_the_linter_finds_nothing_that_is_not_justified(findings: list[Finding]) -> None:
    exemptions = _exemptions()
    left = [str(each) for each in findings if not any(e.covers(each) for e in exemptions)]
    assert left == []


def test_each_exception_is_needed_and_says_why(findings: list[Finding]) -> None:
    for exemption in _exemptions():
        assert any(exemption.covers(each) for each in findings), f"not needed: {exemption}"
        assert exemption.reason.strip().endswith(".")
        assert set(exemption.installations) <= set(MATRIX)


def test_the_linter_sees_what_is_wrong(all_findings: list[Finding]) -> None:
    checks = {each.check for each in all_findings if each.installation == _SPOILT}
    assert {"CKV_K8S_16", "CKV_K8S_22"} <= checks
