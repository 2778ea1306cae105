"""Users who change their minds: cancel, suspend, run again, delete and re-create ScanJobs."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from tests.chaos.platform import QUEUES, Platform
from tests.chaos.timeouts import PORTS
from tests.support.kube import MERGE_PATCH, Reply
from tests.support.scans import Lab, condition, resource

_RATES: Final = (10, 20, 50)
#: Of ScanJobs that wait for an earlier one; of those that wait for a time, and for how long.
_DEPENDS: Final = 0.15
_LATER: Final = 0.1
_LATER_SECONDS: Final = (1, 20)
#: Of those whose timeout is worked out; of those that may find no node; of those that are kept for
#: a while after their end, and for how long.
_ADAPTIVE: Final = 0.2
_IMPATIENT: Final = 0.1
_RETAINED: Final = 0.2
_KEPT_SECONDS: Final = (0, 5, 20)
#: Each so-manieth ScanJob is of the other namespace.
_GUESTS: Final = 3
#: Some targets overlap, and no queue starts a scan of what is being scanned: more ScanJobs, more
#: addresses, else they would wait for each other long after everything else has ended.
_ADDRESSES_A_SHARE: Final = 40
_MOST_ADDRESSES: Final = 256
_BLOCKS: Final = ("192.0.2.0/29", "192.0.2.32/30", "192.0.2.16-192.0.2.18")


class Users:
    """Act on the ScanJobs of two namespaces, and let the platform act; each may be refused.

    `shares`: how many times the usual number of ScanJobs there will be.
    """

    def __init__(
        self, lab: Lab, guests: Lab, platform: Platform, chance: random.Random, *, shares: int
    ) -> None:
        self._lab = lab
        self._guests = guests
        self._chance = chance
        self._platform = platform
        self._shares = shares
        addresses = min(_ADDRESSES_A_SHARE * shares, _MOST_ADDRESSES)
        self._targets = (*(f"192.0.2.{number}" for number in range(addresses)), *_BLOCKS)
        self._submitted = 0
        self._tokens = 0
        self._names: list[str] = []
        #: Uids of the ScanJobs that they have deleted, or tried to.
        self.deleted: set[str] = set()

    @property
    def submitted(self) -> int:
        """How many ScanJobs were created."""
        return self._submitted

    def submit(self) -> None:
        """A new ScanJob."""
        name = f"scan-{self._submitted:04}"
        reply = self._create(name)
        # Created, though the connection broke before the API server could say so.
        there = reply.code == HTTPStatus.CONFLICT
        assert reply.code != HTTPStatus.UNPROCESSABLE_ENTITY, reply.message
        if reply.ok or there:
            self._submitted += 1
            self._names.append(name)

    def act(self) -> str:
        """One thing that users do; returns what."""
        actions: list[Callable[[str], str]] = [
            self._cancel,
            self._suspend,
            self._resume,
            self._rerun,
            self._delete,
            self._recreate,
            self._prioritise,
            self._retain,
            self._ask,
        ]
        if not self._names or self._chance.random() < 0.3:
            return self._platform.act()
        return self._chance.choice(actions)(self._chance.choice(self._names))

    def let_go(self, meanwhile: Callable[[], None]) -> None:
        """Let everything come to its end: nothing suspended, all queues open, wide for all."""
        self._platform.open_queues(self._shares)
        for lab in (self._lab, self._guests):
            path = lab.namespace.path("scanjobs")
            jobs = self._lab.cluster.request("GET", path).expect()["items"]
            there = {job["metadata"]["name"] for job in jobs}
            for job in jobs:
                needs = {need["name"] for need in job["spec"].get("dependsOn") or ()}
                # What depends on one that is gone would wait for ever.
                change = {} if needs <= there else {"cancel": True}
                if job["spec"].get("suspend"):
                    change["suspend"] = False
                if not change:
                    continue
                meanwhile()
                reply = self._patch(job["metadata"]["name"], change)
                # It may be gone: its time was over.
                if reply.code != HTTPStatus.NOT_FOUND:
                    reply.expect()

    def _create(self, name: str) -> Reply:
        spec: dict[str, Any] = {
            "scanner": "nmap",
            "targets": [self._chance.choice(self._targets)],
            "nmap": {"packetsPerSecond": self._chance.choice(_RATES)},
            "queueRef": {
                "name": self._chance.choice(list(QUEUES)),
                "namespace": self._lab.name,
            },
            "priority": self._chance.choice([-10, 0, 0, 0, 10]),
            "ports": PORTS,
        }
        if self._chance.random() < _ADAPTIVE:
            spec["timeoutPolicy"] = "Adaptive"
        else:
            spec["timeoutSeconds"] = 30
        if self._chance.random() < _IMPATIENT:
            spec["startDeadlineSeconds"] = 5
        if self._chance.random() < _RETAINED:
            spec["ttlSecondsAfterFinished"] = self._chance.choice(_KEPT_SECONDS)
        if self._chance.random() < _LATER:
            later = datetime.now(UTC) + timedelta(seconds=self._chance.randint(*_LATER_SECONDS))
            spec["notBefore"] = later.strftime("%Y-%m-%dT%H:%M:%SZ")
        # Of earlier ones only: no circle.
        home = self._home(name)
        earlier = [n for n in self._names if n < name and self._home(n) is home]
        if earlier and self._chance.random() < _DEPENDS:
            first = self._chance.choice(earlier[-20:])
            spec["dependsOn"] = [{"name": first, "condition": "Finished"}]
        return home.namespace.create("scanjobs", resource("ScanJob", name, spec))

    def _home(self, name: str) -> Lab:
        """Where that ScanJob is, also the next of its name."""
        return self._guests if int(name.rpartition("-")[2]) % _GUESTS == 0 else self._lab

    def _cancel(self, name: str) -> str:
        self._patch(name, {"cancel": True})
        return f"cancel {name}"

    def _suspend(self, name: str) -> str:
        self._patch(name, {"suspend": True})
        return f"suspend {name}"

    def _resume(self, name: str) -> str:
        self._patch(name, {"suspend": False})
        return f"resume {name}"

    def _rerun(self, name: str) -> str:
        self._tokens += 1
        token = f"token-{self._tokens}"
        self._patch(name, {"rerunToken": token, "cancel": False})
        return f"rerun {name}"

    def _prioritise(self, name: str) -> str:
        self._patch(name, {"priority": self._chance.choice([-50, 50])})
        return f"prioritise {name}"

    def _retain(self, name: str) -> str:
        seconds = self._chance.choice([None, *_KEPT_SECONDS])
        self._patch(name, {"ttlSecondsAfterFinished": seconds})
        return f"keep {name} for {'ever' if seconds is None else f'{seconds} s'}"

    def _delete(self, name: str) -> str:
        path = self._home(name).namespace.path("scanjobs", name)
        found = self._lab.cluster.request("GET", path)
        if found.ok:
            uid = found.body["metadata"]["uid"]
            self.deleted.add(uid)
            self._lab.cluster.request("DELETE", path, {"preconditions": {"uid": uid}})
        return f"delete {name}"

    def _recreate(self, name: str) -> str:
        self._delete(name)
        self._create(name)
        return f"delete and create {name}"

    def _ask(self, name: str) -> str:
        self._tokens += 1
        notes = {"annotations": {"scanyard.dev/explain": f"token-{self._tokens}"}}
        path = self._home(name).namespace.path("scanjobs", name)
        self._lab.cluster.request("PATCH", path, {"metadata": notes}, content_type=MERGE_PATCH)
        return f"ask why {name} waits"

    def _patch(self, name: str, spec: dict[str, Any]) -> Reply:
        path = self._home(name).namespace.path("scanjobs", name)
        return self._lab.cluster.request("PATCH", path, {"spec": spec}, content_type=MERGE_PATCH)


def is_finished(job: Any) -> bool:
    """Whether a ScanJob has come to its end, of the token that it asks for."""
    token = job["spec"].get("rerunToken")
    status = job.get("status") or {}
    # Before its first admission no token is recorded; a rerun that is wanted has not begun.
    ran = token is None or status.get("rerunToken") == token
    return condition(job, "Finished") == "True" and ran
