"""The demo: from nothing to finished scans on a real cluster, and a check of what they found."""
