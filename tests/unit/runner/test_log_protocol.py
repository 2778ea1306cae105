"""Progress is read from the end of a log."""

from __future__ import annotations

import pytest

from scanyard.runner.log_protocol import last_progress, progress_line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("nmap| Starting\n", None),
        (f"{progress_line(7)}\n", 7),
        ("scanyard: progress 7\nnmap| x\nscanyard: progress 42\nscanyard: finding {}\n", 42),
        ("scanyard: progress 7\nscanyard: progress 4", 7),
        ("scanyard: progress 7\nnmap| scanyard: progress 99\n", 7),
        ("scanyard: progress 7\nscanyard: progress many\n", 7),
        ("scanyard: progress 7\nscanyard: progress ٤٢\n", 7),
        ("scanyard: progress 7\nscanyard: progress 1000\n", 7),
        ("scanyard: progress 999\n", 100),
    ],
)
def test_the_last_whole_line_counts(text: str, expected: int | None) -> None:
    assert last_progress(text) == expected
