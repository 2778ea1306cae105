"""How much of a model is tried: of rare meetings of events a hundred examples show too few."""

from __future__ import annotations

from hypothesis import settings

_MOST_EXAMPLES = 10_000


def model_settings(steps: int) -> settings:
    """Three times the examples of the profile in force, at most 10,000, of so many steps each."""
    examples = min(_MOST_EXAMPLES, 3 * settings().max_examples)
    return settings(max_examples=examples, stateful_step_count=steps)
