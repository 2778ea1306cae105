"""The Argo CD scripts by the tests beside them, as Argo CD's own runner takes them.

The testdata are versions of real objects: `python -m tests.support.capture` takes them anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.support import argocd
from tests.support.argocd import CUSTOMIZATIONS, Health
from tests.support.every_phase import PHASES

FOLDERS: Final = sorted(path.parent for path in CUSTOMIZATIONS.glob("*/*/health.lua"))
_PRESSED: Final = {
    "ScanJob": {"cancel", "rerun", "suspend", "resume"},
    "ScanQueue": {"hold", "drain", "release"},
}


def _health_tests() -> Iterator[Any]:
    for folder in FOLDERS:
        for test in _load(folder / "health_test.yaml")["tests"]:
            name = f"{folder.name}/{test['inputPath']}"
            yield pytest.param(folder / test["inputPath"], test["healthStatus"], id=name)


def _action_tests(kind: str) -> Iterator[Any]:
    for folder in (found / "actions" for found in FOLDERS):
        for test in _load(folder / "action_test.yaml")[kind]:
            name = f"{folder.parent.name}/{test.get('action', 'discovery')}/{test['inputPath']}"
            yield pytest.param(folder, test, id=name)


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize(("path", "wanted"), [*_health_tests()])
def test_health(path: Path, wanted: Mapping[str, str]) -> None:
    assert argocd.health(_load(path)) == Health(**wanted)


@pytest.mark.parametrize(("folder", "test"), [*_action_tests("discoveryTests")])
def test_discovery(folder: Path, test: Mapping[str, Any]) -> None:
    offered = argocd.actions(_load(folder / test["inputPath"]))
    told = [{"name": name, **words} for name, words in offered.items()]
    wanted = test["result"]
    assert sorted(told, key=_name) == sorted(wanted, key=_name)


@pytest.mark.parametrize(("folder", "test"), [*_action_tests("actionTests")])
def test_action(folder: Path, test: Mapping[str, str]) -> None:
    before = _load(folder / test["inputPath"])
    assert argocd.after_action(before, test["action"]) == _load(folder / test["expectedOutputPath"])


def _name(action: Mapping[str, Any]) -> str:
    return str(action["name"])


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_everything_has_its_tests(folder: Path) -> None:
    """Each file of testdata is judged, and each action is discovered, and pressed."""
    judged = {test["inputPath"] for test in _load(folder / "health_test.yaml")["tests"]}
    assert judged == {f"testdata/{path.name}" for path in (folder / "testdata").iterdir()}
    tests = _load(folder / "actions/action_test.yaml")
    scripts = {path.parent.name for path in folder.glob("actions/*/action.lua")}
    assert scripts == _PRESSED[folder.name]
    assert {test["action"] for test in tests["actionTests"]} == scripts
    for test in tests["discoveryTests"]:
        assert {action["name"] for action in test["result"]} == scripts


def test_every_phase_is_among_the_testdata() -> None:
    found = {_load(path)["status"]["phase"] for path in _captured("ScanJob")}
    assert found == PHASES


@pytest.mark.parametrize("kind", sorted(_PRESSED))
def test_nothing_is_done_by_a_button_that_is_not_offered(kind: str) -> None:
    """Argo CD runs an action that is disabled, if somebody calls it by its API."""
    for path in _captured(kind):
        resource = _load(path)
        for name, words in argocd.actions(resource).items():
            patch = argocd.patch_of_action(resource, name)
            assert words["disabled"] or patch.keys() == {"spec"}, f"{path.name}: {name}"
            if words["disabled"] and "deletionTimestamp" not in resource["metadata"]:
                assert patch == {}, f"{path.name}: {name}"


def test_a_new_token_counts_even_where_the_generation_was_seen() -> None:
    job = _load(CUSTOMIZATIONS / "scanyard.dev/ScanJob/testdata/succeeded.yaml")
    job["spec"]["rerunToken"] = "next"
    assert argocd.health(job).status == "Progressing"
    assert argocd.actions(job)["cancel"]["disabled"] is False
    assert argocd.patch_of_action(job, "rerun") == {}
    job["status"]["rerunToken"] = "next"
    assert argocd.health(job).status == "Healthy"


def test_a_rerun_takes_the_cancel_back_with_a_token_that_is_new() -> None:
    job = _load(CUSTOMIZATIONS / "scanyard.dev/ScanJob/testdata/cancelled.yaml")
    job["spec"]["rerunToken"] = job["status"]["rerunToken"] = "argocd-1"
    assert job["metadata"]["generation"] == 1
    assert argocd.patch_of_action(job, "rerun") == {
        "spec": {"rerunToken": "argocd-1-again", "cancel": False}
    }


def test_what_argo_cd_reads_from_its_config_map_are_these_scripts() -> None:
    config = _load(CUSTOMIZATIONS.parent / "argocd-cm.yaml")
    assert config["metadata"]["name"] == "argocd-cm"
    data = config["data"]
    for folder in FOLDERS:
        key = f"{folder.parent.name}_{folder.name}"
        health = data.pop(f"resource.customizations.health.{key}")
        assert health == (folder / "health.lua").read_text()
        actions = yaml.safe_load(data.pop(f"resource.customizations.actions.{key}"))
        assert actions["discovery.lua"] == (folder / "actions/discovery.lua").read_text()
        scripts = {item["name"]: item["action.lua"] for item in actions["definitions"]}
        assert scripts == {
            path.parent.name: path.read_text() for path in folder.glob("actions/*/action.lua")
        }
    assert data == {}


def _captured(kind: str) -> list[Path]:
    return sorted((CUSTOMIZATIONS / "scanyard.dev" / kind / "testdata").iterdir())
