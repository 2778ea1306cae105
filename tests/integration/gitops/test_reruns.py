"""Running again by git: a new rerunToken in the team's kustomization, or in one file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from scanyard.lifecycle.job import Job, read_job
from tests.support.control_plane import ControlPlane
from tests.support.examples import EXAMPLES
from tests.support.kube import Namespace
from tests.support.played_operator import PlayedOperator

_TEAM: Final = EXAMPLES / "gitops/teams/web"
_SCANS: Final = ("open-ports", "web-services")


@dataclass(frozen=True, slots=True)
class Repository:
    """A team's repository, and what is applied from it."""

    folder: Path
    namespace: Namespace

    def apply(self) -> str:
        return self.namespace.cluster.kubectl("apply", "-k", str(self.folder))

    def change_all(self, before: str, after: str) -> None:
        """In what holds for all ScanJobs."""
        path = self.folder / "kustomization.yaml"
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))

    def change(self, name: str, **spec: Any) -> None:
        """Set fields in the file of one ScanJob."""
        path = self.folder / f"{name}.yaml"
        document = yaml.safe_load(path.read_text())
        document["spec"] |= spec
        path.write_text(yaml.safe_dump(document))

    def job(self, name: str) -> Job:
        return read_job(self.namespace.get("scanjobs", name))


@pytest.fixture
def repository(control_plane: ControlPlane, tmp_path: Path) -> Iterator[Repository]:
    """Its ScanJobs have run."""
    cluster = control_plane.cluster
    folder = shutil.copytree(_TEAM, tmp_path / "web")
    found = Repository(folder, Namespace(cluster, "team-web"))
    reply = cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": "team-web"}})
    assert reply.ok or reply.code == 409, reply.message
    found.apply()
    operator = PlayedOperator(found.namespace)
    for name in _SCANS:
        operator.running(name)
        operator.succeeded(name)
    yield found
    for name in _SCANS:
        cluster.request("DELETE", found.namespace.path("scanjobs", name)).expect()


def test_all_by_one_line(repository: Repository) -> None:
    assert not any(repository.job(name).rerun_wanted for name in _SCANS)
    repository.change_all("2026-11", "2026-12")
    repository.apply()
    assert all(repository.job(name).rerun_wanted for name in _SCANS)


def test_one_by_its_own_file(repository: Repository) -> None:
    path = repository.folder / "kustomization.yaml"
    kustomization = yaml.safe_load(path.read_text())
    del kustomization["patches"]
    path.write_text(yaml.safe_dump(kustomization))
    repository.change("web-services", rerunToken="once-more")
    repository.apply()
    assert repository.job("web-services").rerun_wanted
    # Taken out of git it is the last token no longer, which runs nothing.
    assert repository.job("open-ports").rerun_token is None
    assert not repository.job("open-ports").rerun_wanted


def test_cancelled_by_git_and_run_again_without_a_word_of_cancel(repository: Repository) -> None:
    repository.change_all("2026-11", "2026-12")
    repository.change("open-ports", cancel=True)
    repository.apply()
    PlayedOperator(repository.namespace).cancelled("open-ports")
    shutil.copy(_TEAM / "open-ports.yaml", repository.folder)
    repository.change_all("2026-12", "2027-01")
    repository.apply()
    job = repository.job("open-ports")
    assert (job.cancel, job.rerun_wanted) == (False, True)


def test_cancelled_by_a_person_and_run_again_by_git(repository: Repository) -> None:
    """Git must say cancel: false together with the token: it does not know of the cancel."""
    spec = {"cancel": True, "rerunToken": "by-hand"}
    repository.namespace.patch("scanjobs", "open-ports", {"spec": spec}).expect()
    PlayedOperator(repository.namespace).cancelled("open-ports")
    repository.change("open-ports", cancel=False)
    repository.change_all("2026-11", "2026-12")
    repository.apply()
    job = repository.job("open-ports")
    assert (job.cancel, job.rerun_wanted) == (False, True)


def test_a_cancel_is_not_taken_back_by_git_alone(repository: Repository) -> None:
    repository.change("open-ports", cancel=False)
    repository.apply()
    patch = {"spec": {"cancel": True}}
    repository.namespace.patch("scanjobs", "open-ports", patch).expect()
    done = repository.namespace.cluster.try_kubectl("apply", "-k", str(repository.folder))
    assert done.returncode != 0
    assert "cancel cannot be taken back: set a new rerunToken with it" in done.stderr
