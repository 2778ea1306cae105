"""What is in git and was applied never differs from what is there, whatever has happened meanwhile.

Every example, by client-side and by server-side apply, as kubectl, Argo CD and Flux apply.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.support.control_plane import ControlPlane
from tests.support.examples import EXAMPLES, FOLDERS, LOOSE_FILES
from tests.support.kube import Cluster, Namespace, temporary_namespace
from tests.support.played_operator import PlayedOperator

_PLURALS: Final = {"ScanJob": "scanjobs", "ScanQueue": "scanqueues"}
#: On the server, Argo CD and Flux take over what somebody else has set.
_ON_THE_SERVER: Final = ("--server-side", "--force-conflicts", "--field-manager=tool")
_WAYS: Final = {"client-side": (), "server-side": _ON_THE_SERVER}
#: What people and Argo CD's buttons set, where git says nothing of it.
_BY_PEOPLE: Final[dict[str, dict[str, Any]]] = {
    "ScanJob": {"priority": 7, "suspend": True, "cancel": True, "rerunToken": "by-hand"},
    "ScanQueue": {"stopPolicy": "Hold", "maxConcurrent": 1},
}


@dataclass(frozen=True, slots=True)
class Applied:
    """An example, and a namespace for what does not name one."""

    cluster: Cluster
    source: Path
    home: str
    way: tuple[str, ...]

    def apply(self) -> str:
        """What kubectl says of it."""
        return self.cluster.kubectl("apply", *self._words())

    def diff(self) -> str:
        """What kubectl shows as different; empty if nothing is."""
        done = self.cluster.try_kubectl("diff", *self._words())
        assert done.returncode in {0, 1}, done.stderr
        return done.stdout

    def wanted(self) -> Iterator[tuple[str, Namespace, Mapping[str, Any]]]:
        """Each ScanJob and ScanQueue: kind, where it is, and as it stands in git."""
        if self.source.is_dir():
            text = self.cluster.kubectl("kustomize", str(self.source))
        else:
            text = self.source.read_text()
        for document in yaml.safe_load_all(text):
            if document["kind"] in _PLURALS:
                home = document["metadata"].get("namespace", self.home)
                yield document["kind"], Namespace(self.cluster, home), document

    def live(self) -> list[dict[str, Any]]:
        """Each of them as it is there."""
        return [
            space.get(_PLURALS[kind], document["metadata"]["name"])
            for kind, space, document in self.wanted()
        ]

    def _words(self) -> tuple[str, ...]:
        # Kustomizations say themselves where their resources are, and so do some files.
        if self.source.is_dir():
            return ("-k", str(self.source), *self.way)
        documents = yaml.safe_load_all(self.source.read_text())
        at_home = any("namespace" not in document["metadata"] for document in documents)
        home = (f"--namespace={self.home}",) if at_home else ()
        return (*home, "-f", str(self.source), *self.way)


_SOURCES: Final = [*LOOSE_FILES, *FOLDERS]


@pytest.fixture(params=_SOURCES, ids=lambda path: str(path.relative_to(EXAMPLES)))
def source(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture(params=_WAYS)
def applied(
    request: pytest.FixtureRequest, control_plane: ControlPlane, source: Path
) -> Iterator[Applied]:
    """An example that was applied once."""
    cluster = control_plane.cluster
    with ExitStack() as stack:
        home = stack.enter_context(temporary_namespace(cluster))
        example = Applied(cluster, source, home, _WAYS[request.param])
        _make_namespaces(example)
        example.apply()
        stack.callback(_take_away, example)
        yield example


def test_right_after_it_was_applied(applied: Applied) -> None:
    assert applied.diff() == ""
    before = [_seen(item) for item in applied.live()]
    said = applied.apply()
    if not applied.way:
        assert {line.rpartition(" ")[2] for line in said.splitlines()} == {"unchanged"}, said
    assert [_seen(item) for item in applied.live()] == before


def test_after_the_operator_has_written_statuses(applied: Applied) -> None:
    _play(applied)
    before = applied.live()
    assert applied.diff() == ""
    applied.apply()
    assert applied.live() == before
    assert applied.diff() == ""


def test_what_git_does_not_name_is_left_to_people(applied: Applied) -> None:
    """It is no difference, and stays."""
    for kind, space, document in applied.wanted():
        free = {
            field: value
            for field, value in _BY_PEOPLE[kind].items()
            if field not in document["spec"]
        }
        space.patch(_PLURALS[kind], document["metadata"]["name"], {"spec": free}).expect()
    before = applied.live()
    assert applied.diff() == ""
    applied.apply()
    assert [item["spec"] for item in applied.live()] == [item["spec"] for item in before]


@pytest.mark.parametrize("source", [EXAMPLES / "queues.yaml"], ids=["queues.yaml"], indirect=True)
def test_what_git_names_is_a_difference_and_is_set_again(applied: Applied) -> None:
    _, space, document = next(applied.wanted())
    name = document["metadata"]["name"]
    space.patch("scanqueues", name, {"spec": {"maxConcurrent": 99}}).expect()
    assert "-  maxConcurrent: 99" in applied.diff()
    applied.apply()
    assert space.get("scanqueues", name)["spec"]["maxConcurrent"] == 2


def _play(applied: Applied) -> None:
    """The operator's part: each ScanJob has run, each queue has been seen."""
    for kind, space, document in applied.wanted():
        operator, name = PlayedOperator(space), document["metadata"]["name"]
        if kind == "ScanQueue":
            operator.queue(name, running=1, waiting=3)
        else:
            operator.queued(name)
            operator.running(name, percent=40)
            operator.succeeded(name)


def _make_namespaces(example: Applied) -> None:
    for _, space, _ in example.wanted():
        body = {"metadata": {"name": space.name}}
        reply = example.cluster.request("POST", "/api/v1/namespaces", body)
        assert reply.ok or reply.code == 409, reply.message


def _take_away(example: Applied) -> None:
    for kind, space, document in example.wanted():
        path = space.path(_PLURALS[kind], document["metadata"]["name"])
        example.cluster.request("DELETE", path).expect()


def _seen(resource: dict[str, Any]) -> dict[str, Any]:
    """Without what a first server-side apply alone moves: it stores the default of the status."""
    metadata = {key: resource["metadata"][key] for key in ("name", "uid", "generation")}
    return {**resource, "metadata": metadata}
