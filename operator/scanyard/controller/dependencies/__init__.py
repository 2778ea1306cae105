"""Who depends on whom among the ScanJobs in the mirror."""
