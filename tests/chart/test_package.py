"""The chart as a package: what is in it, signed and verified, and through a registry."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
import urllib3
import yaml

from tests.chart.rendering import CHART, NAMESPACE, RELEASE, Chart
from tests.support.kube import eventually
from tests.support.redis_server import free_port

_VERSION: Final = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))["version"]
_KEY: Final = "Throwaway key of a test"


def helm(chart: Chart, *words: str | Path, well: bool = True) -> str:
    """What Helm printed."""
    done = subprocess.run(
        [chart.helm, *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode == 0) is well, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(autouse=True)
def _no_cache_of_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HELM_CACHE_HOME", str(tmp_path / "helm-cache"))


@pytest.fixture(scope="session")
def package(chart: Chart, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `make package` makes it."""
    folder = tmp_path_factory.mktemp("package")
    helm(chart, "package", CHART, "--destination", folder)
    return folder / f"scanyard-{_VERSION}.tgz"


def test_it_holds_what_a_user_needs_and_nothing_else(package: Path) -> None:
    with tarfile.open(package) as archive:
        names = {name.removeprefix("scanyard/") for name in archive.getnames()}
    assert {name for name in names if "/" not in name} == {
        "Chart.yaml",
        "LICENSE",
        "README.md",
        "values.yaml",
        "values-production.yaml",
        "values.schema.json",
        ".helmignore",
    }
    assert {name.split("/")[0] for name in names if "/" in name} == {
        "templates",
        "files",
        "rules",
        "dashboards",
    }
    ours = {str(path.relative_to(CHART)) for path in CHART.rglob("*") if path.is_file()}
    assert ours - names == {"README.md.gotmpl"}


def test_it_renders_as_the_folder_does(chart: Chart, package: Path) -> None:
    packed = Chart(chart.helm, package)
    assert packed.text() == chart.text()


@pytest.fixture(scope="session")
def keyrings() -> Iterator[Path]:
    """A folder with a new key, as Helm reads it: public.gpg and secret.gpg."""
    # A socket's path is short, and gpg's agent makes one here.
    with tempfile.TemporaryDirectory(prefix="gpg-") as folder:
        home = Path(folder)
        environment = os.environ | {"GNUPGHOME": folder}

        def gpg(*words: str) -> bytes:
            command = ["gpg", "--batch", "--quiet", "--pinentry-mode=loopback", *words]
            return subprocess.run(
                command, env=environment, check=True, capture_output=True, timeout=60
            ).stdout

        try:
            gpg("--passphrase=", "--quick-generate-key", _KEY, "rsa2048", "sign", "never")
            (home / "public.gpg").write_bytes(gpg("--export", _KEY))
            (home / "secret.gpg").write_bytes(gpg("--passphrase=", "--export-secret-keys", _KEY))
            yield home
        finally:
            subprocess.run(["gpgconf", "--kill", "all"], env=environment, check=False)


@pytest.fixture
def signed(chart: Chart, keyrings: Path, tmp_path: Path) -> Path:
    """The package with its provenance beside it."""
    words = ("--sign", "--key", _KEY, "--keyring", keyrings / "secret.gpg")
    helm(chart, "package", CHART, "--destination", tmp_path, *words)
    return tmp_path / f"scanyard-{_VERSION}.tgz"


def test_a_signed_one_is_verified_and_a_changed_one_is_not(
    chart: Chart, keyrings: Path, signed: Path
) -> None:
    verify = ("verify", signed, "--keyring", keyrings / "public.gpg")
    assert f"Signed by: {_KEY}" in helm(chart, *verify)
    with signed.open("ab") as file:
        file.write(b"\0")
    assert "sha256 sum does not match" in helm(chart, *verify, well=False)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """The address of an OCI registry."""
    with _registry(tmp_path) as address:
        yield address


@contextmanager
def _registry(folder: Path) -> Iterator[str]:
    address = f"127.0.0.1:{free_port()}"
    config = folder / "registry.yml"
    config.write_text(
        yaml.safe_dump({
            "version": 0.1,
            "log": {"accesslog": {"disabled": True}, "level": "error"},
            "storage": {"filesystem": {"rootdirectory": str(folder / "registry")}},
            "http": {"addr": address},
        })
    )  # fmt: skip
    program = shutil.which("docker-registry")
    assert program, "run `python3 -m tests.cluster packages`"
    process = subprocess.Popen([program, "serve", str(config)])
    try:
        eventually(lambda: _answers(address), bool, seconds=30)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _answers(address: str) -> bool:
    try:
        return urllib3.request("GET", f"http://{address}/v2/", retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def test_a_registry_keeps_it_with_its_digest_and_its_signature(
    chart: Chart, keyrings: Path, signed: Path, registry: str, tmp_path: Path
) -> None:
    place = f"oci://{registry}/charts"
    pushed = helm(chart, "push", signed, place, "--plain-http")
    found = re.search(r"Digest: (sha256:[0-9a-f]{64})", pushed)
    assert found, pushed
    pulled = (f"{place}/scanyard@{found[1]}", "--plain-http", "--namespace", NAMESPACE)
    assert chart.text() in helm(chart, "template", RELEASE, *pulled)
    (folder := tmp_path / "pulled").mkdir()
    verified = ("--verify", "--keyring", keyrings / "public.gpg", "--destination", folder)
    helm(chart, "pull", f"{place}/scanyard", "--version", _VERSION, "--plain-http", *verified)
    assert (folder / signed.name).read_bytes() == signed.read_bytes()
