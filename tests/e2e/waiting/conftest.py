"""The stage on which this folder's stories run side by side."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.installation import Installation
from tests.support.side_by_side import Stage, stories_in
from tests.support.targets import Targets


@pytest.fixture(scope="session")
def stage(request: pytest.FixtureRequest, installation: Installation, targets: Targets) -> Stage:
    """All selected stories of this folder, under way."""
    folder = Path(__file__).parent
    return Stage(installation, targets, stories_in(folder, request.session.items))
