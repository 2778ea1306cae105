"""The list of reasons to wait is closed, and docs/waiting.md tells of each."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

import scanyard
from scanyard.lifecycle import blockers
from scanyard.lifecycle.decide import decide
from scanyard.lifecycle.decision import EARLIER_POD, SLOT_HELD
from scanyard.lifecycle.explaining.reasons import REASONS
from scanyard.lifecycle.sharing import capacity
from tests.cluster.settings import REPOSITORY
from tests.unit.lifecycle.situations import EVENTS, STATES, view_of

_SOURCES = Path(scanyard.__file__).parent
#: Reasons that ScanJobs which wait get from here, as words in the text.
_WORDS = {
    "controller/admission/waiting_reason.py": r'"([A-Z]\w+)"',
    "controller/pods/launch.py": r'(?:_refuse\(.*|_NotAllowedError\()"(\w+)", ',
    "lifecycle/blockers/backoff.py": r'^RETRY_BACKOFF: Final = "(\w+)"',
    "lifecycle/timing/windows.py": r'^OUTSIDE_WINDOW: Final = "(\w+)"',
}
_PAGE = (REPOSITORY / "docs" / "waiting.md").read_text(encoding="utf-8")


def test_whatever_is_decided_a_waiting_scanjob_has_a_reason_of_the_list() -> None:
    told: set[str] = set()
    for state, event in product(STATES, EVENTS):
        status = decide(view_of(STATES[state], EVENTS[event])).status
        reconciling = status.condition("Reconciling")
        if status.phase != "Queued" or reconciling is None or not reconciling.reason:
            continue
        if status == view_of(STATES[state], EVENTS[event]).job.status:
            continue  # nothing was written
        told.add(reconciling.reason)
    assert len(told) > 5
    assert told <= set(REASONS)


@pytest.mark.parametrize("path", _WORDS)
def test_every_word_in_the_code_is_in_the_list(path: str) -> None:
    text = (_SOURCES / path).read_text(encoding="utf-8")
    found = set(re.findall(_WORDS[path], text, re.MULTILINE))
    assert found, "the words stand somewhere else now"
    assert found <= set(REASONS)


def test_every_rule_gives_a_reason_of_the_list() -> None:
    assert blockers.REASONS | capacity.REASONS | {EARLIER_POD, SLOT_HELD} <= set(REASONS)


def test_the_page_has_an_entry_for_each_reason_and_no_other() -> None:
    entries = re.findall(r"^### (\w+)\n\n(.*?)(?=\n### |\Z)", _PAGE, re.MULTILINE | re.DOTALL)
    assert [name for name, _ in entries] == list(REASONS)
    for name, text in entries:
        plain = " ".join(text.split())
        assert f"{REASONS[name].means} {REASONS[name].mend}" in plain, name


def test_a_reason_is_told_in_short_sentences() -> None:
    for reason in REASONS.values():
        for text in (reason.means, reason.mend):
            assert text.endswith(".")
            assert text[0].isupper()
            assert len(text) <= 100
