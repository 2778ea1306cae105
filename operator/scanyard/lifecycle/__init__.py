"""What happens to one ScanJob: pure decisions, without clock, randomness or I/O."""
