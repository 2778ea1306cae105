"""A lost ledger is told once per cause, whoever notices it first."""

from __future__ import annotations

from typing import Any, cast

import pytest

from scanyard.controller.context import Context
from scanyard.lifecycle.targets.scope import DenyList
from scanyard.settings import Settings
from tests.support.objects import NOW


def test_each_cause_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    nothing = cast("Any", None)
    context = Context(Settings(), nothing, nothing, fence=1, deny=DenyList(()), now=lambda: NOW)
    for cause in ("wrong password", "wrong password", "no answer", "wrong password"):
        context.ledger_lost(cause)
    assert [record.getMessage() for record in caplog.records] == [
        "nothing is admitted for now: wrong password",
        "nothing is admitted for now: no answer",
        "nothing is admitted for now: wrong password",
    ]
    assert not context.ledger_current
