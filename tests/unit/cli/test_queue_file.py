"""What may stand in the list of queues, and what a mistake in it is answered with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scanyard.cli.queue_file import parse_queues, read_queues
from scanyard.errors import InvalidInputError


def test_yaml_and_json_are_read_alike(tmp_path: Path) -> None:
    (tmp_path / "q.yaml").write_text("- name: fast\n  namespace: team\n  maxConcurrent: 7\n")
    (tmp_path / "q.json").write_text('[{"name": "fast", "namespace": "team", "maxConcurrent": 7}]')
    from_yaml = read_queues(tmp_path / "q.yaml", None)
    assert from_yaml == read_queues(tmp_path / "q.json", None)
    assert from_yaml[0].key == "team/fast"


def test_only_what_the_list_says_is_applied() -> None:
    """A default that is sent would be owned by the set-up, and conflict with a user's value."""
    (queue,) = parse_queues([{"name": "fast", "priority": 3}], "team")
    assert queue.manifest() == {
        "apiVersion": "scanyard.dev/v1alpha1",
        "kind": "ScanQueue",
        "metadata": {"name": "fast", "namespace": "team"},
        "spec": {"priority": 3},
    }


def test_an_empty_file_is_an_empty_list(tmp_path: Path) -> None:
    (tmp_path / "q.yaml").write_text("# none yet\n")
    assert read_queues(tmp_path / "q.yaml", "team") == []


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([{"name": "a", "maxConcurent": 3}], r"queues\[0\]\.maxConcurent: .*not permitted"),
        ([{"name": "a"}, {"name": "b", "maxConcurrent": -1}], r"queues\[1\]\.maxConcurrent: "),
        ([{"name": "a", "stopPolicy": "Stop"}], r"queues\[0\]\.stopPolicy: .*'Hold'"),
        ([{"maxConcurrent": 3}], r"queues\[0\]\.name: "),
        ([{"name": "Not A Name"}], r"queues\[0\]\.name: "),
        ([{"name": "a", "namespace": "../b"}], r"queues\[0\]\.namespace: "),
        ({"name": "a"}, r"queues: .*valid list"),
        (["a"], r"queues\[0\]: "),
        ([{"name": "a"}, {"name": "a", "namespace": "team"}], r"queues\[1\]: team/a stands"),
    ],
)
def test_a_mistake_is_named_with_its_place(document: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        parse_queues(document, "team")


def test_a_queue_without_namespace_asks_for_one() -> None:
    with pytest.raises(InvalidInputError, match="--namespace"):
        parse_queues([{"name": "a"}], None)


@pytest.mark.parametrize("content", [b"- {name: [", b"\xff\xfe\x00"])
def test_a_file_that_is_not_yaml_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "q.yaml").write_bytes(content)
    with pytest.raises(InvalidInputError, match="not YAML or JSON"):
        read_queues(tmp_path / "q.yaml", "team")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"absent\.yaml: No such file"):
        read_queues(tmp_path / "absent.yaml", "team")


def test_a_template_of_pods_is_sent_as_it_stands() -> None:
    template = {
        "resources": {"limits": {"cpu": "2", "memory": "1Gi", "ephemeral-storage": "1Gi"}},
        "nodeSelector": {"example.com/pool": "scans"},
        "tolerations": [{"key": "scans", "operator": "Exists", "tolerationSeconds": 60}],
        "imagePullSecrets": [{"name": "one"}],
    }
    (queue,) = parse_queues([{"name": "a", "podTemplate": template}], "team")
    assert queue.spec == {"podTemplate": template}
    cores = {"podTemplate": {"resources": {"limits": {"cpu": 2}}}}
    (queue,) = parse_queues([{"name": "a", **cores}], "team")
    assert queue.spec["podTemplate"]["resources"]["limits"] == {"cpu": "2"}
    with pytest.raises(InvalidInputError, match=r"podTemplate\.serviceAccountName"):
        parse_queues([{"name": "a", "podTemplate": {"serviceAccountName": "admin"}}], "team")
