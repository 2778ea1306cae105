"""A small HTTP server that answers like an API server, as a script of the test says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from kubernetes.config import kube_config

from scanyard.cli.main import main


@dataclass
class Answer:
    """What the server says: a status and a JSON object, or plain text."""

    status: int
    body: dict[str, Any] | str


@dataclass
class Request:
    """What the server was asked."""

    method: str
    path: str
    query: str
    content_type: str
    body: Any


@dataclass
class FakeApi:
    """Requests so far, and the answers to give (the last one is repeated), or who gives them.

    `clock_ahead_seconds`: how far the server's clock is ahead of this machine's.
    """

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    respond: Callable[[Request], Answer] | None = None
    clock_ahead_seconds: float = 0.0

    def next_answer(self, request: Request) -> Answer:
        if self.respond is not None:
            return self.respond(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def fake_api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    """A running server; KUBECONFIG names it."""
    api = FakeApi()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            url = urlsplit(self.path)
            content_type = self.headers.get("Content-Type", "")
            request = Request(self.command, url.path, url.query, content_type, body)
            api.requests.append(request)
            answer = api.next_answer(request)
            text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
            self.send_response(answer.status)
            kind = "text/plain" if isinstance(answer.body, str) else "application/json"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

        def date_time_string(self, timestamp: float | None = None) -> str:
            told = time.time() + api.clock_ahead_seconds if timestamp is None else timestamp
            return super().date_time_string(told)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_port}"
    use_kubeconfig(monkeypatch, write_kubeconfig(tmp_path, api.url))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield api
    server.shutdown()
    thread.join()
    server.server_close()


def write_kubeconfig(directory: Path, url: str) -> Path:
    """A kubeconfig without credentials for this address."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "fake",
        "clusters": [{"name": "fake", "cluster": {"server": url}}],
        "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "nobody"}}],
        "users": [{"name": "nobody", "user": {}}],
    }
    path = directory / "kubeconfig"
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


def use_kubeconfig(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Let the client find this kubeconfig: it reads KUBECONFIG only once, when imported."""
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(path))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)


def status(code: int, message: str, **details: Any) -> Answer:
    """An error as the API server words it."""
    return Answer(
        code, {"kind": "Status", "code": code, "message": message, "details": details or None}
    )


@dataclass
class Result:
    """How a command ended."""

    exit_code: int
    out: str
    err: str


@pytest.fixture
def scanyard(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run a command in this process."""

    def run(*arguments: str) -> Result:
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        out, err = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Result(end.value.code, out, err)

    return run
