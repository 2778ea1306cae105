"""What a test's namespace went through, for the audit: all events, and certainly the last ones."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

from tests.support.audit import Verdict, judge
from tests.support.audit_objects import Kind, Seen
from tests.support.kube import eventually
from tests.support.scans import Lab
from tests.support.watching import Recorder

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

    def seen(self, *kinds: Kind) -> list[Seen]:
        """All events of those kinds until now; a recorder that never catches up is a failure."""
        for kind in kinds:
            self._catch_up(kind)
        return [
            Seen(kind, event.type, event.object, event.at)
            for kind in kinds
            for event in self._recorders[kind].events()
        ]

    def verdict(self, *, ends: Mapping[str, float] | None = None) -> Verdict:
        """Judge everything until now.

        `ends`: of Pods by name, when (time.monotonic()) their scanner was seen to have ended.
        """
        return judge(self.seen(*self._recorders), ends=ends)

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
