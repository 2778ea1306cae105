"""Operations for the model tests: few jobs and queues, so that they meet."""

from __future__ import annotations

from hypothesis import strategies as st

from scanyard.queueing.operations import Adopt, Drop, Enqueue, Park, Release, Requeue, Take
from scanyard.queueing.readings import Ranks

queues = st.sampled_from(["team/a", "team/b"])
namespaces = ["team", "team-b"]
jobs = st.sampled_from([f"{namespaces[i % 2]}/job{i}/{i}" for i in range(6)])
attempts = st.sampled_from(["0/1", "0/2"])
blockers = st.sampled_from(["time", "target/192.0.2.0/24"])
scores = st.integers(-3, 3).map(float)

placements = st.one_of(
    st.builds(Enqueue, queues, jobs, scores),
    st.builds(Park, queues, jobs, blockers, scores),
    st.builds(Adopt, queues, jobs, attempts),
)
operations = st.one_of(
    placements,
    st.builds(Enqueue, queues, jobs, scores),
    st.builds(
        Take, queues, jobs, attempts, st.integers(0, 3), st.integers(0, 3), st.integers(0, 2)
    ),
    st.builds(Take, queues, jobs, attempts, st.just(3)),
    st.builds(Release, queues, jobs, attempts),
    st.builds(Requeue, queues, jobs, attempts, scores),
    st.builds(Drop, jobs),
)
limits = st.tuples(st.integers(1, 4), st.sampled_from([0, 0, 2]), st.sampled_from([0, 1, 1, 2]))
#: All of one namespace come to one queue, and want its slots: limits are met there.
crowds = st.builds(
    lambda queue, found, most: [
        *(Enqueue(queue, job, 0.0) for job in found),
        *(Take(queue, job, "0/1", *most) for job in found),
    ],
    queues,
    st.sampled_from(
        [[f"{name}/job{i}/{i}" for i in range(n, 6, 2)] for n, name in enumerate(namespaces)]
    ),
    limits,
)
batches = st.one_of(st.lists(operations, min_size=1, max_size=6), crowds)
contents = st.lists(placements, max_size=6, unique_by=lambda placement: placement.job)
ranks = st.builds(
    Ranks,
    st.sampled_from([0.0, -1.0]),
    st.dictionaries(
        st.sampled_from([*namespaces, "nobody"]), st.sampled_from([None, -2.5, 0.0, 1 / 3])
    ),
)
