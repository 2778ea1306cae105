"""The start of the bundled Redis, run for real: the password is hidden, nothing is evicted."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from redis.backoff import ConstantBackoff, NoBackoff
from redis.retry import Retry

from tests.chart.rendering import Chart, one

#: What a user's own password may hold, quoting characters included.
PASSWORDS = [secrets.token_urlsafe(32), 'with space "quotes" and \\backslash\\', "dollar$HOME`id`"]

SERVER = shutil.which("redis-server") or "redis-server"


def start_script(chart: Chart) -> str:
    deployment = one(chart.objects(), "Deployment", "scanyard-redis")
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert container["command"] == ["sh", "-euc"]
    (script,) = container["args"]
    return str(script)


@contextmanager
def running(script: str, folder: Path, password: str) -> Iterator[redis.Redis]:
    """Redis started by this script, with its files and port moved; yields a client."""
    (folder / "password").write_text(password, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    script = script.replace("/etc/scanyard-redis", str(folder)).replace("/data", str(folder))
    script = script.replace("port 6379", f"port {port}")
    # A redis-server in front of the real one notes how it was called: Redis itself rewrites what
    # /proc says of it soon after.
    wrapper = folder / "redis-server"
    wrapper.write_text(f'#!/bin/sh\necho "$@" > {folder}/arguments\nexec {SERVER} "$@"\n')
    wrapper.chmod(0o755)
    process = subprocess.Popen(
        ["sh", "-euc", script],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
    )
    client = redis.Redis(
        port=port, password=password, retry=Retry(ConstantBackoff(0.1), 100), decode_responses=True
    )
    try:
        client.ping()
        yield client
    finally:
        client.close()
        process.terminate()
        process.wait(10)


@pytest.mark.parametrize("password", PASSWORDS, ids=["made", "quotes", "shell"])
def test_redis_starts_with_any_password_and_does_not_show_it(
    chart: Chart, tmp_path: Path, password: str
) -> None:
    with running(start_script(chart), tmp_path, password) as client:
        assert (tmp_path / "arguments").read_text(encoding="utf-8") == "-\n"
        assert client.config_get("maxmemory*")["maxmemory-policy"] == "noeviction"
        assert client.config_get("save") == {"save": ""}
        assert client.config_get("appendonly") == {"appendonly": "no"}
        port = client.get_connection_kwargs()["port"]
        with (
            redis.Redis(port=port, retry=Retry(NoBackoff(), 0)) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()
