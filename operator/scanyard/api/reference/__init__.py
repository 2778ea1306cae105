"""docs/api-reference.md out of the models; `python -m scanyard.api.reference` writes it."""
