"""Names that other programs see: API group, resources, labels, annotations, Pod names."""

from __future__ import annotations

import hashlib
from typing import Final

GROUP: Final = "scanyard.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
CATEGORY: Final = "scanyard"

SCANJOB_KIND: Final = "ScanJob"
SCANJOB_PLURAL: Final = "scanjobs"
SCANQUEUE_KIND: Final = "ScanQueue"
SCANQUEUE_PLURAL: Final = "scanqueues"

DEFAULT_QUEUE: Final = "default"
NAMESPACE_PATTERN: Final = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"

# Labels on attempt Pods. A label value takes 63 characters, so the queue is hashed.
LABEL_MANAGED_BY: Final = "app.kubernetes.io/managed-by"
MANAGED_BY: Final = "scanyard"
LABEL_UID: Final = f"{GROUP}/uid"
LABEL_ATTEMPT: Final = f"{GROUP}/attempt"
LABEL_QUEUE: Final = f"{GROUP}/queue"
LABEL_ROLE: Final = f"{GROUP}/role"
# Below a queue's maxConcurrentPerNode; no node has two Pods of the queue with one number.
LABEL_NODE_SLOT: Final = f"{GROUP}/node-slot"
ROLE_ATTEMPT: Final = "attempt"
ROLE_TOMBSTONE: Final = "tombstone"
# On the ScanQueue and the ScanJob of `scanyard self-test`, which replaces and deletes no others.
LABEL_SELF_TEST: Final = f"{GROUP}/self-test"

# Annotations on ScanQueues, which only the platform may write. STOP is set while an emergency stop
# is in force (its value tells since when), STOP_LIFTED tells when the last one was lifted. RELEASE
# names attempts, "<ScanJob uid>/<number>" separated by commas, whose unconfirmed end is to count.
ANNOTATION_STOP: Final = f"{GROUP}/stop"
ANNOTATION_STOP_LIFTED: Final = f"{GROUP}/stop-lifted"
ANNOTATION_RELEASE: Final = f"{GROUP}/release"

# Annotation on ScanJobs: whoever sets it to a new token gets an answer in status.explanation.
ANNOTATION_EXPLAIN: Final = f"{GROUP}/explain"
# Who created a ScanJob, as the chart's MutatingAdmissionPolicy writes it; nobody else may.
ANNOTATION_REQUESTER: Final = f"{GROUP}/requested-by"

# Annotations on attempt Pods: the full "namespace/name" of what the labels stand for.
ANNOTATION_SCANJOB: Final = f"{GROUP}/scanjob"
ANNOTATION_QUEUE: Final = f"{GROUP}/queue"
ANNOTATION_PACKETS: Final = f"{GROUP}/packets-per-second"

POD_NAME_PREFIX_LENGTH: Final = 40


def pod_name(job_name: str, uid: str, attempt: int) -> str:
    """Name of an attempt's Pod: `<job, at most 40>-<first 8 of uid>-<attempt>`, at most 63 long.

    The uid keeps a ScanJob that was deleted and created again apart from its namesake.
    """
    prefix = job_name[:POD_NAME_PREFIX_LENGTH].rstrip("-.")
    return f"{prefix}-{uid[:8]}-{attempt}"


def queue_label(queue_key: str) -> str:
    """Label value for the queue with the key "namespace/name": 16 hex digits of its SHA-256."""
    return hashlib.sha256(queue_key.encode()).hexdigest()[:16]
