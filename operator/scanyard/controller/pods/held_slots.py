"""The slots that are held without an open attempt, as this leader knows them."""

from __future__ import annotations

from scanyard.lifecycle.pods.held_slot import HeldSlot


class HeldSlots:
    """At most one for each ScanJob, by its uid.

    `told`: as the status of its queue is to have it. `gone`: its Pod went away unread, and the
    slot's end was settled by that.
    """

    def __init__(self) -> None:
        self.told: dict[str, HeldSlot] = {}
        self.gone: dict[str, HeldSlot] = {}
        #: Queues (namespace/name) whose status does not have them all yet, or has too many.
        self.untold: set[str] = set()

    def settled(self, job_uid: str) -> None:
        """The ledger has its slot no more: whatever freed it must not be asked again."""
        self.gone.pop(job_uid, None)

    def uids(self) -> set[str]:
        """The ScanJobs of all of them."""
        return self.told.keys() | self.gone.keys()

    def of_queue(self, queue: str) -> list[HeldSlot]:
        """Those of a queue that its status is to tell."""
        slots = (slot for slot in self.told.values() if slot.queue == queue)
        return sorted(slots, key=lambda slot: (slot.job_name, slot.job_uid))

    def tell(self, job_uid: str, slot: HeldSlot | None) -> set[str]:
        """Note what is to be told of a ScanJob's slot; returns the queues to write it to."""
        before = self.told.pop(job_uid, None)
        if slot is not None:
            self.told[job_uid] = slot
        queues = {item.queue for item in (before, slot) if item is not None}
        if before != slot:
            self.untold |= queues
        return queues & self.untold
