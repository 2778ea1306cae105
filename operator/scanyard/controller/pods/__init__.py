"""Attempts' Pods: built, created, followed, deleted; the slots that outlive them."""
