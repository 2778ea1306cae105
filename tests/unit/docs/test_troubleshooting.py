"""docs/troubleshooting.md has an entry for every word that a ScanJob or a ScanQueue may be told."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import scanyard
from scanyard.lifecycle.explaining.reasons import REASONS
from scanyard.lifecycle.retry import Cause
from scanyard.scanners import report
from tests.cluster.settings import REPOSITORY

_SOURCES = Path(scanyard.__file__).parent
_PAGE = (REPOSITORY / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
_WORD = re.compile(r"[A-Z][a-z]+(?:[A-Z][a-z]+)*")

#: Words in the same code that are no reasons of ours. One that comes new is put here, or gets its
#: entry on the page.
_NO_REASONS: Final = {
    "phases": {"Pending", "Queued", "Starting", "Succeeded", "Failed"},
    "conditions": {"Finished", "Reconciling", "Ready", "LedgerAvailable", "NamespacesResolved"}
    | {"NetworkPolicyComplete"},
    "conditions of Pods": {"PodScheduled", "DisruptionTarget"},
    "what the kubelet and the control plane say": {
        *("ContainerCreating", "ContainerStatusUnknown", "DeadlineExceeded", "PodInitializing"),
        *("ErrImageNeverPull", "ErrImagePull", "ImagePullBackOff", "InvalidImageName"),
        *("DeletionByTaintManager", "PreemptionByScheduler", "TerminationByKubelet"),
    },
    "values of specs": {
        *("Adaptive", "FairShare", "Hold", "HoldAndDrain", "None", "RunOn", "Drain", "Wait"),
        *("All", "Same", "Selector", "DoesNotExist", "Exists", "In", "NotIn", "Never", "File"),
        *("Connect", "Discovery", "Normal", "Aggressive", "Insane", "Paranoid", "Polite"),
        *("Sneaky", "Udp", "Ingress", "Egress", "RuntimeDefault"),
    },
    "wishes and ends": {"Run", "Suspend", "Cancel", "Complete"},
    "kinds": {"Pod", "NetworkPolicy", "Warning"},
    "truth": {"True", "False"},
}


def entries() -> set[str]:
    """The words that have a heading, or a row in the table of those that wait."""
    headings = re.findall(r"^### (\w+)$", _PAGE, re.MULTILINE)
    rows = re.findall(r"^\| `(\w+)` \| \[.*\]\(waiting\.md#", _PAGE, re.MULTILINE)
    assert len(headings) == len(set(headings))
    assert set(headings).isdisjoint(rows)
    return {*headings, *rows}


def test_every_word_of_the_code_has_its_entry() -> None:
    others = set().union(*_NO_REASONS.values())
    assert not others & entries()
    words = set(_words("lifecycle", "controller", "runner")) | report.REASONS
    assert words - others - entries() == set()
    assert others - words == set(), "these stand nowhere any more"


def test_no_entry_is_of_a_word_that_nobody_says() -> None:
    assert entries() - set(_words("lifecycle", "controller", "runner")) - report.REASONS == set()


def test_every_reason_to_wait_leads_to_its_place() -> None:
    rows = re.findall(r"^\| `(\w+)` \| \[.*\]\(waiting\.md#(\w+)\)", _PAGE, re.MULTILINE)
    assert [name for name, _ in rows] == list(REASONS)
    assert all(anchor == name.lower() for name, anchor in rows)


def test_every_cause_is_told() -> None:
    for cause in Cause:
        assert cause in entries(), cause
        assert re.search(rf"Cause\s+`{cause}`", _PAGE), cause


def _words(*folders: str) -> Iterator[str]:
    """Texts in the code that are one CamelCase word."""
    for folder in folders:
        for path in (_SOURCES / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                text = node.value if isinstance(node, ast.Constant) else None
                if isinstance(text, str) and _WORD.fullmatch(text):
                    yield text
