"""`scanyard workers`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from scanyard.cli.access import Access, access_options
from scanyard.cli.ages import age
from scanyard.cli.formats import TABLE, document_option, print_document, print_table
from scanyard.cli.output import print_line, print_remark, print_warning
from scanyard.cli.overview.attempts import Running, running_attempts
from scanyard.cli.table import Cell, Column, Row
from scanyard.kube.errors import KubeNotFoundError, KubeRefusedError
from scanyard.kube.lease import LEASE_NAME
from scanyard.kube.resources import LEASES, PODS, SCANJOBS
from scanyard.lifecycle.job import read_job
from scanyard.lifecycle.timestamps import parse_time

if TYPE_CHECKING:
    from scanyard.cli.api import Api

Json = dict[str, Any]

#: As the chart labels the operator's Pods.
OPERATORS: Final = "app.kubernetes.io/name=scanyard,app.kubernetes.io/component=operator"
#: Where an installation for all namespaces holds its Lease; others hold one in each of theirs.
LEASE_NAMESPACE: Final = "kube-system"

_OPERATORS: Final = (
    Column("OPERATOR", least=16),
    Column("NAMESPACE", least=9),
    Column("NODE", least=10),
    Column("READY"),
    Column("LEADS"),
    Column("AGE", right=True),
)
_ATTEMPTS: Final = (
    Column("NODE", least=10),
    Column("SCAN", least=16),
    Column("QUEUE", least=8),
    Column("STATE"),
    Column("DONE", right=True),
    Column("AGE", right=True),
)


@click.command()
@access_options(everywhere=True)
@document_option
def workers(*, access: Access, output: str) -> None:
    """Show the operator's replicas, which of them leads, and the running scans by node.

    What your account may not see is left out, and said so: operators need the right to list pods
    in all namespaces, the leader that to get leases in kube-system.
    """
    api, now = access.api(), datetime.now(UTC)
    raws, _ = api.list_all(SCANJOBS, access.scope)
    running = running_attempts(map(read_job, raws))
    pods = _unless_refused(
        lambda: api.list_all(PODS, None, {"labelSelector": OPERATORS})[0], "the operator's Pods"
    )
    lease = _lease(api, access)
    if output != TABLE:
        print_document(_document(pods, lease, running), output)
        return
    _show_operators(pods, lease, now)
    print_line("")
    if running:
        print_table(_ATTEMPTS, [_attempt(item, now, access) for item in running])
    else:
        where = "anywhere" if access.everywhere else f"in namespace {access.namespace}"
        print_remark(f"No scan runs {where}.")


def _show_operators(pods: list[Json] | None, lease: Json | None, now: datetime) -> None:
    holder = _holder(lease)
    if pods:
        print_table(_OPERATORS, [_operator(pod, holder, now) for pod in pods])
    elif pods is not None:
        print_remark("There is no operator Pod.")
    if lease is None:
        return
    spec = lease["spec"]
    if not holder:
        print_line("Nobody leads: the Lease was given back.", "yellow")
        return
    renewed, since = parse_time(spec.get("renewTime")), parse_time(spec.get("acquireTime"))
    late = renewed is None or (now - renewed).total_seconds() > spec.get("leaseDurationSeconds", 0)
    text = f"Leader: {_pod_of(holder)}, for {age(since, now)}, renewed {age(renewed, now)} ago"
    if late:
        print_line(f"{text}; it is late, so another may take over", "yellow")
    else:
        print_line(text)


def _operator(pod: Json, holder: str, now: datetime) -> Row:
    meta, status = pod["metadata"], pod.get("status") or {}
    conditions = {item["type"]: item["status"] for item in status.get("conditions") or ()}
    ready = conditions.get("Ready") == "True"
    return [
        meta["name"],
        meta["namespace"],
        (pod.get("spec") or {}).get("nodeName", ""),
        Cell("yes" if ready else "no", "green" if ready else "red"),
        "yes" if leads(meta["name"], holder) else "",
        age(parse_time(meta.get("creationTimestamp")), now),
    ]


def leads(pod: str, holder: str) -> bool:
    """Whether the Lease's holder is a process of that Pod."""
    return _pod_of(holder) == pod


def _pod_of(holder: str) -> str:
    """An operator calls itself POD_UUID."""
    return holder.partition("_")[0]


def _attempt(item: Running, now: datetime, access: Access) -> Row:
    scan = item.key if access.everywhere else item.name
    return [
        item.node or "-",
        scan,
        item.queue,
        item.phase,
        "" if item.progress is None else f"{item.progress}%",
        age(item.since, now),
    ]


def _holder(lease: Json | None) -> str:
    return "" if lease is None else str((lease.get("spec") or {}).get("holderIdentity") or "")


def _lease(api: Api, access: Access) -> Json | None:
    """The Lease of the whole cluster, else that of the namespace; None if there is none to see."""
    for namespace in (LEASE_NAMESPACE, access.namespace):
        try:
            return api.get(LEASES, namespace, LEASE_NAME)
        except KubeNotFoundError:
            continue
        except KubeRefusedError as error:
            print_warning(f"the leader is not shown: {error.message}")
            return None
    print_remark("There is no Lease: no operator has led yet.")
    return None


def _unless_refused(read: Callable[[], list[Json]], what: str) -> list[Json] | None:
    try:
        return read()
    except KubeRefusedError as error:
        print_warning(f"{what} are not shown: {error.message}")
        return None


def _document(pods: list[Json] | None, lease: Json | None, running: list[Running]) -> Json:
    """null where something may not be seen."""
    holder = _holder(lease)
    operators = None
    if pods is not None:
        operators = [
            {
                "namespace": pod["metadata"]["namespace"],
                "name": pod["metadata"]["name"],
                "node": (pod.get("spec") or {}).get("nodeName"),
                "leads": leads(pod["metadata"]["name"], holder),
            }
            for pod in pods
        ]
    return {
        "operators": operators,
        "lease": None if lease is None else lease.get("spec"),
        "running": [item.as_json() for item in running],
    }
