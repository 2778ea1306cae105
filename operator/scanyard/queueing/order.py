"""The place of a waiting job in its queue's order, as one number that never changes by waiting."""

from __future__ import annotations

#: With strict priority (no ageing) one point outweighs 316 years of waiting.
STRICT_MILLISECONDS_PER_POINT = 10**13

#: What one point of a queue's priority weighs, in waiting of the queue's head.
QUEUE_AGING_MILLISECONDS = 600_000

#: Redis keeps scores as doubles: whole milliseconds are exact below this size.
EXACT_LIMIT = 2**53


def order_score(queued_at_ms: int, priority: int, aging_seconds: int) -> float:
    """Return the score of a waiting job; lower goes sooner, ties go by member text.

    `queued_at_ms` is in unix milliseconds, a higher `priority` is more urgent, and a job that has
    waited `aging_seconds` longer goes before one that is one point more urgent. 0 means that
    priority is strict. Since all jobs of a queue age alike, the score is static.

    Raises ValueError where a double could no longer tell two milliseconds apart.
    """
    if aging_seconds < 0:
        raise ValueError(f"aging_seconds must not be negative, got {aging_seconds}")
    per_point = aging_seconds * 1000 if aging_seconds else STRICT_MILLISECONDS_PER_POINT
    score = queued_at_ms - priority * per_point
    if abs(score) >= EXACT_LIMIT:
        raise ValueError(
            f"score {score} is beyond exact milliseconds (queued_at_ms={queued_at_ms}, "
            f"priority={priority}, aging_seconds={aging_seconds})"
        )
    return float(score)


def queue_score(head_queued_at_ms: int, queue_priority: int) -> float:
    """Return the score of a queue among queues that are short of slots; the lower goes first.

    One point of `queue_priority` is worth ten minutes that the queue's head waits: one measure for
    all queues, since points of queues that age in different ways could not be compared.
    """
    return float(head_queued_at_ms - queue_priority * QUEUE_AGING_MILLISECONDS)
