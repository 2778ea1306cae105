"""Commands about ScanJobs."""
