"""How hard Hypothesis tries: quick by default, `--hypothesis-profile=long` for many more."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Machines that share two cores with a cluster are slow now and then; that is no failure.
_unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

settings.register_profile("quick", _unhurried, max_examples=100)
settings.register_profile("long", _unhurried, max_examples=10_000)
settings.load_profile("quick")
