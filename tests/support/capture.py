"""`python -m tests.support.capture`: the testdata of the Argo CD scripts, from the test cluster.

Each file is one version of a real object as the API server gave it, without managedFields, which
kubectl does not show either.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from scanyard.api.names import ANNOTATION_STOP
from tests.support.argocd import CUSTOMIZATIONS
from tests.support.every_phase import PHASES, come_to_every_phase
from tests.support.installation import Installation, ensure_installed
from tests.support.installed_redis import InstalledRedis
from tests.support.nodeless import let_nodes_fit
from tests.support.scans import Lab, Scan, condition, phase
from tests.support.specs import endless, quick
from tests.support.targets import Targets, target_pods

Json = Mapping[str, Any]

_ALWAYS: Final = {"start": "* * * * *", "durationSeconds": 60}
#: Specs of queues by the state that they come to.
_STATES: Final[dict[str, dict[str, Any]]] = {
    "Admitting": {},
    "Held": {"stopPolicy": "Hold"},
    "Draining": {"stopPolicy": "HoldAndDrain"},
    "OutsideWindow": {"windows": [{"start": "0 0 29 2 *", "durationSeconds": 60}]},
    "InvalidWindow": {"windows": [_ALWAYS | {"timeZone": "Mars/Olympus"}]},
}


def main() -> int:
    """Write all of them; for some seconds the installation's Redis cannot be used."""
    installation = ensure_installed()
    with target_pods(installation.cluster) as targets, Lab(installation.cluster) as lab:
        _scan_jobs(lab, targets)
        _scan_queues(lab, installation)
    return 0


def _scan_jobs(lab: Lab, targets: Targets) -> None:
    come_to_every_phase(lab, targets)
    first: dict[str, Json] = {}
    for event in lab.scanjobs.events():
        # A new one and one that nobody has told of yet look the same; Queued is what tells more.
        first.setdefault(phase(event.object), event.object)
    assert first.keys() == PHASES
    for name, job in first.items():
        _write(job, name)
    _write(lab.submit("no-queue", queue="absent", **quick(targets.one)).reach("Queued"), "mistake")
    let_nodes_fit(lab)
    running = lab.submit("ends", queue="wide", **endless(targets.one))
    running.reach("Running")
    running.change(cancel=True)
    _write(running.wait(_is_stopping, "is being stopped"), "stopping")
    path = lab.namespace.path("scanjobs", "queued")
    patch = {"spec": {"rerunToken": "2026-11"}}
    asked = lab.namespace.patch("scanjobs", "queued", patch).expect()
    _write(asked, "rerun-asked")
    version = int(asked["metadata"]["resourceVersion"])
    Scan(lab, "queued").reach("Running", after=version)
    foreground = {"propagationPolicy": "Foreground"}
    _write(lab.cluster.request("DELETE", path, foreground).expect(), "deleting")


def _is_stopping(job: Json) -> bool:
    return condition(job, "Reconciling", "reason") == "Cancelling"


def _scan_queues(lab: Lab, installation: Installation) -> None:
    _write(lab.namespace.create("scanqueues", _queue("new")).expect(), "new")
    for state, spec in _STATES.items():
        lab.queue(state.lower(), **spec)
    lab.queue("emergencystop")
    stop = {"metadata": {"annotations": {ANNOTATION_STOP: "2026-11-22T10:00:00Z"}}}
    lab.namespace.patch("scanqueues", "emergencystop", stop).expect()
    for state in (*_STATES, "EmergencyStop"):
        _write_queue(lab, state.lower(), state)
    redis = InstalledRedis(installation)
    with redis.client() as admin:
        admin.config_set("maxmemory-policy", "allkeys-lru")
        try:
            admin.flushall()
            _write_queue(lab, "admitting", "LedgerUnavailable")
        finally:
            admin.config_set("maxmemory-policy", "noeviction")


def _queue(name: str) -> dict[str, Any]:
    return {"kind": "ScanQueue", "metadata": {"name": name}, "spec": {}}


def _write_queue(lab: Lab, name: str, state: str) -> None:
    lab.wait_queue(name, lambda status: _state(status) == state, seconds=60)
    _write(lab.namespace.get("scanqueues", name), state)


def _state(status: Json) -> str:
    return condition({"status": dict(status)}, "Ready", "reason")


def _write(resource: Json, name: str) -> None:
    metadata = {k: v for k, v in resource["metadata"].items() if k != "managedFields"}
    folder: Path = CUSTOMIZATIONS / "scanyard.dev" / resource["kind"] / "testdata"
    text = yaml.safe_dump({**resource, "metadata": metadata}, sort_keys=False, width=1000)
    file = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
    (folder / f"{file}.yaml").write_text(text)


if __name__ == "__main__":
    sys.exit(main())
