"""One Lease as a lock: taken when it is free or has not moved for its time, renewed, given back.

Every write carries the resourceVersion that was read, so that of two candidates one gets 409.
Nobody's wall clock is trusted: a candidate waits until it has itself seen the Lease unchanged for
the Lease's whole duration, and a holder counts its own time from before it asked for the renewal.
Both use CLOCK_BOOTTIME, which goes on while the process or the machine is frozen. The times that
a Lease shows, and the number of a new one, are the API server's, for all candidates alike.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from scanyard.errors import ScanyardError
from scanyard.kube.client import KubeClient
from scanyard.kube.errors import KubeConflictError, KubeNotFoundError
from scanyard.kube.resources import LEASES
from scanyard.kube.server_clock import boot_seconds

#: The name of every Lease of Scanyard.
LEASE_NAME = "scanyard"
#: The part of its time that a holder does not use: requests under way end in it, and clocks that
#: do not run quite alike do no harm.
_MARGIN = 0.2


class LeaseLostError(ScanyardError):
    """This process leads no more: it must change nothing and end."""


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """What a Lease says; `holder` is empty when it was given back."""

    holder: str
    transitions: int
    seconds: float

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Self:
        """From the raw object."""
        spec = raw.get("spec") or {}
        return cls(
            holder=spec.get("holderIdentity") or "",
            transitions=spec.get("leaseTransitions") or 0,
            seconds=float(spec.get("leaseDurationSeconds") or 0),
        )


class Sightings:
    """Since when each Lease has been seen unchanged."""

    def __init__(self, clock: Callable[[], float] = boot_seconds) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[str, float]] = {}

    def is_live(self, raw: Mapping[str, Any]) -> bool:
        """Whether somebody holds it, for all that this process has seen."""
        return self.seconds_left(raw) > 0

    def seconds_left(self, raw: Mapping[str, Any]) -> float:
        """How long it must be seen unchanged from now on until it may be taken.

        By its version, not by its renewTime: a clock that stands for a moment may tell that twice.
        """
        record, meta = LeaseRecord.read(raw), raw["metadata"]
        known, since = self._seen.get(meta["uid"], ("", 0.0))
        if known != meta["resourceVersion"]:
            since = self._clock()
            self._seen[meta["uid"]] = (meta["resourceVersion"], since)
        return since + record.seconds - self._clock() if record.holder else 0.0


class Lease:
    """The Lease `scanyard` of one namespace, for a holder of that identity."""

    def __init__(
        self,
        kube: KubeClient,
        namespace: str,
        *,
        identity: str,
        seconds: float,
        unix_seconds: Callable[[], float],
        clock: Callable[[], float] = boot_seconds,
    ) -> None:
        self.namespace = namespace
        self._unix_seconds = unix_seconds
        self._kube = kube
        self._identity = identity
        self._seconds = seconds
        self._clock = clock
        self._sightings = Sightings(clock)
        self._held: dict[str, Any] | None = None
        self._deadline = float("-inf")
        #: After a try: how long another still has it at least; 0 where that is not known.
        self.seconds_left = 0.0

    @property
    def fence(self) -> int:
        """The number of this leadership."""
        if self._held is None:
            raise LeaseLostError(f"the Lease {self.namespace}/{LEASE_NAME} is not held")
        return LeaseRecord.read(self._held).transitions

    def check(self) -> None:
        """Raise LeaseLostError unless it is surely still held."""
        late = self._clock() - self._deadline
        if late >= 0:
            raise LeaseLostError(
                f"the Lease {self.namespace}/{LEASE_NAME} could not be renewed in time"
            )

    async def try_acquire(self) -> str:
        """Take it if it can be taken; returns who holds it otherwise, and "" once it is held.

        Raises KubeError; then it may be held all the same, and the next try finds out.
        """
        self.seconds_left = 0.0
        try:
            raw = await self._kube.get(LEASES, self.namespace, LEASE_NAME)
        except KubeNotFoundError:
            return await self._create()
        record = LeaseRecord.read(raw)
        left = self._sightings.seconds_left(raw)
        if record.holder != self._identity and left > 0:
            self.seconds_left = left
            return record.holder
        # An earlier try without an answer may have been carried out: then it is ours already.
        ours = record.holder == self._identity
        try:
            await self._write(raw, record.transitions + (0 if ours else 1))
        except (KubeConflictError, KubeNotFoundError):
            return "another candidate"
        return ""

    async def renew(self) -> None:
        """Prolong it; raises LeaseLostError if another has it, and KubeError if nobody answers."""
        if self._held is None:
            raise LeaseLostError(f"the Lease {self.namespace}/{LEASE_NAME} is not held")
        try:
            await self._write(self._held, self.fence)
        except KubeNotFoundError as error:
            raise LeaseLostError(f"the Lease {self.namespace}/{LEASE_NAME} is gone") from error
        except KubeConflictError:
            # A renewal without an answer that was done, or somebody's label: still ours, then.
            raw = await self._read()
            if LeaseRecord.read(raw).holder != self._identity:
                raise LeaseLostError(self._taken_by(raw)) from None
            self._held = raw

    async def release(self, at_least: int = 0) -> None:
        """Give it back so that others need not wait; the next fence will be above `at_least`."""
        held, self._held, self._deadline = self._held, None, float("-inf")
        if held is None:
            return
        body = copy.deepcopy(held)
        number = max(LeaseRecord.read(held).transitions, at_least)
        body["spec"] |= {"holderIdentity": "", "leaseTransitions": number}
        await self._kube.replace(LEASES, self.namespace, LEASE_NAME, body)

    async def _read(self) -> dict[str, Any]:
        try:
            return await self._kube.get(LEASES, self.namespace, LEASE_NAME)
        except KubeNotFoundError as error:
            raise LeaseLostError(f"the Lease {self.namespace}/{LEASE_NAME} is gone") from error

    def _taken_by(self, raw: Mapping[str, Any]) -> str:
        holder = LeaseRecord.read(raw).holder or "nobody"
        return f"the Lease {self.namespace}/{LEASE_NAME} is held by {holder} now"

    async def _create(self) -> str:
        sent = self._clock()
        # Above the number of any Lease that was there before and was deleted, unless that was
        # within this second or the API server's clock was set back: then the ledger's fence tells
        # (release).
        body = {
            "metadata": {"name": LEASE_NAME, "namespace": self.namespace},
            "spec": self._spec(int(self._unix_seconds())) | {"acquireTime": self._now()},
        }
        try:
            raw = await self._kube.create(LEASES, self.namespace, body)
        except KubeConflictError:
            return "another candidate"
        self._holds(raw, sent)
        return ""

    async def _write(self, raw: Mapping[str, Any], transitions: int) -> None:
        sent = self._clock()
        body = copy.deepcopy(dict(raw))
        spec = self._spec(transitions)
        if LeaseRecord.read(raw).holder != self._identity:
            spec["acquireTime"] = self._now()
        body["spec"] = {**(raw.get("spec") or {}), **spec}
        self._holds(await self._kube.replace(LEASES, self.namespace, LEASE_NAME, body), sent)

    def _spec(self, transitions: int) -> dict[str, Any]:
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": round(self._seconds),
            "leaseTransitions": transitions,
            "renewTime": self._now(),
        }

    def _holds(self, raw: dict[str, Any], sent: float) -> None:
        self._held = raw
        self._deadline = sent + self._seconds * (1 - _MARGIN)

    def _now(self) -> str:
        instant = datetime.fromtimestamp(self._unix_seconds(), UTC)
        return instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
