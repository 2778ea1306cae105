"""`scanyard self-test`: what `helm test` runs, a whole scan of the Pod that asks for it."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from scanyard.api.names import API_VERSION, LABEL_SELF_TEST, SCANQUEUE_KIND
from scanyard.cli import exit_codes
from scanyard.cli.access import Access, access_options
from scanyard.cli.ages import duration, parse_duration
from scanyard.cli.output import print_error, print_line, print_remark
from scanyard.cli.scans.goals import Goal
from scanyard.cli.scans.manifest import scan_job
from scanyard.cli.scans.progress import in_words
from scanyard.cli.scans.submitting import print_result
from scanyard.cli.scans.waiting import wait_for
from scanyard.cli.signals import ended_in_order, not_just_now
from scanyard.errors import InvalidInputError
from scanyard.kube.errors import KubeError, KubeNotFoundError
from scanyard.kube.resources import SCANJOBS, SCANQUEUES, Resource
from scanyard.lifecycle.job import read_job

if TYPE_CHECKING:
    from scanyard.cli.api import Api

Json = dict[str, Any]

_SCAN_SECONDS: Final = 120
#: Should nobody be left to delete it.
_KEPT_SECONDS: Final = 600


@click.command(name="self-test")
@click.option("--address", required=True, metavar="ADDRESS", help="This Pod's own, to be scanned.")
@click.option("--name", required=True, help="Of the ScanQueue and the ScanJob that are made.")
@click.option(
    "--pod", metavar="NAME/UID", help="This Pod's, if in the same namespace: they go when it goes."
)
@click.option("--timeout", default="4m", show_default=True, metavar="DURATION", help="At most.")
@access_options()
def self_test(*, address: str, name: str, pod: str | None, timeout: str, access: Access) -> int:
    """Have this Pod scanned, check that its open port is found, and clean up.

    It makes a ScanQueue that allows this address only, so it waits for nobody, and a ScanJob in it.
    Both have the label scanyard.dev/self-test, and a ScanQueue and a ScanJob of that name that an
    earlier test left are replaced. Without that label they are somebody's own: then the test
    refuses to run.
    """
    seconds = float(parse_duration(timeout, "--timeout"))
    owners = _owners(pod)
    with ended_in_order():
        api, namespace = access.api(), access.namespace
        with _ports(address) as (opened, closed):
            print_line(
                f"Target: {address}, this Pod; port {opened} is open, port {closed} is closed"
            )
            for resource in (SCANJOBS, SCANQUEUES):
                _clear(api, resource, namespace, name)
            with _made(api, SCANQUEUES, _queue(name, namespace, address), owners):
                spec = _spec(name, address, f"{opened},{closed}")
                with _made(api, SCANJOBS, scan_job(name, namespace, spec, {}), owners) as raw:
                    last = _finished(api, namespace, raw, seconds)
    if last is None:
        return exit_codes.TIMED_OUT
    return exit_codes.OK if _is_right(last, address, opened) else exit_codes.FAILED


@contextmanager
def _ports(address: str) -> Iterator[tuple[int, int]]:
    """Numbers of an open port of this address, and of a closed one that nobody else takes."""
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        problem = f"{address!r} is no address"
        raise InvalidInputError("--address", problem, "write that of this Pod") from None
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    with socket.socket(family) as listening, socket.socket(family) as silent:
        for item in (listening, silent):
            item.bind((address, 0))
        # The kernel answers those who connect; what they want to say is of no interest.
        listening.listen()
        yield listening.getsockname()[1], silent.getsockname()[1]


def _owners(pod: str | None) -> list[Json]:
    """The Pod with which Kubernetes' garbage collector deletes what is left."""
    if pod is None:
        return []
    name, _, uid = pod.partition("/")
    if not (name and uid):
        raise InvalidInputError("--pod", f"{pod!r} is not NAME/UID", "write both of this Pod")
    return [{"apiVersion": "v1", "kind": "Pod", "name": name, "uid": uid}]


def _queue(name: str, namespace: str, address: str) -> Json:
    return {
        "apiVersion": API_VERSION,
        "kind": SCANQUEUE_KIND,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"maxConcurrent": 1, "scope": {"allow": [address]}},
    }


def _spec(queue: str, address: str, ports: str) -> Json:
    # Other ports of this Pod, by which nmap would look whether it is up, may be filtered.
    return {
        "queueRef": {"name": queue},
        "scanner": "nmap",
        "targets": [address],
        "ports": {"tcp": ports},
        "nmap": {"skipHostDiscovery": True},
        "timeoutSeconds": _SCAN_SECONDS,
        "ttlSecondsAfterFinished": _KEPT_SECONDS,
    }


def _clear(api: Api, resource: Resource, namespace: str, name: str) -> None:
    """Delete what a killed test left; raises InvalidInputError for what is no test's."""
    try:
        raw = api.get(resource, namespace, name)
    except KubeNotFoundError:
        return
    if LABEL_SELF_TEST not in (raw["metadata"].get("labels") or {}):
        problem = f"{resource.plural}/{name} is in namespace {namespace} and of no earlier test"
        mend = (
            f"delete it, label it {LABEL_SELF_TEST}=true to have it replaced, or give another name "
            "(in the chart: fullnameOverride)"
        )
        raise InvalidInputError("--name", problem, mend)
    _delete(api, resource, raw)
    print_remark(f"{resource.plural}/{name} of an earlier test is deleted")


@contextmanager
def _made(api: Api, resource: Resource, manifest: Json, owners: list[Json]) -> Iterator[Json]:
    """The object, new, marked as the test's, and gone at the end."""
    meta = manifest["metadata"]
    marks: Json = {"labels": {LABEL_SELF_TEST: "true"}, "ownerReferences": owners}
    marked = manifest | {"metadata": meta | marks}
    with ExitStack() as end:
        with not_just_now():
            raw = api.create(resource, meta["namespace"], marked)
            end.callback(_delete, api, resource, raw)
        yield raw


def _delete(api: Api, resource: Resource, raw: Json) -> None:
    meta = raw["metadata"]
    try:
        api.delete(resource, meta["namespace"], meta["name"], uid=meta["uid"])
    except KubeNotFoundError:
        pass
    except KubeError as error:
        # It must not hide how the scan went.
        print_error(f"{resource.plural}/{meta['name']} is left: {error}")


def _finished(api: Api, namespace: str, raw: Json, seconds: float) -> Json | None:
    """The ScanJob at its end; None, and why it is not there, when the time is over."""
    outcome = wait_for(api, namespace, [raw], Goal.FINISHED, seconds=seconds)
    last = outcome.last[raw["metadata"]["uid"]]
    if not outcome.timed_out:
        return last
    job = read_job(last)
    print_error(
        f"{job.name}: not finished after {duration(seconds)}: {in_words(job)}. Does an operator "
        f"lead (`scanyard workers`), and does it watch namespace {namespace}?"
    )
    return None


def _is_right(raw: Json, address: str, opened: int) -> bool:
    job = read_job(raw)
    print_result(job)
    summary = job.status.summary or {}
    found = {
        (host.get("address"), port["port"])
        for host in summary.get("hosts") or ()
        for port in host.get("ports") or ()
        if port.get("state") == "open"
    }
    if job.status.phase == "Succeeded" and found == {(address, opened)}:
        print_line("As it is: Scanyard works.")
        return True
    print_error(f"port {opened} of {address} should have been found open, and no other")
    return False
