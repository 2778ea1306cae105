"""Tests that mostly wait, run at the same time: each in a thread and a namespace of its own.

A story is a function of a Lab and the Targets. `@side_by_side` makes a test of it. When the first
test of a folder needs its result, all stories of that folder that pytest has selected are
started; each test then waits for its own, so that a failure stands where it belongs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

import pytest

from tests.support import diagnosis
from tests.support.installation import Installation
from tests.support.kube import Cluster
from tests.support.scans import Lab
from tests.support.targets import Targets

#: Its first argument is a Lab, or what a Stage makes in its place.
Story = Callable[[Any, Targets], None]
_STORY: Final = "story"
_BEGINS_FIRST: Final = "begins_first"
#: Pods that start at the same time on two cores; more of them would only wait for each other.
_WORKERS: Final = 8


class Stage:
    """Runs stories in a few threads, in order."""

    def __init__(
        self,
        installation: Installation,
        targets: Targets,
        stories: Iterable[Story],
        lab: Callable[[Cluster], Lab] = Lab,
    ) -> None:
        self._installation = installation
        self._targets = targets
        self._lab = lab
        self._results: dict[Story, Future[None]] = {story: Future() for story in stories}
        self._waiting: SimpleQueue[Story] = SimpleQueue()
        for story in self._results:
            self._waiting.put(story)
        for number in range(min(_WORKERS, len(self._results))):
            # Daemons: an interrupted run does not wait for them.
            threading.Thread(target=self._work, name=f"story {number}", daemon=True).start()

    def result(self, story: Story) -> None:
        """Wait for a story; raises what it raised."""
        self._results[story].result()

    def _work(self) -> None:
        while not self._waiting.empty():
            story = self._waiting.get()
            try:
                self._tell(story)
            except BaseException as error:  # noqa: BLE001 - raised again by result()
                self._results[story].set_exception(error)
            else:
                self._results[story].set_result(None)

    def _tell(self, story: Story) -> None:
        with self._lab(self._installation.cluster) as lab:
            try:
                story(lab, self._targets)
            except BaseException as error:
                error.add_note(diagnosis.describe(self._installation, lab.name))
                raise


def side_by_side(story: Story) -> Callable[[Stage], None]:
    """Make a test of a story."""

    def test(stage: Stage) -> None:
        stage.result(story)

    test.__name__ = story.__name__
    test.__qualname__ = story.__qualname__
    test.__module__ = story.__module__
    test.__doc__ = story.__doc__
    setattr(test, _STORY, story)
    return test


def begins_first(story: Story) -> Story:
    """Mark a story that is known to wait for longer than all others."""
    setattr(story, _BEGINS_FIRST, True)
    return story


def stories_in(folder: Path, items: Iterable[pytest.Item]) -> list[Story]:
    """The stories among the selected tests of a folder, in their order but for the longest."""
    stories = [
        getattr(item.function, _STORY)
        for item in items
        if isinstance(item, pytest.Function)
        and item.path.parent == folder
        and hasattr(item.function, _STORY)
    ]
    return sorted(stories, key=lambda story: not hasattr(story, _BEGINS_FIRST))
