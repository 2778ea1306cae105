"""Operations for the model tests: few jobs and queues, so that they meet."""

from __future__ import annotations

from hypothesis import strategies as st

from scanyard.queueing.operations import Adopt, Drop, Enqueue, Park, Release, Requeue, Take

queues = st.sampled_from(["team/a", "team/b"])
jobs = st.sampled_from([f"team/job{i}/{i}" for i in range(5)])
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
    st.builds(Take, queues, jobs, attempts, st.integers(0, 3), st.integers(0, 3)),
    st.builds(Take, queues, jobs, attempts, st.just(3)),
    st.builds(Release, queues, jobs, attempts),
    st.builds(Requeue, queues, jobs, attempts, scores),
    st.builds(Drop, jobs),
)
batches = st.lists(operations, min_size=1, max_size=6)
contents = st.lists(placements, max_size=6, unique_by=lambda placement: placement.job)
