"""`scanyard setup-queues`: what it asks of the API server, and how it reads the answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scanyard.cli import cluster
from scanyard.cli.setup_queues import without_fields
from tests.unit.cli.conftest import Answer, FakeApi, Result, status

Run = Callable[..., Result]
LIVE = {"kind": "ScanQueue", "spec": {"maxConcurrent": 8, "priority": 1}}


@pytest.fixture
def queue_file(tmp_path: Path) -> str:
    path = tmp_path / "queues.yaml"
    path.write_text("- {name: fast, namespace: team, maxConcurrent: 5, priority: 1}\n")
    return str(path)


def conflict(*fields: str) -> Answer:
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "kubectl-edit" using scanyard.dev/v1alpha1',
            "field": f".spec.{name}",
        }
        for name in fields
    ]
    return status(409, "Apply failed with 1 conflict", causes=causes)


def test_a_queue_is_applied_under_our_name_and_strictly(
    fake_api: FakeApi, scanyard: Run, queue_file: str
) -> None:
    fake_api.answers = [Answer(201, LIVE)]
    result = scanyard("setup-queues", "--file", queue_file)
    assert (result.exit_code, result.out) == (0, "team/fast: created\n")
    (request,) = fake_api.requests
    assert request.method == "PATCH"
    assert request.path == "/apis/scanyard.dev/v1alpha1/namespaces/team/scanqueues/fast"
    assert request.content_type == "application/apply-patch+yaml"
    assert request.query == "fieldManager=scanyard-setup&fieldValidation=Strict&force=false"
    assert request.body["spec"] == {"maxConcurrent": 5, "priority": 1}


def test_applying_again_says_so(fake_api: FakeApi, scanyard: Run, queue_file: str) -> None:
    fake_api.answers = [Answer(200, LIVE)]
    assert scanyard("setup-queues", "--file", queue_file).out == "team/fast: applied\n"


def test_a_field_that_a_user_changed_stays_and_the_rest_is_applied(
    fake_api: FakeApi, scanyard: Run, queue_file: str
) -> None:
    fake_api.answers = [conflict("maxConcurrent"), Answer(200, LIVE)]
    result = scanyard("setup-queues", "--file", queue_file)
    assert result.exit_code == 0
    assert result.out == "team/fast: applied\n"
    assert result.err == (
        'Warning: team/fast: maxConcurrent stays 8, as "kubectl-edit" set it; the list says 5: '
        "change the list, or use --force-conflicts (queueSetup.forceConflicts in the chart)\n"
    )
    assert fake_api.requests[1].body["spec"] == {"priority": 1}
    assert "force=false" in fake_api.requests[1].query


def test_force_conflicts_takes_the_field_over(
    fake_api: FakeApi, scanyard: Run, queue_file: str
) -> None:
    fake_api.answers = [Answer(200, LIVE)]
    scanyard("setup-queues", "--file", queue_file, "--force-conflicts")
    assert "force=true" in fake_api.requests[0].query


def test_wait_outlasts_a_crd_that_is_not_there_yet(
    fake_api: FakeApi, scanyard: Run, queue_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_FIRST_PAUSE_SECONDS", 0.01)
    fake_api.answers = [
        Answer(404, "404 page not found\n"),
        status(503, "starting"),
        Answer(201, LIVE),
    ]
    result = scanyard("setup-queues", "--file", queue_file, "--wait")
    assert (result.exit_code, result.out) == (0, "team/fast: created\n")
    assert "install the CRDs" in result.err
    assert len(fake_api.requests) == 3


def test_without_wait_a_missing_crd_is_an_error_that_says_what_to_install(
    fake_api: FakeApi, scanyard: Run, queue_file: str
) -> None:
    fake_api.answers = [Answer(404, "404 page not found\n")]
    result = scanyard("setup-queues", "--file", queue_file)
    assert result.exit_code == 1
    assert "install the CRDs (crds.enabled in the chart)" in result.err


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (status(404, 'namespaces "team" not found', kind="namespaces"), 'namespaces "team"'),
        (status(403, "cannot patch resource"), "cannot patch resource: give this account the verb"),
        (status(422, "spec.priority: Invalid value"), "spec.priority: Invalid value"),
    ],
)
def test_a_refusal_is_final_even_when_waiting(
    fake_api: FakeApi, scanyard: Run, queue_file: str, answer: Answer, message: str
) -> None:
    fake_api.answers = [answer]
    result = scanyard("setup-queues", "--file", queue_file, "--wait")
    assert result.exit_code == 1
    assert message in result.err
    assert len(fake_api.requests) == 1


def test_nothing_is_applied_when_one_entry_is_wrong(
    fake_api: FakeApi, scanyard: Run, tmp_path: Path
) -> None:
    path = tmp_path / "queues.yaml"
    path.write_text("[{name: good}, {name: bad, maxConcurrent: many}]")
    result = scanyard("setup-queues", "--file", str(path), "--namespace", "team")
    assert result.exit_code == 2
    assert "queues[1].maxConcurrent" in result.err
    assert fake_api.requests == []


def test_leaving_a_nested_field_out_keeps_its_siblings() -> None:
    spec = {"scope": {"allow": ["192.0.2.0/24"], "deny": ["192.0.2.1"]}, "priority": 1}
    rest = without_fields(spec, [".spec.scope.allow[0]", ".spec.absent.field"])
    assert rest == {"scope": {"deny": ["192.0.2.1"]}, "priority": 1}
    assert spec["scope"] == {"allow": ["192.0.2.0/24"], "deny": ["192.0.2.1"]}
