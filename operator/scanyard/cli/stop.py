"""`scanyard stop`: the emergency stop, which needs neither a leader nor Redis."""

from __future__ import annotations

from typing import Final

import click

from scanyard.api.names import ANNOTATION_STOP, ANNOTATION_STOP_LIFTED
from scanyard.cli.access import Access, connection_options
from scanyard.cli.cluster import MissingRightError
from scanyard.cli.emergency_stop import EmergencyStop, in_parallel, told_foreign
from scanyard.cli.objects import Json, Objects, notes_of
from scanyard.cli.output import print_error, print_line
from scanyard.controller.mirror import key_of
from scanyard.lifecycle.pods.slots import scan_stopped
from scanyard.lifecycle.timestamps import format_time

FIELD_MANAGER: Final = "scanyard-stop"
_EXIT_MISSING_RIGHT: Final = 2


@click.command()
@click.option("--all", "everything", is_flag=True, help="Hold all queues and end all scans.")
@click.option("--lift", is_flag=True, help="End the emergency stop: scans run again.")
@click.option("--namespace", "-n", help="Only the queues of this namespace, and their scans.")
@click.option(
    "--timeout",
    "timeout_seconds",
    default=300.0,
    show_default=True,
    type=click.FloatRange(min=1),
    help="Seconds to wait until the last scan has stopped.",
)
@click.option("--dry-run", is_flag=True, help="Only list what would be done.")
@connection_options
def stop(
    *,
    everything: bool,
    lift: bool,
    namespace: str | None,
    timeout_seconds: float,
    dry_run: bool,
    access: Access,
) -> int:
    """Hold all queues, end every running scan, and say when the last one has stopped.

    It talks to the Kubernetes API only, with your own rights (list and patch scanqueues, list and
    delete pods), so it also works while the operator or Redis is down. Nothing fails by it: what
    was ended runs again from its start, in its old place, after `scanyard stop --lift`. Running it
    again is harmless. Queues that are created afterwards are not held.

    Exit codes: 0 nothing runs any more; 1 something still runs after the timeout, or could not be
    held; 2 wrong usage, or a right is missing.
    """
    if everything == lift:
        raise click.UsageError("say --all to stop everything, or --lift to end the emergency stop")
    api = access.api()
    objects = Objects(api, namespace)
    print_line(f"Cluster {api.host}, {_where(namespace)}")
    try:
        if lift:
            return _lift(objects, dry_run=dry_run)
        if dry_run:
            return _foretell(objects)
        return EmergencyStop(objects, FIELD_MANAGER, timeout_seconds=timeout_seconds).run()
    except MissingRightError as error:
        print_error(error.message)
        return _EXIT_MISSING_RIGHT


def _where(namespace: str | None) -> str:
    return "all namespaces" if namespace is None else f"namespace {namespace}"


def _foretell(objects: Objects) -> int:
    for queue in objects.queues():
        held = ANNOTATION_STOP in notes_of(queue)
        print_line(f"{key_of(queue)}: {'is held already' if held else 'would be held'}")
    seen = objects.pods_of_queues()
    for pod in seen.pods:
        if not scan_stopped(pod):
            node = f" on node {pod.node_name}" if pod.node_name else ""
            print_line(f"Pod {pod.namespace}/{pod.name}{node}: would be ended")
    told_foreign(seen)
    return 0


def _lift(objects: Objects, *, dry_run: bool) -> int:
    held = [queue for queue in objects.queues() if ANNOTATION_STOP in notes_of(queue)]
    if not held:
        print_line("No emergency stop is in force.")
        return 0
    if not dry_run:
        # When it was lifted stays in the queue: an operator that was away all the time must be
        # able to tell what was ended by the stop, by times that are not this machine's.
        lifted = format_time(objects.server_time())
        notes = {ANNOTATION_STOP: None, ANNOTATION_STOP_LIFTED: lifted}
        in_parallel(lambda queue: objects.annotate_queue(queue, notes, manager=FIELD_MANAGER), held)
    for queue in held:
        print_line(f"{key_of(queue)}: {'would be lifted' if dry_run else 'lifted'}{_still(queue)}")
    if not dry_run:
        print_line("What was ended runs again from its start, in its old place.")
    return 0


def _still(queue: Json) -> str:
    policy = (queue.get("spec") or {}).get("stopPolicy", "None")
    return "" if policy == "None" else f"; it stays held by its stopPolicy {policy}"
