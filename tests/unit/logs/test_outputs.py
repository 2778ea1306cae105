"""Where lines go: standard output, or a file for as long as it takes them."""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from scanyard.logs import about, configure_logging
from scanyard.settings import LogFormat, LogSettings, load_log_settings, load_settings
from tests.support.kube import eventually


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Logging as it was."""
    root = logging.getLogger()
    before = root.level, root.handlers[:]
    yield
    logging.captureWarnings(capture=False)
    for handler in root.handlers:
        if handler not in before[1]:
            handler.close()
    root.setLevel(before[0])
    root.handlers[:] = before[1]


def messages(text: str) -> list[str]:
    return [json.loads(line)["message"] for line in text.splitlines()]


def written(path: Path) -> list[str]:
    """The messages in the file, once all that is logged stands there."""
    logging.shutdown()
    return messages(path.read_text())


def said_in_time(capsys: pytest.CaptureFixture[str], lines: int) -> list[str]:
    """So many messages on standard output, and nothing on standard error."""
    said = ""

    def read() -> list[str]:
        nonlocal said
        out, err = capsys.readouterr()
        assert err == ""
        said += out
        return messages(said)

    return eventually(read, lambda found: len(found) >= lines, every=0.01)


def to_file(path: Path, **settings: Any) -> None:
    configure_logging(LogSettings(log_format=LogFormat.JSON, log_file=path, **settings))


def test_standard_output_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(pod_name="operator-0"))
    logging.getLogger("a").info("one")
    said = capsys.readouterr()
    assert (messages(said.out), said.err) == (["one"], "")
    assert json.loads(said.out)["instance"] == "operator-0"


def test_text_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(log_format=LogFormat.TEXT))
    logging.getLogger("a").warning("one")
    assert capsys.readouterr().out.endswith(" WARNING a: one\n")


def test_a_file_in_place_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    to_file(tmp_path / "log")
    logging.getLogger("a").info("one")
    assert written(tmp_path / "log") == ["one"]
    assert capsys.readouterr().out == ""


def test_older_files_are_kept_up_to_a_number(tmp_path: Path) -> None:
    to_file(tmp_path / "log", log_file_max_bytes=10_000, log_file_kept=2)
    for number in range(200):
        logging.getLogger("a").info("%s", f"{number:03}" * 100)
    logging.shutdown()
    files = [tmp_path / name for name in ("log.2", "log.1", "log")]
    assert sorted(tmp_path.iterdir()) == sorted(files)
    assert all(file.stat().st_size <= 10_000 for file in files)
    kept = [message[:3] for file in files for message in messages(file.read_text())]
    assert kept == [f"{number:03}" for number in range(200 - len(kept), 200)]


def test_a_file_that_fails_ends_nothing_and_loses_no_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "gone"
    to_file(folder / "log")
    for number in range(3):
        logging.getLogger("a").info("%s", number)
    told, *others = said_in_time(capsys, 4)
    assert "cannot be written" in told
    assert str(folder) in told
    assert others == ["0", "1", "2"]

    folder.mkdir()
    logging.getLogger("a").info("back")
    assert written(folder / "log") == ["back"]
    assert capsys.readouterr() == ("", "")


def test_a_full_disk_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    to_file(Path("/dev/full"))
    logging.getLogger("a").info("one")
    told, line = said_in_time(capsys, 2)
    assert "No space left" in told
    assert line == "one"


@pytest.mark.parametrize("form", [LogFormat.JSON, LogFormat.TEXT])
@pytest.mark.parametrize("with_file", [True, False])
def test_a_line_that_cannot_be_formatted_is_told_and_nothing_of_it(
    form: LogFormat, with_file: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "log"
    configure_logging(LogSettings(log_format=form, log_file=file if with_file else None))
    logging.getLogger("a.b").info("bad %d", "hunter2")
    logging.getLogger("a.b").info("good")
    logging.shutdown()
    said = capsys.readouterr()
    bad, good = (file.read_text() if with_file else said.out).splitlines()
    assert "a line of this logger cannot be formatted: TypeError at test_outputs.py:" in bad
    assert "a.b" in bad
    assert "hunter2" not in bad
    assert "good" in good
    assert (said.out == "", said.err) == (with_file, "")


def test_what_standard_output_does_not_take_is_hidden_on_standard_error_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(StringIO):
        def write(self, _: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sys.stdout", Full())
    configure_logging(LogSettings(log_format=LogFormat.JSON), ("hunter2",))
    logging.getLogger("a").info("say %s", "hunter2")
    assert messages(capsys.readouterr().err) == ["say ***"]


def test_each_line_is_formatted_once(tmp_path: Path) -> None:
    class Counted:
        times = 0

        def __str__(self) -> str:
            self.times += 1
            return "one"

    to_file(tmp_path / "log")
    counted = Counted()
    logging.getLogger("a").info("%s", counted)
    assert written(tmp_path / "log") == ["one"]
    assert counted.times == 1


def test_what_a_line_is_about_is_read_where_it_is_logged(tmp_path: Path) -> None:
    to_file(tmp_path / "log")
    with about(fence=7):
        logging.getLogger("a").info("one")
    logging.shutdown()
    assert json.loads((tmp_path / "log").read_text())["fence"] == 7


def test_passwords_are_known_wherever_they_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCANYARD_REDIS_URL", "redis://scanyard:open%20sesame@redis.example")
    monkeypatch.setenv("SCANYARD_REDIS_PASSWORD", "hunter2\n")
    monkeypatch.setenv("SCANYARD_REDIS_SENTINEL_PASSWORD", "swordfish")
    told = set(load_settings().secrets)
    assert told == {"hunter2", "swordfish", "open%20sesame", "open sesame"}


def test_a_password_of_three_letters_hides_no_other_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCANYARD_REDIS_PASSWORD", "the")
    monkeypatch.setenv("SCANYARD_REDIS_URL", "redis://[")
    assert load_settings().secrets == ()


def test_wrong_settings_can_be_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCANYARD_LOG_LEVEL", "verbose")
    assert load_log_settings() == LogSettings.model_construct()
