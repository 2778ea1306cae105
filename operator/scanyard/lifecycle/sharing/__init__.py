"""What running scans share beside slots."""
