"""The `scanyard` command: for people, the operator itself, and what sets an installation up."""
