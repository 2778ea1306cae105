"""The shell around the decisions: watches, reconciles, admits, and builds Pods."""
