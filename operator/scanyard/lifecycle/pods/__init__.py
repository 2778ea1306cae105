"""Pods as the decisions see them: when their slot is free, and what they run."""
