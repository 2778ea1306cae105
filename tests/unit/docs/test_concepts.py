"""The picture of a scan's life has every phase, and the ways that the operator goes."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import get_args

from scanyard.api.scanjob_status import Phase
from scanyard.lifecycle.admission import admit
from scanyard.lifecycle.decide import decide
from scanyard.lifecycle.decision import View
from tests.cluster.settings import REPOSITORY
from tests.unit.lifecycle.situations import EVENTS, STATES, view_of

_PICTURE = REPOSITORY / "docs" / "images" / "life-of-a-scan.svg"
#: Enough to go every way; all events together take long.
_EVENTS = ("run", "once", "cancel", "suspend", "rerun", "drain")


def _elements() -> list[ET.Element]:
    return list(ET.fromstring(_PICTURE.read_text(encoding="utf-8")).iter())  # noqa: S314 - ours


def drawn() -> set[tuple[str, str]]:
    """The ways in the picture, from phase to phase."""
    return {
        (before, element.attrib["data-to"])
        for element in _elements()
        if "data-to" in element.attrib
        for before in element.attrib["data-from"].split()
    }


def gone() -> Iterator[tuple[str, str]]:
    """The ways that decisions go."""
    for state, event in product(STATES, _EVENTS):
        view = replace(view_of(STATES[state], EVENTS[event]), announce=True)
        for before in _phases(view):
            status = replace(view.job.status, phase=before)
            after = decide(replace(view, job=replace(view.job, status=status))).status.phase
            if after != before:
                yield before, after


def _phases(view: View) -> tuple[str, ...]:
    """Its phase; one that has run may have been told so or not."""
    phase, pod = view.job.status.phase, view.attempt.pod
    has_run = pod is not None and (pod.running_since or pod.termination) is not None
    return (phase, "Running") if phase == "Starting" and has_run else (phase,)


def test_it_has_every_phase_and_no_other() -> None:
    phases = {e.attrib["data-phase"] for e in _elements() if "data-phase" in e.attrib}
    assert phases == set(get_args(Phase))
    texts = {element.text for element in _elements() if element.tag.endswith("text")}
    assert phases <= texts


def test_its_ways_are_those_of_the_operator() -> None:
    admitted = set()
    now = datetime(2030, 1, 1, tzinfo=UTC)
    for phase in ("Pending", "Queued"):
        view = view_of(STATES["new"], EVENTS["run"])
        job = replace(view.job, status=replace(view.job.status, phase=phase))
        assert view.queue is not None
        status = admit(job, view.queue, fence=1, now=now)
        assert status is not None
        admitted.add((phase, status.phase))
    assert set(gone()) | admitted == drawn()


def test_it_is_described_for_those_who_do_not_see_it() -> None:
    label = _elements()[0].attrib["aria-label"]
    assert all(re.search(rf"\b{phase}\b", label) for phase in get_args(Phase))
