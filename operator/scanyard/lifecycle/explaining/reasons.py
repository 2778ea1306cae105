"""Every reason that a waiting ScanJob may be given: a closed list.

A program may rely on it: while a ScanJob waits, the reason of its condition Reconciling is one of
these. docs/waiting.md tells more of each; a test keeps the two together, and finds any other word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Reason:
    """`means`: a sentence for people; `mend`: what its user, or the platform, can do.

    `in_order`: it has a place in its queue's order meanwhile; else it is kept aside. `moves`: its
    message counts or names others, who come and go; that alone is not worth a write at once.
    """

    name: str
    means: str
    mend: str
    in_order: bool = False
    moves: bool = False


_LIST: Final = (
    Reason(
        "QueueFull",
        "All slots of its queue are in use.",
        "Wait, raise its priority, or have the queue's maxConcurrent raised.",
        in_order=True,
        moves=True,
    ),
    Reason(
        "BehindOthers",
        "Others of its queue go first.",
        "Wait, or raise its priority.",
        in_order=True,
        moves=True,
    ),
    Reason(
        "InstallationFull",
        "All slots of the whole installation are in use.",
        "Wait, or have the chart's maxConcurrentScans raised.",
        in_order=True,
        moves=True,
    ),
    Reason(
        "QueueHeld",
        "Somebody holds its queue, or an emergency stop is in force.",
        "Wait until the platform sets stopPolicy to None, or lifts the emergency stop.",
        in_order=True,
    ),
    Reason(
        "OutsideWindow",
        "No window of its queue is open.",
        "Wait for the next window, or use a queue that is open now.",
        in_order=True,
    ),
    Reason(
        "QueueNotFound",
        "The queue that it names is not there.",
        "Create the queue, or name another one in queueRef.",
        in_order=True,
    ),
    Reason(
        "NamespaceNotAllowed",
        "Its queue takes no ScanJobs of its namespace.",
        "Name another queue in queueRef, or have the namespace added to allowedNamespaces.",
    ),
    Reason(
        "TooManyPending",
        "More ScanJobs of its namespace wait than its queue takes.",
        "Wait until some have run, delete some, or have limits.maxPending raised.",
        moves=True,
    ),
    Reason(
        "NamespaceLimit",
        "Its namespace uses all the slots that it may have in its queue.",
        "Wait until one of them is free, or have the queue's maxConcurrentPerNamespace raised.",
        moves=True,
    ),
    Reason(
        "BudgetExhausted",
        "Running scans use the packets a second that it needs.",
        "Wait, or create it anew with a lower packetsPerSecond.",
        moves=True,
    ),
    Reason(
        "TargetBusy",
        "Running scans probe some of the same targets.",
        "Wait until they have ended.",
        moves=True,
    ),
    Reason(
        "WaitingForDependency",
        "A ScanJob of its dependsOn has not come to what it waits for.",
        "See that one; create it if it is missing, run it again if it failed.",
        moves=True,
    ),
    Reason(
        "NotBefore",
        "Its notBefore has not come.",
        "Wait, or create it anew without notBefore.",
    ),
    Reason(
        "OutOfScope",
        "A target is outside of what its queue or the installation allows.",
        "Create it anew without that target, use another queue, or have the scope widened.",
    ),
    Reason(
        "ExceedsLimit",
        "It asks for more than its queue or the installation ever gives.",
        "Create it anew with less, use another queue, or have the limit raised.",
    ),
    Reason(
        "ScannerNotAllowed",
        "Its queue does not run this scanner.",
        "Name another queue in queueRef, or have the scanner added to allowedScanners.",
    ),
    Reason(
        "RetryBackoff",
        "An attempt failed; the next one comes after a pause.",
        "Wait; the message says what failed and when it is tried again.",
    ),
    Reason(
        "TargetUnresolvable",
        "A name in its targets has no address, or none that can be scanned with the others.",
        "Mend the name in DNS; it is tried again by itself.",
    ),
    Reason(
        "PodRefused",
        "The API server does not take its Pod, for example because of a quota.",
        "Do what the message says; it is tried again by itself.",
    ),
    Reason(
        "PodNameTaken",
        "A Pod that is not its own has the name that its Pod needs.",
        "Delete that Pod; it is tried again by itself under the next name.",
    ),
    Reason(
        "SlotHeldNodeLost",
        "Its last scan may still run on a node that does not answer, so its slot is held.",
        "Wait, or free the slot by `scanyard release --force` if you know that it has stopped.",
    ),
    Reason(
        "EarlierPodRunning",
        "A Pod of an earlier attempt turned up late and is being ended.",
        "Wait; nothing begins before it has stopped.",
    ),
)

REASONS: Final[Mapping[str, Reason]] = {reason.name: reason for reason in _LIST}
