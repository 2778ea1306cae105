"""The Pod of an attempt: one container, no shell, no token, as few rights as the scan allows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from scanyard.api import names
from scanyard.controller.context import Context
from scanyard.controller.subjects import job_fields
from scanyard.lifecycle.job import Job
from scanyard.lifecycle.pods.pod import SCANNER_CONTAINER
from scanyard.lifecycle.pods.template import apply_template
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.status import Attempt
from scanyard.runner.options import container_command
from scanyard.runner.own_lines import LOG_ABOUT
from scanyard.scanners import Command, image
from scanyard.settings import LogFormat

_SCRATCH_LIMIT = "64Mi"
#: A gate that nobody lifts: the Pod takes its name and never runs.
_TOMBSTONE_GATE = f"{names.GROUP}/tombstone"


def attempt_pod(
    context: Context,
    job: Job,
    attempt: Attempt,
    queue: Queue,
    command: Command,
    resolved: Mapping[str, tuple[str, ...]],
) -> dict[str, Any]:
    """The Pod that runs the command once, within the attempt's timeout; `queue` admitted it."""
    seconds = job.timeout_of(attempt)
    spec = _base_spec(context, seconds)
    spec["containers"] = [_container(context, seconds, command)]
    if context.settings.log_format is LogFormat.JSON:
        spec["containers"][0]["env"] = [{"name": LOG_ABOUT, "value": _about(job, attempt)}]
    apply_template(spec, queue.pod_template)
    if resolved:
        # Pins what was judged: the scanner asks /etc/hosts before any name server.
        spec["hostAliases"] = [
            {"ip": address, "hostnames": [name]}
            for name, addresses in resolved.items()
            for address in addresses
        ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(job, attempt, names.ROLE_ATTEMPT, owned=True),
        "spec": spec,
    }


def _about(job: Job, attempt: Attempt) -> str:
    """What the runner's own lines are about."""
    fields = job_fields(job, attempt.number, attempt.queue) | {"fence": attempt.fence}
    return json.dumps(fields, separators=(",", ":"))


def tombstone_pod(context: Context, job: Job, attempt: Attempt) -> dict[str, Any]:
    """A Pod that only takes the attempt's name. It has no owner: it must outlive the ScanJob."""
    spec = _base_spec(context, job.timeout_of(attempt))
    spec["schedulingGates"] = [{"name": _TOMBSTONE_GATE}]
    spec["containers"] = [
        {
            "name": SCANNER_CONTAINER,
            "image": context.settings.scanner_image,
            "command": ["/bin/false"],
            "securityContext": _container_security(needs_net_raw=False),
        }
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(job, attempt, names.ROLE_TOMBSTONE, owned=False),
        "spec": spec,
    }


def _metadata(job: Job, attempt: Attempt, role: str, *, owned: bool) -> dict[str, Any]:
    meta: dict[str, Any] = {
        "name": attempt.pod_name,
        "namespace": job.namespace,
        "labels": {
            names.LABEL_MANAGED_BY: names.MANAGED_BY,
            names.LABEL_UID: job.uid,
            names.LABEL_ATTEMPT: str(attempt.number),
            names.LABEL_QUEUE: names.queue_label(attempt.queue),
            names.LABEL_ROLE: role,
            # A mesh's proxy answers every port as open and outlives the scan.
            "sidecar.istio.io/inject": "false",
        },
        "annotations": {
            names.ANNOTATION_SCANJOB: job.key,
            names.ANNOTATION_QUEUE: attempt.queue,
            "sidecar.istio.io/inject": "false",
            "linkerd.io/inject": "disabled",
            "kuma.io/sidecar-injection": "disabled",
            "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
            "karpenter.sh/do-not-disrupt": "true",
        },
    }
    if attempt.packets_per_second:
        # A leader that never saw its ScanJob counts it on the budgets all the same.
        meta["annotations"][names.ANNOTATION_PACKETS] = str(attempt.packets_per_second)
    if owned:
        meta["ownerReferences"] = [
            {
                "apiVersion": names.API_VERSION,
                "kind": names.SCANJOB_KIND,
                "name": job.name,
                "uid": job.uid,
                "controller": True,
                "blockOwnerDeletion": False,
            }
        ]
    return meta


def _base_spec(context: Context, timeout_seconds: int) -> dict[str, Any]:
    settings = context.settings
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "activeDeadlineSeconds": timeout_seconds,
        "terminationGracePeriodSeconds": settings.scan_grace_seconds,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        # Targets are pinned; a script that follows a redirect to another name gets no address.
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["127.0.0.1"]},
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": image.USER_ID,
            "runAsGroup": image.USER_ID,
            "fsGroup": image.USER_ID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": _SCRATCH_LIMIT}}],
    }
    if settings.scanner_image_pull_secrets:
        spec["imagePullSecrets"] = [{"name": n} for n in settings.scanner_image_pull_secrets]
    return spec


def _container(context: Context, timeout_seconds: int, command: Command) -> dict[str, Any]:
    settings = context.settings
    # The kubelet enforces activeDeadlineSeconds; the runner's own limit stands behind it.
    start = container_command(command, timeout_seconds=timeout_seconds)
    return {
        "name": SCANNER_CONTAINER,
        "image": settings.scanner_image,
        "imagePullPolicy": settings.scanner_image_pull_policy,
        "command": list(start.command),
        "args": list(start.args),
        "workingDir": image.WORK_DIRECTORY,
        "resources": settings.scan_resources,
        "terminationMessagePolicy": "File",
        "terminationMessagePath": image.TERMINATION_LOG,
        "securityContext": _container_security(needs_net_raw=command.needs_net_raw),
        "volumeMounts": [{"name": "scratch", "mountPath": image.WORK_DIRECTORY}],
    }


def _container_security(*, needs_net_raw: bool) -> dict[str, Any]:
    capabilities: dict[str, list[str]] = {"drop": ["ALL"]}
    if needs_net_raw:
        capabilities["add"] = ["NET_RAW"]
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": capabilities,
    }
