"""A NetworkPolicy for each queue, where the installation asks for them: written when it differs.

They belong to their queues and go with them. What somebody else changes or deletes is put right
within minutes: all are read that often, and at the start.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from scanyard.api import names
from scanyard.controller.context import Context
from scanyard.controller.subjects import queue_field
from scanyard.kube.errors import KubeError
from scanyard.kube.listing import list_in
from scanyard.kube.resources import NETWORK_POLICIES
from scanyard.lifecycle.queue import Queue
from scanyard.lifecycle.targets.network_policy import Policy, policy_for
from scanyard.logs import tells

log = logging.getLogger(__name__)

_EVERY_SECONDS, _READ_SECONDS, _RETRY_SECONDS = 1.0, 300.0, 30.0
_MANAGER: Final = "scanyard"
_LABELS: Final = {names.LABEL_MANAGED_BY: names.MANAGED_BY, names.LABEL_ROLE: "queue-network"}


class NetworkPolicies:
    """What stands in the cluster, by namespace/name of the policy."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stands: dict[str, Mapping[str, Any]] = {}
        self._wanted: dict[str, tuple[Queue, Policy]] = {}
        self._read_at = float("-inf")
        self._not_before: dict[str, float] = {}

    async def run(self) -> NoReturn:
        """Keep them for ever."""
        while True:
            await self.look()
            await asyncio.sleep(_EVERY_SECONDS)

    async def look(self) -> None:
        """Read them if it is time, and write those that differ."""
        if not self._context.listed.is_set():
            return
        if time.monotonic() - self._read_at >= _READ_SECONDS and not await self._read():
            return
        for uid in self._context.mirror.queues.uids():
            queue = self._context.mirror.queues.get(uid)
            if queue is not None:
                await self._keep(uid, queue)
        self._forget_gone()

    async def _read(self) -> bool:
        labels = ",".join(f"{key}={value}" for key, value in _LABELS.items())
        kube, scope = self._context.kube, self._context.settings.scope
        try:
            found, _ = await list_in(kube, scope, NETWORK_POLICIES, labels=labels)
        except KubeError as error:
            log.warning("the NetworkPolicies of queues cannot be read: %s", error)
            self._read_at = time.monotonic() - _READ_SECONDS + _RETRY_SECONDS
            return False
        self._read_at = time.monotonic()
        self._stands = {
            f"{raw['metadata']['namespace']}/{raw['metadata']['name']}": raw["spec"]
            for raw in found
        }
        return True

    def _policy(self, uid: str, queue: Queue) -> Policy:
        """Reckoned once for each scope; the deny list does not change while the operator runs."""
        known = self._wanted.get(uid)
        if known is None or known[0].scope != queue.scope:
            policy = policy_for(queue.key, queue.scope, self._context.deny)
            known = self._wanted[uid] = (queue, policy)
        return known[1]

    async def _keep(self, uid: str, queue: Queue) -> None:
        policy, name = self._policy(uid, queue), policy_name(queue)
        key = f"{queue.namespace}/{name}"
        if policy.spec is None or self._stands.get(key) == policy.spec:
            self._context.policy_states[queue.key] = policy.exact, policy.reason, policy.message
            return
        if time.monotonic() < self._not_before.get(uid, 0.0):
            return
        body = _body(uid, queue, name, policy.spec)
        try:
            await self._context.kube.apply(
                NETWORK_POLICIES, queue.namespace, name, body, manager=_MANAGER
            )
        except KubeError as error:
            self._not_before[uid] = time.monotonic() + _RETRY_SECONDS
            why = f"its NetworkPolicy {name} cannot be written: {error}"
            self._context.policy_states[queue.key] = False, "NotWritten", why[:1024]
            subject = tells(queue=queue_field(queue.key), reason="NotWritten")
            log.warning("queue %s: %s", queue.key, why, extra=subject)
            return
        self._stands[key] = policy.spec
        self._context.policy_states[queue.key] = policy.exact, policy.reason, policy.message

    def _forget_gone(self) -> None:
        for uid in [uid for uid in self._wanted if self._context.mirror.queues.get(uid) is None]:
            queue, _ = self._wanted.pop(uid)
            self._not_before.pop(uid, None)
            if self._context.mirror.queues.named(queue.key) is None:
                self._context.policy_states.pop(queue.key, None)
            self._stands.pop(f"{queue.namespace}/{policy_name(queue)}", None)


def policy_name(queue: Queue) -> str:
    """The name of its NetworkPolicy, in its namespace."""
    return f"scanyard-queue-{names.queue_label(queue.key)}"


def _body(uid: str, queue: Queue, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": name,
            "namespace": queue.namespace,
            "labels": _LABELS,
            "annotations": {names.ANNOTATION_QUEUE: queue.key},
            "ownerReferences": [
                {
                    "apiVersion": names.API_VERSION,
                    "kind": names.SCANQUEUE_KIND,
                    "name": queue.name,
                    "uid": uid,
                    "controller": True,
                    "blockOwnerDeletion": False,
                }
            ],
        },
        "spec": spec,
    }
