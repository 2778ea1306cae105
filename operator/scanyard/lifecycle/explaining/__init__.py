"""Why a ScanJob waits, where it stands, and when it may start."""
