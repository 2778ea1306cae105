"""`scanyard queue`: commands about ScanQueues."""
