"""The scheduler keeps every node within a queue's maxConcurrentPerNode, whatever comes and goes."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanyard.api import names
from scanyard.lifecycle.pods.node_slots import keep_apart, least_used
from tests.support.scheduling import shuns, suits

_QUEUES: Final = ("a", "b")


def attempt_pod(queue: str, slot: int | None = None, slots: int = 0) -> dict[str, Any]:
    """A Pod of a queue; without a slot: of the time before it had a limit per node."""
    labels = {names.LABEL_QUEUE: queue, names.LABEL_ROLE: names.ROLE_ATTEMPT}
    pod: dict[str, Any] = {"metadata": {"labels": labels}, "spec": {}}
    if slot is not None:
        keep_apart(pod, slot, slots)
    return pod


class Nodes:
    """Nodes and their Pods, filled as the scheduler does."""

    def __init__(self, count: int) -> None:
        self.pods: list[list[dict[str, Any]]] = [[] for _ in range(count)]

    def place(self, pod: dict[str, Any], chance: random.Random) -> list[dict[str, Any]] | None:
        """The node that took it; None: there is none for it."""
        fits = [node for node in self.pods if suits(pod, "", node)]
        if not fits:
            return None
        node = chance.choice(fits)
        node.append(pod)
        return node

    def counts(self, queue: str) -> Counter[int]:
        labels = [pod["metadata"]["labels"] for node in self.pods for pod in node]
        return Counter(
            int(found[names.LABEL_NODE_SLOT])
            for found in labels
            if found[names.LABEL_QUEUE] == queue and names.LABEL_NODE_SLOT in found
        )

    def end_one(self, chance: random.Random) -> None:
        busy = [node for node in self.pods if node]
        if busy:
            node = chance.choice(busy)
            node.remove(chance.choice(node))


def _of(queue: str, node: list[dict[str, Any]]) -> int:
    return sum(pod["metadata"]["labels"][names.LABEL_QUEUE] == queue for pod in node)


@given(
    st.integers(1, 4),
    st.lists(
        st.one_of(
            st.tuples(st.just("start"), st.sampled_from(_QUEUES)),
            st.tuples(st.just("end"), st.just("")),
            st.tuples(st.just("limit"), st.integers(0, 5)),
        ),
        max_size=60,
    ),
    st.randoms(use_true_random=False),
)
def test_no_start_ever_takes_a_node_past_the_limit(
    count: int, steps: list[tuple[str, Any]], chance: random.Random
) -> None:
    """The limit of queue a comes, changes and goes (0); that of queue b is always 2."""
    nodes, limits = Nodes(count), {"a": 0, "b": 2}
    for step, what in steps:
        if step == "limit":
            limits["a"] = what
        elif step == "end":
            nodes.end_one(chance)
        else:
            limit = limits[what]
            slot = least_used(nodes.counts(what), limit) if limit else None
            node = nodes.place(attempt_pod(what, slot, limit), chance)
            if node is not None and limit:
                assert _of(what, node) <= limit


@given(
    st.integers(1, 4),
    st.integers(1, 4),
    st.lists(st.booleans(), max_size=80),
    st.randoms(use_true_random=False),
)
def test_whatever_the_limit_allows_finds_its_node(
    count: int, limit: int, starts: list[bool], chance: random.Random
) -> None:
    nodes = Nodes(count)
    for start in starts:
        if not start:
            nodes.end_one(chance)
            continue
        running = sum(map(len, nodes.pods))
        pod = attempt_pod("a", least_used(nodes.counts("a"), limit), limit)
        placed = nodes.place(pod, chance) is not None
        assert placed == (running < count * limit)


def test_queues_do_not_keep_each_other_away() -> None:
    assert not shuns(attempt_pod("a", 0, 1), attempt_pod("b", 0, 1))
    assert shuns(attempt_pod("a", 0, 1), attempt_pod("a"))


def test_a_tombstone_takes_no_place() -> None:
    tombstone = attempt_pod("a")
    tombstone["metadata"]["labels"][names.LABEL_ROLE] = names.ROLE_TOMBSTONE
    assert not shuns(attempt_pod("a", 0, 1), tombstone)


def test_it_counts_pods_of_all_namespaces() -> None:
    pod = attempt_pod("a", 1, 3)
    (term,) = pod["spec"]["affinity"]["podAntiAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]
    assert term["namespaceSelector"] == {}
    assert term["topologyKey"] == "kubernetes.io/hostname"
    (expression,) = term["labelSelector"]["matchExpressions"]
    assert expression["values"] == ["0", "2"]


@pytest.mark.parametrize(
    ("counts", "slot"),
    [({}, 0), ({0: 1}, 1), ({0: 2, 1: 2, 2: 1}, 2), ({0: 1, 1: 1, 2: 1, 7: 0}, 0)],
)
def test_the_least_used_slot_is_taken(counts: dict[int, int], slot: int) -> None:
    assert least_used(counts, 3) == slot
