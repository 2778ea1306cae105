"""Addresses and names: what a scan reaches, and what it may reach."""
