"""What a test's namespace went through, for the audit: all events, and certainly the last ones."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

from tests.support.audit import SETTLING_SECONDS, Verdict, judge
from tests.support.audit_objects import Kind, Seen
from tests.support.kube import eventually
from tests.support.scans import Lab
from tests.support.watching import Event, Recorder

_CATCH_UP_SECONDS: Final = 20.0


class Audit:
    """`with Audit(lab) as audit:` before anything is in the namespace, `audit.verdict()` later."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        queues = Recorder(lab.cluster, lab.namespace.path("scanqueues"))
        self._queues = queues
        self._recorders: dict[Kind, Recorder] = {
            "ScanQueue": queues,
            "ScanJob": lab.scanjobs,
            "Pod": lab.pods,
        }
        self._paths: dict[Kind, str] = {
            "ScanQueue": lab.namespace.path("scanqueues"),
            "ScanJob": lab.namespace.path("scanjobs"),
            "Pod": f"/api/v1/namespaces/{lab.name}/pods",
        }

    def __enter__(self) -> Self:
        self._queues.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._queues.__exit__(kind, error, traceback)

    def relist(self) -> None:
        """Bear that watches cannot be continued: the API server is going to be restarted."""
        for recorder in self._recorders.values():
            recorder.relists = True

    def queue_events(self) -> list[Event]:
        """All events of ScanQueues until now."""
        self._catch_up("ScanQueue")
        return self._queues.events()

    def verdict(
        self,
        *,
        settling_seconds: float = SETTLING_SECONDS,
        ends: Mapping[str, float] | None = None,
    ) -> Verdict:
        """Judge everything until now; a recorder that never catches up is a failure.

        `ends`: of Pods by name, when (time.monotonic()) their scanner was seen to have ended.
        """
        for kind in self._recorders:
            self._catch_up(kind)
        return judge(
            (
                Seen(kind, event.type, event.object, event.at, event.inferred)
                for kind, recorder in self._recorders.items()
                for event in recorder.events()
            ),
            settling_seconds=settling_seconds,
            ends=ends,
        )

    def _catch_up(self, kind: Kind) -> None:
        """Wait until the recorder knows what a consistent list, read now, shows."""
        items = self._lab.cluster.request("GET", self._paths[kind]).expect()["items"]
        listed = {
            item["metadata"]["uid"]: int(item["metadata"]["resourceVersion"]) for item in items
        }

        def behind() -> set[str]:
            known: dict[str, int] = {}
            gone: set[str] = set()
            for event in self._recorders[kind].events():
                uid = event.object["metadata"]["uid"]
                known[uid] = event.version
                if event.type == "DELETED":
                    gone.add(uid)
            late = {uid for uid, version in listed.items() if known.get(uid, 0) < version}
            return late | (known.keys() - gone - listed.keys())

        assert not self._recorders[kind].failure, self._recorders[kind].failure
        eventually(behind, lambda late: not late, seconds=_CATCH_UP_SECONDS)
