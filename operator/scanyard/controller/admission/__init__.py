"""Whom free slots go to, and what the waiting are told."""
