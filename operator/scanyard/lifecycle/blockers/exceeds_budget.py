"""A rate that the packet budget can never give."""

from __future__ import annotations

from typing import Final

from scanyard.lifecycle.blockers.blocked import Blocked
from scanyard.lifecycle.decision import View
from scanyard.lifecycle.sharing.capacity import packets_of
from scanyard.lifecycle.status import JobStatus

REASON: Final = "ExceedsLimit"


def exceeds_budget(view: View, _status: JobStatus) -> Blocked | None:
    """Until the budget is raised; other ScanJobs go past it."""
    if view.queue is None:
        return None
    wanted = packets_of(view.job, view.queue, view.installation_packets)
    budgets = {
        f"packetsPerSecond of queue {view.queue.name}": view.queue.packets_per_second,
        "the installation's packetsPerSecond": view.installation_packets,
    }
    for name, budget in budgets.items():
        if 0 < budget < wanted:
            message = (
                f"it would send {wanted} packets a second and {name} is {budget}: create it anew "
                "with a lower packetsPerSecond, or raise the budget"
            )
            return Blocked("exceeds-packets", REASON, message, mistake=True)
    return None
