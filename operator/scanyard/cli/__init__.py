"""The `scanyard` command: the operator, and what sets an installation up."""
