"""ScanJobs that wait for others: what must come first, and what follows if it fails."""
