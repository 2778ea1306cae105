"""The programs that write files from the code, and check them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

_MODULES = ("scanyard.api.reference", "scanyard.metrics", "scanyard.logs")


@pytest.mark.parametrize("module", _MODULES)
def test_what_is_written_passes_and_what_is_changed_does_not(
    module: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main = import_module(f"{module}.__main__").main
    file = tmp_path / "file"
    assert main(["--check", str(file)]) == 1, "it is not there"
    assert not file.exists()
    assert main([str(file)]) == 0
    assert main(["--check", str(file)]) == 0
    file.write_text(f"{file.read_text()} ")
    capsys.readouterr()
    assert main(["--check", str(file)]) == 1
    assert capsys.readouterr().err == f"{file} is not up to date: run `python -m {module}`\n"
