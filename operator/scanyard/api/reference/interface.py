"""What programs may rely on beside the fields: conditions, annotations, labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scanyard.api import names


@dataclass(frozen=True, slots=True)
class Mark:
    """An annotation or a label: on what, written by whom, and what it says."""

    name: str
    on: str
    by: str
    says: str


CONDITIONS: Final = {
    names.SCANJOB_KIND: {
        "Finished": "True after every outcome: the one to wait for. Its reason is the outcome's.",
        "Succeeded": "There when it has finished: True where the scanner came to its own end.",
        "Reconciling": "True while it waits, starts, runs or stops; its reason says why.",
        "Ready": "There when it has finished: True as Succeeded is, for kstatus.",
        "Stalled": "True when it ended otherwise and nothing more happens without a rerun.",
        "Suspended": "True while it is out of its queue; then none of the three for kstatus is.",
    },
    names.SCANQUEUE_KIND: {
        "Ready": "True while ScanJobs start as slots come free; its reason is the queue's state.",
        "Held": "True while stopPolicy or an emergency stop holds it; its reason says which.",
        "LedgerAvailable": "False while Redis is away, or its ledger is being rebuilt.",
        "NamespacesResolved": "There where allowedNamespaces asks for labels that this "
        "installation cannot read: False, and nobody is let in by them.",
        "NetworkPolicyComplete": "There where the installation keeps NetworkPolicies: whether "
        "the queue's says all of its scope.",
    },
}
"""Types by kind."""

ANNOTATIONS: Final = (
    Mark(
        names.ANNOTATION_EXPLAIN,
        "ScanJob",
        "whoever asks",
        "Asks why it waits; a new value is answered in status.explanation.",
    ),
    Mark(
        names.ANNOTATION_REQUESTER,
        "ScanJob",
        "the API server's policy",
        "Who created it, where the cluster records that; nobody else may write it.",
    ),
    Mark(
        names.ANNOTATION_STOP,
        "ScanQueue",
        "`scanyard stop`",
        "An emergency stop is in force, whatever the value, which tells since when.",
    ),
    Mark(
        names.ANNOTATION_STOP_LIFTED,
        "ScanQueue",
        "`scanyard stop --lift`",
        "When the last one ended: attempts admitted before count as ended by it.",
    ),
    Mark(
        names.ANNOTATION_RELEASE,
        "ScanQueue",
        "`scanyard release --force`",
        "Attempts, as uid/number with commas between, whose unconfirmed end is to count.",
    ),
    Mark(
        names.ANNOTATION_SCANJOB,
        "Pod",
        "the operator",
        "The ScanJob whose attempt it is, as namespace/name.",
    ),
    Mark(
        names.ANNOTATION_QUEUE,
        "Pod",
        "the operator",
        "The queue that gave the slot, as namespace/name.",
    ),
    Mark(
        names.ANNOTATION_PACKETS,
        "Pod",
        "the operator",
        "The most packets a second that it was told to send.",
    ),
)

LABELS: Final = (
    Mark(names.LABEL_MANAGED_BY, "Pod, NetworkPolicy", "the operator", "`scanyard`."),
    Mark(
        names.LABEL_ROLE,
        "Pod, NetworkPolicy",
        "the operator",
        "`attempt`; `tombstone`: it only keeps a name from being used; `queue-network`: the "
        "NetworkPolicy of a queue.",
    ),
    Mark(names.LABEL_UID, "Pod", "the operator", "The uid of its ScanJob."),
    Mark(names.LABEL_ATTEMPT, "Pod", "the operator", "The number of the attempt."),
    Mark(
        names.LABEL_QUEUE,
        "Pod",
        "the operator",
        "The first 16 hexadecimal digits of the SHA-256 of the queue's namespace/name.",
    ),
    Mark(
        names.LABEL_NODE_SLOT,
        "Pod",
        "the operator",
        "With maxConcurrentPerNode: no node has two Pods of a queue with one number.",
    ),
    Mark(
        names.LABEL_SELF_TEST,
        "ScanJob, ScanQueue",
        "`scanyard self-test`",
        "`true`: of the chart's test, which replaces and deletes nothing without it.",
    ),
)
