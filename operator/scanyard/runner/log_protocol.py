"""What the runner writes to its stdout, which `kubectl logs` shows and the operator reads.

    nmap| Starting Nmap 7.93 ...          the scanner's own lines, with its name before them
    scanyard: progress 42                 percent of the whole scan, never falling
    scanyard: finding {"kind":"port",...} one JSON object per finding, all at the end
    scanyard: ...                         anything else that the runner has to say; a JSON object
                                          where the operator logs JSON, see own_lines.py

Only the runner writes "scanyard: " at the start of a line, so a scanner cannot forge its lines.
"""

from __future__ import annotations

from typing import Final

OWN_PREFIX: Final = "scanyard: "
PROGRESS_PREFIX: Final = OWN_PREFIX + "progress "
FINDING_PREFIX: Final = OWN_PREFIX + "finding "


def progress_line(percent: int) -> str:
    return f"{PROGRESS_PREFIX}{percent}"


def last_progress(text: str) -> int | None:
    """The last progress in the end of a log, 0..100; None when there is none.

    `text` starts at the start of a line, as `tailLines` gives it; it may end within one, as
    `limitBytes` gives it, and that piece is not read, for the number may lack digits.
    """
    lines = text.split("\n")[:-1]
    for line in reversed(lines):
        digits = line.removeprefix(PROGRESS_PREFIX)
        if digits != line and digits.isascii() and digits.isdigit() and len(digits) <= 3:
            return min(int(digits), 100)
    return None
