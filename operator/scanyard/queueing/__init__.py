"""Who goes next: the ledger in Redis, its scripts, and the order of the waiting.

The Kubernetes API is the truth; the ledger enforces and can be rebuilt from it at any time.

Invariant: each job is in exactly one place, moved only by the helpers of `lua/places.lua`:
in a queue's order (waiting), in a parked list under the blocker that parks it, or holding a slot
of a queue with one attempt. Counters are the sizes of those places, so they cannot drift.
"""
